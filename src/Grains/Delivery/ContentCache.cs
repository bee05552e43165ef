using System.Collections.Concurrent;

namespace Orleans.Mail.Grains.Delivery;

/// <summary>
/// Content between acceptance and first attempt, so that mail which leaves at once is not read back from the disk.
/// Bounded in octets: what does not fit is simply not kept.
/// </summary>
sealed class ContentCache(long maxBytes)
{
    readonly ConcurrentDictionary<MessageId, ReadOnlyMemory<byte>> _contents = new();
    long _bytes;

    public void Keep(MessageId id, ReadOnlyMemory<byte> content)
    {
        if (Interlocked.Add(ref _bytes, content.Length) > maxBytes || !_contents.TryAdd(id, content)) Interlocked.Add(ref _bytes, -content.Length);
    }

    /// <summary>Null when it is not kept, which is not the same as empty.</summary>
    public ReadOnlyMemory<byte>? Find(MessageId id)
    {
        // No conditional expression: its null would become an empty content by way of byte[].
        if (_contents.TryGetValue(id, out var content)) return content;
        return null;
    }

    public void Forget(MessageId id)
    {
        if (_contents.TryRemove(id, out var content)) Interlocked.Add(ref _bytes, -content.Length);
    }
}
