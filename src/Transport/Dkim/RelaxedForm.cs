using System.Buffers;
using System.Security.Cryptography;

namespace Orleans.Mail.Transport.Dkim;

/// <summary>The relaxed canonical forms (RFC 6376 §3.4.2 and §3.4.4), made from octets as they are sent.</summary>
static class RelaxedForm
{
    static readonly SearchValues<byte> WhiteSpace = SearchValues.Create((byte)' ', (byte)'\t');
    static readonly SearchValues<byte> WhiteSpaceAndLineEnds = SearchValues.Create((byte)' ', (byte)'\t', (byte)'\r', (byte)'\n');

    /// <summary>One field without its line end: name in lower case, unfolded, white space in one space.</summary>
    public static void AppendField(ArrayBufferWriter<byte> form, ReadOnlySpan<byte> name, ReadOnlySpan<byte> value)
    {
        var target = form.GetSpan(name.Length + value.Length + 1);
        var length = System.Text.Ascii.ToLower(name.TrimEnd(" \t"u8), target, out var written) is OperationStatus.Done ? written : 0;
        target[length++] = (byte)':';
        for (var rest = value.Trim(" \t\r\n"u8); !rest.IsEmpty;)
        {
            var word = rest.IndexOfAny(WhiteSpaceAndLineEnds);
            var part = word < 0 ? rest : rest[..word];
            part.CopyTo(target[length..]);
            length += part.Length;
            if (word < 0) break;
            target[length++] = (byte)' ';
            rest = rest[word..].TrimStart(" \t\r\n"u8);
        }

        form.Advance(length);
    }

    /// <summary>Hash of the body: no white space at line ends, one space for the rest of it, no empty lines at the end.</summary>
    public static byte[] HashBody(ReadOnlySpan<byte> body)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var rest = body.TrimEnd(" \t\r\n"u8);
        if (!rest.IsEmpty)
        {
            AppendBody(new HashBuffer(hash, stackalloc byte[HashBuffer.Size]), rest);
            hash.AppendData("\r\n"u8);
        }

        return hash.GetHashAndReset();
    }

    static void AppendBody(HashBuffer target, ReadOnlySpan<byte> rest)
    {
        // Most white space is one space between words, and stays: what is before it waits to be appended in one piece.
        var from = 0;
        for (var at = 0; at < rest.Length;)
        {
            var next = rest[at..].IndexOfAny(WhiteSpace);
            if (next < 0) break;
            var start = at + next;
            at = start + rest[start..].IndexOfAnyExcept(WhiteSpace);
            var isLineEnd = rest[at..].StartsWith("\r\n"u8);
            if (!isLineEnd && at == start + 1 && rest[start] == ' ') continue;
            target.Append(rest[from..start]);
            if (!isLineEnd) target.Append(" "u8);
            from = at;
        }

        target.Append(rest[from..]);
        target.Flush();
    }

    // Small pieces are gathered: a call of the hash costs more than they do.
    ref struct HashBuffer(IncrementalHash hash, Span<byte> gathered)
    {
        public const int Size = 1024;

        readonly Span<byte> _gathered = gathered;
        int _length;

        public void Append(ReadOnlySpan<byte> piece)
        {
            if (piece.Length > _gathered.Length - _length) Flush();
            if (piece.Length > _gathered.Length)
            {
                hash.AppendData(piece);
                return;
            }

            piece.CopyTo(_gathered[_length..]);
            _length += piece.Length;
        }

        public void Flush()
        {
            hash.AppendData(_gathered[.._length]);
            _length = 0;
        }
    }
}
