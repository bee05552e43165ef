namespace Orleans.Mail.Storage.Sqlite;

/// <summary>A fixed number of connections for reading. Reads are short and run on the caller's thread.</summary>
sealed class SpoolReaders(string path, int count) : IDisposable
{
    readonly Stack<ReadConnection> _idle = new();
    readonly object _gate = new();
    int _lent;
    bool _closed;

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
        lock (_gate)
        {
            _closed = true;
            while (_lent > 0) Monitor.Wait(_gate);
            while (_idle.TryPop(out var connection)) connection.Dispose();
            Monitor.PulseAll(_gate);
        }
    }

    ReadConnection Rent()
    {
        lock (_gate)
        {
            while (!_closed && _lent == count) Monitor.Wait(_gate);
            if (_closed) throw new SpoolUnavailableException(SpoolFault.Closed, true, "The spool is closed.");
            _lent++;
            if (_idle.TryPop(out var connection)) return connection;
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
        lock (_gate)
        {
            _lent--;
            if (healthy && connection is not null && !_closed) _idle.Push(connection);
            else connection?.Dispose();
            Monitor.PulseAll(_gate);
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

    readonly Database _database;

    public ReadConnection(string path)
    {
        _database = Database.Open(path, create: false);
        _database.Execute("PRAGMA query_only = ON");
        _database.Execute("PRAGMA mmap_size = 0");
        _database.Execute("PRAGMA cache_size = -8192");
        Find = _database.Prepare(Record + " AND id = ?");
        List = _database.Prepare(Record + " ORDER BY id DESC LIMIT ?");
        ListBefore = _database.Prepare(Record + " AND id < ? ORDER BY id DESC LIMIT ?");
        Content = _database.Prepare("SELECT segment, offset, length, hash FROM message WHERE shard = ? AND id = ?");
        Due = _database.Prepare("SELECT id, due FROM message INDEXED BY message_live WHERE shard = ? AND due IS NOT NULL AND due <= ? ORDER BY due, id LIMIT ?");
        DueAfter = _database.Prepare("SELECT id, due FROM message INDEXED BY message_live WHERE shard = ?1 AND due IS NOT NULL AND due <= ?2 AND (due, id) > (?3, ?4) ORDER BY due, id LIMIT ?5");
        OldestDue = _database.Prepare("SELECT due FROM message INDEXED BY message_live WHERE shard = ? AND due IS NOT NULL ORDER BY due LIMIT 1");
        Abandoned = _database.Prepare("SELECT id FROM message INDEXED BY message_live WHERE shard = ? AND due IS NOT NULL AND holder > 0 AND holder < ?");
        WaitingInRank = _database.Prepare(RestOfRank);
        WaitingBelowRank = _database.Prepare(LaterRanks);
        CountWaiting = _database.Prepare("SELECT count(*) FROM (SELECT 1 FROM message INDEXED BY message_waiting WHERE shard = ? AND site = ? LIMIT ?)");
        Holder = _database.Prepare("SELECT holder FROM message WHERE shard = ? AND id = ? AND due IS NOT NULL");
        EventsAt = _database.Prepare("SELECT place, data FROM event WHERE place <= ? AND place >= ? ORDER BY place DESC LIMIT 1");
        EventsFrom = _database.Prepare("SELECT place, data FROM event WHERE place > ? AND place < ? ORDER BY place");
        const string reminder = "SELECT grain_id, name, start_at, period, etag FROM reminder WHERE service_id = ?";
        Reminder = _database.Prepare(reminder + " AND grain_id = ? AND name = ?");
        RemindersOfGrain = _database.Prepare(reminder + " AND grain_id = ?");
        RemindersInside = _database.Prepare("SELECT grain_id, name, start_at, period, etag FROM reminder INDEXED BY reminder_start WHERE service_id = ? AND start_at <= ? AND grain_hash > ? AND grain_hash <= ?");
        RemindersAround = _database.Prepare("SELECT grain_id, name, start_at, period, etag FROM reminder INDEXED BY reminder_start WHERE service_id = ? AND start_at <= ? AND (grain_hash > ? OR grain_hash <= ?)");
        const string setting = "SELECT name, version, value FROM setting WHERE name ";
        Setting = _database.Prepare(setting + "= ?");
        // One lower bound: of two, SQLite looks for the first and goes through all names from there to the second.
        SettingsFrom = _database.Prepare(setting + ">= max(?1, ?2) AND name <> ?2 ORDER BY name LIMIT ?3");
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

    public void Dispose() => _database.Dispose();
}
