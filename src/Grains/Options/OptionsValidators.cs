using Microsoft.Extensions.Options;

namespace Orleans.Mail.Grains.Options;

/// <summary>Collects every fault of a section: key, what is wrong, what to do.</summary>
sealed class OptionFaults(string section)
{
    readonly List<string> _faults = [];

    public void Require(bool isRight, string key, string remedy)
    {
        if (!isRight) _faults.Add($"{section}:{key} {remedy}");
    }

    public void Positive(TimeSpan value, string key) => Require(value > TimeSpan.Zero, key, "must be a time span greater than zero, such as 00:01:00.");

    public void Positive(long value, string key) => Require(value > 0, key, "must be greater than zero.");

    public ValidateOptionsResult Result => _faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(_faults);
}

sealed class DeliveryOptionsValidator : IValidateOptions<DeliveryOptions>
{
    public ValidateOptionsResult Validate(string? name, DeliveryOptions options)
    {
        var faults = new OptionFaults(DeliveryOptions.Section);
        faults.Require(Enum.IsDefined(options.Mode), nameof(options.Mode), "must be Capture, Redirect, Simulate or Live.");
        faults.Require(options.Mode is not DeliveryMode.Redirect || Mailbox.TryParse(options.RedirectTo, out _, out _), nameof(options.RedirectTo), "must be a mail address when the mode is Redirect.");
        faults.Require(options.Backoff.All(wait => wait > TimeSpan.Zero), nameof(options.Backoff), "must list waits greater than zero, such as 00:05:00.");
        foreach (var (category, waits) in options.BackoffByCategory)
        {
            faults.Require(Policy.Outcomes.Categories.All.Contains(category), $"{nameof(options.BackoffByCategory)}:{category}", "is no category of answers.");
            faults.Require(waits.Length > 0 && waits.All(wait => wait > TimeSpan.Zero) && waits.Order().SequenceEqual(waits), $"{nameof(options.BackoffByCategory)}:{category}", "must list waits greater than zero, none shorter than the one before.");
        }

        faults.Require(options.BackoffJitter is >= 0 and <= 0.5, nameof(options.BackoffJitter), "must be 0 to 0.5.");
        faults.Positive(options.AttemptTimeout, nameof(options.AttemptTimeout));
        faults.Positive(options.QueueHold, nameof(options.QueueHold));
        faults.Positive(options.MaxSessions, nameof(options.MaxSessions));
        faults.Positive(options.SessionPrefetch, nameof(options.SessionPrefetch));
        faults.Positive(options.MessagesPerConnection, nameof(options.MessagesPerConnection));
        faults.Positive(options.ConnectionIdle, nameof(options.ConnectionIdle));
        faults.Require(options.ContentCacheBytes >= 0, nameof(options.ContentCacheBytes), "must not be negative.");
        faults.Require(options.StopTimeout >= TimeSpan.Zero, nameof(options.StopTimeout), "must not be negative.");
        foreach (var (domain, target) in options.Routes)
            faults.Require(Routing.RouteText.TryParse(domain, target, out _), $"{nameof(options.Routes)}:{domain}", "must map a recipient domain, or *, to host:port, such as relay.internal:2525.");
        return faults.Result;
    }
}

