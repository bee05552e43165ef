namespace Orleans.Mail.Transport.Smtp;

/// <summary>A few one-line replies by their octets. The same words come with nearly every message, and one object serves them all.</summary>
sealed class ReplyMemo
{
    const int Slots = 8;
    const int MaxLineBytes = 64;

    readonly (byte[] Line, int Length, SmtpReply Reply)[] _slots = new (byte[], int, SmtpReply)[Slots];

    public SmtpReply? Find(ReadOnlySpan<byte> line)
    {
        if (line.Length > MaxLineBytes) return null;
        ref var slot = ref _slots[SlotOf(line)];
        return slot.Reply is not null && line.SequenceEqual(slot.Line.AsSpan(0, slot.Length)) ? slot.Reply : null;
    }

    public SmtpReply Keep(ReadOnlySpan<byte> line, SmtpReply reply)
    {
        if (line.Length > MaxLineBytes) return reply;
        ref var slot = ref _slots[SlotOf(line)];
        slot.Line ??= new byte[MaxLineBytes];
        line.CopyTo(slot.Line);
        slot.Length = line.Length;
        slot.Reply = reply;
        return reply;
    }

    static int SlotOf(ReadOnlySpan<byte> line)
    {
        var sum = 0;
        foreach (var octet in line) sum = sum * 31 + octet;
        return (sum ^ (sum >> 8)) & (Slots - 1);
    }
}
