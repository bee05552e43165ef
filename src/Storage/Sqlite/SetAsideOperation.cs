namespace Orleans.Mail.Storage.Sqlite;

/// <summary>Takes a message out of the sweeps without looking at its state.</summary>
sealed class SetAsideOperation(int shard, long epoch, MessageId id, long until) : WriteOperation<bool>
{
    public override void Apply(SpoolBatch batch)
    {
        Refusal = null;
        Answer = false;
        if (batch.EpochOf(shard) != epoch)
        {
            Refusal = new SpoolFencedException();
            return;
        }

        long? row;
        try
        {
            row = Find(batch);
        }
        catch (SqliteFailure failure) when (failure.IsCorrupt)
        {
            Refusal = new SpoolCorruptException("The record of the message cannot be read, so that it cannot be set aside.", failure);
            return;
        }

        if (row is null) return;
        batch.Statements.SetAside.Bind(1, until).Bind(2, row).Run();
        Answer = true;
    }

    /// <summary>Reads the whole row, because an update rewrites it whole: damage anywhere in it must show before anything is changed.</summary>
    long? Find(SpoolBatch batch)
    {
        var find = batch.Statements.FindWhole.Bind(1, shard).Bind(2, id);
        if (!find.Step()) return null;
        var row = find.Int64(0);
        find.Reset();
        return row;
    }
}
