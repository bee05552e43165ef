using System.Net;
using Azure.Data.Tables;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Messaging;

namespace Orleans.Mail.Storage.AzureStorage.Clustering;

/// <summary>Where clients find the gateways of a cluster: active silos of the membership table that have a port for clients.</summary>
public sealed class AzureGatewayList : IGatewayListProvider
{
    readonly ClusterTable _table;
    readonly string _clusterId;

    public AzureGatewayList(IOptions<AzureMembershipOptions> options, IOptions<ClusterOptions> cluster, IOptions<GatewayOptions> gateways, TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(cluster);
        ArgumentNullException.ThrowIfNull(gateways);
        _table = new ClusterTable(options.Value, clock);
        _clusterId = cluster.Value.ClusterId;
        MaxStaleness = gateways.Value.GatewayListRefreshPeriod;
    }

    public TimeSpan MaxStaleness { get; }

    public bool IsUpdatable => true;

    /// <summary>Does nothing: the table is made by silos. A client needs the right to read it, no more.</summary>
    public Task InitializeGatewayListProviderAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <exception cref="OrleansException">The table cannot be read, or no silo has made it yet.</exception>
    public async Task<IList<Uri>> GetGatewaysAsync(CancellationToken cancellationToken)
    {
        var (rows, _) = await _table.QueryAsync(
            TableClient.CreateQueryFilter($"PartitionKey eq {_clusterId} and Status eq {nameof(SiloStatus.Active)}"), cancellationToken).ConfigureAwait(false);
        return [.. rows.Where(MembershipRows.IsSilo).Select(Gateway).OfType<Uri>()];
    }

    Task IGatewayListProvider.InitializeGatewayListProvider() => InitializeGatewayListProviderAsync(CancellationToken.None);

    Task<IList<Uri>> IGatewayListProvider.GetGateways() => GetGatewaysAsync(CancellationToken.None);

    // Null when the silo has no port for clients, or the row is not one of a silo.
    static Uri? Gateway(TableEntity row) =>
        IPAddress.TryParse(row.GetString("Address"), out var address)
        && int.TryParse(row.GetString(nameof(MembershipEntry.ProxyPort)), out var port) && port is > 0 and <= IPEndPoint.MaxPort
        && int.TryParse(row.GetString("Generation"), out var generation)
            ? SiloAddress.New(address, port, generation).ToGatewayUri()
            : null;
}
