using System.Net;

namespace Orleans.Mail.Support;

/// <summary>
/// Silos as processes of their own on one Azurite. Each reaches it by a way of its own, which can be cut. Every silo can be killed, paused, stopped
/// and started again at the same address.
/// </summary>
public sealed class SiloCluster : IAsyncDisposable
{
    static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    static readonly TimeSpan StopLimit = TimeSpan.FromSeconds(120);

    readonly AzuriteInstance _azurite;
    readonly SiloSettings _settings;
    readonly List<Member> _members = [];
    readonly List<string> _notUnderstood = [];

    SiloCluster(AzuriteInstance azurite, SiloSettings settings) => (_azurite, _settings) = (azurite, settings);

    public int Count => _members.Count;

    public string ConnectionString => _azurite.ConnectionString;

    /// <summary>Where clients find the silos that were started so far.</summary>
    public IPEndPoint[] Gateways => [.. _members.Select(member => new IPEndPoint(IPAddress.Loopback, member.Silo.GatewayPort))];

    /// <summary><see cref="SiloProcess.NotUnderstood"/> of all silos, also of those that were replaced.</summary>
    public IReadOnlyList<string> NotUnderstood => [.. _notUnderstood, .. _members.SelectMany(member => member.Silo.NotUnderstood)];

    public SiloProcess this[int number] => _members[number].Silo;

    /// <summary>Starts so many silos and returns when all of them accept submissions.</summary>
    public static async Task<SiloCluster> StartAsync(int silos, SiloSettings settings, AzuriteInstance? azurite = null)
    {
        var cluster = new SiloCluster(azurite ?? await AzuriteInstance.StartAsync(), settings);
        try
        {
            for (var i = 0; i < silos; i++) await cluster.AddAsync();
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>One more silo, ready.</summary>
    /// <param name="environment">Variables of its process alone.</param>
    public async Task<SiloProcess> AddAsync(IReadOnlyDictionary<string, string>? environment = null)
    {
        var (blobs, tables) = (new LinkSwitch(_azurite.BlobPort), new LinkSwitch(_azurite.TablePort));
        var settings = _settings.With(
            ("OrleansMail:Silo:Storage", "Azure"),
            ("OrleansMail:AzureSpool:ConnectionString", _azurite.ConnectionStringThrough(blobs.Port, tables.Port)));
        if (environment is not null) settings = settings with { Environment = environment };
        var member = new Member(SiloProcess.Start(settings), settings, blobs, tables);
        _members.Add(member);
        await member.Silo.WaitUntilReadyAsync(StartLimit);
        return member.Silo;
    }

    /// <summary>SIGKILL.</summary>
    public Task KillAsync(int number) => _members[number].Silo.KillAsync();

    /// <summary>A new process at the address of one that ended. Does not wait until it is ready.</summary>
    /// <param name="number">Of the silo.</param>
    /// <param name="environment">Variables of this process alone; null for none.</param>
    public async Task RestartAsync(int number, IReadOnlyDictionary<string, string>? environment = null)
    {
        var member = _members[number];
        var ended = member.Silo;
        member.Silo = ended.StartAgain(environment is null ? member.Settings : member.Settings with { Environment = environment });
        await ended.DisposeAsync();
    }

    /// <summary>Ends a silo in order, and starts another build of it at its address; null for the real one. Returns when that is ready.</summary>
    public async Task ReplaceAsync(int number, string? program)
    {
        var member = _members[number];
        await member.Silo.StopAsync(StopLimit);
        _notUnderstood.AddRange(member.Silo.NotUnderstood);
        member.Settings = member.Settings with { Program = program };
        await RestartAsync(number);
        await member.Silo.WaitUntilReadyAsync(StartLimit);
    }

    /// <summary>Cuts a silo off from storage.</summary>
    public void Cut(int number)
    {
        _members[number].Blobs.Cut();
        _members[number].Tables.Cut();
    }

    public void Mend(int number)
    {
        _members[number].Blobs.Mend();
        _members[number].Tables.Mend();
    }

    public Task WaitUntilReadyAsync(TimeSpan limit) => Task.WhenAll(_members.Select(member => member.Silo.WaitUntilReadyAsync(limit)));

    public async ValueTask DisposeAsync()
    {
        foreach (var member in _members)
        {
            await member.Silo.DisposeAsync();
            await member.Blobs.DisposeAsync();
            await member.Tables.DisposeAsync();
        }

        await _azurite.DisposeAsync();
    }

    sealed class Member(SiloProcess silo, SiloSettings settings, LinkSwitch blobs, LinkSwitch tables)
    {
        public SiloProcess Silo { get; set; } = silo;

        public SiloSettings Settings { get; set; } = settings;

        public LinkSwitch Blobs { get; } = blobs;

        public LinkSwitch Tables { get; } = tables;
    }
}
