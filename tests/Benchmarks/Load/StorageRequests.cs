using System.Globalization;
using Orleans.Mail.Support;

namespace Orleans.Mail.Benchmarks.Load;

/// <summary>What the silo says it has asked of storage.</summary>
sealed class StorageRequests(SiloProcess silo) : IDisposable
{
    const string Metric = "orleans_mail_storage_azure_requests";

    readonly HttpClient _http = new();

    public async Task<double> DuringAsync(Func<Task> work)
    {
        var before = await SumAsync();
        await work();
        var after = await SumAsync();
        return after - before;
    }

    public async Task<double> SumAsync() => (await ReadAsync()).Sum(line => line.Value);

    /// <summary>What messages alone cause: transactions of the spool, contents, and writes of reminders. Sweeps and purges only read.</summary>
    public async Task<double> SumOfMessagesAsync() => (await ReadAsync())
        .Where(line => line.Name.Contains("content", StringComparison.Ordinal) || line.Name.Contains("kind=\"transaction\",what=\"spool\"", StringComparison.Ordinal) || (line.Name.Contains("reminders", StringComparison.Ordinal) && !line.Name.Contains("kind=\"read\"", StringComparison.Ordinal)))
        .Sum(line => line.Value);

    public void Dispose() => _http.Dispose();

    public async Task<string> TableAsync() => string.Join(Environment.NewLine, (await ReadAsync()).Select(line => $"  {line.Name} {line.Value}"));

    async Task<List<(string Name, double Value)>> ReadAsync()
    {
        var text = await _http.GetStringAsync(new Uri($"http://127.0.0.1:{silo.HttpPort}/metrics"));
        return [.. text.Split('\n').Where(line => line.StartsWith(Metric, StringComparison.Ordinal)).Select(line =>
        {
            var parts = line[(line.IndexOf('}', StringComparison.Ordinal) + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            return (line[..(line.IndexOf('}', StringComparison.Ordinal) + 1)], double.Parse(parts[0], CultureInfo.InvariantCulture));
        })];
    }
}
