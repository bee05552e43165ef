using System.Buffers;
using System.Buffers.Binary;
using Orleans.Serialization;

namespace Orleans.Mail.Storage.Events;

/// <summary>
/// The stored form of events. A row holds the events of one shard and one transaction: for each commit the length, the count and the
/// serialized array.
/// </summary>
static class EventRows
{
    const int ChunkHeaderBytes = 8;

    public static void Append(ArrayBufferWriter<byte> row, ReadOnlySpan<byte> events, int count)
    {
        var header = row.GetSpan(ChunkHeaderBytes);
        BinaryPrimitives.WriteInt32LittleEndian(header, events.Length);
        BinaryPrimitives.WriteInt32LittleEndian(header[4..], count);
        row.Advance(ChunkHeaderBytes);
        row.Write(events);
    }

    /// <summary>Adds the events of a row with a number after <paramref name="after"/>.</summary>
    public static void Read(byte[] row, long first, long after, Serializer<DeliveryEvent[]> serializer, List<NumberedEvent> result)
    {
        var rest = row.AsMemory();
        while (rest.Length >= ChunkHeaderBytes)
        {
            var length = BinaryPrimitives.ReadInt32LittleEndian(rest.Span);
            var count = BinaryPrimitives.ReadInt32LittleEndian(rest.Span[4..]);
            if (length < 0 || length > rest.Length - ChunkHeaderBytes) throw new SpoolCorruptException($"The events from number {first} are damaged.");
            if (first + count - 1 > after)
            {
                var events = serializer.Deserialize(rest.Slice(ChunkHeaderBytes, length)) ?? [];
                for (var i = 0; i < events.Length; i++)
                {
                    if (first + i > after) result.Add(new NumberedEvent(first + i, events[i]));
                }
            }

            first += count;
            rest = rest[(ChunkHeaderBytes + length)..];
        }
    }
}
