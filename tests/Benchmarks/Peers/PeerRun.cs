using System.Diagnostics;
using Orleans.Mail.Support;

namespace Orleans.Mail.Benchmarks.Peers;

/// <summary>What to send: so many messages, of that size, to that many domains.</summary>
sealed record Workload(int Messages, int MessageBytes, int Domains)
{
    public IReadOnlyList<string> DomainNames => [.. Enumerable.Range(0, Domains).Select(number => $"d{number}.test")];
}

/// <summary>One measured run, first submission to last arrival at the sink.</summary>
sealed record RunResult(int Messages, TimeSpan Wall, TimeSpan Cpu)
{
    public double Rate => Messages / Wall.TotalSeconds;

    public double CpuMicrosecondsPerMessage => Cpu.TotalMicroseconds / Messages;
}

/// <summary>
/// The same work done by Postfix: submitted by its own load generator over 16 sessions, delivered to the same sink. Nothing that makes
/// mail safe is turned off and nothing is turned down; the concurrency limits allow what a fast receiver takes.
/// </summary>
sealed class PostfixPeer(PostfixInstance postfix, SmtpSink sink, string smtpSource) : IAsyncDisposable
{
    const int Sessions = 16;
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    public static async Task<PostfixPeer> StartAsync(SmtpSink sink, Workload work)
    {
        var program = Peer.Find("postfix") ?? throw new InvalidOperationException("Postfix is not installed.");
        var source = Peer.Find("smtp-source") ?? throw new InvalidOperationException("smtp-source is not installed.");
        var settings = new PostfixSettings
        {
            RelayDomains = work.DomainNames,
            RelayPort = sink.Port,
            // A site that takes whatever comes: no slow start, the stock limit of 20 sessions to one destination. No pause for
            // submitters while delivery lags: they are measured to the last delivery anyway, and the pause costs up to a second each.
            Parameters = ["initial_destination_concurrency = 20", "smtp_destination_concurrency_limit = 20", "in_flow_delay = 0"],
        };
        return new PostfixPeer(await PostfixInstance.StartAsync(program, settings), sink, source);
    }

    public async Task<RunResult> RunAsync(Workload work)
    {
        var before = sink.Messages;
        var cpu = postfix.Cpu;
        var start = Stopwatch.GetTimestamp();
        var domains = work.DomainNames;
        var sources = domains.Select((domain, number) => SubmitAsync(domain, ShareOf(work.Messages, number, domains.Count), ShareOf(Sessions, number, domains.Count), work.MessageBytes)).ToArray();
        await Task.WhenAll(sources);
        await sink.WaitForAsync(before + work.Messages, Patience);
        var wall = Stopwatch.GetElapsedTime(start);
        return new RunResult(work.Messages, wall, await SettledCpuAsync() - cpu);
    }

    public ValueTask DisposeAsync() => postfix.DisposeAsync();

    static int ShareOf(int whole, int number, int parts) => whole / parts + (number < whole % parts ? 1 : 0);

    async Task SubmitAsync(string domain, int messages, int sessions, int bytes)
    {
        if (messages == 0) return;
        string[] arguments = ["-4", "-s", $"{Math.Max(1, sessions)}", "-m", $"{messages}", "-l", $"{bytes}", "-N", "-f", "bench@sender.test", "-t", $"r@{domain}", $"127.0.0.1:{postfix.Port}"];
        using var source = Process.Start(smtpSource, arguments);
        await source.WaitForExitAsync();
        if (source.ExitCode != 0) throw new InvalidOperationException($"smtp-source ended with {source.ExitCode}.");
    }

    /// <summary>Removing the last queue files and writing the last log lines belongs to the work.</summary>
    async Task<TimeSpan> SettledCpuAsync()
    {
        var last = postfix.Cpu;
        while (true)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(500), TimeProvider.System);
            var now = postfix.Cpu;
            if (now - last < TimeSpan.FromMilliseconds(20)) return now;
            last = now;
        }
    }
}
