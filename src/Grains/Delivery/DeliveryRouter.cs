using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Net;
using System.Text;
using Orleans.Mail.Grains.Messages;
using Orleans.Mail.Grains.Options;
using Orleans.Mail.Policy.Routing;
using Orleans.Mail.Policy.Submission;
using Orleans.Mail.Transport;

namespace Orleans.Mail.Grains.Delivery;

/// <summary>Where the receiver of mode Capture listens. Set by the host before the silo starts.</summary>
public sealed class CaptureTarget
{
    public IPEndPoint? Endpoint { get; set; }
}

/// <summary>What the delivery mode and the fixed routes make of recipients and sites.</summary>
sealed class DeliveryRouter
{
    // Names that no resolver may answer (RFC 6761 §6, RFC 2606 §2).
    static readonly FrozenSet<string> ReservedTopLevels = new[] { "test", "example", "invalid", "localhost" }.ToFrozenSet();

    readonly DeliveryMode _mode;
    readonly FixedRoutes _routes;
    readonly FrozenDictionary<string, FixedRoute> _bySite;
    readonly Mailbox? _redirectTo;
    readonly FrozenSet<string> _redirectAllow;
    readonly CaptureTarget _capture;

    public DeliveryRouter(DeliveryOptions options, CaptureTarget capture)
    {
        _mode = options.Mode;
        var routes = options.Routes.Select(route => RouteText.Parse(route.Key, route.Value)).ToList();
        _routes = new FixedRoutes(routes);
        _bySite = routes.DistinctBy(SiteOf).ToFrozenDictionary(SiteOf);
        _redirectTo = options.Mode is DeliveryMode.Redirect ? Mailbox.Parse(options.RedirectTo ?? "") : null;
        _redirectAllow = options.RedirectAllow.ToFrozenSet(StringComparer.OrdinalIgnoreCase);
        _capture = capture;
    }

    /// <summary>The site that counts mail for this address together.</summary>
    public string SiteOf(string address)
    {
        var domain = DomainOf(EnvelopeRecipient(address));
        return IsInside ? domain : SiteKey.Of(domain, _routes).Value;
    }

    /// <summary>The host that configuration names for a site; null where the name service decides.</summary>
    public FixedTarget? FixedTarget(string site)
    {
        if (IsInside) return SimulatedAnswer(site) is not null ? null : new FixedTarget((_capture.Endpoint ?? new IPEndPoint(IPAddress.Loopback, 0)).Address.ToString(), _capture.Endpoint?.Port ?? 0, TlsMode.None);
        return _bySite.TryGetValue(site, out var route) ? new FixedTarget(route.Host, route.Port, route.Tls is RouteTls.None ? TlsMode.None : TlsMode.Opportunistic) : null;
    }

    /// <summary>Answers of the name service that modes without a network make up for the failure addresses.</summary>
    public MxAnswer? SimulatedAnswer(string site) => !IsInside ? null : site switch
    {
        "nullmx.test" => new MxAnswer(MxStatus.NullMx, [], DateTimeOffset.MaxValue),
        "nxdomain.test" => new MxAnswer(MxStatus.NoSuchDomain, [], DateTimeOffset.MaxValue),
        _ => null,
    };

    /// <summary>The address that goes into RCPT.</summary>
    public string EnvelopeRecipient(string address) =>
        _redirectTo is null || _redirectAllow.Contains(DomainOf(address)) ? address : _redirectTo.ToString();

    /// <summary>What is sent: the content as accepted; in mode Redirect, after a header that tells the original recipients.</summary>
    public ReadOnlyMemory<byte> ContentOnTheWire(AttemptOrder order)
    {
        if (_redirectTo is null) return order.Content;
        var original = order.Recipients.Where(address => EnvelopeRecipient(address) != address).ToImmutableArray();
        if (original.IsEmpty) return order.Content;
        var header = Encoding.UTF8.GetBytes(string.Concat(original.Select(address => $"X-Original-Recipient: {address}\r\n")));
        return (byte[])[.. header, .. order.Content.Span];
    }

    /// <summary>In mode Live, reserved names have nowhere to go: refused at submission rather than bounced later.</summary>
    public SubmitFault? RefusedDomain(ParsedSubmission submission)
    {
        if (_mode is not DeliveryMode.Live) return null;
        return submission.Recipients.Any(recipient => IsReserved(recipient.Domain) && !_routes.TryFind(recipient.Domain, out _))
            ? new SubmitFault(nameof(SubmitRequest.Recipients), "has an address under a reserved name (.test, .example, .invalid, .localhost); use delivery mode Capture or Simulate to try such addresses")
            : null;
    }

    static string SiteOf(FixedRoute route) => SiteKey.Of(route).Value;

    bool IsInside => _mode is DeliveryMode.Capture or DeliveryMode.Simulate;

    static bool IsReserved(string domain) => ReservedTopLevels.Contains(domain[(domain.LastIndexOf('.') + 1)..]);

    static string DomainOf(string address) => address[(address.LastIndexOf('@') + 1)..];
}
