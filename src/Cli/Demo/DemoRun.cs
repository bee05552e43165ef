using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Spectre.Console;

namespace Orleans.Mail.Cli.Demo;

/// <summary>One run: start the service, submit what is not there yet, follow until every message is final.</summary>
sealed class DemoRun(DemoFolder folder, TextWriter output, TimeProvider clock)
{
    /// <summary>All must be final within this time.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    static readonly TimeSpan SavePeriod = TimeSpan.FromMilliseconds(250);

    // The urgent one comes when the crowd is well under way.
    const int CrowdHeadStart = 15;

    const int CallsAtOnce = 16;

    const string Verb = "dotnet run --project src/Cli --";

    readonly DemoBoard _board = new(folder.Mark.Generation);
    readonly TaskCompletionSource _crowdIsUnderWay = new(TaskCreationOptions.RunContinuationsAsynchronously);
    int _foundCount;
    long _lastSave;

    bool IsInteractive => output == Console.Out && !Console.IsOutputRedirected && !Console.IsInputRedirected;

    public async Task<int> RunAsync(bool exitsWhenFinal, bool isVerbose, CancellationToken cancellationToken)
    {
        output.WriteLine(folder.IsResumed ? $"Continuing the demo in {folder.Root} (--fresh starts over)." : $"A new demo in {folder.Root}.");
        var (app, gatewayPort) = DemoHost.Build(folder, isVerbose);
        await using (app)
        {
            await app.StartAsync(cancellationToken);
            output.WriteLine($"The service runs: mode Capture, gateway localhost:{gatewayPort}, health and metrics at {app.Urls.First()}. Nothing leaves this machine.");
            var client = app.Services.GetRequiredService<IMailClient>();
            var code = await FollowAsync(client, isVerbose, cancellationToken) is { } verdict ? Summarize(verdict) : EndedEarly(exitsWhenFinal, cancellationToken);
            // Without --exit the service stays, also for a demo that did not go as planned: there is something to look at.
            if (!exitsWhenFinal && !cancellationToken.IsCancellationRequested) await StayAsync(gatewayPort, cancellationToken);
            await app.StopAsync(CancellationToken.None);
            return code;
        }
    }

