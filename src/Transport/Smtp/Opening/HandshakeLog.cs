using MailKit;

namespace Orleans.Mail.Transport.Smtp;

/// <summary>
/// Follows the opening dialogue that MailKit leads, in plain words even inside TLS: names the phase, arms its deadline, keeps the last reply,
/// and breaks the connection off when a reply has no bound or comes unasked. The latter includes words put behind the reply to STARTTLS.
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

    public bool IsInReply => Parser.IsInReply;

    public ReplyFormatException? Fault { get; private set; }

    public IAuthenticationSecretDetector? AuthenticationSecretDetector { get; set; }

    public void LogConnect(Uri uri)
    {
        Phase = SmtpPhase.Greeting;
        deadline.Arm(options.GreetingTimeout);
    }

    public void LogClient(byte[] buffer, int offset, int count)
    {
        var command = buffer.AsSpan(offset, count);
        _isReplyDue = true;
        LastReply = null;
        var before = Phase;
        (Phase, var limit) = command.StartsWith("STARTTLS"u8) ? (SmtpPhase.StartTls, options.TlsTimeout) : (SmtpPhase.Ehlo, options.EhloTimeout);
        if (Phase != before) Refusal = null;
        deadline.Arm(limit);
    }

    public void LogServer(byte[] buffer, int offset, int count)
    {
        try
        {
            if (!_isReplyDue) throw new ReplyFormatException("The remote spoke unasked.");
            if (Parser.Read(buffer.AsSpan(offset, count), out var consumed) is not { } reply) return;
            LastReply = reply;
            if (reply.IsTransient || reply.IsPermanent) Refusal = reply;
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
}
