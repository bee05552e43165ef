using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;

namespace Orleans.Mail.Support;

/// <summary>How to start a silo.</summary>
public sealed record SiloSettings
{
    /// <summary>Folder of the spool. A later start on the same folder continues where the earlier one ended.</summary>
    public required string Folder { get; init; }

    /// <summary>The silo's program; null for the real one.</summary>
    public string? Program { get; init; }

    /// <summary>Configuration, such as <c>OrleansMail:Delivery:Mode</c>.</summary>
    public IReadOnlyDictionary<string, string> Configuration { get; init; } = new Dictionary<string, string>();

    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>Live mode with every recipient domain going to one port of this machine.</summary>
    public SiloSettings DeliveringTo(int port) => With(("OrleansMail:Delivery:Mode", "Live"), ("OrleansMail:Delivery:Routes:*", $"127.0.0.1:{port}"));

    public SiloSettings With(params ReadOnlySpan<(string Key, string Value)> more)
    {
        var all = new Dictionary<string, string>(Configuration);
        foreach (var (key, value) in more) all[key] = value;
        return this with { Configuration = all };
    }
}

/// <summary>The real silo as a process of its own.</summary>
public sealed partial class SiloProcess : ChildProcess
{
    const int MaxKeptComplaints = 100;

    readonly List<string> _notUnderstood = [];

    SiloProcess(SiloSettings settings, int http, int gateway, int silo)
        : base("dotnet", [settings.Program ?? SiloPath, .. Arguments(settings, http, gateway, silo)], Path.GetTempPath(), settings.Environment)
    {
        HttpPort = http;
        GatewayPort = gateway;
        SiloPort = silo;
    }

    public int HttpPort { get; }

    public int GatewayPort { get; }

    public int SiloPort { get; }

    /// <summary>The first lines of its log that say that something stored or sent was not understood, as by another build of it.</summary>
    public IReadOnlyList<string> NotUnderstood
    {
        get
        {
            lock (_notUnderstood) return [.. _notUnderstood];
        }
    }

    /// <summary>The silo built in the same configuration as the caller.</summary>
    public static string SiloPath
    {
        get
        {
            var here = AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar);
            var path = Path.GetFullPath(Path.Combine(here, "../../Silo", Path.GetFileName(here), "Orleans.Mail.Silo.dll"));
            return File.Exists(path) ? path : throw new FileNotFoundException("The silo is not built: run 'dotnet build src/Silo' in the same configuration.", path);
        }
    }

    /// <summary>Starts a silo and does not wait for it.</summary>
    public static SiloProcess Start(SiloSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        var ports = FreePort.Next(3);
        return new SiloProcess(settings, ports[0], ports[1], ports[2]);
    }

    /// <summary>The same silo again: same ports and settings, on the files the earlier one left.</summary>
    public SiloProcess StartAgain(SiloSettings settings) => new(settings, HttpPort, GatewayPort, SiloPort);

    /// <summary>Starts a silo and returns when it accepts submissions.</summary>
    public static async Task<SiloProcess> StartReadyAsync(SiloSettings settings)
    {
        var silo = Start(settings);
        try
        {
            await silo.WaitUntilReadyAsync(TimeSpan.FromSeconds(60));
            return silo;
        }
        catch
        {
            await silo.DisposeAsync();
            throw;
        }
    }

    /// <summary>Waits for <c>/health/ready</c>. Returns how long it took from now.</summary>
    public async Task<TimeSpan> WaitUntilReadyAsync(TimeSpan limit)
    {
        var start = TimeProvider.System.GetTimestamp();
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{HttpPort}"), Timeout = TimeSpan.FromSeconds(5) };
        while (TimeProvider.System.GetElapsedTime(start) < limit)
        {
            if (HasExited) throw new InvalidOperationException($"The silo ended with {ExitCode} before it was ready.{Environment.NewLine}{Output}");
            try
            {
                using var answer = await http.GetAsync(new Uri("/health/ready", UriKind.Relative));
                if (answer.StatusCode == HttpStatusCode.OK) return TimeProvider.System.GetElapsedTime(start);
            }
            catch (Exception exception) when (exception is HttpRequestException or TaskCanceledException)
            {
                // Not listening yet.
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
        }

        throw new TimeoutException($"The silo was not ready within {limit}.{Environment.NewLine}{Output}");
    }

    /// <summary>What <c>/metrics</c> says of an instrument, over all its tags; 0 for none.</summary>
    public async Task<double> ReadMetricAsync(string name)
    {
        using var http = new HttpClient();
        var text = await http.GetStringAsync(new Uri($"http://127.0.0.1:{HttpPort}/metrics"));
        return text.Split('\n').Where(line => line.StartsWith(name, StringComparison.Ordinal))
            .Sum(line => double.Parse(line[(line.IndexOf('}', StringComparison.Ordinal) + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[0], CultureInfo.InvariantCulture));
    }

    protected override void OnLine(string line)
    {
        if (!Complaint.IsMatch(line)) return;
        lock (_notUnderstood)
        {
            if (_notUnderstood.Count < MaxKeptComplaints) _notUnderstood.Add(line);
        }
    }

    [GeneratedRegex(@"Orleans\.Serialization\.\w*Exception|deserializ|MissingMethodException|MissingFieldException|TypeLoadException|cannot be read", RegexOptions.IgnoreCase)]
    private static partial Regex Complaint { get; }

    static IEnumerable<string> Arguments(SiloSettings settings, int http, int gateway, int silo)
    {
        var all = new Dictionary<string, string>
        {
            ["Urls"] = $"http://127.0.0.1:{http}",
            ["OrleansMail:Spool:Folder"] = settings.Folder,
            ["OrleansMail:Silo:GatewayPort"] = $"{gateway}",
            ["OrleansMail:Silo:SiloPort"] = $"{silo}",
        };
        foreach (var (key, value) in settings.Configuration) all[key] = value;
        return all.Select(pair => $"--{pair.Key}={pair.Value}");
    }
}
