namespace Orleans.Mail.Storage.Sqlite;

/// <summary>Stores a setting that has the expected version, or none. Answers whether it did.</summary>
sealed class WriteSettingOperation(string name, ReadOnlyMemory<byte> value, long? expectedVersion, long version) : WriteOperation<bool>
{
    public override void Apply(SpoolBatch batch)
    {
        Answer = SettingRows.Version(batch, name) == expectedVersion;
        if (Answer) batch.Statements.UpsertSetting.Bind(1, name).Bind(2, version).Bind(3, value.Span).Run();
    }

    public override bool? TookPlace(SpoolBatch batch) => !Answer ? null : SettingRows.Version(batch, name) == version ? true : null;
}

/// <summary>Removes a setting of a version. Answers whether it did.</summary>
sealed class DeleteSettingOperation(string name, long expectedVersion) : WriteOperation<bool>
{
    public override void Apply(SpoolBatch batch)
    {
        Answer = SettingRows.Version(batch, name) == expectedVersion;
        if (Answer) batch.Statements.DeleteSetting.Bind(1, name).Run();
    }

    public override bool? TookPlace(SpoolBatch batch) => !Answer ? null : SettingRows.Version(batch, name) == expectedVersion ? false : null;
}

static class SettingRows
{
    /// <summary>The version of a stored setting; null when there is none.</summary>
    public static long? Version(SpoolBatch batch, string name)
    {
        var find = batch.Statements.FindSetting.Bind(1, name);
        if (!find.Step()) return null;
        var version = find.Int64(0);
        find.Reset();
        return version;
    }
}
