using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using MailKit;
using MailKit.Net.Smtp;
using MailKit.Security;
using Orleans.Mail.Transport.Smtp.Certificates;

namespace Orleans.Mail.Transport.Smtp.Opening;

/// <summary>One dialling of one address: the socket, and what is said on it until a session is open. MailKit leads the opening dialogue on a socket of ours; the session then speaks on the same stream.</summary>
sealed class SmtpDial : IDisposable
{
    readonly SmtpTarget _target;
    readonly TransportOptions _options;
    readonly TimeProvider _time;
    readonly Socket _socket;
    readonly SessionDeadline _deadline;
    readonly HandshakeLog _log;
    readonly CertificateCheck _check;
    readonly HandshakeClient _client;
    bool _isHandedOver;

    public SmtpDial(SmtpTarget target, TransportOptions options, X509Certificate2Collection extraRoots, TimeProvider time)
    {
        _target = target;
        _options = options;
        _time = time;
        // Small commands must not wait for the acknowledgement of what went before them.
        _socket = new Socket(target.Address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        _deadline = new SessionDeadline(_socket, time);
        _log = new HandshakeLog(options, _deadline);
        _check = new CertificateCheck(target, extraRoots, time);
        _client = new HandshakeClient(_log, options.LocalDomain, target, _check, time);
    }

    public async Task<ConnectResult> OpenAsync(SecureSocketOptions security, CancellationToken cancellationToken)
    {
        using var registration = cancellationToken.UnsafeRegister(static state => ((SessionDeadline)state!).Abandon(), _deadline);
        try
        {
            if (Bind() is { } failure) return new ConnectResult(null, failure);
            _deadline.Arm(_options.ConnectTimeout);
            await _socket.ConnectAsync(new IPEndPoint(_target.Address, _target.Port), CancellationToken.None).ConfigureAwait(false);
            var network = new NetworkStream(_socket, ownsSocket: true);
            if (security == SecureSocketOptions.SslOnConnect) _log.BeginImplicitTls();
            await _client.ConnectAsync(network, NameForTls(), _target.Port, security, CancellationToken.None).ConfigureAwait(false);
            if (_target.Login is { } login && await LogInAsync(login, cancellationToken).ConfigureAwait(false) is { } refusal) return new ConnectResult(null, refusal);
            cancellationToken.ThrowIfCancellationRequested();
            _deadline.Disarm();
            return new ConnectResult(Session(network), null);
        }
        catch (Exception exception) when (IsRemoteFault(exception))
        {
            cancellationToken.ThrowIfCancellationRequested();
            return new ConnectResult(null, FailureOf(exception));
        }
    }

    public void Dispose()
    {
        if (_isHandedOver) return;
        _deadline.Dispose();
        _client.Dispose();
        _socket.Dispose();
    }

    SessionFailure? Bind()
    {
        if (_target.Source is not { } source) return null;
        try
        {
            _socket.Bind(new IPEndPoint(source, 0));
            return null;
        }
        catch (SocketException exception)
        {
            return new SessionFailure(SmtpPhase.Connect, SessionFailureKind.ConnectFailed, null, $"The source address cannot be dialled from: {exception.SocketErrorCode}.");
        }
    }

    async Task<SessionFailure?> LogInAsync(SmtpLogin login, CancellationToken cancellationToken)
    {
        var relay = new RelayLogin(_client, _log, _target, _time);
        if (await relay.LogInAsync(login, _check.Verdict.Proof, _options.AuthTimeout, cancellationToken).ConfigureAwait(false) is { } failure)
            return _deadline.IsTimedOut ? Timeout(SmtpPhase.Auth, null) : failure;
        _log.EndAuth();
        // RFC 9422 §5: limits may be others for who is known.
        if (_log.Extensions.HasLimits) await _client.RepeatHelloAsync(_log.Hello).ConfigureAwait(false);
        return null;
    }

    SmtpSession Session(NetworkStream network)
    {
        var stream = _client.IsSecure ? _client.TlsStream ?? throw new InvalidOperationException("The TLS stream is not known.") : (Stream)network;
        var proof = _check.Verdict.Proof;
        var opened = new OpenedSession(_target.Host, TlsSummary.Of(_client.TlsStream, proof), proof, _log.Extensions);
        _isHandedOver = true;
        return new SmtpSession(opened, new SmtpWire(stream, _socket, _deadline, _log.Parser), _deadline, _client, _options);
    }

    // RFC 7672 §8.1: under DANE the name of the TLSA records, which an alias of the host may be. Where there is no name that TLS could ask for, the address must do.
    string NameForTls() =>
        HostNames.ToTlsName(_target is { Tls: TlsMode.Dane, CertificateNames: [var name, ..] } ? name : _target.Host) ?? _target.Address.ToString();

    static bool IsRemoteFault(Exception exception) =>
        exception is IOException or SocketException or ObjectDisposedException or CommandException or ProtocolException or SslHandshakeException or System.Security.Authentication.AuthenticationException or OperationCanceledException or NotSupportedException;

    SessionFailure FailureOf(Exception exception)
    {
        var phase = _log.Phase;
        // The last words count where they were a refusal, even if the connection ended while something else was tried behind them.
        var reply = _log.Refusal ?? (exception is SmtpCommandException ? _log.LastReply : null);
        if (_deadline.IsTimedOut) return Timeout(phase, reply);
        // Only where STARTTLS is a must does MailKit find it missing.
        if (exception is NotSupportedException) return new SessionFailure(SmtpPhase.StartTls, SessionFailureKind.Tls, null, "TLS could not be had: starttls-not-supported: the remote does not offer STARTTLS.");
        if (phase == SmtpPhase.StartTls) return new SessionFailure(phase, SessionFailureKind.Tls, reply, $"TLS could not be had: {TlsFault(exception)}.");
        if (_log.Fault is { } fault) return new SessionFailure(phase, SessionFailureKind.Protocol, reply, fault.Message);
        if (phase == SmtpPhase.Connect) return new SessionFailure(phase, SessionFailureKind.ConnectFailed, null, $"Dialling failed: {(exception as SocketException)?.SocketErrorCode.ToString() ?? exception.GetType().Name}.");
        if (reply is { IsTransient: true } or { IsPermanent: true }) return new SessionFailure(phase, phase == SmtpPhase.Auth ? SessionFailureKind.Authentication : SessionFailureKind.ConnectFailed, reply, "The remote refused the session.");
        if (exception is SmtpCommandException || _log.IsInReply) return new SessionFailure(phase, SessionFailureKind.Protocol, reply, "The remote did not open the session as SMTP does.");
        return new SessionFailure(phase, SessionFailureKind.ConnectionLost, reply, "The connection was lost.");
    }

    // The names of RFC 8460 §4.3, so that a report can be made of them.
    string TlsFault(Exception exception) =>
        _check.Verdict.Fault
        ?? (exception is SmtpCommandException ? "starttls-not-supported: the remote did not agree to STARTTLS"
            : $"validation-failure: {_log.Fault?.Message.TrimEnd('.') ?? (exception.InnerException ?? exception).GetType().Name}");

    static SessionFailure Timeout(SmtpPhase phase, SmtpReply? reply) => new(phase, SessionFailureKind.Timeout, reply, "The remote did not answer in time.");
}
