using Microsoft.Extensions.DependencyInjection;
using MimeKit;
using Orleans.Mail.Grains.Options;
using Orleans.Mail.Transport;

namespace Orleans.Mail.Grains.Tests;

/// <summary>Notices to the sender: what they are, when there is none, and that there is never a second one.</summary>
public sealed class NoticeTests : ClockedTests
{
    const NoticeKinds Both = NoticeKinds.Failure | NoticeKinds.Delay;

    Task StartAsync(int mostPerDay = 1000) => StartAsync(delivery => (delivery.Backoff, delivery.BackoffJitter) = ([TimeSpan.FromHours(1)], 0),
        silo => silo.Services.PostConfigure<NoticeOptions>(notices => (notices.Domain, notices.MostPerDay) = ("mail.example.net", mostPerDay)));

    // Mail with a sender is refused, notices are taken.
    void RefuseMail(int code, string text) =>
        Cluster.Wire.Answer = transaction => transaction.From.Length == 0 ? ScriptedWire.Accept(transaction) : ScriptedWire.Refuse(transaction, code, text);

    List<SmtpTransaction> Notices() => SentTo("sender@example.com");

    async Task<int> AcceptedAsync() => (await Cluster.EventsAsync()).Count(item => item.Type == EventType.Accepted);

    async Task<MessageId> NoticeOfAsync(SubmitRequest request, string kind = "failure")
    {
        DeliveryEvent? found = null;
        await MailCluster.UntilAsync(async () => (found = (await Cluster.EventsAsync()).Find(item => item.IdempotencyKey?.StartsWith($"notice/{kind}/{request.Id}", StringComparison.Ordinal) == true)) is not null, "there should be a notice");
        return found!.MessageId;
    }

    [Fact]
    public async Task A_failed_message_gets_one_report_that_names_all_its_failed_recipients()
    {
        await StartAsync();
        Cluster.Wire.Answer = transaction => ScriptedWire.Accept(transaction) with
        {
            RecipientReplies = [.. transaction.Recipients.Select(recipient => recipient.StartsWith("bad", StringComparison.Ordinal) ? SmtpReply.Create(550, "5.1.1 No such user") : SmtpReply.Create(250, "2.1.5 Ok"))],
        };
        var request = await SubmitAsync(MailCluster.Request("ann@example.com") with { Recipients = ["ann@example.org", "bad1@example.org", "bad2@example.org"], Notices = NoticeKinds.Failure });
        Assert.Equal(MailState.Mixed, (await FinalAsync(request.Id)).State);
        Assert.Equal(MailState.Delivered, (await FinalAsync(await NoticeOfAsync(request))).State);

        var notice = Assert.Single(Notices());
        Assert.Equal("", notice.From);
        Assert.Equal(2, await AcceptedAsync());
        using var stream = new MemoryStream(notice.Content.ToArray());
        using var mail = await MimeMessage.LoadAsync(stream);
        var report = Assert.IsType<MultipartReport>(mail.Body);
        Assert.Equal("delivery-status", report.ReportType);
        Assert.Equal("MAILER-DAEMON@mail.example.net", mail.From.Mailboxes.Single().Address);
        var status = Assert.IsType<MessageDeliveryStatus>(report[1]).StatusGroups;
        Assert.Equal("dns; mail.example.net", status[0]["Reporting-MTA"]);
        Assert.Equal(["rfc822; bad1@example.org", "rfc822; bad2@example.org"], status.Skip(1).Select(group => group["Final-Recipient"]));
        Assert.All(status.Skip(1), group => Assert.Equal(("failed", "5.1.1"), (group["Action"], group["Status"])));
        Assert.Equal("text/rfc822-headers", report[2].ContentType.MimeType);
        Assert.Equal("test", Assert.IsType<TextRfc822Headers>(report[2]).Message?.Subject);
    }

    [Fact]
    public async Task A_tenant_gets_no_more_notices_in_a_day_than_are_allowed_and_more_the_next_day()
    {
        await StartAsync(mostPerDay: 2);
        RefuseMail(550, "5.1.1 No such user");
        for (var i = 0; i < 4; i++) await FinalAsync((await SubmitAsync(MailCluster.Request($"bob{i}@example.org") with { Notices = NoticeKinds.Failure })).Id);
        var other = await SubmitAsync(MailCluster.Request("eve@example.org") with { Tenant = "other", Notices = NoticeKinds.Failure });
        await FinalAsync(await NoticeOfAsync(other));
        await MailCluster.UntilAsync(() => Notices().Count == 3, "two notices of the one tenant and one of the other should have left");
        Pass(TimeSpan.FromDays(1));
        await FinalAsync(await NoticeOfAsync(await SubmitAsync(MailCluster.Request("bob@example.org") with { Notices = NoticeKinds.Failure })));
        Assert.Equal(4, Notices().Count);
    }

