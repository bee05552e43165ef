using System.Globalization;
using Azure.Data.Tables;

namespace Orleans.Mail.Storage.AzureStorage.Clustering;

/// <summary>
/// Rows of the reminder table, column for column those of Microsoft.Orleans.Reminders.AzureStorage. All columns are text. A grain is a partition,
/// and partitions sort as the hashes of their grains do, so a part of the ring is a range of partitions.
/// </summary>
sealed class ReminderRows(string serviceId, string clusterId)
{
    const string Start = "StartAt";
    const string Service = "ServiceId";
    const string Grain = "GrainReference";
    const string Name = "ReminderName";
    const string Period = "Period";

    readonly string _prefix = TableText.Key(serviceId);

    public static string Key(GrainId grain, string name) => TableText.Key($"{grain}-{name}");

    public string Partition(GrainId grain) => Partition(grain.GetUniformHashCode());

    public TableEntity Row(ReminderEntry entry) => new(Partition(entry.GrainId), Key(entry.GrainId, entry.ReminderName))
    {
        [Grain] = entry.GrainId.ToString(),
        [Name] = entry.ReminderName,
        [Service] = serviceId,
        ["DeploymentId"] = clusterId,
        [Start] = TableText.Time(entry.StartAt),
        [Period] = entry.Period.ToString("c", CultureInfo.InvariantCulture),
        ["GrainRefConsistentHash"] = Hash(entry.GrainId.GetUniformHashCode()),
    };

    public static ReminderEntry Read(TableEntity row) => new()
    {
        GrainId = GrainId.Parse(Text(row, Grain), CultureInfo.InvariantCulture),
        ReminderName = Text(row, Name),
        StartAt = TableText.ReadTime(Text(row, Start)),
        Period = TimeSpan.Parse(Text(row, Period), CultureInfo.InvariantCulture),
        ETag = row.ETag.ToString(),
    };

    /// <summary>Different names can share a key, since keys cannot hold every character.</summary>
    public bool IsOf(TableEntity row, GrainId grain) => row.GetString(Service) == serviceId && row.GetString(Grain) == grain.ToString();

    // '.' follows '-'.
    public string OfGrain(GrainId grain)
    {
        var key = TableText.Key(grain.ToString());
        return TableClient.CreateQueryFilter($"PartitionKey eq {Partition(grain)} and RowKey ge {key + '-'} and RowKey lt {key + '.'}");
    }

    public string Inside(uint begin, uint end, DateTime? lastStart) =>
        Due(TableClient.CreateQueryFilter($"PartitionKey gt {Partition(begin)} and PartitionKey le {Partition(end)}"), lastStart);

    public string Above(uint begin, DateTime? lastStart) =>
        Due(TableClient.CreateQueryFilter($"PartitionKey gt {Partition(begin)} and PartitionKey le {Partition(uint.MaxValue)}"), lastStart);

    public string UpTo(uint end, DateTime? lastStart) =>
        Due(TableClient.CreateQueryFilter($"PartitionKey ge {Partition(uint.MinValue)} and PartitionKey le {Partition(end)}"), lastStart);

    public string All(DateTime? lastStart) => UpTo(uint.MaxValue, lastStart);

    /// <summary>The keys of another service whose name goes on where ours ends can lie between ours.</summary>
    string Due(string range, DateTime? lastStart)
    {
        var own = $"{range} and {TableClient.CreateQueryFilter($"ServiceId eq {serviceId}")}";
        return lastStart is { } time ? $"{own} and {TableClient.CreateQueryFilter($"StartAt le {TableText.Time(time)}")}" : own;
    }

    string Partition(uint hash) => $"{_prefix}_{Hash(hash)}";

    static string Hash(uint hash) => hash.ToString("X8", CultureInfo.InvariantCulture);

    static string Text(TableEntity row, string column) => row.GetString(column) ?? throw new FormatException($"A reminder has no {column}.");
}
