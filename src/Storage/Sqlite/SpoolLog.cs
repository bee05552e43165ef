using Microsoft.Extensions.Logging;

namespace Orleans.Mail.Storage.Sqlite;

static partial class SpoolLog
{
    [LoggerMessage(Level = LogLevel.Error, Message = "The spool in {Folder} cannot be used ({Fault}). Nothing is accepted or delivered until it can.")]
    public static partial void Unavailable(ILogger logger, SpoolFault fault, string folder, Exception error);

    [LoggerMessage(Level = LogLevel.Information, Message = "The spool in {Folder} works again after {Outage}.")]
    public static partial void Recovered(ILogger logger, string folder, TimeSpan outage);
}
