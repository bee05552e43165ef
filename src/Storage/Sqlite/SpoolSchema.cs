namespace Orleans.Mail.Storage.Sqlite;

/// <summary>The tables of the database file, and the way from older versions to the newest.</summary>
static class SpoolSchema
{
    const string Version1 = """
        CREATE TABLE shard(number INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, last_event INTEGER NOT NULL);
        CREATE TABLE message(
            num INTEGER PRIMARY KEY, shard INTEGER NOT NULL, id BLOB NOT NULL, version INTEGER NOT NULL, state BLOB NOT NULL,
            due INTEGER, holder INTEGER NOT NULL, final_at INTEGER,
            segment INTEGER, offset INTEGER, length INTEGER, hash INTEGER);
        CREATE UNIQUE INDEX message_id ON message(shard, id);
        CREATE INDEX message_live ON message(shard, due, id, holder, segment, length) WHERE due IS NOT NULL;
        CREATE INDEX message_final ON message(shard, final_at) WHERE final_at IS NOT NULL;
        CREATE TABLE event(place INTEGER PRIMARY KEY, count INTEGER NOT NULL, written_at INTEGER NOT NULL, data BLOB NOT NULL);
        CREATE TABLE reminder(
            service_id TEXT NOT NULL, grain_id TEXT NOT NULL, name TEXT NOT NULL,
            grain_hash INTEGER NOT NULL, start_at INTEGER NOT NULL, period INTEGER NOT NULL, etag INTEGER NOT NULL,
            PRIMARY KEY(service_id, grain_id, name)) WITHOUT ROWID;
        CREATE INDEX reminder_start ON reminder(service_id, start_at, grain_hash);
        """;

    // Settings are ordered by the octets of their names, which is how SQLite compares text.
    const string Version2 = "CREATE TABLE setting(name TEXT PRIMARY KEY, version INTEGER NOT NULL, value BLOB NOT NULL) WITHOUT ROWID;";

    // The row number closes every index entry, so that those of one rank lie in order of arrival.
    const string Version3 = """
        ALTER TABLE message ADD COLUMN site TEXT;
        ALTER TABLE message ADD COLUMN rank INTEGER;
        CREATE INDEX message_waiting ON message(shard, site, rank) WHERE site IS NOT NULL;
        """;

    /// <summary>Step i leads from version i to version i + 1. Steps are only ever added.</summary>
    public static IReadOnlyList<string> Steps { get; } = [Version1, Version2, Version3];

    /// <summary>Brings a database to the newest version; a new file is version 0.</summary>
    public static void Migrate(Database database, IReadOnlyList<string> steps, string path)
    {
        database.Execute("CREATE TABLE IF NOT EXISTS meta(name TEXT PRIMARY KEY, value) WITHOUT ROWID");
        var version = Read(database, "schema") ?? 0;
        if (version > steps.Count)
        {
            throw new SpoolUnavailableException(SpoolFault.Corrupt, true,
                $"'{path}' has schema version {version}, and this program knows versions up to {steps.Count}: start the newer program that wrote it.");
        }

        for (; version < steps.Count; version++)
        {
            database.Execute("BEGIN IMMEDIATE");
            try
            {
                database.Execute(steps[(int)version]);
                Write(database, "schema", version + 1);
                database.Execute("COMMIT");
            }
            catch (SqliteFailure)
            {
                TryRollBack(database);
                throw;
            }
        }
    }

    /// <summary>Creates the shards of a new spool, or checks that the number is the one it was created with.</summary>
    public static void CheckShards(Database database, int shardCount, string path)
    {
        var stored = Read(database, "shards");
        if (stored == shardCount) return;
        if (stored is not null)
        {
            throw new InvalidOperationException(
                $"The spool '{path}' was created with {stored} shards, and {SqliteSpoolOptions.Section}:{nameof(SqliteSpoolOptions.ShardCount)} is {shardCount}. The number cannot change: set it to {stored}.");
        }

        database.Execute("BEGIN IMMEDIATE");
        for (var i = 0; i < shardCount; i++) database.Execute($"INSERT INTO shard VALUES({i}, 0, 0)");
        Write(database, "spool", BitConverter.ToInt64(System.Security.Cryptography.RandomNumberGenerator.GetBytes(8)));
        Write(database, "shards", shardCount);
        database.Execute("COMMIT");
    }

    public static long? Read(Database database, string name) => database.Scalar($"SELECT value FROM meta WHERE name = '{name}'");

    static void Write(Database database, string name, long value) => database.Execute($"INSERT OR REPLACE INTO meta VALUES('{name}', {value})");

    static void TryRollBack(Database database)
    {
        try
        {
            database.Execute("ROLLBACK");
        }
        catch (SqliteFailure)
        {
            // SQLite already rolled back, or the connection is given up anyway.
            return;
        }
    }
}