    // Null when Ctrl-C or the limit came first.
    async Task<DemoVerdict?> FollowAsync(IMailClient client, bool isVerbose, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(Limit, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        IDemoView view = IsInteractive && !isVerbose ? new LiveView(AnsiConsole.Console, clock) : new PlainView(output);
        try
        {
            await ReadStatusesAsync(client, either.Token);
            await view.RunAsync(_board, async () =>
            {
                var submitting = SubmitAsync(client, either.Token);
                await ReadEventsAsync(client, view, either.Token);
                await submitting;
            });
            return DemoVerdict.Of(folder.Mark.Generation, await ReadStatusesAsync(client, either.Token));
        }
        catch (OperationCanceledException) when (either.IsCancellationRequested)
        {
            return null;
        }
    }

    async Task SubmitAsync(IMailClient client, CancellationToken cancellationToken)
    {
        foreach (var message in DemoPlan.Singles) Count(await client.SubmitAsync(Draft(message), cancellationToken));
        foreach (var submission in await client.SubmitManyAsync(DemoPlan.Crowd.Select(Draft), cancellationToken)) Count(submission);
        await _crowdIsUnderWay.Task.WaitAsync(cancellationToken);
        Count(await client.SubmitAsync(Draft(DemoPlan.Urgent), cancellationToken));

        MailDraft Draft(DemoMessage message) => DemoPlan.Draft(folder.Mark.Generation, message);

        void Count(Submission submission) => _foundCount += submission.WasDuplicate ? 1 : 0;
    }

    async Task ReadEventsAsync(IMailClient client, IDemoView view, CancellationToken cancellationToken)
    {
        ReleaseUrgent();
        if (_board.IsFinal) return;
        var shown = EventPosition.Parse(folder.Mark.Position);
        try
        {
            await foreach (var item in client.SubscribeAsync(new EventFilter { Tenant = DemoPlan.Tenant }, shown, cancellationToken))
            {
                if (_board.Apply(item) is { } row) view.Show(row, item);
                shown = item.Position;
                SaveNowAndThen(shown);
                ReleaseUrgent();
                if (_board.IsFinal) return;
            }
        }
        finally
        {
            folder.Save(shown);
        }
    }

    void ReleaseUrgent()
    {
        if (_board.CrowdFinalCount >= CrowdHeadStart) _crowdIsUnderWay.TrySetResult();
    }

    void SaveNowAndThen(EventPosition position)
    {
        if (clock.GetElapsedTime(_lastSave) < SavePeriod) return;
        _lastSave = clock.GetTimestamp();
        folder.Save(position);
    }

    async Task<IReadOnlyDictionary<MessageId, MessageStatus>> ReadStatusesAsync(IMailClient client, CancellationToken cancellationToken)
    {
        var statuses = new ConcurrentDictionary<MessageId, MessageStatus>();
        await Parallel.ForEachAsync(DemoPlan.All, new ParallelOptions { MaxDegreeOfParallelism = CallsAtOnce, CancellationToken = cancellationToken }, async (message, token) =>
        {
            if (await client.GetStatusAsync(DemoPlan.IdOf(folder.Mark.Generation, message), token) is { } status) statuses[status.Id] = status;
        });
        foreach (var status in statuses.Values) _board.Apply(status);
        return statuses;
    }

    int Summarize(DemoVerdict verdict)
    {
        output.WriteLine();
        output.WriteLine("Every message is final:");
        foreach (var row in _board.Singles)
            output.WriteLine($"  {row.Message.Name,-13} {row.State,-10} after {row.AttemptCount} {(row.AttemptCount == 1 ? "attempt" : "attempts"),-9} {row.Message.Shows}");
        output.WriteLine($"  {"bulk",-13} {_board.CrowdFinalCount} final; {verdict.OvertakenCount} of them were accepted before the urgent one and delivered after it");
        if (_foundCount > 0) output.WriteLine($"{_foundCount} of the {DemoPlan.All.Length} had been accepted by an earlier run: found again by their idempotency keys, not sent again.");
        foreach (var status in verdict.Surprises) output.WriteLine($"NOT as planned: {status.Id} is {status.State}.");
        output.WriteLine($"What the receiver took is in {folder.Captured}. The one whose reply was lost is there more than once: that is what Uncertain warns of.");
        return verdict.IsAsPlanned ? Commands.ExitCodes.Ok : Commands.ExitCodes.Failed;
    }

    int EndedEarly(bool exitsWhenFinal, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested)
        {
            output.WriteLine("Stopping. Run it again to continue from here.");
            return exitsWhenFinal ? Commands.ExitCodes.Interrupted : Commands.ExitCodes.Ok;
        }

        output.WriteLine($"Not every message is final after {Limit.TotalMinutes} minutes:");
        foreach (var row in _board.Singles.Where(row => !row.IsFinal)) output.WriteLine($"  {row.Message.Name,-13} {row.State?.Name ?? "not accepted"}");
        output.WriteLine($"  {"bulk",-13} {_board.CrowdFinalCount} of {DemoPlan.CrowdSize} final");
        return Commands.ExitCodes.Failed;
    }

    async Task StayAsync(int gatewayPort, CancellationToken cancellationToken)
    {
        output.WriteLine();
        output.WriteLine("The service stays until Ctrl-C. Submit your own from another terminal, or look at the timeline of one:");
        output.WriteLine($"  {Verb} send --from me@sender.test --to you@deferred.test --subject Hello --text World --wait --gateway localhost:{gatewayPort}");
        output.WriteLine($"  {Verb} status {DemoPlan.IdOf(folder.Mark.Generation, DemoPlan.Singles[^1])} --gateway localhost:{gatewayPort}");
        try
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, clock, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            output.WriteLine("Stopping.");
        }
    }
}
