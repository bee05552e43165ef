using System.Net;
using System.Net.Sockets;
using MailKit;
using MailKit.Net.Smtp;
using MailKit.Security;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Orleans.Mail.Transport.Smtp;

/// <summary>Opens sessions. MailKit leads the opening dialogue on a socket of ours; the session then speaks on the same stream.</summary>
public sealed partial class SmtpConnector(IOptions<TransportOptions> options, IAddressGuard guard, TimeProvider time, ILogger<SmtpConnector> logger) : ISmtpConnector
{
    readonly TransportOptions _options = options.Value;
    static readonly SessionFailure Forbidden = new(SmtpPhase.Connect, SessionFailureKind.ForbiddenAddress, null, "The address is one that must not be contacted.");

    readonly BrokenTlsMemory _brokenTls = new(time, options.Value.BrokenTlsMemory, options.Value.MaxBrokenTlsHosts);

    public async Task<ConnectResult> ConnectAsync(SmtpTarget target, CancellationToken cancellationToken)
    {
        if (!target.IsAddressTrusted && !guard.Allows(target.Address)) return new ConnectResult(null, Forbidden);
        var endPoint = new IPEndPoint(target.Address, target.Port);
        var isTlsWanted = target.Tls == TlsMode.Opportunistic && !_brokenTls.Contains(endPoint);
        var result = await DialAsync(target, endPoint, isTlsWanted, cancellationToken).ConfigureAwait(false);
        if (!isTlsWanted || result.Failure is not { Phase: SmtpPhase.StartTls } failure) return result;

        // RFC 7435 §3: where encryption cannot be had, plaintext is better than no mail.
        _brokenTls.Add(endPoint);
        LogTlsBroken(target.Host, failure.Kind);
        return await DialAsync(target, endPoint, false, cancellationToken).ConfigureAwait(false);
    }

    async Task<ConnectResult> DialAsync(SmtpTarget target, IPEndPoint endPoint, bool isTlsWanted, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        // Small commands must not wait for the acknowledgement of what went before them.
        var socket = new Socket(target.Address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        var deadline = new SessionDeadline(socket, time);
        var log = new HandshakeLog(_options, deadline);
        var client = new HandshakeClient(log, _options.LocalDomain);
        var isHandedOver = false;
        using var registration = cancellationToken.UnsafeRegister(static state => ((SessionDeadline)state!).Abandon(), deadline);
        try
        {
            deadline.Arm(_options.ConnectTimeout);
            await socket.ConnectAsync(endPoint, CancellationToken.None).ConfigureAwait(false);
            var network = new NetworkStream(socket, ownsSocket: true);
            var security = isTlsWanted ? SecureSocketOptions.StartTlsWhenAvailable : SecureSocketOptions.None;
            await client.ConnectAsync(network, HostOf(target), target.Port, security, CancellationToken.None).ConfigureAwait(false);
            deadline.Disarm();
            var stream = client.IsSecure ? client.TlsStream ?? throw new InvalidOperationException("The TLS stream is not known.") : (Stream)network;
            var tls = client.TlsStream is { } secured ? $"{secured.SslProtocol} {secured.NegotiatedCipherSuite}" : null;
            var wire = new SmtpWire(stream, socket, deadline, log.Parser);
            isHandedOver = true;
            return new ConnectResult(new SmtpSession(target.Host, tls, SmtpExtensions.Of(client), wire, deadline, client, _options), null);
        }
        catch (Exception exception) when (IsRemoteFault(exception))
        {
            cancellationToken.ThrowIfCancellationRequested();
            return new ConnectResult(null, FailureOf(exception, log, deadline));
        }
        finally
        {
            if (!isHandedOver)
            {
                deadline.Dispose();
                client.Dispose();
                socket.Dispose();
            }
        }
    }

    // A name for SNI has no trailing dot; where there is no name, the address must do.
    static string HostOf(SmtpTarget target) => target.Host.TrimEnd('.') is { Length: > 0 } host ? host : target.Address.ToString();

    static bool IsRemoteFault(Exception exception) =>
        exception is IOException or SocketException or ObjectDisposedException or CommandException or ProtocolException or SslHandshakeException or System.Security.Authentication.AuthenticationException or OperationCanceledException;

    static SessionFailure FailureOf(Exception exception, HandshakeLog log, SessionDeadline deadline)
    {
        var phase = log.Phase;
        // The last words count where they were a refusal, even if the connection ended while something else was tried behind them.
        var reply = log.Refusal ?? (exception is SmtpCommandException ? log.LastReply : null);
        if (deadline.IsTimedOut) return new SessionFailure(phase, SessionFailureKind.Timeout, reply, "The remote did not answer in time.");
        if (phase == SmtpPhase.StartTls) return new SessionFailure(phase, SessionFailureKind.Tls, reply, $"TLS could not be had: {(exception.InnerException ?? exception).GetType().Name}.");
        if (log.Fault is { } fault) return new SessionFailure(phase, SessionFailureKind.Protocol, reply, fault.Message);
        if (phase == SmtpPhase.Connect) return new SessionFailure(phase, SessionFailureKind.ConnectFailed, null, $"Dialling failed: {(exception as SocketException)?.SocketErrorCode.ToString() ?? exception.GetType().Name}.");
        if (reply is { IsTransient: true } or { IsPermanent: true }) return new SessionFailure(phase, SessionFailureKind.ConnectFailed, reply, "The remote refused the session.");
        if (exception is SmtpCommandException || log.IsInReply) return new SessionFailure(phase, SessionFailureKind.Protocol, reply, "The remote did not open the session as SMTP does.");
        return new SessionFailure(phase, SessionFailureKind.ConnectionLost, reply, "The connection was lost.");
    }
}
