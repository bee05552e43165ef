using System.Text;
using MailKit;

namespace Orleans.Mail.Transport.Smtp.Opening;

/// <summary>
/// Follows the opening dialogue that MailKit leads, in plain words even inside TLS: names the phase, arms its deadline, keeps the last reply,
/// and breaks the connection off when a reply has no bound or comes unasked. The latter includes words put behind the reply to STARTTLS.
/// It passes nothing on: what is said at AUTH ends here.
/// </summary>
sealed class HandshakeLog(TransportOptions options, SessionDeadline deadline) : IProtocolLogger
{
    bool _isReplyDue = true;

    /// <summary>Serves the session after the opening dialogue, too.</summary>
    public ReplyParser Parser { get; } = new(options.MaxReplyLineBytes, options.MaxReplyBytes, options.MaxReplyLines);

    public SmtpPhase Phase { get; private set; } = SmtpPhase.Connect;

    public SmtpReply? LastReply { get; private set; }

    /// <summary>The last 4yz or 5yz of this phase.</summary>
    public SmtpReply? Refusal { get; private set; }

    /// <summary>The last EHLO or HELO, CRLF included.</summary>
    public string Hello { get; private set; } = "";

    /// <summary>What was offered since the last EHLO, HELO or STARTTLS: anything before is forgotten, since who said it is not known (RFC 3207 §4.2).</summary>
    public SmtpExtensions Extensions { get; private set; } = SmtpExtensions.None;

    public bool IsInReply => Parser.IsInReply;

    public ReplyFormatException? Fault { get; private set; }

    public IAuthenticationSecretDetector? AuthenticationSecretDetector { get; set; }

    /// <summary>TLS begins at once (RFC 8314 §3.3).</summary>
    public void BeginImplicitTls() => Begin(SmtpPhase.StartTls, options.TlsTimeout);

    /// <summary>From here on lines are credentials, whatever they look like.</summary>
    public void BeginAuth() => Begin(SmtpPhase.Auth, options.AuthTimeout);

    /// <summary>Credentials are done with.</summary>
    public void EndAuth() => Begin(SmtpPhase.Ehlo, options.EhloTimeout);

    public void LogConnect(Uri uri) => Begin(SmtpPhase.Greeting, options.GreetingTimeout);

    public void LogClient(byte[] buffer, int offset, int count)
    {
        _isReplyDue = true;
        LastReply = null;
        // One deadline for the whole of AUTH, however many challenges it takes.
        if (Phase == SmtpPhase.Auth) return;
        var command = buffer.AsSpan(offset, count);
        Extensions = SmtpExtensions.None;
        if (command.StartsWith("STARTTLS"u8))
        {
            Begin(SmtpPhase.StartTls, options.TlsTimeout);
            return;
        }

        Hello = Encoding.ASCII.GetString(command);
        Begin(SmtpPhase.Ehlo, options.EhloTimeout);
    }

    public void LogServer(byte[] buffer, int offset, int count)
    {
        try
        {
            if (!_isReplyDue) throw new ReplyFormatException("The remote spoke unasked.");
            if (Parser.Read(buffer.AsSpan(offset, count), out var consumed) is not { } reply) return;
            LastReply = reply;
            if (reply.IsTransient || reply.IsPermanent) Refusal = reply;
            if (Phase == SmtpPhase.Ehlo && reply.IsPositive && Hello.StartsWith("EHLO", StringComparison.Ordinal)) Extensions = SmtpExtensions.Parse(Parser.LongText);
            _isReplyDue = false;
            if (consumed < count) throw new ReplyFormatException("The remote spoke unasked.");
        }
        catch (ReplyFormatException exception)
        {
            Fault = exception;
            throw;
        }
    }

    public void Dispose()
    {
    }

    void Begin(SmtpPhase phase, TimeSpan limit)
    {
        if (Phase != phase) Refusal = null;
        Phase = phase;
        deadline.Arm(limit);
    }
}
