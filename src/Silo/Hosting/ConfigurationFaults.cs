using Microsoft.Extensions.Options;

namespace Orleans.Mail.Silo.Hosting;

/// <summary>What is wrong with the configuration, for whoever wrote it: each fault names its key.</summary>
static class ConfigurationFaults
{
    /// <summary>Empty when the exception is about something else.</summary>
    public static IReadOnlyList<string> Of(Exception exception) => exception switch
    {
        OptionsValidationException validation => [.. validation.Failures],
        AggregateException several when several.InnerExceptions.All(inner => inner is OptionsValidationException) => [.. several.InnerExceptions.SelectMany(Of)],
        // A value that is no number, time or name at all stops the binder at once.
        InvalidOperationException { InnerException: FormatException or ArgumentException or OverflowException } binding => [binding.Message],
        _ => [],
    };
}
