using System.Text;

namespace Orleans.Mail.Transport.Dkim;

/// <summary>Where a field is in the octets of content. <paramref name="End"/> is after its last CRLF.</summary>
readonly record struct HeaderField(int Start, int NameEnd, int End);

/// <summary>The fields of content as they lie there, first to last, folded lines with the field they belong to (RFC 5322 §2.2).</summary>
readonly struct HeaderFields
{
    readonly byte[] _content;
    readonly List<HeaderField> _fields;

    HeaderFields(byte[] content, List<HeaderField> fields, int bodyStart)
    {
        _content = content;
        _fields = fields;
        BodyStart = bodyStart;
    }

    /// <summary>First octet after the empty line.</summary>
    public int BodyStart { get; }

    public ReadOnlySpan<byte> Body => _content.AsSpan(BodyStart);

    public static HeaderFields Of(byte[] content)
    {
        var fields = new List<HeaderField>(24);
        var at = 0;
        while (at < content.Length)
        {
            var length = content.AsSpan(at).IndexOf("\r\n"u8);
            if (length == 0) return new HeaderFields(content, fields, at + 2);
            var end = length < 0 ? content.Length : at + length + 2;
            var isFolded = content[at] is (byte)' ' or (byte)'\t';
            var colon = content.AsSpan(at..end).IndexOf((byte)':');
            if (isFolded && fields.Count > 0) fields[^1] = fields[^1] with { End = end };
            else if (colon > 0) fields.Add(new HeaderField(at, at + colon, end));
            at = end;
        }

        return new HeaderFields(content, fields, at);
    }

    public ReadOnlySpan<byte> Name(HeaderField field) => _content.AsSpan(field.Start..field.NameEnd);

    /// <summary>All after the colon, with its line ends.</summary>
    public ReadOnlySpan<byte> Value(HeaderField field) => _content.AsSpan((field.NameEnd + 1)..field.End);

    /// <summary>Fields of a name, last first: the order in which they are signed (RFC 6376 §5.4.2).</summary>
    public IEnumerable<HeaderField> Named(string name)
    {
        for (var i = _fields.Count - 1; i >= 0; i--)
            if (Ascii.EqualsIgnoreCase(Name(_fields[i]), name)) yield return _fields[i];
    }

    public bool Has(string name) => Named(name).Any();
}
