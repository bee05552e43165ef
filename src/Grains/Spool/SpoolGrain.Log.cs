using Microsoft.Extensions.Logging;

namespace Orleans.Mail.Grains.Spool;

sealed partial class SpoolGrain
{
    [LoggerMessage(1001, LogLevel.Information, "Shard {Shard} opened with fence {Epoch}.")]
    partial void LogOpened(int shard, long epoch);

    [LoggerMessage(1002, LogLevel.Information, "Shard {Shard}: woke {Count} messages that an earlier owner had in hand.")]
    partial void LogRecovered(int shard, int count);

    [LoggerMessage(1003, LogLevel.Warning, "Shard {Shard}: the sweep failed and will be repeated.")]
    partial void LogSweepFailed(int shard, Exception exception);

    [LoggerMessage(1004, LogLevel.Warning, "Shard {Shard}: a purge step failed and will be repeated.")]
    partial void LogPurgeFailed(int shard, Exception exception);

    [LoggerMessage(1005, LogLevel.Warning, "Message {Id} could not be woken; the next sweep tries again.")]
    partial void LogWakeFailed(MessageId id, Exception exception);

    [LoggerMessage(1007, LogLevel.Information, "Shard {Shard} with fence {Epoch} belongs on another silo and was closed here.")]
    partial void LogHandedOver(int shard, long epoch);

    [LoggerMessage(1008, LogLevel.Information, "Shard {Shard}: a silo died; {Count} messages were queued again.")]
    partial void LogLostFound(int shard, int count);

    [LoggerMessage(1006, LogLevel.Error, "Message {Id} has a record that cannot be read.")]
    partial void LogUnreadable(MessageId id, Exception exception);
}
