using Microsoft.Extensions.Logging;

namespace Orleans.Mail.Transport.Smtp;

public sealed partial class SmtpConnector
{
    [LoggerMessage(Level = LogLevel.Debug, Message = "TLS with {Host} broke ({Kind}); speaking without it for a while.")]
    partial void LogTlsBroken(string host, SessionFailureKind kind);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Host} had TLS before and has none now.")]
    partial void LogTlsLost(string host);
}
