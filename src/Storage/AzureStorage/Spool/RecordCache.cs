using System.Diagnostics.CodeAnalysis;

namespace Orleans.Mail.Storage.AzureStorage.Spool;

/// <summary>
/// States and contents of live messages in memory, so that a delivery reads nothing: one number of octets for all shards that a silo holds, however many they are.
/// What was written longest ago leaves first, whichever shard it is of.
/// </summary>
sealed class RecordCache(long maxBytes)
{
    readonly Lock _gate = new();
    readonly Dictionary<Key, LinkedListNode<Kept>> _kept = [];
    readonly LinkedList<Kept> _order = new();
    long _bytes;
    int _owners;

    /// <summary>Octets it holds.</summary>
    public long Bytes
    {
        get
        {
            lock (_gate) return _bytes;
        }
    }

    /// <summary>A number for one opening of a shard: what an earlier one left may be old, and is never read again.</summary>
    public int NewOwner() => Interlocked.Increment(ref _owners);

    /// <summary>Keeps a state, and a content; without one, the content it has.</summary>
    public void Keep(int owner, MessageId id, byte[] state, ReadOnlyMemory<byte>? content)
    {
        var key = new Key(owner, id);
        lock (_gate)
        {
            content ??= _kept.TryGetValue(key, out var known) ? known.Value.Content : null;
            Remove(key);
            var entry = new Kept(key, state, content);
            _kept[key] = _order.AddLast(entry);
            _bytes += entry.Bytes;
            while (_bytes > maxBytes) Remove(_order.First!.Value.Key);
        }
    }

    public bool TryRead(int owner, MessageId id, [NotNullWhen(true)] out byte[]? state, out ReadOnlyMemory<byte>? content)
    {
        lock (_gate)
        {
            (state, content) = _kept.TryGetValue(new Key(owner, id), out var node) ? (node.Value.State, node.Value.Content) : (null, null);
            return state is not null;
        }
    }

    public void Forget(int owner, MessageId id)
    {
        lock (_gate) Remove(new Key(owner, id));
    }

    void Remove(Key key)
    {
        if (!_kept.Remove(key, out var node)) return;
        _bytes -= node.Value.Bytes;
        _order.Remove(node);
    }

    readonly record struct Key(int Owner, MessageId Id);

    sealed record Kept(Key Key, byte[] State, ReadOnlyMemory<byte>? Content)
    {
        // What the entry itself takes is about 200.
        public long Bytes => State.Length + (Content?.Length ?? 0) + 200;
    }
}
