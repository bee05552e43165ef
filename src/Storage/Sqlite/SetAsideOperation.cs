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

        var find = batch.Statements.FindLive.Bind(1, shard).Bind(2, id);
        if (!find.Step()) return;
        var row = find.Int64(0);
        find.Reset();
        batch.Statements.SetAside.Bind(1, until).Bind(2, row).Run();
        Answer = true;
    }
}
