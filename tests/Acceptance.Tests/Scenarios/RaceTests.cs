using System.Text;
using Orleans.Mail.Acceptance.Tests.Rig;

namespace Orleans.Mail.Acceptance.Tests.Scenarios;

/// <summary>Two who want different things of one message at the same moment (reliability AD1, AD7).</summary>
public sealed class RaceTests(ITestOutputHelper output)
{
    const string Domain = "race.test";
    static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_cancelled_message_never_arrives_and_one_too_late_to_cancel_always_does()
    {
        // Slow answers to the end of data make room for the race.
        await using var sink = new CountedSink("slow=1,slow-ms=100");
        await using var silo = await LiveSilo.StartAsync((Domain, sink.Port));
        var random = new Random(1);
        var waits = Enumerable.Range(0, 100).Select(_ => TimeSpan.FromMilliseconds(random.Next(150))).ToList();
        var races = new List<(int Number, CancelResult Result, MailState State)>();
        foreach (var some in waits.Select((wait, number) => (wait, number)).Chunk(20))
            races.AddRange(await Task.WhenAll(some.Select(race => RaceAsync(silo, race.number, race.wait))));
        var copies = sink.Copies();

        foreach (var result in races.CountBy(race => race.Result)) output.WriteLine($"{result.Key}: {result.Value}");
        foreach (var (number, result, state) in races)
        {
            var expected = result == CancelResult.Cancelled ? (MailState.Cancelled, 0) : (MailState.Delivered, 1);
            Assert.Equal((number, result, expected), (number, result, (state, copies.GetValueOrDefault(Recipient(number)))));
        }

        Assert.Contains(races, race => race.Result == CancelResult.Cancelled);
        Assert.Contains(races, race => race.Result != CancelResult.Cancelled);
    }

    [Fact]
    public async Task Fifty_submissions_under_one_key_are_one_message()
    {
        await using var sink = new CountedSink();
        await using var silo = await LiveSilo.StartAsync((Domain, sink.Port));
        var same = Draft(0) with { IdempotencyKey = "order-1" };
        var submissions = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => silo.Mail.SubmitAsync(same)));
        Assert.Single(submissions.Select(submission => submission.Id).Distinct());
        Assert.Single(submissions, submission => !submission.WasDuplicate);

        var other = await Assert.ThrowsAsync<MailException>(() => silo.Mail.SubmitAsync(Draft(1) with { IdempotencyKey = "order-1" }));
        Assert.Equal(MailErrorCode.IdempotencyConflict, other.Code);
        var stranger = await silo.Mail.SubmitAsync(Draft(2) with { IdempotencyKey = "order-1", Tenant = "another" });
        Assert.NotEqual(submissions[0].Id, stranger.Id);

        Assert.Equal(MailState.Delivered, (await submissions[0].WaitAsync(Limit)).State);
        Assert.Equal(MailState.Delivered, (await stranger.WaitAsync(Limit)).State);
        Assert.Equal(new Dictionary<string, int> { [Recipient(0)] = 1, [Recipient(2)] = 1 }, sink.Copies());
    }

    /// <summary>Every other message is already on its way when the wait before its cancellation begins.</summary>
    static async Task<(int Number, CancelResult Result, MailState State)> RaceAsync(LiveSilo silo, int number, TimeSpan wait)
    {
        var submission = await silo.Mail.SubmitAsync(Draft(number));
        if (number % 2 == 0) await silo.EventsUntilAsync(submission.Id, item => item.Type == EventType.Attempting, Limit);
        await Task.Delay(wait, TimeProvider.System);
        var result = await submission.CancelAsync("race");
        return (number, result, (await submission.WaitAsync(Limit)).State);
    }

    static string Recipient(int number) => $"r{number}@{Domain}";

    static MailDraft Draft(int number) => MailDraft.FromEml(
        Encoding.ASCII.GetBytes($"X-Ledger-Id: race-{number}\r\nFrom: <a@sender.test>\r\nTo: <{Recipient(number)}>\r\nSubject: race\r\nDate: Thu, 01 Jan 2026 00:00:00 +0000\r\nMessage-ID: <{number}@sender.test>\r\n\r\nHello.\r\n"),
        "a@sender.test",
        Recipient(number));
}
