using Orleans.Mail.Acceptance.Tests.Rig;
using Orleans.Mail.Support;

namespace Orleans.Mail.Acceptance.Tests.Interop;

/// <summary>One message to several recipients of one server (reliability RO1).</summary>
public sealed class RecipientTests
{
    const string Domain = "kept.test";
    static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Each_recipient_at_Exim_has_the_fate_that_Exim_gave_it()
    {
        await using var exim = await EximInstance.StartAsync(EximInstance.Require(), Domain);
        await using var silo = await LiveSilo.StartAsync((Domain, exim.Port));
        string[] recipients = [$"ann@{Domain}", $"nobody@{Domain}", $"later@{Domain}", $"bob@{Domain}"];
        var submission = await silo.Mail.SubmitAsync(MailDraft.FromEml(AwkwardMail.All["plain"], "a@sender.test", recipients));

        await silo.EventsUntilAsync(submission.Id, item => item.Type == EventType.Deferred, Limit);
        var status = await submission.GetStatusAsync();

        Assert.Equal(
            [MailState.Delivered, MailState.Bounced, MailState.Deferred, MailState.Delivered],
            status.Recipients.Select(recipient => recipient.State));
        Assert.Equal([550, 451], new[] { 1, 2 }.Select(number => status.Recipients[number].LastReply!.Code));
        var kept = await KeptMail.ReadAsync(exim.MaildirPath, 2, Limit);
        Assert.Equal(["ann", "bob"], kept.Select(mail => mail.LocalPart).Order(StringComparer.Ordinal));
        // Received once, for both.
        Assert.Equal(2, exim.Log.Split(" <= ").Length);
    }
}
