using System.Collections.Immutable;
using System.Net;

namespace Orleans.Mail.Transport.Receiving;

/// <summary>
/// The name service of Capture mode: every domain has one host, at the receiver's address, and no question leaves the machine.
/// <c>nullmx.test</c> takes no mail, <c>nxdomain.test</c> does not exist, <c>noaddress.test</c> has no address, <c>servfail.test</c> has no answer.
/// The port is the caller's to choose.
/// </summary>
public sealed class CaptureResolver(IPAddress address, TimeProvider time) : IMxResolver
{
    static readonly TimeSpan Ttl = TimeSpan.FromHours(1);

    public ValueTask<MxAnswer> ResolveAsync(string domain, CancellationToken cancellationToken)
    {
        var until = time.GetUtcNow() + Ttl;
        return ValueTask.FromResult(domain.ToLowerInvariant() switch
        {
            "nullmx.test" => new MxAnswer(MxStatus.NullMx, [], until),
            "nxdomain.test" => new MxAnswer(MxStatus.NoSuchDomain, [], until),
            "noaddress.test" => new MxAnswer(MxStatus.NoAddress, [], until),
            "servfail.test" => new MxAnswer(MxStatus.TemporaryFailure, [], until, "The name service failed, as the domain asks."),
            _ => new MxAnswer(MxStatus.Hosts, ImmutableArray.Create(new MxHost(0, domain, [address])), until),
        });
    }
}
