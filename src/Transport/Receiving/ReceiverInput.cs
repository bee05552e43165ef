using System.Buffers;
using System.Text;

namespace Orleans.Mail.Transport.Receiving;

enum InputStatus : byte
{
    Complete,
    NeedsMore,
    TooLong,
    StrayLineFeed,
}

/// <summary>What a client sent and nobody has taken yet: command lines, and content up to CRLF.CRLF and nothing else.</summary>
sealed class ReceiverInput(int maxLineBytes)
{
    readonly byte[] _buffer = new byte[64 * 1024];
    int _start;
    int _end;
    bool _isLineStart;
    int _contentBytes;

    public bool IsEmpty => _start == _end;

    /// <summary>Where to read more to.</summary>
    public Memory<byte> Free
    {
        get
        {
            if (_start == _end) _start = _end = 0;
            if (_end == _buffer.Length)
            {
                _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
                (_start, _end) = (0, _end - _start);
            }

            return _buffer.AsMemory(_end);
        }
    }

    public void Advance(int count) => _end += count;

    public InputStatus ReadLine(out string line)
    {
        line = "";
        var rest = Rest;
        var end = rest.IndexOf((byte)'\n');
        if (end < 0) return rest.Length > maxLineBytes ? InputStatus.TooLong : InputStatus.NeedsMore;
        if (end + 1 > maxLineBytes) return InputStatus.TooLong;
        _start += end + 1;
        if (end == 0 || rest[end - 1] != '\r') return InputStatus.StrayLineFeed;
        line = Encoding.UTF8.GetString(rest[..(end - 1)]);
        return InputStatus.Complete;
    }

    public void BeginContent()
    {
        _isLineStart = true;
        _contentBytes = 0;
    }

    /// <summary>Moves content to a writer. Past the bound it is dropped, and the end is still found; then the answer is <see cref="InputStatus.TooLong"/>.</summary>
    public InputStatus ReadContent(ArrayBufferWriter<byte> writer, int maxContentBytes)
    {
        while (true)
        {
            if (_isLineStart)
            {
                var line = Rest;
                if (line.StartsWith(".\r\n"u8))
                {
                    _start += 3;
                    return _contentBytes > maxContentBytes ? InputStatus.TooLong : InputStatus.Complete;
                }

                if (line.Length < 3 && ".\r\n"u8.StartsWith(line)) return InputStatus.NeedsMore;
                if (line[0] == '.') _start++;
                _isLineStart = false;
            }

            var rest = Rest;
            var next = rest.IndexOf("\r\n."u8);
            // Two octets stay behind: they may be the CRLF before a dot.
            var count = next < 0 ? Math.Max(0, rest.Length - 2) : next + 2;
            _contentBytes = (int)Math.Min(int.MaxValue, (long)_contentBytes + count);
            if (_contentBytes <= maxContentBytes) writer.Write(rest[..count]);
            _start += count;
            if (next < 0) return InputStatus.NeedsMore;
            _isLineStart = true;
        }
    }

    ReadOnlySpan<byte> Rest => _buffer.AsSpan(_start, _end - _start);
}
