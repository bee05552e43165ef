using SQLitePCL;

namespace Orleans.Mail.Storage.Sqlite;

/// <summary>SQLite answered with an error.</summary>
sealed class SqliteFailure(int code, string message) : Exception($"SQLite error {code}: {message}")
{
    /// <summary>Extended result code.</summary>
    public int Code { get; } = code;

    public int PrimaryCode => Code & 0xFF;

    public bool IsCorrupt => PrimaryCode is raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB;
}

/// <summary>What an error of the operating system or of SQLite means to callers of the spool.</summary>
static class StorageErrors
{
    const int UnixNoSpace = 28;
    const int UnixReadOnlyFileSystem = 30;
    const int UnixQuota = 122;
    const int WindowsDiskFull = unchecked((int)0x80070070);
    const int WindowsHandleDiskFull = unchecked((int)0x80070027);

    public static SpoolFault FaultOf(Exception error) => error switch
    {
        SpoolUnavailableException known => known.Fault,
        SqliteFailure sqlite => FaultOf(sqlite.PrimaryCode),
        UnauthorizedAccessException => SpoolFault.ReadOnly,
        IOException io => FaultOf(io),
        _ => SpoolFault.Io,
    };

    /// <summary>The exception for callers. Texts name codes and files, never content.</summary>
    public static Exception ForCallers(Exception error, bool outcomeKnown)
    {
        if (error is SpoolUnavailableException known && known.OutcomeKnown == outcomeKnown || error is InvalidOperationException) return error;
        var fault = FaultOf(error);
        return new SpoolUnavailableException(fault, outcomeKnown, $"The spool cannot be used ({fault}): {error.Message}", error);
    }

    static SpoolFault FaultOf(int primaryCode) => primaryCode switch
    {
        raw.SQLITE_FULL => SpoolFault.Full,
        raw.SQLITE_BUSY or raw.SQLITE_LOCKED => SpoolFault.Busy,
        raw.SQLITE_READONLY or raw.SQLITE_PERM or raw.SQLITE_CANTOPEN => SpoolFault.ReadOnly,
        raw.SQLITE_CORRUPT or raw.SQLITE_NOTADB => SpoolFault.Corrupt,
        _ => SpoolFault.Io,
    };

    static SpoolFault FaultOf(IOException io) => io.HResult switch
    {
        UnixNoSpace or UnixQuota or WindowsDiskFull or WindowsHandleDiskFull => SpoolFault.Full,
        UnixReadOnlyFileSystem => SpoolFault.ReadOnly,
        _ => SpoolFault.Io,
    };
}
