using Microsoft.Extensions.Logging;

namespace Orleans.Mail.Grains.Delivery;

sealed partial class SiteSession
{
    [LoggerMessage(1601, LogLevel.Warning, "Message {Id}: its attempt could not be begun.")]
    static partial void LogBeginFailed(ILogger logger, MessageId id, Exception exception);

    [LoggerMessage(1603, LogLevel.Error, "Message {Id}: its attempt ended by a fault of ours; the outcome is in doubt.")]
    static partial void LogSendFailed(ILogger logger, MessageId id, Exception exception);

    [LoggerMessage(1602, LogLevel.Warning, "Message {Id}: the result of its attempt could not be stored; it is in doubt until its deadline.")]
    static partial void LogCompleteFailed(ILogger logger, MessageId id, Exception exception);

    [LoggerMessage(1605, LogLevel.Warning, "A session to {Site} cannot reach its site any more, and ends.")]
    static partial void LogSiteLost(ILogger logger, string site, Exception exception);

    void LogSiteLost(string site, Exception exception) => LogSiteLost(services.Log, site, exception);

    void LogBeginFailed(MessageId id, Exception exception) => LogBeginFailed(services.Log, id, exception);

    void LogCompleteFailed(MessageId id, Exception exception) => LogCompleteFailed(services.Log, id, exception);
}
