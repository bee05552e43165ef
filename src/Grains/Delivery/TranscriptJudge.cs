using System.Collections.Immutable;
using System.Runtime.InteropServices;
using Orleans.Mail.Grains.Messages;
using Orleans.Mail.Policy.Outcomes;
using Orleans.Mail.Transport;
using Orleans.Mail.Transport.Smtp;

namespace Orleans.Mail.Grains.Delivery;

/// <summary>Brings what was transcribed before the classifier, recipient by recipient.</summary>
static class TranscriptJudge
{
    public static ImmutableArray<Verdict> Judge(IReadOnlyList<TransactionPart> parts, AttemptOrder order)
    {
        var verdicts = new Verdict[order.Recipients.Length];
        foreach (var part in parts)
            for (var i = 0; i < part.Recipients.Length; i++)
                verdicts[part.Recipients[i]] = JudgeOne(part.Transcript, part.Transcript.RecipientReplies[i], order.RequireTls);
        return ImmutableCollectionsMarshal.AsImmutableArray(verdicts);
    }

    /// <summary>The same verdict for everyone.</summary>
    public static ImmutableArray<Verdict> All(int recipients, Outcome outcome, SmtpReply? reply) =>
        [.. Enumerable.Repeat(Verdict.Of(outcome, reply), recipients)];

    // The reply that concerns the recipient most closely decides; a failure speaks only where no reply does.
    static Verdict JudgeOne(AttemptTranscript transcript, SmtpReply? own, bool requiresTls)
    {
        if (transcript.MailFromReply is { IsPositive: false } mailFrom) return Verdict.Of(OutcomeClassifier.Classify(SmtpPhase.MailFrom, mailFrom), mailFrom);
        if (own is { IsPositive: false }) return Verdict.Of(OutcomeClassifier.Classify(SmtpPhase.RcptTo, own), own);
        if (transcript.EndOfDataReply is { } end) return Verdict.Of(OutcomeClassifier.Classify(SmtpPhase.EndOfData, end), end);
        if (transcript.DataReply is { } data) return Verdict.Of(OutcomeClassifier.Classify(SmtpPhase.Data, data), data);
        if (transcript.Failure is { } failure)
        {
            var phase = transcript.IsInDoubt ? SmtpPhase.EndOfData : failure.Phase;
            return Verdict.Of(OutcomeClassifier.Classify(phase, failure.Kind, failure.Reply, requiresTls), failure.Reply);
        }

        return Verdict.Of(OutcomeClassifier.Classify(SmtpPhase.RcptTo, SessionFailureKind.Internal, null), null);
    }
}

/// <summary>The site could not be talked to at all.</summary>
sealed record SiteFailure(Outcome Outcome, SmtpReply? Reply, string? Host)
{
    /// <summary>The only destination it concerns: others of the site may do. Null where it concerns all.</summary>
    public string? OnlyFor { get; init; }

    public Verdict Verdict => Verdict.Of(Outcome, Reply) with { OnlyFor = OnlyFor };
}

/// <summary>What came of one order.</summary>
sealed record Sent(string? Host, string? Tls, ImmutableArray<Verdict> Verdicts, SiteFailure? SiteFailure)
{
    public bool IsSiteTrouble => Verdicts.Any(verdict => verdict.IsSiteTrouble);

    public static Sent Of(AttemptOrder order, SiteFailure failure) =>
        new(failure.Host, null, TranscriptJudge.All(order.Recipients.Length, failure.Outcome, failure.Reply), failure);

    /// <summary>Something of ours broke while it was sent.</summary>
    public static Sent Fault(AttemptOrder order, Outcome outcome) => new(null, null, TranscriptJudge.All(order.Recipients.Length, outcome, null), null);
}
