using Orleans.Mail.Transport.Receiving;
using Orleans.Mail.Transport.Smtp;
using Orleans.Mail.Transport.Tests.Support;

namespace Orleans.Mail.Transport.Tests.Smtp;

/// <summary>More recipients than a remote takes at a time (reliability RO1, RO3, SD10; RFC 5321 §4.5.3.1.10).</summary>
public sealed class SplitTransactionTests
{
    static readonly SmtpReply Ok = new(250, "ok");
    static readonly SmtpReply TooMany = SmtpReply.Create(452, "4.5.3 too many recipients");

    [Theory]
    [InlineData(1, 1)]
    [InlineData(100, 1)]
    [InlineData(101, 2)]
    [InlineData(1000, 10)]
    public async Task Parts_have_a_hundred_recipients_at_most(int count, int parts)
    {
        var session = new FakeSession(_ => Ok);
        var result = await SendAsync(session, Recipients(count));
        Assert.Equal(parts, result.Count);
        Assert.Equal(Enumerable.Range(0, count), result.SelectMany(part => part.Recipients));
        Assert.All(session.Sent, sent => Assert.InRange(sent.Count, 1, 100));
    }

    [Fact]
    public async Task Limits_of_the_remote_are_kept()
    {
        var session = new FakeSession(_ => Ok) { Limits = RemoteLimits.None with { MaxRecipients = 2 } };
        await SendAsync(session, Recipients(5));
        Assert.Equal([2, 2, 1], session.Sent.Select(sent => sent.Count));
    }

    [Fact]
    public async Task Part_is_no_larger_than_the_callers_limit()
    {
        var session = new FakeSession(_ => Ok) { Limits = RemoteLimits.None with { MaxRecipients = 4 } };
        await SendAsync(session, Recipients(5), maxRecipients: 2);
        Assert.Equal([2, 2, 1], session.Sent.Select(sent => sent.Count));
    }

    [Fact]
    public async Task Domains_of_one_part_are_as_many_as_the_remote_takes()
    {
        var session = new FakeSession(_ => Ok) { Limits = RemoteLimits.None with { MaxRecipientDomains = 1 } };
        var result = await SendAsync(session, ["a@x.test", "b@y.test", "c@X.TEST", "d@y.test", "e@z.test"]);
        Assert.Equal([["a@x.test", "c@X.TEST"], ["b@y.test", "d@y.test"], ["e@z.test"]], session.Sent);
        Assert.Equal([0, 2, 1, 3, 4], result.SelectMany(part => part.Recipients));
    }

    [Theory]
    [InlineData(452, "4.5.3 too many recipients")]
    [InlineData(452, "too many recipients")]
    [InlineData(552, "5.5.3 too many recipients")]
    public async Task Recipients_that_are_too_many_follow_at_once_in_parts_of_what_was_taken(int code, string text)
    {
        var session = new FakeSession(place => place < 3 ? Ok : SmtpReply.Create(code, text));
        var result = await SendAsync(session, Recipients(8));
        Assert.Equal([8, 3, 2], session.Sent.Select(sent => sent.Count));
        Assert.Equal(Enumerable.Range(0, 8), result.SelectMany(part => part.Recipients));
        Assert.All(result, part => Assert.All(part.Transcript.RecipientReplies, reply => Assert.True(reply!.IsPositive)));
        Assert.All(result, part => Assert.Equal(part.Recipients.Length, part.Transcript.RecipientReplies.Count));
    }

    [Theory]
    [InlineData(452, "4.2.2 mailbox full")]
    [InlineData(452, "4.3.1 disk full")]
    [InlineData(552, "5.2.2 mailbox full")]
    [InlineData(552, "mailbox full")]
    [InlineData(450, "4.2.1 greylisted")]
    [InlineData(550, "5.1.1 unknown")]
    public async Task Recipient_refused_for_another_reason_is_not_asked_about_again(int code, string text)
    {
        var session = new FakeSession(place => place == 1 ? SmtpReply.Create(code, text) : Ok);
        var part = Assert.Single(await SendAsync(session, Recipients(3)));
        Assert.Equal([250, code, 250], part.Transcript.RecipientReplies.Select(reply => reply!.Code));
    }

    [Fact]
    public async Task Remote_that_takes_none_ends_it_after_one_part()
    {
        var session = new FakeSession(_ => TooMany);
        var part = Assert.Single(await SendAsync(session, Recipients(50)));
        Assert.Equal(50, part.Recipients.Length);
        Assert.All(part.Transcript.RecipientReplies, reply => Assert.Equal(452, reply!.Code));
    }

    [Fact]
    public async Task Remote_that_takes_some_and_then_none_leaves_the_rest_deferred()
    {
        var calls = 0;
        var session = new FakeSession(place => place == 0 && calls < 2 ? Ok : TooMany) { OnSend = () => calls++ };
        var result = await SendAsync(session, Recipients(4));
        Assert.Equal([4, 1, 1], session.Sent.Select(sent => sent.Count));
        Assert.Equal([250, 250, 452, null], result.SelectMany(part => part.Recipients.Zip(part.Transcript.RecipientReplies)).OrderBy(pair => pair.First).Select(pair => pair.Second?.Code));
        Assert.Equal((SmtpPhase.MailFrom, SessionFailureKind.Abandoned), (result[^1].Transcript.Failure!.Phase, result[^1].Transcript.Failure!.Kind));
    }

