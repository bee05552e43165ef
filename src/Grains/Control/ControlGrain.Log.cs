using Microsoft.Extensions.Logging;

namespace Orleans.Mail.Grains.Control;

sealed partial class ControlGrain
{
    [LoggerMessage(1411, LogLevel.Information, "Order {Id} stands: {Kind}.")]
    partial void LogTaken(string id, OrderKind kind);

    [LoggerMessage(1412, LogLevel.Information, "Order {Id} was revoked; what it held is being released.")]
    partial void LogRevoked(string id);

    [LoggerMessage(1413, LogLevel.Information, "Order {Id} is over.")]
    partial void LogOver(string id);

    [LoggerMessage(1414, LogLevel.Warning, "A step of releasing what revoked orders held failed and will be repeated.")]
    partial void LogReleaseFailed(Exception exception);

    [LoggerMessage(1415, LogLevel.Error, "The stored order {Name} cannot be read and is not in force.")]
    partial void LogUnreadable(string name);
}
