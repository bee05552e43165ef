using System.Collections.Immutable;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using Orleans.Mail.Grains.Diagnostics;
using Orleans.Mail.Grains.Placement;
using Orleans.Mail.Policy.Messages;
using Orleans.Mail.Policy.Scheduling;
using Orleans.Mail.Policy.Submission;
using Orleans.Mail.Storage;
using Orleans.Mail.Transport;

namespace Orleans.Mail.Grains.Messages;

/// <summary>
/// One message. Thin turns: read state, ask policy, commit, act. It never waits for a dialogue, and leaves memory whenever it only waits.
/// This file is what callers ask of it; the path of delivery is in the other part.
/// </summary>
[GrainType("mail-message"), ShardPlacement, CollectionAgeLimit(Minutes = 2)]
sealed partial class MessageGrain(MessageGrainServices services, ILogger<MessageGrain> log) : Grain, IMessageGrain, IMessageDeliveryGrain, IRemindable
{
    MessageId _id;
    ISpoolShard _shard = null!;
    MessageState? _state;
    long _version;
    bool _isLoaded;
    bool _isQuarantined;

    // Set aside, and the store cannot remember it: the sweep has to.
    bool _isUnmarked;

    public override async Task OnActivateAsync(CancellationToken cancellationToken)
    {
        _id = MessageId.Parse(this.GetPrimaryKeyString());
        _shard = await services.Shards.OfAsync(_id, GrainContext);
    }

    public override Task OnDeactivateAsync(DeactivationReason reason, CancellationToken cancellationToken)
    {
        services.Shards.Left(GrainContext);
        return Task.CompletedTask;
    }

    public async Task<SubmitResult> SubmitAsync(SubmitRequest request)
    {
        var now = services.Clock.GetUtcNow();
        if (request.Id != _id) return Refuse(MailErrorCode.InvalidDraft, new SubmitFault(nameof(SubmitRequest.Id), "must be the id of the message it is sent to"));
        var parsed = SubmissionParser.Parse(request, services.Limits, now);
        if (parsed.Submission is not { } submission) return Refuse(parsed.Code, [.. parsed.Faults]);
        SubmitFault[] faults = [.. new[] { services.Router.Refuse(submission, request.Route), services.Notices.Refuse(submission) }.OfType<SubmitFault>(), .. services.Senders.Refuse(submission)];
        if (faults.Length > 0) return Refuse(MailErrorCode.InvalidDraft, faults);
        var fingerprint = request.ContentDigest is { Length: SHA256.HashSizeInBytes } digest ? digest : Fingerprint(submission);
        bool isSame;
        try
        {
            // A shared spool refuses to accept a message twice: asking first would cost a request each time, and is in vain for nearly all.
            if (request.IdempotencyKey is not null && !services.Shards.Spool.IsShared) await LoadAsync();
            if (_state is null && !_isQuarantined)
            {
                var finished = await services.Finisher.FinishAsync(new ContentToFinish(_id, submission.Tenant, submission.Content), CancellationToken.None);
                if (finished.Fault is { } unfit) return Refuse(MailErrorCode.InvalidDraft, unfit);
                if (await AcceptAsync(submission with { Content = finished.Content! }, fingerprint, now)) return Receipt(wasDuplicate: false);
                _isLoaded = false;
                await LoadAsync();
            }

            isSame = _state is not null && _state.Fingerprint.AsSpan().SequenceEqual(fingerprint);
            // Perhaps it comes again because the store's answer was lost.
            if (isSame) await SettleAgainAsync();
        }
        catch (SpoolUnavailableException exception)
        {
            LogRefusedForSpool(_id, exception.Fault);
            return Refuse(MailErrorCode.SpoolUnavailable);
        }

        return isSame
            ? Receipt(wasDuplicate: true)
            : Refuse(MailErrorCode.IdempotencyConflict, new SubmitFault(nameof(SubmitRequest.IdempotencyKey), "already names a message with another content or envelope"));
    }

    public async Task<MessageStatus?> GetStatusAsync()
    {
        await LoadAsync();
        if (_isQuarantined) return Spool.UnreadableStatus.Of(_id);
        var now = services.Clock.GetUtcNow();
        var status = _state is null ? null : await WithEstimateAsync(MessageView.Status(_state, now, _queuedFor), now);
        LeaveIfIdle();
        return status;
    }