    [Fact]
    public async Task Parts_are_bounded_and_the_rest_keeps_its_answer_or_waits()
    {
        var options = new TransportOptions { MaxTransactionsPerAttempt = 3, MaxRecipientsPerTransaction = 2 };
        var tooMany = new FakeSession(place => place == 0 ? Ok : TooMany);
        var result = await SendAsync(tooMany, Recipients(9), options);
        Assert.Equal(3, tooMany.Sent.Count);
        Assert.Equal(9, result.Sum(part => part.Recipients.Length));
        var rest = result[^1].Transcript;
        Assert.Equal((SmtpPhase.MailFrom, SessionFailureKind.Abandoned, false), (rest.Failure!.Phase, rest.Failure.Kind, rest.IsInDoubt));
    }

    [Fact]
    public async Task Break_leaves_later_recipients_with_the_failure_and_without_doubt()
    {
        var failure = new SessionFailure(SmtpPhase.EndOfData, SessionFailureKind.ConnectionLost, null, "lost");
        var session = new FakeSession(_ => Ok) { BreakAt = 1, Break = transcript => transcript with { EndOfDataReply = null, Failure = failure, IsInDoubt = true } };
        var result = await SendAsync(session, Recipients(250));
        Assert.Equal([100, 100, 50], result.Select(part => part.Recipients.Length));
        Assert.Equal([false, true, false], result.Select(part => part.Transcript.IsInDoubt));
        Assert.Equal((SmtpPhase.MailFrom, SessionFailureKind.ConnectionLost), (result[2].Transcript.Failure!.Phase, result[2].Transcript.Failure!.Kind));
        Assert.Null(result[0].Transcript.Failure);
        Assert.Equal(50, result[2].Transcript.RecipientReplies.Count);
    }

    [Theory]
    [InlineData(421, SessionFailureKind.ConnectionLost)]
    [InlineData(250, SessionFailureKind.Abandoned)]
    public async Task Session_at_its_end_leaves_the_rest_for_the_next_attempt(int code, SessionFailureKind kind)
    {
        var session = new FakeSession(_ => Ok) { BreakAt = 0, Break = transcript => transcript with { EndOfDataReply = new SmtpReply(code, "x") } };
        var result = await SendAsync(session, Recipients(150));
        Assert.Equal(2, result.Count);
        Assert.Null(result[0].Transcript.Failure);
        Assert.Equal(kind, result[1].Transcript.Failure!.Kind);
    }

    [Fact]
    public async Task Refused_sender_counts_for_all_and_is_asked_once()
    {
        var session = new FakeSession(_ => null) { BreakAt = 0, IsKept = true, Break = transcript => transcript with { MailFromReply = new SmtpReply(550, "no"), EndOfDataReply = null } };
        var result = await SendAsync(session, Recipients(150));
        Assert.Single(session.Sent);
        Assert.All(result, part => Assert.Equal(550, part.Transcript.MailFromReply!.Code));
        Assert.Equal(150, result.Sum(part => part.Recipients.Length));
    }

    [Fact(Timeout = Given.Limit)]
    public async Task All_recipients_get_the_mail_of_a_receiver_that_takes_three_at_a_time()
    {
        var marks = 0;
        var behavior = new RecordingBehavior();
        await using var receiver = behavior.Start(new ReceiverOptions { MaxRecipients = 3 });
        await using var session = await Given.SessionAsync(receiver.EndPoint);
        var recipients = Recipients(10);
        var result = await SendAsync(session, recipients, null, () => marks++);
        Assert.Equal(recipients, behavior.Mails.SelectMany(mail => mail.Recipients));
        Assert.Equal([3, 3, 3, 1], result.Select(part => part.Recipients.Length));
        Assert.Equal(4, marks);
    }

    static string[] Recipients(int count) => [.. Enumerable.Range(0, count).Select(index => $"to-{index}@peer.test")];

    static Task<IReadOnlyList<TransactionPart>> SendAsync(ISmtpSession session, string[] recipients, TransportOptions? options = null, Action? mark = null, int maxRecipients = int.MaxValue) =>
        SplitTransaction.SendAsync(session, Given.Transaction(recipients) with { BeforeContent = mark }, options ?? new TransportOptions(), maxRecipients, TestContext.Current.CancellationToken);

    /// <summary>Answers recipients by their place in a transaction.</summary>
    sealed class FakeSession(Func<int, SmtpReply?> replyAt) : ISmtpSession
    {
        public List<IReadOnlyList<string>> Sent { get; } = [];

        public Action? OnSend { get; init; }

        public int BreakAt { get; init; } = -1;

        public bool IsKept { get; init; }

        public Func<AttemptTranscript, AttemptTranscript>? Break { get; init; }

        public string Host => "mx.peer.test";

        public string? Tls => null;

        public RemoteLimits Limits { get; init; } = RemoteLimits.None;

        public bool IsUsable { get; private set; } = true;

        public int TransactionCount => Sent.Count;

        public Task<AttemptTranscript> SendAsync(SmtpTransaction transaction, CancellationToken cancellationToken)
        {
            var replies = transaction.Recipients.Select((_, place) => replyAt(place)).ToList();
            var isTaken = replies.Exists(reply => reply is { IsPositive: true });
            var transcript = new AttemptTranscript { MailFromReply = Ok, RecipientReplies = replies, EndOfDataReply = isTaken ? Ok : null };
            if (Sent.Count == BreakAt)
            {
                transcript = Break!(transcript);
                IsUsable = IsKept;
            }

            Sent.Add(transaction.Recipients);
            OnSend?.Invoke();
            return Task.FromResult(transcript);
        }

        public Task QuitAsync() => Task.CompletedTask;

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
