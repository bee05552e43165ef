using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace Orleans.Mail.Diagnostics;

/// <summary>Traces and metrics of the client, under the name that the service uses too.</summary>
static class MailClientTelemetry
{
    public const string SourceName = "Orleans.Mail";

    static readonly ActivitySource Activities = new(SourceName);
    static readonly Meter Meter = new(SourceName);

    static readonly Histogram<double> SubmissionDuration = Meter.CreateHistogram<double>(
        "orleans.mail.submission.duration", "s", "Time from the call to the receipt, retries included.",
        advice: new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] });

    public static Activity? StartSubmit() => Activities.StartActivity("submit", ActivityKind.Producer);

    /// <summary>The W3C trace context that later attempts link to; null when nobody traces.</summary>
    public static string? TraceParent(Activity? activity) =>
        (activity ?? Activity.Current) is { IdFormat: ActivityIdFormat.W3C } traced ? traced.Id : null;

    public static void Submitted(Activity? activity, MessageId id, TimeSpan duration)
    {
        SubmissionDuration.Record(duration.TotalSeconds);
        if (activity is null) return;
        activity.SetTag("messaging.system", "orleans_mail");
        activity.SetTag("messaging.operation.name", "submit");
        activity.SetTag("messaging.message.id", id.ToString());
    }

    public static void Failed(Activity? activity, string errorType, TimeSpan duration)
    {
        SubmissionDuration.Record(duration.TotalSeconds, new KeyValuePair<string, object?>("error.type", errorType));
        if (activity is null) return;
        activity.SetTag("messaging.system", "orleans_mail");
        activity.SetTag("messaging.operation.name", "submit");
        activity.SetTag("error.type", errorType);
        activity.SetStatus(ActivityStatusCode.Error);
    }
}
