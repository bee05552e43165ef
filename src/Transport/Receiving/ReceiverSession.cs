using System.Buffers;
using System.Net.Security;
using System.Net.Sockets;
using Orleans.Mail.Transport.Smtp;

namespace Orleans.Mail.Transport.Receiving;

/// <summary>One client of a <see cref="SmtpReceiver"/>. Answers are gathered while the client's group of commands lasts (RFC 2920 §3.2).</summary>
sealed partial class ReceiverSession(Socket socket, ReceiverContext context, ReceiverOptions options, IReceiverBehavior behavior, TimeProvider time) : IDisposable
{
    readonly ReceiverInput _input = new(options.MaxLineBytes);
    readonly ArrayBufferWriter<byte> _output = new(512);
    readonly SessionDeadline _deadline = new(socket, time);
    Stream _stream = new NetworkStream(socket, ownsSocket: true);
    bool _isOver;

    public async Task RunAsync(CancellationToken stopping)
    {
        using var registration = stopping.UnsafeRegister(static state => ((SessionDeadline)state!).Abandon(), _deadline);
        try
        {
            await SayAsync(behavior.OnConnect(context), stopping).ConfigureAwait(false);
            while (!_isOver)
            {
                var status = _input.ReadLine(out var line);
                if (status == InputStatus.Complete) await AnswerAsync(line, stopping).ConfigureAwait(false);
                else if (status == InputStatus.StrayLineFeed) await SayAsync(new ReceiverReply(500, "5.5.2 Lines end in CRLF"), stopping).ConfigureAwait(false);
                else if (status == InputStatus.TooLong) await SayAsync(new ReceiverReply(500, "5.5.2 Line too long") { Connection = ConnectionFate.DropAfterReply }, stopping).ConfigureAwait(false);
                else await ReceiveAsync().ConfigureAwait(false);
            }

            await FlushAsync().ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is IOException or SocketException or ObjectDisposedException or OperationCanceledException or System.Security.Authentication.AuthenticationException)
        {
            // The client is gone, or the receiver stops; either ends the session and nothing else.
        }
    }

    /// <summary>Ends the session's waits.</summary>
    public void Abort() => _deadline.Abandon();

    public void Dispose()
    {
        _deadline.Dispose();
        _stream.Dispose();
    }

    async ValueTask ReceiveAsync()
    {
        await FlushAsync().ConfigureAwait(false);
        _deadline.Arm(options.IdleTimeout);
        var count = await _stream.ReadAsync(_input.Free).ConfigureAwait(false);
        if (count == 0) _isOver = true;
        _input.Advance(count);
    }

    async ValueTask FlushAsync()
    {
        if (_output.WrittenCount == 0) return;
        _deadline.Arm(options.IdleTimeout);
        await _stream.WriteAsync(_output.WrittenMemory).ConfigureAwait(false);
        _output.ResetWrittenCount();
    }

    async ValueTask SayAsync(ReceiverReply reply, CancellationToken stopping)
    {
        if (reply.Delay != TimeSpan.Zero)
        {
            await FlushAsync().ConfigureAwait(false);
            _isOver = !await HoldAsync(reply.Delay, stopping).ConfigureAwait(false);
            if (_isOver) return;
        }

        // RFC 5321 §3.8: 421 is said on the way out.
        if (reply.Connection != ConnectionFate.Keep || reply.Code == 421) _isOver = true;
        if (reply.Connection != ConnectionFate.DropBeforeReply) _output.Write(reply.ToBytes().Span);
    }

    /// <summary>Waits, but not for a client that has left; then it is false.</summary>
    async ValueTask<bool> HoldAsync(TimeSpan delay, CancellationToken stopping)
    {
        _deadline.Disarm();
        using var over = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        var wait = Task.Delay(delay, time, over.Token);
        while (!wait.IsCompleted && socket.Available == 0)
        {
            if (socket.Poll(0, SelectMode.SelectRead) && socket.Available == 0) break;
            await Task.WhenAny(wait, socket.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None, over.Token).AsTask()).ConfigureAwait(false);
        }

        // Commands sent ahead hide whether the client is still there.
        if (!wait.IsCompleted && socket.Available > 0) await wait.ConfigureAwait(false);
        await over.CancelAsync().ConfigureAwait(false);
        return wait.IsCompletedSuccessfully;
    }

    async ValueTask StartTlsAsync()
    {
        await FlushAsync().ConfigureAwait(false);
        // Words sent ahead of the handshake were not said by who completes it.
        if (!_input.IsEmpty)
        {
            _isOver = true;
            return;
        }

        var tls = new SslStream(_stream, leaveInnerStreamOpen: false);
        _stream = tls;
        _deadline.Arm(options.IdleTimeout);
        await tls.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = options.Certificate }).ConfigureAwait(false);
        context.IsTls = true;
        context.ClientName = null;
        context.EndTransaction();
    }
}
