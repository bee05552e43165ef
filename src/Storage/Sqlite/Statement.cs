using System.Buffers.Binary;
using SQLitePCL;

namespace Orleans.Mail.Storage.Sqlite;

/// <summary>A prepared statement. Parameters count from 1, columns from 0, as in SQLite.</summary>
sealed class Statement(Database database, sqlite3_stmt handle) : IDisposable
{
    public Statement Bind(int parameter, long value)
    {
        raw.sqlite3_bind_int64(handle, parameter, value);
        return this;
    }

    public Statement Bind(int parameter, long? value)
    {
        if (value is { } number) raw.sqlite3_bind_int64(handle, parameter, number);
        else raw.sqlite3_bind_null(handle, parameter);
        return this;
    }

    public Statement BindNull(int parameter)
    {
        raw.sqlite3_bind_null(handle, parameter);
        return this;
    }

    public Statement Bind(int parameter, ReadOnlySpan<byte> value)
    {
        raw.sqlite3_bind_blob(handle, parameter, value);
        return this;
    }

    public Statement Bind(int parameter, MessageId value)
    {
        Span<byte> bytes = stackalloc byte[16];
        value.WriteBytes(bytes);
        raw.sqlite3_bind_blob(handle, parameter, bytes);
        return this;
    }

    public Statement Bind(int parameter, string? value)
    {
        if (value is null) raw.sqlite3_bind_null(handle, parameter);
        else raw.sqlite3_bind_text(handle, parameter, value);
        return this;
    }

    /// <summary>Whether there is a (next) row. At the end the statement is ready to run again.</summary>
    public bool Step()
    {
        database.Faults?.Before(StorageOperation.Statement);
        var result = raw.sqlite3_step(handle);
        if (result == raw.SQLITE_ROW) return true;
        var failure = result == raw.SQLITE_DONE ? null : database.Failure(result);
        raw.sqlite3_reset(handle);
        if (failure is not null) throw failure;
        return false;
    }

    /// <summary>Carries out a statement that answers no rows.</summary>
    public void Run()
    {
        if (Step()) Reset();
    }

    /// <summary>Ends reading before the last row.</summary>
    public void Reset() => raw.sqlite3_reset(handle);

    public long Int64(int column) => raw.sqlite3_column_int64(handle, column);

    public int Int32(int column) => raw.sqlite3_column_int(handle, column);

    public bool IsNull(int column) => raw.sqlite3_column_type(handle, column) == raw.SQLITE_NULL;

    public long? Int64OrNull(int column) => IsNull(column) ? null : Int64(column);

    public byte[] Blob(int column) => raw.sqlite3_column_blob(handle, column).ToArray();

    public string Text(int column) => raw.sqlite3_column_text(handle, column).utf8_to_string();

    public MessageId Id(int column)
    {
        var bytes = raw.sqlite3_column_blob(handle, column);
        if (bytes.Length != 16) throw new SqliteFailure(raw.SQLITE_CORRUPT, "an id has the wrong length");
        return new MessageId(BinaryPrimitives.ReadUInt128BigEndian(bytes));
    }

    public void Dispose() => handle.Dispose();
}
