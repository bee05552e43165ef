using System.Diagnostics.CodeAnalysis;
using System.Net;
using MailKit.Security;

namespace Orleans.Mail.Transport.Smtp.Opening;

/// <summary>AUTH at a relay (RFC 4954). Credentials are asked for at the last moment, given only to who has proved to be the relay, and occur in no text.</summary>
sealed class RelayLogin(HandshakeClient client, HandshakeLog log, SmtpTarget target, TimeProvider time)
{
    static readonly string[] StrongestFirst = ["SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5", "PLAIN", "LOGIN"];

    /// <summary>Null when the relay knows us now.</summary>
    public async Task<SessionFailure?> LogInAsync(SmtpLogin login, TlsProof proof, TimeSpan limit, CancellationToken cancellationToken)
    {
        if (proof == TlsProof.None && !IsLoopback(target.Address)) return Failed("The relay's certificate is not verified; credentials are not given to it.");
        var offered = log.Extensions.Mechanisms;
        var name = login.Mechanism is { } wanted ? offered.FirstOrDefault(mechanism => mechanism.Equals(wanted, StringComparison.OrdinalIgnoreCase)) : StrongestFirst.FirstOrDefault(offered.Contains);
        if (name is null) return Failed("The relay offers no mechanism of AUTH that is wanted.");
        log.BeginAuth();
        if (await SecretAsync(login, limit, cancellationToken).ConfigureAwait(false) is not { } secret) return Failed("The secret for the relay could not be had.");
        try
        {
            if (MechanismOf(name, login.User, secret) is not { } mechanism) return Failed($"{name} is no mechanism of AUTH that is known here.");
            await client.AuthenticateAsync(mechanism, CancellationToken.None).ConfigureAwait(false);
            return null;
        }
        catch (Exception exception) when (exception is AuthenticationException or SaslException or ArgumentException or FormatException or IndexOutOfRangeException or NotSupportedException)
        {
            // The exception's own text may hold what was exchanged.
            return Failed(log.Refusal is null ? "The relay did not log in as its mechanism asks." : "The relay did not accept the credentials.", log.Refusal);
        }
    }

    [SuppressMessage("Security", "CA5351", Justification = "CRAM-MD5 is the relay's offer, and goes over verified TLS.")]
    static SaslMechanism? MechanismOf(string name, string user, string secret)
    {
        var credential = new NetworkCredential(user, secret);
        return name switch
        {
            "PLAIN" => new SaslMechanismPlain(credential),
            "LOGIN" => new SaslMechanismLogin(credential),
            "CRAM-MD5" => new SaslMechanismCramMd5(credential),
            "SCRAM-SHA-1" => new SaslMechanismScramSha1(credential),
            "SCRAM-SHA-256" => new SaslMechanismScramSha256(credential),
            "XOAUTH2" => new SaslMechanismOAuth2(credential),
            _ => null,
        };
    }

    // Whoever keeps the secret may fail in any way; that is no fault of the relay, and its words are not for the timeline.
    async Task<string?> SecretAsync(SmtpLogin login, TimeSpan limit, CancellationToken cancellationToken)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            return await login.Secret(over.Token).AsTask().WaitAsync(limit, time, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception) when (!cancellationToken.IsCancellationRequested)
        {
            await over.CancelAsync().ConfigureAwait(false);
            return null;
        }
    }

    static bool IsLoopback(IPAddress address) => IPAddress.IsLoopback(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address);

    static SessionFailure Failed(string detail, SmtpReply? reply = null) => new(SmtpPhase.Auth, SessionFailureKind.Authentication, reply, detail);
}
