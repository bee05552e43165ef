using System.Security.Cryptography;
using System.Text;

namespace Orleans.Mail.Ledger;

/// <summary>
/// Takes the content of one message off the wire: undoes dot-stuffing, finds the end of data (CRLF . CRLF and nothing else,
/// RFC 5321 §4.1.1.4), counts and hashes what is left, and notes the ledger's headers.
/// </summary>
public sealed class ContentReader : IDisposable
{
    enum At : byte { Inside, AfterCr, LineStart, AfterDot, AfterDotCr, End }

    readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    readonly byte[] _content = new byte[1 << 16];
    int _length;
    bool _headersRead;
    At _at;

    public long Octets { get; private set; }

    public string? Id { get; private set; }

    public string? Attempt { get; private set; }

    public string Sha256 { get; private set; } = "";

    /// <summary>Makes ready for the next message.</summary>
    public void Start()
    {
        (_length, _headersRead, _at, Octets) = (0, false, At.LineStart, 0);
        (Id, Attempt, Sha256) = (null, null, "");
    }

    /// <summary>Reads on. True when the end of data was reached; <paramref name="used"/> octets belong to this message.</summary>
    public bool Read(ReadOnlySpan<byte> wire, out int used)
    {
        var i = 0;
        while (i < wire.Length && _at != At.End)
        {
            var octet = wire[i];
            switch (_at)
            {
                case At.Inside:
                    var next = wire[i..].IndexOf((byte)'\r');
                    var taken = next < 0 ? wire.Length - i : next + 1;
                    Take(wire.Slice(i, taken));
                    i += taken;
                    if (next >= 0) _at = At.AfterCr;
                    break;
                case At.AfterCr when octet == '\n':
                    Take(wire.Slice(i++, 1));
                    _at = At.LineStart;
                    break;
                case At.LineStart when octet == '.':
                    i++;
                    _at = At.AfterDot;
                    break;
                case At.AfterDot when octet == '\r':
                    i++;
                    _at = At.AfterDotCr;
                    break;
                case At.AfterDotCr when octet == '\n':
                    i++;
                    _at = At.End;
                    break;
                case At.AfterDotCr:
                    Take("\r"u8);
                    _at = At.AfterCr;
                    break;
                default:
                    _at = At.Inside;
                    break;
            }
        }

        used = i;
        if (_at != At.End) return false;
        Drain();
        Span<byte> digest = stackalloc byte[32];
        _hash.GetHashAndReset(digest);
        Sha256 = Convert.ToHexStringLower(digest);
        return true;
    }

    public void Dispose() => _hash.Dispose();

    void Take(ReadOnlySpan<byte> octets)
    {
        Octets += octets.Length;
        while (octets.Length > 0)
        {
            if (_length == _content.Length) Drain();
            var part = Math.Min(octets.Length, _content.Length - _length);
            octets[..part].CopyTo(_content.AsSpan(_length));
            _length += part;
            octets = octets[part..];
        }
    }

    void Drain()
    {
        var content = _content.AsSpan(0, _length);
        if (!_headersRead) ReadHeaders(content);
        _headersRead = true;
        _hash.AppendData(content);
        _length = 0;
    }

    void ReadHeaders(ReadOnlySpan<byte> content)
    {
        var end = content.IndexOf("\r\n\r\n"u8);
        if (end >= 0) content = content[..end];
        Id = HeaderOf(content, "\r\nX-Ledger-Id: "u8);
        Attempt = HeaderOf(content, "\r\nX-Ledger-Attempt: "u8);
    }

    static string? HeaderOf(ReadOnlySpan<byte> headers, ReadOnlySpan<byte> name)
    {
        int start;
        if (headers.StartsWith(name[2..])) start = name.Length - 2;
        else if ((start = headers.IndexOf(name)) >= 0) start += name.Length;
        else return null;
        var value = headers[start..];
        var end = value.IndexOf("\r\n"u8);
        return Encoding.ASCII.GetString(end < 0 ? value : value[..end]).Trim();
    }
}
