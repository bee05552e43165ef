using System.Net;
using Microsoft.Extensions.Options;
using Orleans.Mail.Grains.Options;
using Orleans.Mail.Policy.Routing;
using Orleans.Mail.Storage.AzureStorage.Spool;
using Orleans.Mail.Storage.Sqlite;
using Orleans.Mail.Transport;

namespace Orleans.Mail.Silo.Hosting;

/// <summary>Tells the mode at start, so that nobody wonders where the mail went, and what will make receivers refuse it.</summary>
sealed partial class ModeAnnouncement(
    IOptions<DeliveryOptions> delivery, IOptions<RoutingOptions> routing, IOptions<TransportOptions> transport, IOptions<MailSiloOptions> silo, IServiceProvider services, ILogger<ModeAnnouncement> log) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        LogMode(delivery.Value.Mode, silo.Value.Storage is SiloStorage.Azure
            ? $"table {services.GetRequiredService<IOptions<AzureSpoolOptions>>().Value.TableName} of Azure"
            : Path.GetFullPath(services.GetRequiredService<IOptions<SqliteSpoolOptions>>().Value.Folder));
        var name = transport.Value.LocalDomain ?? Dns.GetHostName();
        if (IsGreetingUnfit(name, delivery.Value, routing.Value)) LogUnfitGreeting(name);
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>Whether hosts on the Internet are greeted by a name that cannot be one of theirs: no domain, as the names of containers, or one that no public resolver answers.</summary>
    /// <param name="name">Said in EHLO.</param>
    /// <param name="delivery">Mode, and short routes.</param>
    /// <param name="routing">Routes: relays know their clients by other means.</param>
    internal static bool IsGreetingUnfit(string name, DeliveryOptions delivery, RoutingOptions routing)
    {
        if (delivery.Mode is not (DeliveryMode.Live or DeliveryMode.Redirect)) return false;
        var goesElsewhere = delivery.Routes.ContainsKey("*") || routing.Rules.Any(rule => rule is { Domain: null, Tenant: null, Campaign: null, Priority: null } && rule.Route != RouteBook.Mx);
        return !goesElsewhere && (!name.Contains('.', StringComparison.Ordinal) || IsPrivate(name[(name.LastIndexOf('.') + 1)..]));
    }

    // RFC 6761, RFC 6762, RFC 8375 and ICANN's .internal.
    static bool IsPrivate(string topLevel) => topLevel.ToLowerInvariant() is "local" or "localdomain" or "localhost" or "internal" or "lan" or "home" or "corp";

    [LoggerMessage(2001, LogLevel.Information, "Delivery mode {Mode}; spool in {Place}.")]
    partial void LogMode(DeliveryMode mode, string place);

    [LoggerMessage(2003, LogLevel.Warning, "Mail goes to the hosts of MX records, which are greeted as {Name}: no name of the Internet, and many refuse mail for that. Set OrleansMail:Transport:LocalDomain to the name that the sending address resolves to.")]
    partial void LogUnfitGreeting(string name);
}
