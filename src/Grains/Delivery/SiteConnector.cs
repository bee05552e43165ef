using System.Net;
using Orleans.Mail.Policy.Outcomes;
using Orleans.Mail.Policy.Routing;
using Orleans.Mail.Transport;

namespace Orleans.Mail.Grains.Delivery;

/// <summary>Finds a host of a site that will talk: routes, name service, one address after another (RFC 5321 §5.1).</summary>
sealed class SiteConnector(DeliveryRouter router, IMxResolver resolver, ISmtpConnector connector, Func<double> chance)
{
    public async Task<(ISmtpSession? Session, SiteFailure? Failure)> ConnectAsync(string site, CancellationToken cancellationToken)
    {
        IReadOnlyList<SmtpTarget> targets;
        if (router.FixedTarget(site) is { } route)
        {
            targets = await AddressesAsync(route, cancellationToken).ConfigureAwait(false);
            if (targets.Count == 0) return Failed(OutcomeClassifier.Classify(MxStatus.TemporaryFailure), null, route.Host);
        }
        else
        {
            var answer = router.SimulatedAnswer(site) ?? await resolver.ResolveAsync(site, cancellationToken).ConfigureAwait(false);
            if (answer.Status is not MxStatus.Hosts) return Failed(OutcomeClassifier.Classify(answer.Status), null, null);
            targets = [.. RoutePolicy.Order(answer, chance).Select(hop => new SmtpTarget(hop.Host, hop.Address, 25, TlsMode.Opportunistic))];
        }

        SiteFailure? last = null;
        foreach (var target in targets)
        {
            var (session, failure) = await connector.ConnectAsync(target, cancellationToken).ConfigureAwait(false);
            if (session is not null) return (session, null);
            last = new SiteFailure(OutcomeClassifier.Classify(failure!.Phase, failure.Kind, failure.Reply), failure.Reply, target.Host);
        }

        return last is null ? Failed(OutcomeClassifier.Classify(MxStatus.TemporaryFailure), null, null) : (null, last);
    }

    static (ISmtpSession?, SiteFailure?) Failed(Outcome outcome, SmtpReply? reply, string? host) => (null, new SiteFailure(outcome, reply, host));

    static async Task<IReadOnlyList<SmtpTarget>> AddressesAsync(FixedTarget route, CancellationToken cancellationToken)
    {
        if (IPAddress.TryParse(route.Host, out var literal)) return [new SmtpTarget(route.Host, literal, route.Port, route.Tls)];
        try
        {
            var addresses = await Dns.GetHostAddressesAsync(route.Host, cancellationToken).ConfigureAwait(false);
            return [.. addresses.Select(address => new SmtpTarget(route.Host, address, route.Port, route.Tls))];
        }
        catch (System.Net.Sockets.SocketException)
        {
            return [];
        }
    }
}

/// <summary>A host that configuration names.</summary>
sealed record FixedTarget(string Host, int Port, TlsMode Tls);
