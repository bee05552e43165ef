using System.Globalization;
using System.Text.RegularExpressions;
using Orleans.Mail.Transport;

namespace Orleans.Mail.Grains.Tests;

/// <summary>When the next attempt is to be expected, and why not sooner, as whoever asks sees it.</summary>
public sealed partial class EstimateTests : ClockedTests
{
    async Task<MessageStatus> StatusAsync(SubmitRequest request) => (await Cluster.StatusAsync(request.Id))!;

    static void Expect(MessageStatus status, string reason, DateTimeOffset earliest, DateTimeOffset latest)
    {
        Assert.Equal(reason, status.WaitReason);
        Assert.Equal(earliest, status.EarliestAttemptAt);
        Assert.InRange(status.LatestAttemptAt!.Value, earliest, latest);
    }

    [Fact]
    public async Task Who_waits_for_a_time_is_told_which()
    {
        await StartAsync();
        var scheduled = await SubmitAsync(MailCluster.Request("ann@example.com") with { SendAt = Start.AddHours(8) });
        Expect(await StatusAsync(scheduled), "to be sent at 14:00", Start.AddHours(8), Start.AddHours(8).AddSeconds(5));
        var window = new SendWindow(new TimeOnly(9, 0), new TimeOnly(17, 0), "Europe/Berlin");
        var windowed = await SubmitAsync(MailCluster.Request("ann@example.com") with { Window = window });
        Expect(await StatusAsync(windowed), "window opens 07:00", Start.AddHours(1), Start.AddHours(1).AddSeconds(5));
        await Cluster.Grains.GetGrain<IMessageGrain>(windowed.Id.ToString()).ChangeAsync(new MessageChange { ExpiresAt = Start.AddMinutes(30) });
        Expect(await StatusAsync(windowed), "expires 06:30 before its next attempt: window opens 07:00", Start.AddMinutes(30), Start.AddMinutes(30));
    }

    [Fact]
    public async Task Who_was_deferred_is_told_the_answer_and_the_end_of_the_wait()
    {
        await StartAsync();
        Cluster.Wire.Answer = transaction => ScriptedWire.Refuse(transaction, 452, "4.2.2 Mailbox full");
        var request = await SubmitAsync("ann@example.com");
        await TriedAsync(request.Id, 1);
        Expect(await StatusAsync(request), "backoff after 452 4.2.2 until 06:30", Start.AddMinutes(30), Start.AddMinutes(31));
    }

    [Fact]
    public async Task Who_stands_in_a_queue_is_told_its_place_and_the_pace()
    {
        await StartAsync(delivery => delivery.SessionPrefetch = 1, OneSession);
        for (var i = 0; i < 10; i++) await FinalAsync((await SubmitAsync($"before{i}@example.com")).Id);
        Pass(TimeSpan.FromSeconds(4));
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Cluster.Wire.Gate = gate.Task;
        for (var i = 0; i < 3; i++) await WhenAsync((await SubmitAsync($"first{i}@example.com")).Id, status => status.State == MailState.Delivering, "the session should have begun it");
        var places = new List<(int Place, DateTimeOffset Latest)>();
        for (var i = 1; i <= 5; i++)
        {
            var request = await SubmitAsync($"queued{i}@example.com");
            var status = await WhenAsync(request.Id, status => Place().IsMatch(status.WaitReason ?? ""), "it should stand in the queue");
            var match = Place().Match(status.WaitReason!);
            Assert.Equal($"{i}", match.Groups[2].Value);
            Assert.True(double.Parse(match.Groups[3].Value, CultureInfo.InvariantCulture) > 0);
            Assert.InRange(status.EarliestAttemptAt!.Value, Now, status.LatestAttemptAt!.Value);
            places.Add((int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture), status.LatestAttemptAt.Value));
        }

        Assert.Equal([1, 2, 3, 4, 5], places.Select(place => place.Place));
        Assert.Equal(places.Select(place => place.Latest).Order(), places.Select(place => place.Latest));
        Assert.True(places[^1].Latest > places[0].Latest, "who stands further back should expect to wait longer");
        gate.SetResult();
        await MailCluster.UntilAsync(() => Cluster.Wire.Received.Count == 18, "all should have been sent");
    }

    [Fact]
    public async Task Who_waits_for_a_dead_site_is_told_when_it_is_tried_again()
    {
        await StartAsync(also: OneSession);
        Cluster.Wire.OnConnect = _ => new SessionFailure(SmtpPhase.Connect, SessionFailureKind.ConnectFailed, null, "refused");
        var first = await SubmitAsync("ann@example.com");
        await TriedAsync(first.Id, 1);
        var second = await SubmitAsync("bob@example.com");
        foreach (var request in new[] { first, second })
        {
            var status = await WhenAsync(request.Id, status => status.WaitReason?.StartsWith("site ", StringComparison.Ordinal) == true, "it should wait for the site");
            Expect(status, "site mx.example.com could not be talked to; probe at 06:01", Start.AddMinutes(1), Start.AddMinutes(2));
        }
    }

    [Fact]
    public async Task Who_waits_for_a_suspended_site_is_told_why_and_until_when()
    {
        await StartAsync();
        var order = new StandingOrder { Id = "o1", Kind = OrderKind.Suspend, Scope = new OrderScope { Site = "mx.example.com" }, Reason = "maintenance", Until = Start.AddHours(2) };
        Assert.Null((await Cluster.Grains.GetGrain<IControlGrain>(0).AddAsync(order)).Problem);
        MessageStatus? status = null;
        await MailCluster.UntilAsync(async () =>
        {
            // What left before the order was heard of tells nothing.
            var request = await SubmitAsync("ann@example.com");
            status = await WhenAsync(request.Id, status => status.IsFinal || status.WaitReason?.Contains("uspended", StringComparison.Ordinal) == true, "it should leave, or wait for the site");
            return !status.IsFinal;
        }, "the order should have reached the site");
        // By the order itself where its message met it, by the site where that had heard of it.
        Assert.Matches("^(site mx.example.com suspended for maintenance until 08:00|Suspended by order o1 .site mx.example.com. until 2026-07-06 08:00:00Z: maintenance)$", status!.WaitReason);
        Expect(status, status.WaitReason!, Start.AddHours(2), Start.AddHours(2).AddMinutes(1));
    }

    [Fact]
    public async Task Nobody_knows_when_a_suspended_message_goes_on_and_a_final_one_does_not()
    {
        await StartAsync();
        var request = await SubmitAsync(MailCluster.Request("ann@example.com") with { SendAt = Start.AddHours(1) });
        await Cluster.Grains.GetGrain<IMessageGrain>(request.Id.ToString()).ChangeAsync(new MessageChange { Action = MessageAction.Suspend, Reason = "Checking." });
        var status = await StatusAsync(request);
        Assert.Equal(("Suspended: Checking.", null), (status.WaitReason, status.LatestAttemptAt));
        var final = await FinalAsync((await SubmitAsync("bob@example.com")).Id);
        Assert.Equal((null, null, null), (final.WaitReason, final.EarliestAttemptAt, final.LatestAttemptAt));
    }

    [GeneratedRegex(@"^position (\d+) of (\d+) at mx\.example\.com, ([\d.]+)/s; site mx\.example\.com: 1 session in use$")]
    private static partial Regex Place();
}
