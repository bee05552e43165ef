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
sealed class SiteConnector(DeliveryRouter router, RoutingTable routes, SourcePool sources, SiteShaping shaping, CaptureTarget capture, MxRoutePlanner planner, ISmtpConnector connector, AddressMemory memory, Func<double> chance)
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
            Remember(target, broken);
            if (session is not null) return (session, null);
            failure = new SiteFailure(OutcomeClassifier.Classify(broken!.Phase, broken.Kind, broken.Reply), broken.Reply, target.Host) { OnlyFor = IsOfSite(path, target, broken) ? null : destination };
        }

        return (null, failure ?? Failed(MxStatus.TemporaryFailure, null));
    }

    /// <summary>Whether a connection that was opened for one destination may serve another of its site.</summary>
    public async ValueTask<bool> SuitsAsync(ISmtpSession session, SitePath path, string destination, CancellationToken cancellationToken)
    {
        if (router.IsInside || routes.AccessOf(path.Site) is not null) return true;
        var plan = await planner.PlanAsync(destination, cancellationToken).ConfigureAwait(false);
        return plan.Accepts(session, TlsOf(path, plan, destination));
    }

    /// <summary>
    /// The remote does not want mail from our address. If that is an IPv6 one (it has no name, for instance), the remote's IPv4 addresses are tried first for a while.
    /// </summary>
    /// <param name="target">Where it was said.</param>
    public bool IsOtherFamilyNext(SmtpTarget target)
    {
        if (target.Address.AddressFamily is not System.Net.Sockets.AddressFamily.InterNetworkV6) return false;
        memory.Avoid(target.Source, target.Address);
        return true;
    }

    // Who lets everybody wait for a greeting costs even more time than who is not there.
    void Remember(SmtpTarget target, SessionFailure? failure)
    {
        if (failure is { Phase: SmtpPhase.Connect } or { Phase: SmtpPhase.Greeting, Kind: SessionFailureKind.Timeout }) memory.Failed(target.Source, target.Address);
        else memory.Answered(target.Source, target.Address);
    }

    // TLS that one domain demands and the site's other mail does not is no trouble of the site's.
    bool IsOfSite(SitePath path, SmtpTarget target, SessionFailure failure) =>
        failure.Phase is not SmtpPhase.StartTls || router.IsInside || routes.AccessOf(path.Site) is not null || target.Tls == Mode(shaping.Table.Resolve(path.Site, [target.Host]).Tls);

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
            return ([.. addresses.OrderBy(address => memory.IsAvoided(null, address)).Select(relay.TargetAt)], addresses.Length > 0 ? null : Failed(MxStatus.TemporaryFailure, relay.Host));
        }

        // The relay was taken out of the configuration since.
        if (Destination.PoolOf(destination) is not null) return ([], Failed(MxStatus.TemporaryFailure, null));
        var plan = await planner.PlanAsync(destination, cancellationToken).ConfigureAwait(false);
        if (plan.Refusal is { } refusal) return ([], new SiteFailure(refusal, null, null) { OnlyFor = plan.Answer.Status == MxStatus.Hosts && !refusal.IsSiteTrouble ? destination : null });
        var source = sources.AddressOf(path.Source);
        return (plan.Targets(chance, TlsOf(path, plan, destination), source, address => memory.IsAvoided(source, address)), null);
    }

    TlsMode TlsOf(SitePath path, MxPlan plan, string domain) => Mode(shaping.Table.Resolve(path.Site, plan.Answer.Hosts.Select(host => host.Name), domain).Tls);

    static TlsMode Mode(RouteTls tls) => tls switch
    {
        RouteTls.None => TlsMode.None,
        RouteTls.Required => TlsMode.Required,
        RouteTls.Verified => TlsMode.Verified,
        _ => TlsMode.Opportunistic,
    };

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
