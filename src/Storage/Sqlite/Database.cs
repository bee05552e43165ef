using SQLitePCL;

namespace Orleans.Mail.Storage.Sqlite;

/// <summary>One connection to a database file, used by one thread at a time. Thin: prepared statements cost no more than SQLite itself.</summary>
sealed class Database : IDisposable
{
    const int BusyMilliseconds = 250;
    const int CacheWriteStatus = 8;

    readonly sqlite3 _handle;
    readonly List<Statement> _statements = [];

    static Database() => Batteries_V2.Init();

    Database(sqlite3 handle, IStorageFaults? faults)
    {
        _handle = handle;
        Faults = faults;
    }

    public IStorageFaults? Faults { get; }

    public static Database Open(string path, bool create, IStorageFaults? faults = null)
    {
        var flags = raw.SQLITE_OPEN_READWRITE | raw.SQLITE_OPEN_NOMUTEX | (create ? raw.SQLITE_OPEN_CREATE : 0);
        var result = raw.sqlite3_open_v2(path, out var handle, flags, null);
        if (result != raw.SQLITE_OK)
        {
            handle?.Dispose();
            throw new SqliteFailure(result, $"{raw.sqlite3_errstr(result).utf8_to_string()} ({path})");
        }

        raw.sqlite3_extended_result_codes(handle, 1);
        raw.sqlite3_busy_timeout(handle, BusyMilliseconds);
        return new Database(handle, faults);
    }

    /// <summary>A statement that lives as long as the connection.</summary>
    public Statement Prepare(string sql)
    {
        const uint persistent = 1;
        var result = raw.sqlite3_prepare_v3(_handle, sql, persistent, out var statement);
        if (result != raw.SQLITE_OK) throw Failure(result);
        var prepared = new Statement(this, statement);
        _statements.Add(prepared);
        return prepared;
    }

    public void Execute(string sql)
    {
        var result = raw.sqlite3_exec(_handle, sql);
        if (result != raw.SQLITE_OK) throw Failure(result);
    }

    /// <summary>First column of the first row; null when there is no row or it is NULL.</summary>
    public long? Scalar(string sql)
    {
        var statement = Prepare(sql);
        try
        {
            return statement.Step() && !statement.IsNull(0) ? statement.Int64(0) : null;
        }
        finally
        {
            _statements.Remove(statement);
            statement.Dispose();
        }
    }

    /// <summary>Pages this connection wrote since it was opened.</summary>
    public int PagesWritten()
    {
        raw.sqlite3_db_status(_handle, CacheWriteStatus, out var pages, out _, 0);
        return pages;
    }

    /// <summary>Copies the log into the database file. Whoever reads at that moment may hinder it; then it is done next time.</summary>
    /// <param name="mode">How much to wait for readers.</param>
    /// <returns>Pages in the log, copied or not.</returns>
    public int Checkpoint(CheckpointMode mode)
    {
        Faults?.Before(StorageOperation.Checkpoint);
        var result = raw.sqlite3_wal_checkpoint_v2(_handle, "main", (int)mode, out var pages, out _);
        if (result != raw.SQLITE_OK && (result & 0xFF) != raw.SQLITE_BUSY) throw Failure(result);
        Faults?.After(StorageOperation.Checkpoint);
        return pages;
    }

    public SqliteFailure Failure(int result)
    {
        var extended = raw.sqlite3_extended_errcode(_handle);
        return new SqliteFailure((extended & 0xFF) == (result & 0xFF) ? extended : result, raw.sqlite3_errstr(result).utf8_to_string());
    }

    public void Dispose()
    {
        foreach (var statement in _statements) statement.Dispose();
        _statements.Clear();
        _handle.Dispose();
    }
}

/// <summary>How a checkpoint treats those who read meanwhile.</summary>
enum CheckpointMode
{
    /// <summary>Copies what it can without waiting.</summary>
    Passive = 0,

    /// <summary>Waits for readers, so that the next write starts the log anew.</summary>
    Restart = 2,

    /// <summary>As <see cref="Restart"/>, and empties the file.</summary>
    Truncate = 3,
}
