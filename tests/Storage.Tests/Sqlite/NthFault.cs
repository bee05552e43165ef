using Orleans.Mail.Storage.Sqlite;

namespace Orleans.Mail.Storage.Tests.Sqlite;

/// <summary>Makes storage operations fail: the n-th one once, or all of a kind until it is repaired.</summary>
sealed class NthFault(Func<Exception> error, bool answerLost = false) : IStorageFaults
{
    readonly Lock gate = new();
    int remaining;

    public bool Fired { get; private set; }

    /// <summary>Kinds that fail until removed.</summary>
    public HashSet<StorageOperation> Broken { get; } = [];

    /// <summary>The n-th operation from now fails; 0 for none.</summary>
    public void Arm(int n)
    {
        lock (gate) remaining = n;
    }

    public void Break(params StorageOperation[] operations)
    {
        lock (gate) Broken.UnionWith(operations);
    }

    public void Repair()
    {
        lock (gate) Broken.Clear();
    }

    public void Before(StorageOperation operation) => Reach(operation, !answerLost);

    public void After(StorageOperation operation) => Reach(operation, answerLost);

    void Reach(StorageOperation operation, bool counts)
    {
        lock (gate)
        {
            if (!counts) return;
            if (Broken.Contains(operation)) throw error();
            if (remaining == 0 || --remaining > 0) return;
            Fired = true;
        }

        throw error();
    }
}
