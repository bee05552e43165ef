using System.Net;
using Azure.Data.Tables;

namespace Orleans.Mail.Storage.AzureStorage.Clustering;

/// <summary>Rows of the membership table, column for column those of Microsoft.Orleans.Clustering.AzureStorage. All columns are text.</summary>
static class MembershipRows
{
    public const string Version = "VersionRow";

    // Sort before and after every address. Readers of the official provider find by them whether a read of many pages saw one state.
    public const string First = "!Start";
    public const string Last = "~End";

    const string Cluster = "DeploymentId";
    const string MembershipVersion = "MembershipVersion";
    const string Alive = "IAmAliveTime";

    public static bool IsSilo(TableEntity row) => row.RowKey is not (Version or First or Last);

    public static string Key(SiloAddress silo) => $"{silo.Endpoint.Address}-{TableText.Number(silo.Endpoint.Port)}-{TableText.Number(silo.Generation)}";

    /// <summary>The row with the version of the table, and the two that enclose all others.</summary>
    public static (TableEntity Version, TableEntity First, TableEntity Last) Versions(string clusterId, int version)
    {
        var first = VersionRow(clusterId, First, version);
        var last = VersionRow(clusterId, Last, version);
        // Older silos remove, in time, every row that is not active.
        first[nameof(MembershipEntry.Status)] = nameof(SiloStatus.Active);
        last[nameof(MembershipEntry.Status)] = nameof(SiloStatus.Active);
        return (VersionRow(clusterId, Version, version), first, last);
    }

    public static TableVersion ReadVersion(TableEntity row) => new(
        TableText.ReadNumber(row.GetString(MembershipVersion) ?? throw new FormatException("The version row of the membership table has no version.")),
        row.ETag.ToString());

    public static TableEntity Silo(string clusterId, MembershipEntry entry)
    {
        var votes = entry.SuspectTimes ?? [];
        var row = new TableEntity(clusterId, Key(entry.SiloAddress))
        {
            [Cluster] = clusterId,
            ["Address"] = entry.SiloAddress.Endpoint.Address.ToString(),
            ["Port"] = TableText.Number(entry.SiloAddress.Endpoint.Port),
            ["Generation"] = TableText.Number(entry.SiloAddress.Generation),
            [nameof(entry.HostName)] = entry.HostName,
            [nameof(entry.Status)] = entry.Status.ToString(),
            [nameof(entry.ProxyPort)] = TableText.Number(entry.ProxyPort),
            [nameof(entry.RoleName)] = entry.RoleName,
            [nameof(entry.SiloName)] = entry.SiloName,
            // The name that the column had once, for readers of that time.
            ["InstanceName"] = entry.SiloName,
            [nameof(entry.UpdateZone)] = TableText.Number(entry.UpdateZone),
            [nameof(entry.FaultZone)] = TableText.Number(entry.FaultZone),
            ["SuspectingSilos"] = string.Join('|', votes.Select(vote => vote.Item1.ToParsableString())),
            ["SuspectingTimes"] = string.Join('|', votes.Select(vote => TableText.Time(vote.Item2))),
            [nameof(entry.StartTime)] = TableText.Time(entry.StartTime),
            [Alive] = TableText.Time(entry.IAmAliveTime),
        };
        foreach (var column in row.Where(column => column.Value is null).Select(column => column.Key).ToList()) row.Remove(column);
        return row;
    }

    public static TableEntity Heartbeat(string clusterId, MembershipEntry entry) => new(clusterId, Key(entry.SiloAddress))
    {
        [Cluster] = clusterId,
        [Alive] = TableText.Time(entry.IAmAliveTime),
    };

    public static MembershipEntry ReadSilo(TableEntity row)
    {
        var entry = new MembershipEntry
        {
            SiloAddress = SiloAddress.New(IPAddress.Parse(row.GetString("Address")), TableText.ReadNumber(row.GetString("Port")), TableText.ReadNumber(row.GetString("Generation"))),
            HostName = row.GetString(nameof(MembershipEntry.HostName)),
            Status = Enum.Parse<SiloStatus>(row.GetString(nameof(MembershipEntry.Status))),
            ProxyPort = TableText.ReadNumber(row.GetString(nameof(MembershipEntry.ProxyPort))),
            RoleName = row.GetString(nameof(MembershipEntry.RoleName)),
            SiloName = row.GetString(nameof(MembershipEntry.SiloName)) is { Length: > 0 } name ? name : row.GetString("InstanceName"),
            UpdateZone = TableText.ReadNumber(row.GetString(nameof(MembershipEntry.UpdateZone))),
            FaultZone = TableText.ReadNumber(row.GetString(nameof(MembershipEntry.FaultZone))),
            StartTime = ReadTime(row.GetString(nameof(MembershipEntry.StartTime))),
            IAmAliveTime = ReadTime(row.GetString(Alive)),
        };
        var silos = Parts(row.GetString("SuspectingSilos"));
        var times = Parts(row.GetString("SuspectingTimes"));
        if (silos.Length != times.Length) throw new FormatException($"A row of the membership table has {silos.Length} suspecting silos and {times.Length} times.");
        foreach (var (silo, time) in silos.Zip(times)) entry.AddSuspector(SiloAddress.FromParsableString(silo), TableText.ReadTime(time));
        return entry;
    }

    /// <summary>When the entry was last known to change: at its start, by a heartbeat or by a vote.</summary>
    public static DateTime LastChange(MembershipEntry entry) =>
        (entry.SuspectTimes ?? []).Select(vote => vote.Item2).Append(entry.StartTime).Append(entry.IAmAliveTime).Max();

    /// <summary>The stored row is the one that was to be written, whatever heartbeat came after it.</summary>
    public static bool IsSame(TableEntity stored, TableEntity written) =>
        written.Where(column => column.Key is not Alive).All(column => stored.TryGetValue(column.Key, out var value) && Equals(value, column.Value));

    static TableEntity VersionRow(string clusterId, string key, int version) => new(clusterId, key)
    {
        [Cluster] = clusterId,
        [MembershipVersion] = TableText.Number(version),
    };

    static DateTime ReadTime(string? text) => string.IsNullOrEmpty(text) ? default : TableText.ReadTime(text);

    static string[] Parts(string? text) => string.IsNullOrEmpty(text) ? [] : text.Split('|');
}
