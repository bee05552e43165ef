using DnsClient;
using Microsoft.Extensions.Options;
using Orleans.Mail.Transport.Resolving;
using DnsTlsaRecord = DnsClient.Protocol.TlsaRecord;

namespace Orleans.Mail.Transport.TlsPolicies;

/// <summary>Asks the validating resolver for TLSA records of port 25, and keeps the answers while they hold.</summary>
public sealed class Dane(NameService names, IOptions<ResolverOptions> options, TimeProvider time) : IDane
{
    readonly ResolverOptions _options = options.Value;
    readonly AnswerCache<DaneAnswer> _cache = new(answer => answer.GoodUntil, time, options.Value.MaxCachedDomains);

    public async ValueTask<DaneAnswer> FindAsync(MxHost host, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(host);
        // RFC 7672 §2.2.2: whoever can forge the address needs no forged certificate.
        if (!_options.UseDane || !host.IsSecure) return new DaneAnswer(DaneStatus.None, [], host.Name, DateTimeOffset.MaxValue);
        // RFC 7672 §2.2.3: an alias is looked for under its full expansion first.
        string[] bases = host.CanonicalName is null ? [host.Name] : [host.CanonicalName, host.Name];
        return await _cache.GetAsync(string.Join('>', bases), _ => AskAsync(bases)).WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    async Task<DaneAnswer> AskAsync(string[] bases)
    {
        using var timeout = new CancellationTokenSource(_options.ResolveTimeout, time);
        var ttl = _options.MaxTtl;
        foreach (var name in bases)
        {
            var answer = await names.AskAsync($"_25._tcp.{name}.", QueryType.TLSA, timeout.Token).ConfigureAwait(false);
            if (answer.Status == DnsStatus.Failed) return Answer(DaneStatus.Unknown, [], name, _options.TemporaryFailureTtl);
            if (answer.Ttl < ttl) ttl = answer.Ttl;
            var records = answer.Records.OfType<DnsTlsaRecord>().ToArray();
            if (records.Length > 0 && answer.IsSecure) return Answer(DaneStatus.Records, records, name, ttl < _options.MinTtl ? _options.MinTtl : ttl);
        }

        return Answer(DaneStatus.None, [], bases[^1], _options.NegativeTtl);
    }

    DaneAnswer Answer(DaneStatus status, DnsTlsaRecord[] records, string name, TimeSpan ttl) => new(status, [.. records.Select(Translate)], name, time.GetUtcNow() + ttl);

    static TlsaRecord Translate(DnsTlsaRecord record) => new((byte)record.CertificateUsage, (byte)record.Selector, (byte)record.MatchingType, [.. record.CertificateAssociationData]);
}
