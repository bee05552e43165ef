using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;

namespace Orleans.Mail;

/// <summary>
/// A place in the feed: after which event of each shard a subscription stands. Opaque text to users.
/// Resuming from it yields every later event once.
/// </summary>
[GenerateSerializer, Immutable, Alias("mail.v1.EventPosition")]
public readonly record struct EventPosition
{
    const string Prefix = "p1.";

    [Id(0)] long[]? Numbers { get; init; }

    /// <summary>The place after event number <paramref name="after"/>[i] of shard i, for every shard; -1 before the oldest kept.</summary>
    public static EventPosition Of(params long[] after) => new() { Numbers = [.. after] };

    /// <summary>Before the oldest event that is still kept.</summary>
    public static EventPosition Start => default;

    /// <summary>Whether this is <see cref="Start"/>.</summary>
    public bool IsStart => Numbers is null;

    /// <summary>Number of the last event seen, by shard; empty for <see cref="Start"/>.</summary>
    public ReadOnlySpan<long> After() => Numbers;

    public static EventPosition Parse(string text) =>
        TryParse(text, out var position) ? position : throw new FormatException("Not a feed position.");

    public static bool TryParse([NotNullWhen(true)] string? text, out EventPosition position)
    {
        position = default;
        if (text is null) return false;
        if (text == "start") return true;
        if (!text.StartsWith(Prefix, StringComparison.Ordinal) || text.Length > 4096) return false;
        byte[] bytes;
        try
        {
            bytes = Base64Url.DecodeFromChars(text.AsSpan(Prefix.Length));
        }
        catch (FormatException)
        {
            return false;
        }

        var after = new List<long>();
        for (var i = 0; i < bytes.Length;)
        {
            long value = 0;
            for (var shift = 0; ; shift += 7)
            {
                if (i == bytes.Length || shift > 56) return false;
                value |= (long)(bytes[i] & 0x7F) << shift;
                if ((bytes[i++] & 0x80) == 0) break;
            }

            after.Add(value - 1);
        }

        if (after.Count == 0) return false;
        position = Of([.. after]);
        return true;
    }

    public override string ToString()
    {
        if (Numbers is null) return "start";
        var bytes = new List<byte>(Numbers.Length * 3);
        foreach (var number in Numbers)
        {
            // One more than the number, so that -1, a shard not read yet, takes one octet too.
            var rest = (ulong)(number + 1);
            for (; rest >= 0x80; rest >>= 7) bytes.Add((byte)(rest | 0x80));
            bytes.Add((byte)rest);
        }

        return Prefix + Base64Url.EncodeToString(bytes.ToArray());
    }

    public bool Equals(EventPosition other) => After().SequenceEqual(other.After()) && IsStart == other.IsStart;

    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (var number in After()) hash.Add(number);
        return hash.ToHashCode();
    }
}
