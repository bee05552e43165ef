namespace Orleans.Mail.Storage.Sqlite;

/// <summary>
/// Moves the few live contents of a mostly dead segment to the active one, in small steps between batches, so that one deferred message
/// does not keep a whole segment.
/// </summary>
sealed class SegmentCompaction(TimeProvider clock, TimeSpan delay)
{
    const int RecordsPerStep = 256;
    const int BytesPerStep = 1024 * 1024;

    readonly HashSet<int> _unreadable = [];
    int? _segment;
    long _offset;

    /// <summary>Whether a segment is being worked on.</summary>
    public bool IsPending => _segment is not null;

    public void Restart()
    {
        _segment = null;
        _unreadable.Clear();
    }

    /// <summary>Looks at the next records of the segment, and moves those that are live in one transaction.</summary>
    public void Step(SpoolBatch batch)
    {
        if (_segment is null || !batch.Store.Content.Contains(_segment.Value))
        {
            _segment = batch.Store.Content.FindSparse(_unreadable, clock.GetUtcNow() - delay);
            _offset = 0;
            if (_segment is null) return;
        }

        var survivors = new List<Survivor>();
        var ended = Scan(batch, _segment.Value, survivors);
        if (survivors.Count > 0) Move(batch, survivors);
        if (!ended) return;
        // Whatever lives on behind a damaged header stays where it is; the segment is not tried again in this run.
        _unreadable.Add(_segment.Value);
        _segment = null;
    }

    bool Scan(SpoolBatch batch, int number, List<Survivor> survivors)
    {
        var bytes = 0L;
        for (var i = 0; i < RecordsPerStep && bytes < BytesPerStep; i++)
        {
            if (!TryReadRecord(batch, number, out var id, out var length, out var hash)) return true;
            if (FindRow(batch, id, number, _offset) is { } row)
            {
                survivors.Add(new Survivor(row, id, new ContentLocation(number, _offset, length, hash)));
                bytes += length;
            }

            _offset += ContentSegments.HeaderBytes + length;
        }

        return false;
    }

    bool TryReadRecord(SpoolBatch batch, int number, out MessageId id, out int length, out ulong hash) =>
        batch.Store.Content.TryReadRecord(number, _offset, out id, out length, out hash);

    static long? FindRow(SpoolBatch batch, MessageId id, int number, long offset)
    {
        var find = batch.Statements.Find.Bind(1, id.ShardOf(batch.ShardCount)).Bind(2, id);
        if (!find.Step()) return null;
        long? row = !find.IsNull(3) && find.Int32(3) == number && find.Int64(5) == offset ? find.Int64(6) : null;
        find.Reset();
        return row;
    }

    static void Move(SpoolBatch batch, List<Survivor> survivors)
    {
        var content = batch.Store.Content;
        var moved = survivors.ConvertAll(item => batch.CopyContent(item.Id, content.ReadRaw(item.Location, out _), item.Location.Hash));
        content.Flush();
        batch.Begin();
        for (var i = 0; i < moved.Count; i++)
        {
            var old = survivors[i].Location;
            batch.Statements.MoveContent.Bind(1, moved[i].Segment).Bind(2, moved[i].Offset).Bind(3, survivors[i].Row).Run();
            batch.ContentChanged(old.Segment, -1, old.Length);
            batch.ContentChanged(moved[i].Segment, 1, old.Length);
        }

        batch.Commit();
        batch.Publish();
    }

    readonly record struct Survivor(long Row, MessageId Id, ContentLocation Location);
}
