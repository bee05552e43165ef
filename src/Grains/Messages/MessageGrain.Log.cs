using Microsoft.Extensions.Logging;
using Orleans.Mail.Storage;

namespace Orleans.Mail.Grains.Messages;

sealed partial class MessageGrain
{
    [LoggerMessage(1101, LogLevel.Debug, "Message {Id} is final: {State}.")]
    partial void LogFinal(MessageId id, MailState state);

    [LoggerMessage(1102, LogLevel.Warning, "Message {Id} was refused: the spool is unavailable ({Fault}).")]
    partial void LogRefusedForSpool(MessageId id, SpoolFault fault);

    [LoggerMessage(1103, LogLevel.Debug, "Message {Id}: the report of attempt {Attempt} came too late and was ignored.")]
    partial void LogStaleReport(MessageId id, int attempt);

    [LoggerMessage(1104, LogLevel.Warning, "Message {Id}: attempt {Attempt} was left open by a process that ended; end of data: {Mark}.")]
    partial void LogDeadAttempt(MessageId id, int attempt, EndOfDataMark mark);

    [LoggerMessage(1105, LogLevel.Warning, "Message {Id}: its reminder could not be changed; the sweep looks after it.")]
    partial void LogReminderFailed(MessageId id, Exception exception);

    [LoggerMessage(1106, LogLevel.Error, "Message {Id} was set aside.")]
    partial void LogQuarantined(MessageId id, Exception? exception);

    [LoggerMessage(1110, LogLevel.Warning, "Message {Id}: its notice was not taken: {Code}.")]
    partial void LogNoticeRefused(MessageId id, MailErrorCode code);

    [LoggerMessage(1111, LogLevel.Warning, "Message {Id}: its sender gets no notice; those of its tenant are used up for today.")]
    partial void LogNoticeCapped(MessageId id);
}
