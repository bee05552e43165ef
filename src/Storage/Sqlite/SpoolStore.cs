namespace Orleans.Mail.Storage.Sqlite;

/// <summary>Everything that is open while the store works. After a fault it is closed as a whole and opened anew, so that no handle that saw an error is trusted again.</summary>
sealed class SpoolStore : IDisposable
{
    const int ReservedPages = 4;

    readonly SqliteSpoolOptions _options;
    int _pagesAtCheckpoint;

    SpoolStore(SqliteSpoolOptions options, Database database, ContentSegments content, SpoolReaders readers)
    {
        _options = options;
        Database = database;
        Content = content;
        Readers = readers;
        Statements = new WriteStatements(database);
    }

    public Database Database { get; }

    public WriteStatements Statements { get; }

    public ContentSegments Content { get; }

    public SpoolReaders Readers { get; }

    public static string PathOf(SqliteSpoolOptions options) => Path.Combine(options.Folder, "spool.db");

    string LogPath => PathOf(_options) + "-wal";

    public static SpoolStore Open(SqliteSpoolOptions options, IReadOnlyList<string> steps, TimeProvider clock)
    {
        var path = PathOf(options);
        Database? database = null;
        ContentSegments? content = null;
        try
        {
            options.Faults?.Before(StorageOperation.Open);
            database = Database.Open(path, create: true, options.Faults);
            Configure(database, options);
            SpoolSchema.Migrate(database, steps, path);
            SpoolSchema.CheckShards(database, options.ShardCount, path);
            // Whatever the last owner left in the log reaches the database file, or opening fails: an unsure flush is never built upon.
            database.Checkpoint(CheckpointMode.Truncate);
            content = new ContentSegments(options.Folder, options.SegmentBytes, clock, options.Faults);
            options.Faults?.After(StorageOperation.Open);
            return new SpoolStore(options, database, content, new SpoolReaders(path, options.ReaderCount));
        }
        catch (Exception error)
        {
            content?.Dispose();
            database?.Dispose();
            if (error is SqliteFailure { IsCorrupt: true } failure)
            {
                throw new SpoolUnavailableException(SpoolFault.Corrupt, true, $"'{path}' is damaged or not a spool ({failure.Message}). Restore it, or move the folder away to begin anew.", failure);
            }

            throw;
        }
    }

    /// <summary>Reads what is kept in memory: event bounds, live counts, use of segments.</summary>
    public void Load(IReadOnlyList<ShardState> shards)
    {
        var counts = new long[shards.Count];
        var live = Database.Prepare("SELECT shard, segment, count(*), sum(length) FROM message INDEXED BY message_live WHERE due IS NOT NULL GROUP BY shard, segment");
        while (live.Step())
        {
            counts[live.Int32(0)] += live.Int64(2);
            if (!live.IsNull(1)) Content.Retain(live.Int32(1), live.Int32(2), live.Int64(3) + live.Int64(2) * ContentSegments.HeaderBytes);
        }

        foreach (var shard in shards)
        {
            shard.Live = counts[shard.Number];
            var from = EventPlace.Of(shard.Number, 0);
            var to = EventPlace.Of(shard.Number + 1, 0);
            var first = Database.Scalar($"SELECT place FROM event WHERE place >= {from} AND place < {to} ORDER BY place LIMIT 1");
            var last = Database.Scalar($"SELECT place + count - 1 FROM event WHERE place >= {from} AND place < {to} ORDER BY place DESC LIMIT 1");
            var lastNumber = last is { } place ? EventPlace.NumberOf(place) : Database.Scalar($"SELECT last_event FROM shard WHERE number = {shard.Number}") ?? 0;
            shard.Events.Load(first is { } start ? EventPlace.NumberOf(start) : lastNumber + 1, lastNumber);
        }

        Content.RemoveDead();
    }

    /// <summary>Proves that the store can be written, with a transaction that leaves nothing behind but a counter.</summary>
    public void Probe() => Database.Execute("INSERT INTO meta VALUES('probe', 1) ON CONFLICT(name) DO UPDATE SET value = value + 1");

    /// <summary>Copies the log into the database file when it has grown enough.</summary>
    public void CheckpointIfDue()
    {
        var pages = Database.PagesWritten();
        if (pages - _pagesAtCheckpoint < _options.CheckpointPages - ReservedPages) return;
        // Where somebody always reads, a log is copied and copied again but never starts anew: past a bound the readers are waited for.
        if (Database.Checkpoint(CheckpointMode.Passive) > _options.CheckpointPages * 4) Database.Checkpoint(CheckpointMode.Restart);
        _pagesAtCheckpoint = Database.PagesWritten();
    }

    /// <summary>Empties the log when its file has outgrown its bound. Waits for readers, so it belongs into a quiet moment.</summary>
    public void TrimLog()
    {
        if (new FileInfo(LogPath) is not { Exists: true } log || log.Length <= _options.LogBytes) return;
        Database.Checkpoint(CheckpointMode.Truncate);
        _pagesAtCheckpoint = Database.PagesWritten();
    }

    public void Dispose()
    {
        Readers.Dispose();
        Content.Dispose();
        Database.Dispose();
    }

    static void Configure(Database database, SqliteSpoolOptions options)
    {
        database.Execute("PRAGMA page_size = 8192");
        database.Execute("PRAGMA journal_mode = WAL");
        database.Execute("PRAGMA synchronous = FULL");
        database.Execute("PRAGMA wal_autocheckpoint = 0");
        database.Execute($"PRAGMA journal_size_limit = {options.LogBytes}");
        database.Execute("PRAGMA temp_store = MEMORY");
        database.Execute("PRAGMA mmap_size = 0");
        database.Execute($"PRAGMA cache_size = -{options.CacheBytes / 1024}");
    }
}
