using System.Collections.Concurrent;

namespace Orleans.Mail.Ledger.Tests;

public sealed class SubmitterTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("ledger-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task An_answer_is_written_as_what_it_was()
    {
        var asked = new ConcurrentBag<string>();
        var lines = await RunAsync(new SubmitterPace { Messages = 30, Concurrent = 4 }, mail =>
        {
            asked.Add(mail.Id);
            return (int.Parse(mail.Id.Split('-')[^1]) % 3) switch
            {
                0 => Task.FromResult(SubmitOutcome.Accepted),
                1 => Task.FromResult(SubmitOutcome.Refused),
                _ => throw new TimeoutException("no answer"),
            };
        });

        Assert.Equal(asked.Order(), lines.Select(line => line.Id).Order());
        Assert.Equal(10, lines.Count(line => line.Outcome == SubmitOutcome.Accepted));
        Assert.Equal(10, lines.Count(line => line.Outcome == SubmitOutcome.Refused));
        Assert.Equal(10, lines.Count(line => line.Outcome == SubmitOutcome.Unknown));
    }

    [Fact]
    public async Task Nothing_is_written_before_the_answer_and_a_stop_waits_for_it()
    {
        using var stop = new CancellationTokenSource();
        var asked = new TaskCompletionSource();
        var answer = new TaskCompletionSource<SubmitOutcome>();
        var run = RunAsync(new SubmitterPace { Messages = 1000, Concurrent = 1 }, _ =>
        {
            asked.TrySetResult();
            return answer.Task;
        }, stop.Token);

        await asked.Task.WaitAsync(TimeSpan.FromSeconds(10));
        Assert.Equal(0, new FileInfo(Path.Combine(_folder, "s")).Length);
        await stop.CancelAsync();
        answer.SetResult(SubmitOutcome.Accepted);

        Assert.Single(await run);
    }

    async Task<SubmittedLine[]> RunAsync(SubmitterPace pace, Func<LedgerMail, Task<SubmitOutcome>> submit, CancellationToken stop = default)
    {
        var path = Path.Combine(_folder, "s");
        await using (var ledger = new DurableLines<SubmittedLine>(path, LedgerJson.Default.SubmittedLine))
            await new Submitter(new MailGenerator(new MailShape(), DateTimeOffset.UnixEpoch), ledger, submit, TimeProvider.System).RunAsync(pace, stop);
        return [.. LineFile.Read(path, LedgerJson.Default.SubmittedLine)];
    }
}
