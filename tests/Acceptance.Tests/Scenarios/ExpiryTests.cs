using System.Net;
using Orleans.Mail.Acceptance.Tests.Interop;
using Orleans.Mail.Acceptance.Tests.Rig;
using Orleans.Mail.Support;

namespace Orleans.Mail.Acceptance.Tests.Scenarios;

/// <summary>A message expires by time, whatever it waits for (reliability RT2).</summary>
public sealed class ExpiryTests
{
    const string Domain = "stuck.test";
    static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task What_nobody_could_be_asked_to_take_expires_once()
    {
        await using var silo = await LiveSilo.StartWithAsync([("Delivery:Backoff:0", "00:00:01")], (Domain, FreePort.Next()));
        await CheckAsync(silo, Draft());
    }

    [Fact]
    public async Task What_stands_in_line_behind_a_silent_session_expires_once_without_an_attempt()
    {
        await using var sink = new CountedSink();
        // Nobody hears from this receiver again once the connection stands.
        await using var proxy = FaultProxy.Start(new IPEndPoint(IPAddress.Loopback, sink.Port), _ => new LinkFaults { FromServer = new FlowFaults { EndAfter = 0, End = FlowEnd.BlackHole } });
        await using var silo = await LiveSilo.StartWithAsync([("Sites:InitialSessions", "1"), ("Sites:MaxSessions", "1"), ("Spool:SweepInterval", "00:00:01"), ("Spool:SweepGrace", "00:00:01")], (Domain, proxy.EndPoint.Port));
        await silo.Mail.SubmitAsync(Draft() with { ExpiresAfter = null });
        var events = await CheckAsync(silo, Draft());
        Assert.DoesNotContain(events, item => item.Type == EventType.Attempting);
        Assert.Empty(sink.Copies());
    }

    static async Task<List<DeliveryEvent>> CheckAsync(LiveSilo silo, MailDraft draft)
    {
        var submission = await silo.Mail.SubmitAsync(draft);
        var events = await silo.EventsUntilAsync(submission.Id, item => item.Type == EventType.Expired, Limit);
        var status = await submission.GetStatusAsync();
        Assert.Equal(MailState.Expired, status.State);
        Assert.InRange(events[^1].At - status.ExpiresAt!.Value, TimeSpan.FromSeconds(-5), TimeSpan.FromSeconds(30));
        return events;
    }

    static MailDraft Draft() => MailDraft.FromEml(AwkwardMail.All["plain"], "a@sender.test", $"b@{Domain}") with { ExpiresAfter = TimeSpan.FromSeconds(5) };
}
