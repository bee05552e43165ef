namespace Orleans.Mail.Storage.Sqlite;

/// <summary>One step of one message.</summary>
sealed class CommitOperation(int shard, long epoch, SpoolCommit commit, DeliveryEvent[] events, byte[]? serializedEvents, ulong contentHash)
    : WriteOperation<CommitStatus>
{
    public SpoolCommit Commit => commit;

    public ulong ContentHash => contentHash;

    /// <summary>Where the content was written, before the transaction.</summary>
    public ContentLocation Location { get; set; }

    public override int ContentBytes => commit.Content?.Length ?? 0;

    public bool IsConflict => Refusal is null && Answer == CommitStatus.Conflict;

    long? Due => commit.Due?.ToUnixTimeMilliseconds();

    long Holder => commit.IsHeld && commit.Due is not null ? epoch : 0;

    // A final message waits for nothing.
    string? Site => commit.Due is null ? null : commit.WaitsFor;

    long? Rank => Site is null ? null : commit.Rank;

    long At => commit.At.ToUnixTimeMilliseconds();

    public override void Apply(SpoolBatch batch)
    {
        Refusal = null;
        Answer = CommitStatus.Committed;
        if (batch.EpochOf(shard) != epoch)
        {
            Refusal = new SpoolFencedException();
            return;
        }

        var row = Find(batch);
        if ((row?.Version ?? 0) != commit.ExpectedVersion)
        {
            Answer = CommitStatus.Conflict;
            return;
        }

        if (row is { } old) Update(batch, old);
        else Insert(batch);
        if (events.Length > 0) batch.Part(shard).AddEvents(events, serializedEvents, At);
    }

    public override bool? TookPlace(SpoolBatch batch) =>
        Refusal is null && Answer == CommitStatus.Committed ? Find(batch)?.Version > commit.ExpectedVersion : null;

    Row? Find(SpoolBatch batch)
    {
        var find = batch.Statements.Find.Bind(1, shard).Bind(2, commit.Id);
        if (!find.Step()) return null;
        var row = new Row(find.Int64(6), find.Int64(0), find.Int64OrNull(1), find.Int64(2), find.IsNull(3) ? null : find.Int32(3), find.Int32(4),
            find.IsNull(7) ? null : find.Text(7), find.Int64OrNull(8));
        find.Reset();
        return row;
    }

    void Insert(SpoolBatch batch)
    {
        var insert = batch.Statements.Insert.Bind(1, shard).Bind(2, commit.Id).Bind(3, commit.State).Bind(4, Due).Bind(5, Holder)
            .Bind(6, Due is null ? At : null);
        if (commit.Content is not null && Due is not null)
        {
            insert.Bind(7, Location.Segment).Bind(8, Location.Offset).Bind(9, Location.Length).Bind(10, unchecked((long)Location.Hash));
            batch.ContentChanged(Location.Segment, 1, Location.Length);
        }
        else
        {
            for (var i = 7; i <= 10; i++) insert.BindNull(i);
        }

        insert.Bind(11, Site).Bind(12, Rank).Run();
        if (Due is not null) batch.Part(shard).LiveChange++;
    }

    void Update(SpoolBatch batch, Row old)
    {
        var statements = batch.Statements;
        var version = old.Version + 1;
        if (Due is null || old.Due is null)
        {
            statements.UpdateAll.Bind(1, version).Bind(2, commit.State).Bind(3, Due).Bind(4, Holder).Bind(5, Due is null ? At : null)
                .Bind(6, old.Number).Run();
            batch.Part(shard).LiveChange += (Due is null ? 0 : 1) - (old.Due is null ? 0 : 1);
            if (old.Segment is { } segment) batch.ContentChanged(segment, -1, old.Length);
        }
        else if (Due == old.Due && Holder == old.Holder)
        {
            statements.UpdateState.Bind(1, version).Bind(2, commit.State).Bind(3, old.Number).Run();
        }
        else
        {
            statements.UpdateDue.Bind(1, version).Bind(2, commit.State).Bind(3, Due).Bind(4, Holder).Bind(5, old.Number).Run();
        }

        if (Site != old.Site || Rank != old.Rank) statements.UpdateWait.Bind(1, Site).Bind(2, Rank).Bind(3, old.Number).Run();
    }

    readonly record struct Row(long Number, long Version, long? Due, long Holder, int? Segment, int Length, string? Site, long? Rank);
}
