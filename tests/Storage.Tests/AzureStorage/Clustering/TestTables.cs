using System.Net;
using Azure.Core.Pipeline;
using Azure.Data.Tables;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Mail.Storage.AzureStorage.Clustering;

namespace Orleans.Mail.Storage.Tests.AzureStorage.Clustering;

/// <summary>Tables of one test on the emulator, and the providers on top of them.</summary>
sealed class TestTables(string connectionString)
{
    static int silos;

    public string Name { get; } = $"T{Guid.NewGuid():N}";

    public TableFaults Faults { get; } = new();

    /// <summary>The table itself, past the providers and their faults.</summary>
    public TableClient Raw => new(connectionString, Name);

    public static async Task<TestTables> CreateAsync(TableEmulator emulator) => new(await emulator.ConnectionStringAsync());

    public T Options<T>(T options) where T : AzureTableOptions
    {
        options.TableName = Name;
        options.ConnectionString = connectionString;
        options.RetryDelay = TimeSpan.FromMilliseconds(1);
        options.ConfigureClient = settings => settings.Transport = new HttpClientTransport(Faults);
        return options;
    }

    public ClusterTable Table(int? pageRows = null, Action<AzureTableOptions>? configure = null)
    {
        var options = Options(new AzureMembershipOptions());
        configure?.Invoke(options);
        return new ClusterTable(options, TimeProvider.System) { PageRows = pageRows };
    }

    public AzureMembershipTable Membership(string cluster = "blue", int? pageRows = null, Action<AzureTableOptions>? configure = null, TimeSpan patience = default, CancellationToken stopping = default) =>
        new(Table(pageRows, configure), cluster, patience, TimeProvider.System, NullLogger<AzureMembershipTable>.Instance, stopping);

    public AzureGatewayList Gateways(string cluster = "blue") => new(
        Wrap(Options(new AzureMembershipOptions())),
        Wrap(new ClusterOptions { ClusterId = cluster }),
        Wrap(new GatewayOptions()),
        TimeProvider.System);

    public AzureReminderTable Reminders(string service, TimeProvider clock, string cluster = "blue", Action<AzureTableOptions>? configure = null)
    {
        var options = Options(new AzureReminderOptions());
        configure?.Invoke(options);
        return new AzureReminderTable(
            Wrap(options),
            Wrap(new ClusterOptions { ServiceId = service, ClusterId = cluster }),
            Wrap(new ReminderOptions { ReminderLoadingWindow = TimeSpan.FromMinutes(10) }),
            clock,
            NullLogger<AzureReminderTable>.Instance);
    }

    static OptionsWrapper<T> Wrap<T>(T options) where T : class => new OptionsWrapper<T>(options);

    public async Task<List<TableEntity>> RowsAsync()
    {
        var rows = new List<TableEntity>();
        await foreach (var row in Raw.QueryAsync<TableEntity>()) rows.Add(row);
        return rows;
    }

    /// <summary>A silo that no other test has.</summary>
    public static MembershipEntry Silo(SiloStatus status = SiloStatus.Joining, int gatewayPort = 30_000) => new()
    {
        SiloAddress = SiloAddress.New(IPAddress.Loopback, 11_111, Interlocked.Increment(ref silos)),
        HostName = "host",
        SiloName = "silo",
        Status = status,
        ProxyPort = gatewayPort,
        StartTime = new DateTime(2026, 5, 1, 12, 0, 0, DateTimeKind.Utc),
        IAmAliveTime = new DateTime(2026, 5, 1, 12, 30, 0, 123, DateTimeKind.Utc),
    };
}
