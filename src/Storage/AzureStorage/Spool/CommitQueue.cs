namespace Orleans.Mail.Storage.AzureStorage.Spool;

/// <summary>Commits of a shard that wait for their transaction, bounded in number and in octets. Guarded by the writer's lock.</summary>
sealed class CommitQueue(int maxCount, long maxBytes)
{
    readonly LinkedList<PendingCommit> waiting = new();
    long bytes;

    public int Count => waiting.Count;

    public PendingCommit? First => waiting.First?.Value;

    /// <summary>False when there is no room. One alone always has.</summary>
    public bool TryAdd(PendingCommit commit)
    {
        if (waiting.Count > 0 && (waiting.Count >= maxCount || bytes + commit.HeldBytes > maxBytes)) return false;
        waiting.AddLast(commit);
        bytes += commit.HeldBytes;
        return true;
    }

    public void RemoveFirst()
    {
        bytes -= waiting.First!.Value.HeldBytes;
        waiting.RemoveFirst();
    }

    /// <summary>To the front, in this order; they had their room before.</summary>
    public void PutBack(IReadOnlyList<PendingCommit> commits)
    {
        for (var i = commits.Count - 1; i >= 0; i--)
        {
            waiting.AddFirst(commits[i]);
            bytes += commits[i].HeldBytes;
        }
    }

    public List<PendingCommit> TakeAll()
    {
        List<PendingCommit> all = [.. waiting];
        waiting.Clear();
        bytes = 0;
        return all;
    }
}