sealed class RoutingOptionsValidator : IValidateOptions<RoutingOptions>
{
    public ValidateOptionsResult Validate(string? name, RoutingOptions options)
    {
        var faults = new OptionFaults(RoutingOptions.Section);
        foreach (var (relay, access) in options.Relays)
        {
            var key = $"{nameof(options.Relays)}:{relay}";
            faults.Require(Uri.CheckHostName(access.Host.Trim('[', ']')) is not UriHostNameType.Unknown, $"{key}:Host", "must be a host name or an address.");
            faults.Require(access.Port is > 0 and <= ushort.MaxValue, $"{key}:Port", "must be 1 to 65535.");
            faults.Require(Enum.IsDefined(access.Tls) && access.Tls is not Transport.TlsMode.Dane, $"{key}:Tls", "must be Opportunistic, None, Required or Verified.");
            faults.Require(access.User is null || access.Tls is Transport.TlsMode.Verified, $"{key}:Tls", "must be Verified where the relay has a User: credentials go to nobody else.");
            faults.Require(access.User is null || access.Password is not null || access.PasswordFile is not null, $"{key}:PasswordFile", "must name the file of the password, or Password must be set, where the relay has a User.");
            faults.Require(access.Weight > 0, $"{key}:Weight", "must be greater than zero.");
            faults.Require(relay != Policy.Routing.RouteBook.Mx && access.Pool != Policy.Routing.RouteBook.Mx, $"{key}:Pool", "must not be called mx, which is the name of the route by MX records.");
        }

        var pools = options.Relays.Select(relay => relay.Value.Pool ?? relay.Key).Append(Policy.Routing.RouteBook.Mx).ToHashSet();
        for (var i = 0; i < options.Rules.Count; i++)
            faults.Require(pools.Contains(options.Rules[i].Route), $"{nameof(options.Rules)}:{i}:Route", "must name a pool, a relay without a pool, or mx.");
        foreach (var (source, settings) in options.Sources)
        {
            faults.Require(System.Net.IPAddress.TryParse(settings.Address, out _), $"{nameof(options.Sources)}:{source}:Address", "must be an address of this machine.");
            faults.Require(settings.Weight >= 0, $"{nameof(options.Sources)}:{source}:Weight", "must not be negative.");
            faults.Require(source.Length is > 0 and <= 32 && source.All(char.IsAsciiLetterOrDigit), $"{nameof(options.Sources)}:{source}", "must be called by 1 to 32 letters and digits.");
        }

        return faults.Result;
    }
}

sealed class SiteOptionsValidator : IValidateOptions<SiteOptions>
{
    public ValidateOptionsResult Validate(string? name, SiteOptions options)
    {
        var faults = new OptionFaults(SiteOptions.Section);
        faults.Positive(options.InitialSessions, nameof(options.InitialSessions));
        faults.Require(options.MaxSessions >= options.InitialSessions && options.MaxSessions <= 10_000, nameof(options.MaxSessions), "must be at least InitialSessions, and at most 10000.");
        faults.Positive(options.MaxQueued, nameof(options.MaxQueued));
        faults.Require(options.ProbeAfter > TimeSpan.Zero && options.ProbeAfter <= TimeSpan.FromDays(1), nameof(options.ProbeAfter), "must be greater than zero and at most 1.00:00:00.");
        faults.Positive(options.LeaseTime, nameof(options.LeaseTime));
        return faults.Result;
    }
}

sealed class NoticeOptionsValidator : IValidateOptions<NoticeOptions>
{
    public ValidateOptionsResult Validate(string? name, NoticeOptions options)
    {
        var faults = new OptionFaults(NoticeOptions.Section);
        faults.Require(options.Domain is null || Mailbox.TryParseDomain(options.Domain, out _, out _), nameof(options.Domain), "must be a domain that mail can be sent from.");
        faults.Require(options.ReportingHost is null || Mailbox.TryParseDomain(options.ReportingHost, out _, out _), nameof(options.ReportingHost), "must be a host name.");
        faults.Require(options.Default == NoticeKinds.None || options.Domain is not null, nameof(options.Domain), "must be set where Default asks for notices.");
        faults.Positive(options.DelayAfter, nameof(options.DelayAfter));
        faults.Require(options.MostPerDay > 0, nameof(options.MostPerDay), "must be at least 1; leave Domain out for no notices.");
        return faults.Result;
    }
}

sealed class SpoolOptionsValidator : IValidateOptions<SpoolOptions>
{
    public ValidateOptionsResult Validate(string? name, SpoolOptions options)
    {
        var faults = new OptionFaults(SpoolOptions.Section);
        faults.Positive(options.SweepInterval, nameof(options.SweepInterval));
        faults.Require(options.SweepGrace >= TimeSpan.Zero, nameof(options.SweepGrace), "must not be negative.");
        faults.Positive(options.Retention, nameof(options.Retention));
        faults.Positive(options.PurgeInterval, nameof(options.PurgeInterval));
        faults.Require(options.LeaveAfter >= TimeSpan.Zero, nameof(options.LeaveAfter), "must not be negative.");
        return faults.Result;
    }
}