    // The commit is the instant of acceptance: before it nothing is owed, after it the message is never lost.
    async Task<bool> AcceptAsync(ParsedSubmission submission, byte[] fingerprint, DateTimeOffset now)
    {
        var step = MessageTransitions.Accept(Draft(submission, fingerprint, now));
        KillPoints.Pass("accept.before-commit");
        if (Sabotage.ReceiptBeforeCommit) return AcceptWithoutCommit(step, submission.Content);
        if (await TryCommitAsync(step, submission.Content) is CommitStatus.Conflict) return false;
        KillPoints.Pass("accept.after-commit");
        MailInstruments.Accepted.Add(1, new KeyValuePair<string, object?>("priority", PriorityTag(submission.Priority)));
        if (_state!.SendAt is null) services.Contents.Keep(_id, submission.Content);
        await SettleAsync();
        return true;
    }

    bool AcceptWithoutCommit(Step step, byte[] content)
    {
        _state = step.State;
        _ = SettleWhenCommittedAsync();
        return true;

        async Task SettleWhenCommittedAsync()
        {
            // A slow disk: without it the kill of a test seldom falls between the two.
            await Task.Delay(TimeSpan.FromSeconds(1), services.Clock);
            await TryCommitAsync(step, content);
            await SettleAsync();
        }
    }

    MessageState Draft(ParsedSubmission submission, byte[] fingerprint, DateTimeOffset now) => new()
    {
        Id = _id,
        Tenant = submission.Tenant,
        IdempotencyKey = submission.IdempotencyKey,
        Fingerprint = ImmutableCollectionsMarshal.AsImmutableArray(fingerprint),
        From = submission.From?.ToString() ?? "",
        Recipients = [.. submission.Recipients.Select(mailbox => Recipient(submission, mailbox, now))],
        Priority = submission.Priority,
        Campaign = submission.Campaign,
        Tags = [.. submission.Tags],
        Metadata = submission.Metadata is { Count: > 0 } metadata ? metadata.ToImmutableDictionary() : null,
        AcceptedAt = now,
        SendAt = submission.SendAt > now ? submission.SendAt : null,
        ExpiresAt = submission.ExpiresAt,
        IsExpiryAsked = submission.ExpiresAt != (submission.SendAt > now ? submission.SendAt.Value : now) + services.Limits.LifetimeOf(submission.Priority),
        Doubt = submission.Doubt,
        DoubtWait = submission.DoubtWait,
        ContentBytes = submission.Content.Length,
        NeedsEightBitMime = submission.NeedsEightBitMime,
        NeedsSmtpUtf8 = submission.NeedsSmtpUtf8,
        TraceParent = submission.TraceParent,
        Notices = submission.Notices ?? services.Notices.Default,
        Dsn = submission.Dsn,
        RequireTls = submission.RequireTls,
        Window = submission.Window,
        Route = submission.Route,
    };

    static RecipientRecord Recipient(ParsedSubmission submission, Mailbox mailbox, DateTimeOffset now)
    {
        var zone = submission.TimeZones.GetValueOrDefault(mailbox);
        var due = submission.SendAt ?? now;
        return new RecipientRecord
        {
            Address = mailbox.ToString(),
            TimeZone = zone,
            NextDue = submission.Window is { } window ? SendWindowCalendar.Next(window, zone, due) : due,
        };
    }

    SubmitResult Receipt(bool wasDuplicate) => SubmitResult.Accepted(new SubmitReceipt(_id, _state!.AcceptedAt, wasDuplicate));

    SubmitResult Refuse(MailErrorCode code, params SubmitFault[] faults)
    {
        MailInstruments.Refused.Add(1, new KeyValuePair<string, object?>("error.type", code.ToString()));
        if (_state is null) DeactivateOnIdle();
        return SubmitResult.Refused(code, faults);
    }

    static byte[] Fingerprint(ParsedSubmission submission)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{submission.From}\n{string.Join('\n', submission.Recipients)}\n"));
        hash.AppendData(submission.Content);
        // What else makes it another message; left out where nobody asked, so that it stays what it was.
        if (submission.RequireTls || submission.Dsn is not null) hash.AppendData(Encoding.UTF8.GetBytes($"\n{submission.RequireTls} {submission.Dsn}"));
        return hash.GetHashAndReset();
    }

    static string PriorityTag(Priority priority) => priority switch
    {
        Priority.High => "high",
        Priority.Bulk => "bulk",
        _ => "normal",
    };
}
