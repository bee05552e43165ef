using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Orleans.Mail.Storage;

/// <summary>Metrics of the stores.</summary>
static class StorageInstruments
{
    static readonly Meter Meter = new("Orleans.Mail");

    static readonly Counter<long> CommitCount = Meter.CreateCounter<long>("orleans.mail.storage.commits", "{commit}", "Commits answered, by result.");
    static readonly Counter<long> BatchCount = Meter.CreateCounter<long>("orleans.mail.storage.batches", "{batch}", "Groups of operations taken from the queue.");
    static readonly Counter<long> TransactionCount = Meter.CreateCounter<long>("orleans.mail.storage.transactions", "{transaction}", "Durable transactions.");
    static readonly Counter<long> AzureRequestCount = Meter.CreateCounter<long>("orleans.mail.storage.azure.requests", "{request}", "Requests to tables and blobs, as they are billed, by what they are about and by kind.");
    static readonly Counter<long> FaultCount = Meter.CreateCounter<long>("orleans.mail.storage.faults", "{fault}", "Times the store became unusable, by cause.");
    static readonly Histogram<int> BatchSizes = Meter.CreateHistogram<int>("orleans.mail.storage.batch.size", "{operation}", "Operations in one transaction.");
    static readonly Histogram<double> CommitDurations = Meter.CreateHistogram<double>("orleans.mail.storage.commit.duration", "s", "From the start of a transaction until it is durable.");

    public static void Batch(int operationCount)
    {
        BatchCount.Add(1);
        BatchSizes.Record(operationCount);
    }

    public static void Transaction(long startedAt)
    {
        TransactionCount.Add(1);
        if (CommitDurations.Enabled) CommitDurations.Record(Stopwatch.GetElapsedTime(startedAt).TotalSeconds);
    }

    public static void Commits(int committed, int conflicts)
    {
        if (committed > 0) CommitCount.Add(committed, new KeyValuePair<string, object?>("result", "committed"));
        if (conflicts > 0) CommitCount.Add(conflicts, new KeyValuePair<string, object?>("result", "conflict"));
    }

    public static void Fault(SpoolFault fault) => FaultCount.Add(1, new KeyValuePair<string, object?>("fault", fault.ToString()));

    public static void AzureRequest(string what, string kind) => AzureRequestCount.Add(1, new("what", what), new("kind", kind));
}
