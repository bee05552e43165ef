namespace Orleans.Mail.Storage.Sqlite;

/// <summary>Stores a reminder, whatever was there before. Answers the new tag.</summary>
sealed class UpsertReminderOperation(string serviceId, ReminderEntry entry, long tag) : WriteOperation<long>
{
    readonly string _grain = entry.GrainId.ToString();

    public override void Apply(SpoolBatch batch)
    {
        Answer = tag;
        batch.Statements.UpsertReminder.Bind(1, serviceId).Bind(2, _grain).Bind(3, entry.ReminderName)
            .Bind(4, entry.GrainId.GetUniformHashCode()).Bind(5, entry.StartAt.ToUniversalTime().Ticks).Bind(6, entry.Period.Ticks).Bind(7, tag).Run();
    }

    public override bool? TookPlace(SpoolBatch batch) => ReminderRows.Tag(batch, serviceId, _grain, entry.ReminderName) is not { } stored ? false : stored == tag ? true : null;
}

/// <summary>Removes a reminder whose tag is the one given.</summary>
sealed class RemoveReminderOperation(string serviceId, string grain, string name, long tag) : WriteOperation<bool>
{
    public override void Apply(SpoolBatch batch)
    {
        Answer = ReminderRows.Tag(batch, serviceId, grain, name) == tag;
        if (Answer) batch.Statements.DeleteReminder.Bind(1, serviceId).Bind(2, grain).Bind(3, name).Run();
    }

    public override bool? TookPlace(SpoolBatch batch) =>
        !Answer ? null : ReminderRows.Tag(batch, serviceId, grain, name) == tag ? false : null;
}

/// <summary>Removes every reminder of a service.</summary>
sealed class ClearRemindersOperation(string serviceId) : WriteOperation<bool>
{
    public override void Apply(SpoolBatch batch)
    {
        batch.Statements.ClearReminders.Bind(1, serviceId).Run();
        Answer = true;
    }
}

static class ReminderRows
{
    /// <summary>The tag of a stored reminder; null when there is none.</summary>
    public static long? Tag(SpoolBatch batch, string serviceId, string grain, string name)
    {
        var find = batch.Statements.FindReminder.Bind(1, serviceId).Bind(2, grain).Bind(3, name);
        if (!find.Step()) return null;
        var tag = find.Int64(0);
        find.Reset();
        return tag;
    }
}
