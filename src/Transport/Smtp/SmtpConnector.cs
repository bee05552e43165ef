using System.Net;
using System.Security.Cryptography.X509Certificates;
using MailKit.Security;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Mail.Transport.Smtp.Certificates;
using Orleans.Mail.Transport.Smtp.Opening;

namespace Orleans.Mail.Transport.Smtp;

/// <summary>Opens sessions, in plaintext where TLS broke and may be done without.</summary>
public sealed partial class SmtpConnector(IOptions<TransportOptions> options, IAddressGuard guard, TimeProvider time, ILogger<SmtpConnector> logger) : ISmtpConnector
{
    static readonly SessionFailure Forbidden = new(SmtpPhase.Connect, SessionFailureKind.ForbiddenAddress, null, "The address is one that must not be contacted.");

    readonly TransportOptions _options = options.Value;
    readonly HostMemory _brokenTls = new(time, options.Value.BrokenTlsMemory, options.Value.MaxBrokenTlsHosts);
    readonly HostMemory _seenTls = new(time, options.Value.SeenTlsMemory, options.Value.MaxSeenTlsHosts);
    readonly X509Certificate2Collection _extraRoots = TrustedRootFiles.Load(options.Value.TrustedRoots);

    public async Task<ConnectResult> ConnectAsync(SmtpTarget target, CancellationToken cancellationToken)
    {
        if (!target.IsAddressTrusted && !guard.Allows(target.Address)) return new ConnectResult(null, Forbidden);
        if (target.IsTlsImplicit) return await DialAsync(target, SecureSocketOptions.SslOnConnect, cancellationToken).ConfigureAwait(false);
        if (target.Tls == TlsMode.Opportunistic) return await DialOpportunisticAsync(target, cancellationToken).ConfigureAwait(false);
        return await DialAsync(target, target.Tls == TlsMode.None ? SecureSocketOptions.None : SecureSocketOptions.StartTls, cancellationToken).ConfigureAwait(false);
    }

    async Task<ConnectResult> DialOpportunisticAsync(SmtpTarget target, CancellationToken cancellationToken)
    {
        var endPoint = new IPEndPoint(target.Address, target.Port);
        var result = await DialOpportunisticAsync(target, endPoint, cancellationToken).ConfigureAwait(false);
        if (result.Session is { Tls: not null }) _seenTls.Add(endPoint);
        else if (result.Session is SmtpSession plain && _seenTls.Contains(endPoint))
        {
            // Mail goes on, since nobody demanded TLS; that somebody may have taken it away is told with the attempt.
            plain.IsTlsLost = true;
            LogTlsLost(target.Host);
        }

        return result;
    }

    async Task<ConnectResult> DialOpportunisticAsync(SmtpTarget target, IPEndPoint endPoint, CancellationToken cancellationToken)
    {
        if (!_brokenTls.Contains(endPoint))
        {
            var result = await DialAsync(target, SecureSocketOptions.StartTlsWhenAvailable, cancellationToken).ConfigureAwait(false);
            if (result.Failure is not { Phase: SmtpPhase.StartTls } failure) return result;
            _brokenTls.Add(endPoint);
            LogTlsBroken(target.Host, failure.Kind);
        }

        // RFC 7435 §3: where encryption cannot be had, plaintext is better than no mail.
        return await DialAsync(target, SecureSocketOptions.None, cancellationToken).ConfigureAwait(false);
    }

    async Task<ConnectResult> DialAsync(SmtpTarget target, SecureSocketOptions security, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var dial = new SmtpDial(target, _options, _extraRoots, time);
        return await dial.OpenAsync(security, cancellationToken).ConfigureAwait(false);
    }
}
