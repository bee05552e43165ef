namespace Orleans.Mail.Storage.Sqlite;

/// <summary>The prepared statements of the writing connection.</summary>
sealed class WriteStatements(Database database)
{
    const string Placed = " WHERE num = ?";
    const string Row = " WHERE shard = ? AND id = ?";

    public Statement Begin { get; } = database.Prepare("BEGIN IMMEDIATE");

    public Statement Commit { get; } = database.Prepare("COMMIT");

    public Statement RollBack { get; } = database.Prepare("ROLLBACK");

    public Statement Epoch { get; } = database.Prepare("SELECT epoch FROM shard WHERE number = ?");

    public Statement RaiseEpoch { get; } = database.Prepare("UPDATE shard SET epoch = epoch + 1 WHERE number = ?");

    public Statement Find { get; } = database.Prepare("SELECT version, due, holder, segment, length, offset, num, site, rank FROM message" + Row);

    public Statement Insert { get; } = database.Prepare(
        "INSERT INTO message(shard, id, version, state, due, holder, final_at, segment, offset, length, hash, site, rank) VALUES(?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");

    // One statement for each set of columns that change: SQLite rewrites an index whenever a column of it is named, changed or not.
    public Statement UpdateState { get; } = database.Prepare("UPDATE message SET version = ?, state = ?" + Placed);

    public Statement UpdateDue { get; } = database.Prepare("UPDATE message SET version = ?, state = ?, due = ?, holder = ?" + Placed);

    public Statement UpdateAll { get; } = database.Prepare(
        "UPDATE message SET version = ?, state = ?, due = ?, holder = ?, final_at = ?, segment = NULL, offset = NULL, length = NULL, hash = NULL" + Placed);

    public Statement UpdateWait { get; } = database.Prepare("UPDATE message SET site = ?, rank = ?" + Placed);

    public Statement FindLive { get; } = database.Prepare("SELECT num FROM message" + Row + " AND due IS NOT NULL");

    public Statement SetAside { get; } = database.Prepare(
        "UPDATE message SET version = version + 1, due = ?, holder = 0, site = NULL, rank = NULL" + Placed);

    public Statement MoveContent { get; } = database.Prepare("UPDATE message SET segment = ?, offset = ?" + Placed);

    public Statement InsertEvents { get; } = database.Prepare("INSERT INTO event(place, count, written_at, data) VALUES(?, ?, ?, ?)");

    public Statement FinalBefore { get; } = database.Prepare("SELECT id FROM message WHERE shard = ? AND final_at IS NOT NULL AND final_at < ? ORDER BY final_at LIMIT ?");

    public Statement Delete { get; } = database.Prepare("DELETE FROM message" + Row);

    public Statement OldestEvents { get; } = database.Prepare("SELECT place, count, written_at FROM event WHERE place >= ? AND place < ? ORDER BY place LIMIT 1");

    public Statement DeleteEvents { get; } = database.Prepare("DELETE FROM event WHERE place = ?");

    public Statement KeepLastEvent { get; } = database.Prepare("UPDATE shard SET last_event = ? WHERE number = ?");

    public Statement UpsertReminder { get; } = database.Prepare(
        "INSERT OR REPLACE INTO reminder(service_id, grain_id, name, grain_hash, start_at, period, etag) VALUES(?, ?, ?, ?, ?, ?, ?)");

    public Statement FindReminder { get; } = database.Prepare("SELECT etag FROM reminder WHERE service_id = ? AND grain_id = ? AND name = ?");

    public Statement DeleteReminder { get; } = database.Prepare("DELETE FROM reminder WHERE service_id = ? AND grain_id = ? AND name = ?");

    public Statement ClearReminders { get; } = database.Prepare("DELETE FROM reminder WHERE service_id = ?");

    public Statement UpsertSetting { get; } = database.Prepare("INSERT OR REPLACE INTO setting(name, version, value) VALUES(?, ?, ?)");

    public Statement FindSetting { get; } = database.Prepare("SELECT version FROM setting WHERE name = ?");

    public Statement DeleteSetting { get; } = database.Prepare("DELETE FROM setting WHERE name = ?");
}
