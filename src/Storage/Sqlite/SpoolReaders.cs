namespace Orleans.Mail.Storage.Sqlite;

/// <summary>A fixed number of connections for reading. Reads are short and run on the caller's thread.</summary>
sealed class SpoolReaders(string path, int count) : IDisposable
{
    readonly Stack<ReadConnection> idle = new();
    readonly object gate = new();
    int lent;
    bool closed;

    public T Read<T>(Func<ReadConnection, T> query)
    {
        var connection = Rent();
        var healthy = false;
        try
        {
            var result = query(connection);
            healthy = true;
            return result;
        }
        catch (SqliteFailure failure)
        {
            throw StorageErrors.ForCallers(failure, outcomeKnown: true);
        }
        finally
        {
            Return(connection, healthy);
        }
    }

    /// <summary>Waits for the reads that are under way.</summary>
    public void Dispose()
    {
        lock (gate)
        {
            closed = true;
            while (lent > 0) Monitor.Wait(gate);
            while (idle.TryPop(out var connection)) connection.Dispose();
            Monitor.PulseAll(gate);
        }
    }

    ReadConnection Rent()
    {
        lock (gate)
        {
            while (!closed && lent == count) Monitor.Wait(gate);
            if (closed) throw new SpoolUnavailableException(SpoolFault.Closed, true, "The spool is closed.");
            lent++;
            if (idle.TryPop(out var connection)) return connection;
        }

        try
        {
            return new ReadConnection(path);
        }
        catch (SqliteFailure failure)
        {
            Return(null, false);
            throw StorageErrors.ForCallers(failure, outcomeKnown: true);
        }
    }

    void Return(ReadConnection? connection, bool healthy)
    {
        lock (gate)
        {
            lent--;
            if (healthy && connection is not null && !closed) idle.Push(connection);
            else connection?.Dispose();
            Monitor.PulseAll(gate);
        }
    }
}

/// <summary>A connection for reading, and its prepared statements.</summary>
sealed class ReadConnection : IDisposable
{
    const string Wait = "SELECT id, rank, num FROM message INDEXED BY message_waiting WHERE shard = ?1 AND site = ?2";
    const string Record = "SELECT id, version, state, due, final_at FROM message WHERE shard = ?";

    // Two queries, because SQLite does not seek for a pair whose second part is the row number: each page would read its whole rank again.
    internal const string RestOfRank = Wait + " AND rank = ?3 AND num > ?4 ORDER BY num LIMIT ?5";
    internal const string LaterRanks = Wait + " AND rank > ?3 ORDER BY rank, num LIMIT ?4";

    readonly Database database;

    public ReadConnection(string path)
    {
        database = Database.Open(path, create: false);
        database.Execute("PRAGMA query_only = ON");
        database.Execute("PRAGMA mmap_size = 0");
        database.Execute("PRAGMA cache_size = -8192");
        Find = database.Prepare(Record + " AND id = ?");
        List = database.Prepare(Record + " ORDER BY id DESC LIMIT ?");
        ListBefore = database.Prepare(Record + " AND id < ? ORDER BY id DESC LIMIT ?");
        Content = database.Prepare("SELECT segment, offset, length, hash FROM message WHERE shard = ? AND id = ?");
        Due = database.Prepare("SELECT id, due FROM message INDEXED BY message_live WHERE shard = ? AND due IS NOT NULL AND due <= ? ORDER BY due, id LIMIT ?");
        DueAfter = database.Prepare("SELECT id, due FROM message INDEXED BY message_live WHERE shard = ?1 AND due IS NOT NULL AND due <= ?2 AND (due, id) > (?3, ?4) ORDER BY due, id LIMIT ?5");
        OldestDue = database.Prepare("SELECT due FROM message INDEXED BY message_live WHERE shard = ? AND due IS NOT NULL ORDER BY due LIMIT 1");
        Abandoned = database.Prepare("SELECT id FROM message INDEXED BY message_live WHERE shard = ? AND due IS NOT NULL AND holder > 0 AND holder < ?");
        WaitingInRank = database.Prepare(RestOfRank);
        WaitingBelowRank = database.Prepare(LaterRanks);
        CountWaiting = database.Prepare("SELECT count(*) FROM (SELECT 1 FROM message INDEXED BY message_waiting WHERE shard = ? AND site = ? LIMIT ?)");
        Holder = database.Prepare("SELECT holder FROM message WHERE shard = ? AND id = ? AND due IS NOT NULL");
        EventsAt = database.Prepare("SELECT place, data FROM event WHERE place <= ? AND place >= ? ORDER BY place DESC LIMIT 1");
        EventsFrom = database.Prepare("SELECT place, data FROM event WHERE place > ? AND place < ? ORDER BY place");
        const string reminder = "SELECT grain_id, name, start_at, period, etag FROM reminder WHERE service_id = ?";
        Reminder = database.Prepare(reminder + " AND grain_id = ? AND name = ?");
        RemindersOfGrain = database.Prepare(reminder + " AND grain_id = ?");
        RemindersInside = database.Prepare("SELECT grain_id, name, start_at, period, etag FROM reminder INDEXED BY reminder_start WHERE service_id = ? AND start_at <= ? AND grain_hash > ? AND grain_hash <= ?");
        RemindersAround = database.Prepare("SELECT grain_id, name, start_at, period, etag FROM reminder INDEXED BY reminder_start WHERE service_id = ? AND start_at <= ? AND (grain_hash > ? OR grain_hash <= ?)");
        const string setting = "SELECT name, version, value FROM setting WHERE name ";
        Setting = database.Prepare(setting + "= ?");
        // One lower bound: of two, SQLite looks for the first and goes through all names from there to the second.
        SettingsFrom = database.Prepare(setting + ">= max(?1, ?2) AND name <> ?2 ORDER BY name LIMIT ?3");
    }

    public Statement Find { get; }

    public Statement List { get; }

    public Statement ListBefore { get; }

    public Statement Content { get; }

    public Statement Due { get; }

    public Statement DueAfter { get; }

    public Statement OldestDue { get; }

    public Statement Abandoned { get; }

    public Statement Holder { get; }

    public Statement WaitingInRank { get; }

    public Statement WaitingBelowRank { get; }

    public Statement CountWaiting { get; }

    public Statement EventsAt { get; }

    public Statement EventsFrom { get; }

    public Statement Reminder { get; }

    public Statement RemindersOfGrain { get; }

    public Statement RemindersInside { get; }

    public Statement RemindersAround { get; }

    public Statement Setting { get; }

    public Statement SettingsFrom { get; }

    public void Dispose() => database.Dispose();
}