    [Fact]
    public async Task A_notice_that_fails_is_followed_by_none()
    {
        await StartAsync();
        Cluster.Wire.Answer = transaction => ScriptedWire.Refuse(transaction, 550, "5.1.1 No such user");
        var request = await SubmitAsync(MailCluster.Request("bob@example.org") with { Notices = Both });
        var notice = await NoticeOfAsync(request);
        Assert.Equal(MailState.Bounced, (await FinalAsync(notice)).State);
        await FinalAsync(request.Id);
        await SweptAsync(notice);
        // Those two, and the one that shows that time has passed.
        Assert.Equal(3, await AcceptedAsync());
    }

    [Theory]
    [InlineData("", Both)]
    [InlineData("sender@example.com", NoticeKinds.None)]
    [InlineData("sender@example.com", NoticeKinds.Delay)]
    public async Task Nobody_is_told_of_a_failure_who_is_not_there_or_did_not_ask(string from, NoticeKinds wanted)
    {
        await StartAsync();
        Cluster.Wire.Answer = transaction => ScriptedWire.Refuse(transaction, 550, "5.1.1 No such user");
        var request = await SubmitAsync(MailCluster.Request("bob@example.org") with { From = from, Notices = wanted });
        Assert.Equal(MailState.Bounced, (await FinalAsync(request.Id)).State);
        await SweptAsync(request.Id);
        Assert.Equal(2, await AcceptedAsync());
    }

    /// <summary>The commits after the refusal: the failure, the notice's own acceptance, and the note that it was made.</summary>
    [Theory]
    [InlineData(1, CommitFault.LostAfter)]
    [InlineData(2, CommitFault.Refused)]
    [InlineData(2, CommitFault.LostBefore)]
    [InlineData(2, CommitFault.LostAfter)]
    [InlineData(3, CommitFault.LostBefore)]
    [InlineData(3, CommitFault.LostAfter)]
    public async Task A_process_that_ends_before_the_notice_is_sent_sends_it_once_when_it_is_back(int commit, CommitFault fault)
    {
        await StartAsync();
        var isArmed = true;
        Cluster.Wire.Answer = transaction =>
        {
            if (transaction.From.Length == 0) return ScriptedWire.Accept(transaction);
            if (isArmed) Cluster.Faults.FailOnly(commit, fault);
            isArmed = false;
            return ScriptedWire.Refuse(transaction, 550, "5.1.1 No such user");
        };
        var request = await SubmitAsync(MailCluster.Request("bob@example.org") with { Notices = NoticeKinds.Failure });
        await MailCluster.UntilAsync(() => Cluster.Faults.HasFailed, "no commit failed");
        await Cluster.RestartAsync();
        var notice = await NoticeOfAsync(request);
        await WhenPassingAsync(notice);
        await WhenPassingAsync(request.Id);
        await SweptAsync(request.Id);
        Assert.Equal(MailState.Bounced, (await FinalAsync(request.Id)).State);
        var events = await Cluster.EventsAsync();
        Assert.Equal(3, events.Count(item => item.Type == EventType.Accepted));
        // The end of the process may have met the notice on its way, which its timeline tells.
        Assert.InRange(Notices().Count, 1, 1 + events.Count(item => item.Type == EventType.Uncertain));
    }

    [Fact]
    public async Task A_late_message_is_told_once_and_only_to_who_asked()
    {
        await StartAsync();
        RefuseMail(451, "4.3.0 Local trouble");
        var asked = await SubmitAsync(MailCluster.Request("ann@example.org") with { Notices = Both });
        var other = await SubmitAsync(MailCluster.Request("bob@example.org") with { Notices = NoticeKinds.Failure });
        for (var attempt = 1; attempt <= 7; attempt++)
        {
            await TriedAsync(asked.Id, attempt);
            await TriedAsync(other.Id, attempt);
            Assert.Equal(attempt <= 4 ? 0 : 1, Notices().Count);
            Pass(TimeSpan.FromHours(1));
            // Four hours old with the fifth.
            if (attempt == 4) await FinalAsync(await NoticeOfAsync(asked, "delay"));
        }

        await TriedAsync(asked.Id, 8);
        using var stream = new MemoryStream(Assert.Single(Notices()).Content.ToArray());
        using var mail = await MimeMessage.LoadAsync(stream);
        var status = Assert.IsType<MessageDeliveryStatus>(Assert.IsType<MultipartReport>(mail.Body)[1]).StatusGroups;
        Assert.Equal(("rfc822; ann@example.org", "delayed"), (status[1]["Final-Recipient"], status[1]["Action"]));
        Assert.True(DateTimeOffset.TryParse(status[1]["Will-Retry-Until"], out var until));
        Assert.Equal((await Cluster.StatusAsync(asked.Id))!.ExpiresAt!.Value.ToUnixTimeSeconds(), until.ToUnixTimeSeconds());
    }

    // What was cut off is taken up again when its time has come.
    async Task WhenPassingAsync(MessageId id)
    {
        var polls = 0;
        await MailCluster.UntilAsync(async () =>
        {
            if (await Cluster.StatusAsync(id) is { IsFinal: true }) return true;
            if (++polls % 8 == 0) Pass(TimeSpan.FromMinutes(2));
            return false;
        }, "the message should be final");
    }
}
