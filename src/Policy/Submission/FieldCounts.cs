using System.Collections.Immutable;
using System.Numerics;
using System.Text;

namespace Orleans.Mail.Policy.Submission;

/// <summary>
/// Which fields of a header are there, and which are there twice though they may not be (RFC 5322 §3.6, RFC 2045 §3).
/// Readers differ in which of two they show, so one could be checked or signed and the other one seen.
/// </summary>
struct FieldCounts
{
    // The first is the one that has to be there.
    static readonly ImmutableArray<string> Single =
    [
        "From", "Sender", "Reply-To", "To", "Cc", "Bcc", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "MIME-Version", "Content-Type", "Content-Transfer-Encoding",
    ];

    uint _seen;
    uint _repeated;

    /// <param name="line">First line of a field, or a folded one, which begins with white space.</param>
    public void Count(ReadOnlySpan<byte> line)
    {
        var name = line[..Math.Max(0, line.IndexOf((byte)':'))];
        for (var i = 0; i < Single.Length; i++)
        {
            if (!Ascii.EqualsIgnoreCase(name, Single[i])) continue;
            _repeated |= _seen & (1u << i);
            _seen |= 1u << i;
            return;
        }
    }

    public readonly void AddFaults(FaultList faults)
    {
        if ((_seen & 1) == 0) faults.Add("content", "has no From field; name the author (RFC 5322 §3.6.2)");
        for (var rest = _repeated; rest != 0; rest &= rest - 1)
            faults.Add("content", $"has more than one {Single[BitOperations.TrailingZeroCount(rest)]} field; keep one (RFC 5322 §3.6)");
    }
}
