using System.Net;
using Orleans.Mail.Grains.Delivery;
using Orleans.Mail.Grains.Domains;
using Orleans.Mail.Policy.Outcomes;
using Orleans.Mail.Policy.Routing;
using Orleans.Mail.Transport;

namespace Orleans.Mail.Grains.Routing;

/// <summary>Where the receiver of mode Capture listens. Set by the host before the silo starts.</summary>
public sealed class CaptureTarget
{
    public IPEndPoint? Endpoint { get; set; }
}

/// <summary>Finds a host of a site that will talk: relay or name service, one address after another (RFC 5321 §5.1).</summary>
sealed class SiteConnector(DeliveryRouter router, RoutingTable routes, SourcePool sources, SiteShaping shaping, CaptureTarget capture, MxRoutePlanner planner, ISmtpConnector connector, Func<double> chance)
{
    /// <param name="path">The site, and the source address.</param>
    /// <param name="destination">What is to be delivered: its domain is asked for where the site is one of MX hosts.</param>
    /// <param name="tries">What the attempt has dialled already; it goes on behind that.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    public async Task<(ISmtpSession? Session, SiteFailure? Failure)> ConnectAsync(SitePath path, string destination, DialTries tries, CancellationToken cancellationToken)
    {
        var (targets, failure) = await TargetsAsync(path, destination, cancellationToken).ConfigureAwait(false);
        foreach (var target in targets)
        {
            if (tries.IsOver) break;
            if (!tries.TryTake(target)) continue;
            var (session, broken) = await connector.ConnectAsync(target, cancellationToken).ConfigureAwait(false);
            if (session is not null || broken!.Phase is not SmtpPhase.Connect) tries.Answered();
            if (session is not null) return (session, null);
            failure = new SiteFailure(OutcomeClassifier.Classify(broken!.Phase, broken.Kind, broken.Reply), broken.Reply, target.Host);
        }

        return (null, failure ?? Failed(MxStatus.TemporaryFailure, null));
    }

    /// <summary>Whether a connection that was opened for one destination may serve another of its site.</summary>
    public async ValueTask<bool> SuitsAsync(ISmtpSession session, SitePath path, string destination, CancellationToken cancellationToken) =>
        router.IsInside || routes.AccessOf(path.Site) is not null || (await planner.PlanAsync(destination, cancellationToken).ConfigureAwait(false)).Accepts(session);

    async Task<(IReadOnlyList<SmtpTarget> Targets, SiteFailure? Failure)> TargetsAsync(SitePath path, string destination, CancellationToken cancellationToken)
    {
        if (router.IsInside)
        {
            if (SimulatedAnswer(destination) is { } simulated) return ([], Failed(simulated, null));
            var endpoint = capture.Endpoint ?? new IPEndPoint(IPAddress.Loopback, 0);
            return ([new SmtpTarget(endpoint.Address.ToString(), endpoint.Address, endpoint.Port, TlsMode.None) { IsAddressTrusted = true }], null);
        }

        if (routes.AccessOf(path.Site) is { } relay)
        {
            var addresses = await AddressesAsync(relay.Host, cancellationToken).ConfigureAwait(false);
            return ([.. addresses.Select(relay.TargetAt)], addresses.Length > 0 ? null : Failed(MxStatus.TemporaryFailure, relay.Host));
        }

        // The relay was taken out of the configuration since.
        if (Destination.PoolOf(destination) is not null) return ([], Failed(MxStatus.TemporaryFailure, null));
        var plan = await planner.PlanAsync(destination, cancellationToken).ConfigureAwait(false);
        return plan.Refusal is { } refusal ? ([], new SiteFailure(refusal, null, null)) : (From(path.Source, plan.Targets(chance, TlsOf(path, plan))), null);
    }

    TlsMode TlsOf(SitePath path, MxPlan plan) => shaping.Table.Resolve(path.Site, [.. plan.Answer.Hosts.Select(host => host.Name)]).Tls switch
    {
        RouteTls.None => TlsMode.None,
        RouteTls.Required => TlsMode.Required,
        RouteTls.Verified => TlsMode.Verified,
        _ => TlsMode.Opportunistic,
    };

    // An address of one family reaches only hosts of that family.
    IReadOnlyList<SmtpTarget> From(string? source, IReadOnlyList<SmtpTarget> targets) => sources.AddressOf(source) is { } address
        ? [.. targets.Where(target => target.Address.AddressFamily == address.AddressFamily).Select(target => target with { Source = address })]
        : targets;

    /// <summary>Answers of the name service that modes without a network make up for the failure addresses.</summary>
    static MxStatus? SimulatedAnswer(string domain) => domain switch
    {
        "nullmx.test" => MxStatus.NullMx,
        "nxdomain.test" => MxStatus.NoSuchDomain,
        _ => null,
    };

    static SiteFailure Failed(MxStatus status, string? host) => new(OutcomeClassifier.Classify(status), null, host);

    static async Task<IPAddress[]> AddressesAsync(string host, CancellationToken cancellationToken)
    {
        if (IPAddress.TryParse(host, out var literal)) return [literal];
        try
        {
            return await Dns.GetHostAddressesAsync(host, cancellationToken).ConfigureAwait(false);
        }
        catch (System.Net.Sockets.SocketException)
        {
            return [];
        }
    }
}
