using Orleans.Mail.Acceptance.Tests.Rig;
using Orleans.Mail.Support;

namespace Orleans.Mail.Acceptance.Tests.Interop;

/// <summary>Real greylisting: Postfix that asks postgrey about every recipient.</summary>
public sealed class GreylistingTests
{
    const string Domain = "grey.test";
    static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    static readonly TimeSpan Delay = TimeSpan.FromSeconds(3);

    [Fact]
    public async Task Who_is_greylisted_comes_again_after_the_wait_and_is_let_in_once()
    {
        var program = PostfixInstance.Require();
        await using var postgrey = await Postgrey.StartAsync(Peer.Require("postgrey"), Delay);
        await using var postfix = await PostfixInstance.StartAsync(program, new PostfixSettings { KeptDomains = [Domain], Parameters = [postgrey.Parameter] });
        await using var silo = await LiveSilo.StartWithAsync([("Delivery:Backoff:0", "00:00:02")], (Domain, postfix.Port));

        var submission = await silo.Mail.SubmitAsync(MailDraft.FromEml(AwkwardMail.All["plain"], "a@sender.test", $"b@{Domain}"));
        var events = await silo.EventsUntilAsync(submission.Id, item => item.Type == EventType.Delivered || item.Type == EventType.Bounced, Limit);

        var first = events.First(item => item.Type == EventType.Deferred);
        Assert.Equal(("greylisted", true), (first.Category, first.Reply!.IsTransient));
        Assert.Equal(EventType.Delivered, events[^1].Type);
        Assert.True(events[^1].At - first.At >= Delay - TimeSpan.FromSeconds(1), "It was let in before the wait was over.");
        // Postfix has taken it; what a second copy would need is long past when this one is kept.
        Assert.Single(await KeptMail.ReadAsync(postfix.MaildirPath, 1, Limit));
    }
}
