using System.Buffers;
using System.Net.Sockets;
using System.Runtime.CompilerServices;
using System.Text;

namespace Orleans.Mail.Transport.Smtp;

/// <summary>
/// The octets of one connection after the opening dialogue: gathers writes up to 64 KiB, reads replies, stuffs dots. Every wait is under a deadline.
/// The output buffer is rented while a transaction runs, so that an idle session holds little.
/// </summary>
sealed class SmtpWire(Stream stream, Socket socket, SessionDeadline deadline, ReplyParser parser) : IDisposable
{
    const int OutputBytes = 64 * 1024;
    const int InputBytes = 2048;
    const int EndOfDataBytes = 8;

    readonly byte[] _input = new byte[InputBytes];
    int _inputStart;
    int _inputEnd;
    byte[]? _output;
    int _outputLength;
    int _commandStart;

    /// <summary>A write failed. What the remote said before may still be read.</summary>
    public bool IsWriteBroken { get; private set; }

    /// <summary>The remote has said more than was asked.</summary>
    public bool HasUnreadInput => _inputStart < _inputEnd || parser.IsInReply;

    /// <summary>What has come, by now, on a connection where nothing is due. Inside TLS only the end is seen: other records, such as session tickets, are no replies.</summary>
    public (bool IsClosed, bool HasInput) Peek(bool isTls)
    {
        if (HasUnreadInput) return (false, true);
        try
        {
            if (!socket.Poll(0, SelectMode.SelectRead)) return (false, false);
            var isClosed = socket.Available == 0;
            return (isClosed, !isClosed && !isTls);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            return (true, false);
        }
    }

    public void Begin(int expectedBytes) => _output ??= ArrayPool<byte>.Shared.Rent(Math.Min(OutputBytes, expectedBytes));

    public void End()
    {
        if (_output is null) return;
        ArrayPool<byte>.Shared.Return(_output);
        _output = null;
        _outputLength = _commandStart = 0;
    }

    /// <summary>Ends a command. The last look at its octets before they leave: nothing may be in it that a remote takes for the end of a line.</summary>
    public void EndCommand(bool isUtf8Allowed = false)
    {
        if (!CommandOctets.AreFit(_output.AsSpan(_commandStart, _outputLength - _commandStart), isUtf8Allowed)) throw new UnfitCommandException();
        Append("\r\n"u8);
        _commandStart = _outputLength;
    }

    /// <summary>Queues part of a command. Callers keep a group of commands within the buffer.</summary>
    public void Append(ReadOnlySpan<byte> text)
    {
        Grow(text.Length);
        text.CopyTo(_output.AsSpan(_outputLength));
        _outputLength += text.Length;
    }

    public void Append(string text)
    {
        Grow(Encoding.UTF8.GetMaxByteCount(text.Length));
        _outputLength += Encoding.UTF8.GetBytes(text, _output.AsSpan(_outputLength));
    }

    public void Append(long number)
    {
        Grow(20);
        number.TryFormat(_output.AsSpan(_outputLength), out var written);
        _outputLength += written;
    }

    public async ValueTask FlushAsync(TimeSpan limit)
    {
        if (_outputLength == 0 || IsWriteBroken) return;
        deadline.Arm(limit);
        try
        {
            await stream.WriteAsync(_output.AsMemory(0, _outputLength)).ConfigureAwait(false);
        }
        catch (IOException) when (!deadline.IsTimedOut && !deadline.IsAbandoned)
        {
            // A remote that closes has often said why; the reader finds that, or the same end.
            IsWriteBroken = true;
        }

        _outputLength = _commandStart = 0;
    }

    /// <summary>Content with dots stuffed (RFC 5321 §4.5.2). What does not fill the buffer stays in it, to leave together with the end of data.</summary>
    public async ValueTask WriteContentAsync(ReadOnlyMemory<byte> content, ContentPace pace)
    {
        var offset = 0;
        while (offset < content.Length && !IsWriteBroken)
        {
            DotStuffing.Fill(content.Span, ref offset, _output, ref _outputLength);
            if (offset < content.Length || _output!.Length - _outputLength < EndOfDataBytes) await FlushAsync(pace.Limit(offset - _outputLength)).ConfigureAwait(false);
        }
    }

    /// <summary>The next reply, whole, within the limit.</summary>
    public ValueTask<SmtpReply> ReadReplyAsync(TimeSpan limit)
    {
        if (_inputStart < _inputEnd && TakeReply() is { } reply) return new ValueTask<SmtpReply>(reply);
        return ReceiveReplyAsync(limit);
    }

    public void Dispose() => End();

    [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder<>))]
    async ValueTask<SmtpReply> ReceiveReplyAsync(TimeSpan limit)
    {
        deadline.Arm(limit);
        while (true)
        {
            var count = await stream.ReadAsync(_input).ConfigureAwait(false);
            if (count == 0) throw new EndOfStreamException("The remote closed the connection.");
            (_inputStart, _inputEnd) = (0, count);
            if (TakeReply() is { } reply) return reply;
        }
    }

    SmtpReply? TakeReply()
    {
        var reply = parser.Read(_input.AsSpan(_inputStart, _inputEnd - _inputStart), out var consumed);
        _inputStart += consumed;
        return reply;
    }

    void Grow(int count)
    {
        if (_output!.Length - _outputLength >= count) return;
        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(_output.Length * 2, _outputLength + count));
        _output.AsSpan(0, _outputLength).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_output);
        _output = larger;
    }
}
