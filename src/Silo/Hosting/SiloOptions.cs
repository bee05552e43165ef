using Microsoft.Extensions.Options;

namespace Orleans.Mail.Silo.Hosting;

/// <summary>How the process is hosted. Configuration section <c>OrleansMail:Silo</c>.</summary>
public sealed class MailSiloOptions
{
    public const string Section = "OrleansMail:Silo";

    /// <summary>Where everything durable lies: a folder of this machine for one silo, or an account of Azure Storage for any number. Default: <see cref="SiloStorage.Embedded"/>.</summary>
    public SiloStorage Storage { get; set; }

    /// <summary>Port for other silos. Default: 11111.</summary>
    public int SiloPort { get; set; } = 11_111;

    /// <summary>Port for clients. Default: 30000.</summary>
    public int GatewayPort { get; set; } = 30_000;

    /// <summary>How long a stop may take before the process ends anyway. Nothing depends on it. Default: 30 seconds.</summary>
    public TimeSpan ShutdownTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How often each silo reads the reminders of its loading window. Default: 1 minute.</summary>
    public TimeSpan ReminderRefresh { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How far ahead reminders are held in memory; at least the refresh period. Default: 2 minutes.</summary>
    public TimeSpan ReminderWindow { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>Where OpenTelemetry data is sent by OTLP, such as <c>http://localhost:4317</c>. Default: nowhere.</summary>
    public string? OtlpEndpoint { get; set; }

    /// <summary>Mode Capture: port of the receiver inside the process; 0 for any. Default: 0.</summary>
    public int CapturePort { get; set; }

    /// <summary>Mode Capture: folder that keeps what arrives, as .eml files. Default: none, memory only.</summary>
    public string? CaptureFolder { get; set; }
}

/// <summary>The switch between one machine and a cluster.</summary>
public enum SiloStorage
{
    /// <summary>SQLite in a folder; one silo. Configuration section <c>OrleansMail:Spool</c>.</summary>
    Embedded,

    /// <summary>
    /// Tables and blobs of Azure. Configuration section <c>OrleansMail:AzureSpool</c>; membership and reminders lie in the same account unless
    /// <c>Orleans:Clustering</c> and <c>Orleans:Reminders</c> say otherwise.
    /// </summary>
    Azure,
}

sealed class MailSiloOptionsValidator : IValidateOptions<MailSiloOptions>
{
    public ValidateOptionsResult Validate(string? name, MailSiloOptions options)
    {
        var faults = new List<string>();
        Require(Enum.IsDefined(options.Storage), nameof(options.Storage), "must be Embedded or Azure.");
        Require(options.SiloPort is > 0 and <= 65535, nameof(options.SiloPort), "must be a port from 1 to 65535.");
        Require(options.GatewayPort is > 0 and <= 65535 && options.GatewayPort != options.SiloPort, nameof(options.GatewayPort), "must be a port from 1 to 65535 other than SiloPort.");
        Require(options.CapturePort is >= 0 and <= 65535, nameof(options.CapturePort), "must be a port from 0 to 65535.");
        Require(options.ShutdownTimeout > TimeSpan.Zero, nameof(options.ShutdownTimeout), "must be a time span greater than zero, such as 00:00:30.");
        Require(options.ReminderRefresh > TimeSpan.Zero, nameof(options.ReminderRefresh), "must be a time span greater than zero, such as 00:01:00.");
        Require(options.ReminderWindow >= options.ReminderRefresh, nameof(options.ReminderWindow), "must be at least ReminderRefresh.");
        Require(options.OtlpEndpoint is null || Uri.TryCreate(options.OtlpEndpoint, UriKind.Absolute, out _), nameof(options.OtlpEndpoint), "must be a URL, such as http://localhost:4317.");
        return faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);

        void Require(bool isRight, string key, string remedy)
        {
            if (!isRight) faults.Add($"{MailSiloOptions.Section}:{key} {remedy}");
        }
    }
}
