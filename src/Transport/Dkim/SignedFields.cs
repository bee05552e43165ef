using System.Buffers;
using System.Collections.Immutable;
using System.Text;

namespace Orleans.Mail.Transport.Dkim;

/// <summary>Which fields a signature covers (RFC 6376 §5.4): what a reader sees, what names the message, and how its body is read.</summary>
static class SignedFields
{
    // Named once more than they are there, so that one added on the way breaks the signature (RFC 6376 §8.15).
    // Bar From, only what is missing from no good message, or what no relay adds for good reason.
    static readonly ImmutableArray<string> Sealed = ["From", "To", "Cc", "Subject", "Reply-To"];

    // Sealed where they are there: a relay may add them to a message without.
    static readonly ImmutableArray<string> SealedIfThere = ["Date", "Message-ID", "MIME-Version", "Content-Type", "Content-Transfer-Encoding"];

    static readonly ImmutableArray<string> IfThere =
    [
        "Sender", "In-Reply-To", "References", "List-Id", "List-Unsubscribe", "List-Unsubscribe-Post", "List-Help", "List-Subscribe", "List-Post", "List-Owner", "List-Archive",
        "Auto-Submitted", "Feedback-ID",
    ];

    /// <summary>Value of h=, and the canonical form of what it names, each with its CRLF.</summary>
    public static (string Names, ArrayBufferWriter<byte> Form) Of(HeaderFields fields)
    {
        var names = new StringBuilder();
        var form = new ArrayBufferWriter<byte>(1024);
        foreach (var name in Sealed) Add(name, fields, names, form, isSealed: true);
        foreach (var name in SealedIfThere) Add(name, fields, names, form, isSealed: fields.Has(name));
        foreach (var name in IfThere) Add(name, fields, names, form, isSealed: false);
        return (names.ToString(), form);
    }

    static void Add(string name, HeaderFields fields, StringBuilder names, ArrayBufferWriter<byte> form, bool isSealed)
    {
        foreach (var field in fields.Named(name))
        {
            RelaxedForm.AppendField(form, fields.Name(field), fields.Value(field));
            form.Write("\r\n"u8);
            AddName(name, names);
        }

        if (isSealed) AddName(name, names);
    }

    static void AddName(string name, StringBuilder names) => names.Append(names.Length == 0 ? "" : ":").Append(name);
}
