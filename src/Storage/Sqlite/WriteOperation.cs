namespace Orleans.Mail.Storage.Sqlite;

/// <summary>Something the writer thread carries out as part of a transaction.</summary>
abstract class WriteOperation
{
    /// <summary>Octets of content that count against the size of a batch.</summary>
    public virtual int ContentBytes => 0;

    /// <summary>Carries it out inside the transaction. A refusal is remembered and told at <see cref="Complete"/>; damage that it meets ends this operation, and another exception the whole transaction. It may be carried out again.</summary>
    public abstract void Apply(SpoolBatch batch);

    /// <summary>The transaction is durable.</summary>
    public abstract void Complete();

    /// <summary>The transaction is not durable, or it is not known.</summary>
    public abstract void Fail(Exception error);

    /// <summary>Whether the store shows that the transaction of this operation took place; null when this operation cannot tell.</summary>
    public virtual bool? TookPlace(SpoolBatch batch) => null;
}

/// <summary>An operation with an answer.</summary>
abstract class WriteOperation<T> : WriteOperation
{
    readonly TaskCompletionSource<T> _completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task<T> Task => _completion.Task;

    protected T? Answer { get; set; }

    protected Exception? Refusal { get; set; }

    public override void Complete()
    {
        if (Refusal is not null) _completion.TrySetException(Refusal);
        else _completion.TrySetResult(Answer!);
    }

    public override void Fail(Exception error) => _completion.TrySetException(Refusal ?? error);
}

/// <summary>Waits until the store was opened, or could not be.</summary>
sealed class OpenedOperation : WriteOperation<bool>
{
    public override void Apply(SpoolBatch batch) => Answer = true;
}

/// <summary>Becomes the writer of a shard.</summary>
sealed class OpenShardOperation(int shard) : WriteOperation<long>
{
    public override void Apply(SpoolBatch batch) => Answer = batch.RaiseEpoch(shard);

    public override bool? TookPlace(SpoolBatch batch) => batch.EpochOf(shard) >= Answer;
}

/// <summary>Removes old final messages and old events.</summary>
sealed class PurgeOperation(int shard, long epoch, long finalBefore, int limit) : WriteOperation<int>
{
    public override void Apply(SpoolBatch batch)
    {
        Answer = 0;
        if (batch.EpochOf(shard) != epoch)
        {
            Refusal = new SpoolFencedException();
            return;
        }

        Answer = RemoveMessages(batch);
        Answer += RemoveEvents(batch, limit - Answer);
    }

    int RemoveMessages(SpoolBatch batch)
    {
        var ids = new List<MessageId>();
        var find = batch.Statements.FinalBefore.Bind(1, shard).Bind(2, finalBefore).Bind(3, limit);
        while (find.Step()) ids.Add(find.Id(0));
        foreach (var id in ids) batch.Statements.Delete.Bind(1, shard).Bind(2, id).Run();
        return ids.Count;
    }

    int RemoveEvents(SpoolBatch batch, int atMost)
    {
        var removed = 0;
        var part = batch.Part(shard);
        for (; removed < atMost; removed++)
        {
            var oldest = batch.Statements.OldestEvents.Bind(1, EventPlace.Of(shard, 0)).Bind(2, EventPlace.Of(shard + 1, 0));
            if (!oldest.Step()) break;
            var place = oldest.Int64(0);
            var next = EventPlace.NumberOf(place) + oldest.Int64(1);
            var writtenAt = oldest.Int64(2);
            oldest.Reset();
            if (writtenAt >= finalBefore) break;
            batch.Statements.DeleteEvents.Bind(1, place).Run();
            part.FirstEvent = next;
        }

        // The last row may be gone now, and with it the only trace of the last number.
        if (removed > 0) batch.Statements.KeepLastEvent.Bind(1, part.FirstEvent - 1).Bind(2, shard).Run();
        return removed;
    }
}
