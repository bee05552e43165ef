namespace Orleans.Mail.Storage.AzureStorage.Spool;

/// <summary>Commits of a shard that wait for their transaction, bounded in number and in octets. Guarded by the writer's lock.</summary>
sealed class CommitQueue(int maxCount, long maxBytes)
{
    readonly LinkedList<PendingCommit> _waiting = new();
    long _bytes;

    public int Count => _waiting.Count;

    public PendingCommit? First => _waiting.First?.Value;

    /// <summary>False when there is no room. One alone always has.</summary>
    public bool TryAdd(PendingCommit commit)
    {
        if (_waiting.Count > 0 && (_waiting.Count >= maxCount || _bytes + commit.HeldBytes > maxBytes)) return false;
        _waiting.AddLast(commit);
        _bytes += commit.HeldBytes;
        return true;
    }

    public void RemoveFirst()
    {
        _bytes -= _waiting.First!.Value.HeldBytes;
        _waiting.RemoveFirst();
    }

    /// <summary>To the front, in this order; they had their room before.</summary>
    public void PutBack(IReadOnlyList<PendingCommit> commits)
    {
        for (var i = commits.Count - 1; i >= 0; i--)
        {
            _waiting.AddFirst(commits[i]);
            _bytes += commits[i].HeldBytes;
        }
    }

    public List<PendingCommit> TakeAll()
    {
        List<PendingCommit> all = [.. _waiting];
        _waiting.Clear();
        _bytes = 0;
        return all;
    }
}
