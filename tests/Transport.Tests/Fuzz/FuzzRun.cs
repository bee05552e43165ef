using System.Globalization;

namespace Orleans.Mail.Transport.Tests.Fuzz;

/// <summary>How much is tried: <c>ORLEANS_MAIL_FUZZ_SESSIONS</c> (1,000), from <c>ORLEANS_MAIL_SEED</c> (1) on.</summary>
static class FuzzRun
{
    const int Workers = 32;

    public static int Sessions { get; } = Number("ORLEANS_MAIL_FUZZ_SESSIONS", 1_000);

    public static int FirstSeed { get; } = Number("ORLEANS_MAIL_SEED", 1);

    /// <summary>Runs a session for each seed, many at a time. Fails with the seeds of those that found a fault, and when memory grew.</summary>
    public static async Task RunAsync<TPeer>(Func<TPeer> peer, Func<TPeer, int, Task<string?>> session, ITestOutputHelper output) where TPeer : IAsyncDisposable
    {
        // Other tests run beside, and have their own.
        const long MostGrownBytes = 64L << 20;
        var started = TimeProvider.System.GetTimestamp();
        var faults = new List<string>();
        var next = -1;
        var before = GC.GetTotalMemory(forceFullCollection: true);
        await Task.WhenAll(Enumerable.Range(0, Workers).Select(async _ =>
        {
            await using var own = peer();
            for (int number; (number = Interlocked.Increment(ref next)) < Sessions && faults.Count < 20;)
            {
                if (await session(own, FirstSeed + number) is { } fault)
                    lock (faults)
                        faults.Add($"seed {FirstSeed + number}: {fault}");
            }
        }));
        var grown = GC.GetTotalMemory(forceFullCollection: true) - before;
        output.WriteLine($"{Sessions} sessions in {TimeProvider.System.GetElapsedTime(started).TotalSeconds:F1} s, {grown >> 10} KB of heap more than before");
        Assert.True(faults.Count == 0, string.Join(Environment.NewLine, faults));
        Assert.True(grown < MostGrownBytes, $"{grown >> 20} MB of heap were not given back.");
    }

    static int Number(string name, int otherwise) => int.TryParse(Environment.GetEnvironmentVariable(name), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : otherwise;
}
