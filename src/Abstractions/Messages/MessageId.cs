using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace Orleans.Mail;

/// <summary>
/// The name of a message: 128 bits, written as 26 characters of Crockford's base 32.
/// Derived from tenant and idempotency key where there is a key, so that the same key always names the same message;
/// else ordered by time. The last two octets choose the shard, so that a shard can be told from the id alone.
/// </summary>
[GenerateSerializer, Immutable, Alias("mail.v1.MessageId")]
public readonly record struct MessageId([property: Id(0)] UInt128 Value) : IComparable<MessageId>
{
    const string Alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

    /// <summary>Length of the text form in characters.</summary>
    public const int TextLength = 26;

    /// <summary>A new id, ordered by <paramref name="now"/> to the millisecond. <paramref name="chance"/> holds ten octets of chance.</summary>
    public static MessageId New(DateTimeOffset now, ReadOnlySpan<byte> chance)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(chance.Length, 10);
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteInt64BigEndian(bytes, now.ToUnixTimeMilliseconds() << 16);
        chance[..10].CopyTo(bytes[6..]);
        return FromBytes(bytes);
    }

    /// <summary>A new id, ordered by the clock's time and unguessable.</summary>
    public static MessageId New(TimeProvider clock)
    {
        ArgumentNullException.ThrowIfNull(clock);
        Span<byte> chance = stackalloc byte[10];
        RandomNumberGenerator.Fill(chance);
        return New(clock.GetUtcNow(), chance);
    }

    /// <summary>The id of the message that <paramref name="tenant"/> submitted, or will submit, under <paramref name="idempotencyKey"/>.</summary>
    public static MessageId FromKey(string tenant, string idempotencyKey)
    {
        ArgumentNullException.ThrowIfNull(tenant);
        ArgumentNullException.ThrowIfNull(idempotencyKey);
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(Encoding.UTF8.GetBytes($"{tenant}\0{idempotencyKey}"), hash);
        return FromBytes(hash[..16]);
    }

    public static MessageId FromBytes(ReadOnlySpan<byte> bytes) => new(BinaryPrimitives.ReadUInt128BigEndian(bytes));

    public void WriteBytes(Span<byte> destination) => BinaryPrimitives.WriteUInt128BigEndian(destination, Value);

    public byte[] ToByteArray()
    {
        var bytes = new byte[16];
        WriteBytes(bytes);
        return bytes;
    }

    /// <summary>The shard that owns this message in a spool of <paramref name="shardCount"/> shards, from 0.</summary>
    public int ShardOf(int shardCount) => (int)(ushort)Value % shardCount;

    public static MessageId Parse(string text) =>
        TryParse(text, out var id) ? id : throw new FormatException("A message id is 26 characters of 0-9 and A-Z without I, L, O and U.");

    public static bool TryParse([NotNullWhen(true)] string? text, out MessageId id)
    {
        id = default;
        if (text is not { Length: TextLength }) return false;
        UInt128 value = 0;
        for (var i = 0; i < text.Length; i++)
        {
            var digit = Alphabet.IndexOf(char.ToUpperInvariant(text[i]), StringComparison.Ordinal);
            // 26 digits hold 130 bits; the first may use only three of its five.
            if (digit < 0 || (i == 0 && digit > 7)) return false;
            value = (value << 5) | (uint)digit;
        }

        id = new MessageId(value);
        return true;
    }

    public int CompareTo(MessageId other) => Value.CompareTo(other.Value);

    public static bool operator <(MessageId left, MessageId right) => left.CompareTo(right) < 0;
    public static bool operator >(MessageId left, MessageId right) => left.CompareTo(right) > 0;
    public static bool operator <=(MessageId left, MessageId right) => left.CompareTo(right) <= 0;
    public static bool operator >=(MessageId left, MessageId right) => left.CompareTo(right) >= 0;

    public override string ToString() => string.Create(TextLength, Value, static (text, value) =>
    {
        for (var i = text.Length - 1; i >= 0; i--)
        {
            text[i] = Alphabet[(int)(value & 31)];
            value >>= 5;
        }
    });
}
