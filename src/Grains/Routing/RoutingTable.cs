using System.Collections.Frozen;
using System.Net;
using Orleans.Mail.Grains.Options;
using Orleans.Mail.Policy.Routing;
using Orleans.Mail.Transport;

namespace Orleans.Mail.Grains.Routing;

/// <summary>The routes that configuration describes, kept up to date while the silo runs: rules and relays for the policy, targets and credentials for the wire.</summary>
sealed class RoutingTable : IDisposable
{
    readonly SoundOptions<RoutingOptions> _options;
    readonly SoundOptions<DeliveryOptions> _delivery;
    Routes _routes;

    public RoutingTable(SoundOptions<RoutingOptions> options, SoundOptions<DeliveryOptions> delivery)
    {
        _options = options;
        _delivery = delivery;
        _routes = Read();
        options.Changed += Change;
        delivery.Changed += Change;
    }

    /// <summary>A new instance after every change.</summary>
    public RouteBook Book => Volatile.Read(ref _routes).Book;

    /// <summary>How to talk to the relay behind a site; null for a site of MX hosts.</summary>
    public RelayAccess? AccessOf(string site) => Volatile.Read(ref _routes).Access.GetValueOrDefault(site);

    public void Dispose()
    {
        _options.Changed -= Change;
        _delivery.Changed -= Change;
    }

    void Change() => Volatile.Write(ref _routes, Read());

    Routes Read()
    {
        var options = _options.Current;
        var shorts = _delivery.Current.Routes.Select(route => RouteText.Parse(route.Key, route.Value)).ToList();
        var relays = options.Relays.Select(relay => Relay(relay.Key, relay.Value)).Concat(shorts.Select(route => route.Relay).DistinctBy(relay => relay.Name)).ToList();
        // A route for one domain goes before the one for all, in whatever order configuration lists them.
        var rules = options.Rules.Select(Rule).Concat(shorts.Select(route => route.Rule).OrderBy(rule => rule.Domain is null));
        var access = relays.DistinctBy(relay => relay.Site).ToFrozenDictionary(relay => relay.Site, relay => RelayAccess.Of(relay, options.Relays.TryGetValue(relay.Name, out var found) ? found : null));
        return new Routes(new RouteBook(relays, rules), access);
    }

    static Relay Relay(string name, RelayOptions options) => new(name, options.Host.Trim('[', ']'), options.Port)
    {
        Pool = options.Pool ?? name,
        Weight = options.Weight,
        Tier = options.Tier,
    };

    static RouteRule Rule(RouteRuleOptions options) => new(options.Route)
    {
        Domain = options.Domain?.ToLowerInvariant(),
        Tenant = options.Tenant,
        Campaign = options.Campaign,
        Priority = options.Priority,
    };

    sealed record Routes(RouteBook Book, FrozenDictionary<string, RelayAccess> Access);
}

/// <summary>How to talk to one relay.</summary>
sealed record RelayAccess(string Host, int Port, TlsMode Tls, bool IsTlsImplicit, SmtpLogin? Login)
{
    public SmtpTarget TargetAt(IPAddress address) => new(Host, address, Port, Tls) { IsTlsImplicit = IsTlsImplicit, Login = Login, IsAddressTrusted = true };

    // Without settings of its own it is a short route: a neighbour, taken as it is.
    public static RelayAccess Of(Relay relay, RelayOptions? options) => options is null
        ? new RelayAccess(relay.Host, relay.Port, TlsMode.Opportunistic, IsTlsImplicit: false, null)
        : new RelayAccess(relay.Host, relay.Port, options.Tls, options.ImplicitTls, LoginOf(options));

    static SmtpLogin? LoginOf(RelayOptions options) => options.User is { Length: > 0 } user
        ? new SmtpLogin(user, token => SecretOfAsync(options, token), options.Mechanism)
        : null;

    static async ValueTask<string> SecretOfAsync(RelayOptions options, CancellationToken cancellationToken) =>
        options.PasswordFile is { } file ? (await File.ReadAllTextAsync(file, cancellationToken).ConfigureAwait(false)).TrimEnd() : options.Password ?? "";
}
