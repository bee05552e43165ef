using Orleans.Mail.Benchmarks;
using Orleans.Mail.Benchmarks.Load;
using Orleans.Mail.Benchmarks.Verbs;

try
{
    switch (args)
    {
        case ["throughput", ..]:
            await ThroughputVerb.RunAsync(new Arguments(args.AsSpan(1), "messages", "size", "domains", "peer", "rounds", "concurrent", "dkim", "tls", "backend"));
            return 0;
        case ["deferred", ..]:
            await DeferredVerb.RunAsync(new Arguments(args.AsSpan(1), "messages", "backend"));
            return 0;
        case ["backlog", ..]:
            await BacklogVerb.RunAsync(new Arguments(args.AsSpan(1), "messages"));
            return 0;
        case ["suppression", ..]:
            await SuppressionVerb.RunAsync(new Arguments(args.AsSpan(1), "entries"));
            return 0;
        case ["memory", ..]:
            MemoryVerb.Run(new Arguments(args.AsSpan(1), "messages"));
            return 0;
        case ["idle"]:
            await IdleVerb.RunAsync();
            return 0;
        case ["latency", ..]:
            await LatencyVerb.RunAsync(new Arguments(args.AsSpan(1), "backlog", "high"));
            return 0;
        case ["limiter", ..]:
            await LimiterVerb.RunAsync(new Arguments(args.AsSpan(1), "messages"));
            return 0;
        case ["recovery", ..]:
            await RecoveryVerb.RunAsync(new Arguments(args.AsSpan(1), "messages"));
            return 0;
        case ["chaos", ..]:
            await ChaosVerb.RunAsync(new Arguments(args.AsSpan(1), "silos", "minutes", "kills", "rate", "seed"));
            return 0;
        case ["scale", ..]:
            await ScaleVerb.RunAsync(new Arguments(args.AsSpan(1), "silos", "messages"));
            return 0;
        case ["load", ..]:
            return await LoadVerb.RunAsync(new Arguments(args.AsSpan(1), "gateway", "size", "domains", "concurrent"));
    }
}
catch (FormatException exception)
{
    Console.Error.WriteLine(exception.Message);
}

Console.Error.WriteLine(
    """
    throughput [--messages N] [--size BYTES] [--domains D] [--peer postfix] [--rounds R] [--concurrent C]
               [--dkim rsa|ed25519] [--tls on] [--backend azurite]
    deferred [--messages N] [--backend azurite]
    latency [--backlog N] [--high N]
    limiter [--messages N]
    recovery [--messages N]
    chaos [--silos N] [--minutes M] [--kills AT_LEAST] [--rate MESSAGES_A_SECOND] [--seed N]
    scale [--silos 1,2,4] [--messages N_FOR_EACH_SILO]
    backlog [--messages N]
    suppression [--entries N]
    memory [--messages N]
    idle
    Each prints a table and, as its last line, one JSON object.
    """);
return 2;
