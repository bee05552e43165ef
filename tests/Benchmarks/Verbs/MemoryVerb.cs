using Orleans.Mail.Storage.AzureStorage.Spool;

namespace Orleans.Mail.Benchmarks.Verbs;

/// <summary><c>memory</c>: what the index of live messages takes that a shard's owner keeps, with ids and settings as they are; the heap after a collection, no silo.</summary>
static class MemoryVerb
{
    const int Shards = 64;

    public static void Run(Arguments arguments)
    {
        var messages = arguments.Number("messages", 1_000_000);
        var waiting = Measure(messages, "");
        var released = Measure(messages, "mx1.a-site.test,mx2.a-site.test");
        Report.Row("a live message that waits by its time", waiting, "octets");
        Report.Row("one that waits for a site that is down", released, "octets");
        Report.Json(("messages", messages), ("octetsWaiting", waiting), ("octetsWaitingForSite", released));
    }

    static double Measure(int messages, string site)
    {
        var indices = Enumerable.Range(0, Shards).Select(_ => new ShardIndex(new RecordCache(0))).ToArray();
        var before = GC.GetTotalMemory(forceFullCollection: true);
        for (var i = 0; i < messages; i++)
        {
            var id = MessageId.FromKey("bench", $"{i}");
            indices[id.ShardOf(Shards)].Set(new LiveMessage(id, 3, 1_780_000_000_000 + i, 0, site, 1, i, 4096, i, "", MailState.Deferred.Name), null, null);
        }

        var taken = GC.GetTotalMemory(forceFullCollection: true) - before;
        GC.KeepAlive(indices);
        return taken / (double)messages;
    }
}
