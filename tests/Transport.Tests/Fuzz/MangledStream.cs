using System.Net.Sockets;

namespace Orleans.Mail.Transport.Tests.Fuzz;

/// <summary>A socket whose output goes in pieces, is cut off after a number of octets, or has one of them inverted; it notes what really went.</summary>
sealed class MangledStream(NetworkStream inner, Random random) : Stream
{
    readonly long _cutAt = random.Next(6) == 0 ? random.Next(1, 600) : long.MaxValue;
    readonly long _corruptAt = random.Next(8) == 0 ? random.Next(600) : -1;
    readonly int _pieceBytes = random.Next(4) == 0 ? random.Next(1, 20) : int.MaxValue;
    long _written;

    /// <summary>Where the output is noted; null for nowhere.</summary>
    public Exchange? Notes { get; set; }

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var octets = buffer.ToArray();
        if (_corruptAt >= _written && _corruptAt < _written + octets.Length) octets[_corruptAt - _written] ^= 0xFF;
        for (var start = 0; start < octets.Length && _written < _cutAt;)
        {
            var length = (int)Math.Min(Math.Min(octets.Length - start, _pieceBytes), _cutAt - _written);
            await inner.WriteAsync(octets.AsMemory(start, length), cancellationToken);
            Notes?.Said.Write(octets, start, length);
            start += length;
            _written += length;
            if (_written == _cutAt) inner.Socket.Shutdown(SocketShutdown.Send);
        }
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => inner.ReadAsync(buffer, cancellationToken);

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => inner.ReadAsync(buffer, offset, count, cancellationToken);

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();
}
