using System.Buffers.Binary;
using System.Globalization;
using Azure.Data.Tables;

namespace Orleans.Mail.Storage.AzureStorage.Spool;

/// <summary>
/// The rows of a shard's partition. <c>!fence</c> is part of every transaction; <c>e</c> holds events by the number of the first; <c>l</c> is a
/// live message; <c>m</c> says that a message is known, and is its record once it is final, so that adding it refuses a second acceptance unread;
/// <c>r</c> says that a message was told something after it had ended: the row of events that names it is not the newest of its ends.
/// Ids are inverted: tables are read in rising order, and lists begin with the newest.
/// </summary>
static class SpoolRows
{
    public const string Fence = "!fence";

    /// <summary>Partition of what concerns all shards, and the row of their number.</summary>
    public const string Common = "spool";

    /// <summary>The row that says when a partition was last looked through.</summary>
    public const string Swept = "!swept";

    /// <summary>Column of a row of events: ids of the messages that ended in its transaction, 16 octets each.</summary>
    public const string Ended = "Ended";

    const int IdBytes = 16;

    // A binary column holds 64 KiB.
    const int PartBytes = 65_536;

    public static string Partition(int shard) => $"s{shard:D3}";

    public static string Live(MessageId id) => "l" + Inverted(id);

    public static string Known(MessageId id) => "m" + Inverted(id);

    public static string Reopened(MessageId id) => "r" + Inverted(id);

    public static string Events(long first) => $"e{first:x16}";

    public static long FirstOf(TableEntity events) => long.Parse(events.RowKey.AsSpan(1), NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    public static MessageId IdOf(string row) => new(~UInt128.Parse(row.AsSpan(1), NumberStyles.HexNumber, CultureInfo.InvariantCulture));

    public static void SetEnded(TableEntity events, List<MessageId> ids)
    {
        if (ids.Count == 0) return;
        var octets = new byte[ids.Count * IdBytes];
        for (var i = 0; i < ids.Count; i++) BinaryPrimitives.WriteUInt128BigEndian(octets.AsSpan(i * IdBytes), ids[i].Value);
        events[Ended] = octets;
    }

    /// <summary>None in a row of an earlier build.</summary>
    public static List<MessageId> EndedIn(TableEntity events)
    {
        var octets = events.GetBinary(Ended) ?? [];
        return [.. Enumerable.Range(0, octets.Length / IdBytes).Select(i => new MessageId(BinaryPrimitives.ReadUInt128BigEndian(octets.AsSpan(i * IdBytes))))];
    }

    public static void SetParts(TableEntity row, string name, ReadOnlySpan<byte> octets)
    {
        row[name + "Length"] = octets.Length;
        for (var i = 0; i * PartBytes < octets.Length; i++) row[$"{name}{i}"] = octets.Slice(i * PartBytes, Math.Min(PartBytes, octets.Length - i * PartBytes)).ToArray();
    }

    /// <summary>Null when the row has no such octets.</summary>
    public static byte[]? GetParts(TableEntity row, string name)
    {
        if (row.GetInt32(name + "Length") is not { } length) return null;
        var result = new byte[length];
        for (var i = 0; i * PartBytes < length; i++)
        {
            var part = row.GetBinary($"{name}{i}");
            if (part is null || part.Length != Math.Min(PartBytes, length - i * PartBytes)) throw new SpoolCorruptException("A stored row lacks a part.");
            part.CopyTo(result, i * PartBytes);
        }

        return result;
    }

    /// <summary>The columns that hold octets of so many parts.</summary>
    public static IEnumerable<string> PartColumns(string name, int parts) => [name + "Length", .. Enumerable.Range(0, parts).Select(part => $"{name}{part}")];

    public static MessageRecord LiveRecord(MessageId id, TableEntity row) =>
        new(id, row.GetInt64("Version") ?? 0, GetParts(row, "State") ?? [], DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64("Due") ?? 0), null);

    public static MessageRecord FinalRecord(MessageId id, TableEntity row) =>
        new(id, row.GetInt64("Version") ?? 0, GetParts(row, "State") ?? [], null, DateTimeOffset.FromUnixTimeMilliseconds(row.GetInt64("FinalAt") ?? 0));

    static string Inverted(MessageId id) => (~id.Value).ToString("x32", CultureInfo.InvariantCulture);
}
