using System.Collections.Immutable;
using System.Net;
using DnsClient;
using DnsClient.Protocol;

namespace Orleans.Mail.Transport.Resolving;

/// <summary>The questions about one domain, and what follows from the answers.</summary>
sealed class MxLookup(LookupClient client, ResolverOptions options, TimeProvider time, CancellationToken timeout)
{
    readonly Lock _ttlLock = new();
    TimeSpan _ttl = options.MaxTtl;

    public async Task<MxAnswer> RunAsync(string domain)
    {
        var answer = await DnsAnswer.AskAsync(client, domain + ".", QueryType.MX, timeout).ConfigureAwait(false);
        return answer.Status switch
        {
            DnsStatus.NoName => Negative(MxStatus.NoSuchDomain),
            // RFC 5321 §5.1: the domain stands for itself where it has no MX, and never where that is merely not known.
            DnsStatus.NoData => await ImplicitAsync(domain).ConfigureAwait(false),
            DnsStatus.Records => await ExplicitAsync(answer.Records.OfType<MxRecord>().ToArray()).ConfigureAwait(false),
            _ => Failure(answer.Detail),
        };
    }

    async Task<MxAnswer> ImplicitAsync(string domain)
    {
        var (addresses, failure) = await AddressesAsync(domain).ConfigureAwait(false);
        if (!addresses.IsEmpty) return Found([new MxHost(0, domain, addresses)], failure is not null);
        return failure is null ? Negative(MxStatus.NoAddress) : Failure(failure);
    }

    async Task<MxAnswer> ExplicitAsync(MxRecord[] records)
    {
        foreach (var record in records) Hold(record);
        var named = records.Where(record => NameOf(record).Length > 0).ToArray();
        // RFC 7505 §3: a null MX stands alone; among others it means nothing.
        if (named.Length == 0) return new MxAnswer(MxStatus.NullMx, [], Until(ClampedTtl));

        // A host costs up to two questions, one for each address family. An address in place of a name is no host (RFC 5321 §5.1).
        var hostCount = Math.Min(options.MaxHosts, options.MaxQueries / (options.UseIPv6 ? 2 : 1));
        var hosts = named
            .Where(record => !IPAddress.TryParse(NameOf(record), out _))
            .DistinctBy(NameOf, StringComparer.OrdinalIgnoreCase)
            .OrderBy(record => record.Preference)
            .Take(hostCount)
            .Select(async record => (Record: record, Found: await AddressesAsync(NameOf(record)).ConfigureAwait(false)));
        var looked = await Task.WhenAll(hosts).ConfigureAwait(false);
        var reachable = looked
            .Where(host => !host.Found.Addresses.IsEmpty)
            .Select(host => new MxHost(host.Record.Preference, NameOf(host.Record).ToLowerInvariant(), host.Found.Addresses))
            .ToImmutableArray();
        var failure = looked.Select(host => host.Found.Failure).FirstOrDefault(detail => detail is not null);
        if (reachable.IsEmpty) return Failure(failure ?? "No mail host of the domain has an address.");
        return Found(reachable, failure is not null);
    }

    async Task<(ImmutableArray<IPAddress> Addresses, string? Failure)> AddressesAsync(string host)
    {
        var ipv6 = options.UseIPv6 ? DnsAnswer.AskAsync(client, host + ".", QueryType.AAAA, timeout) : Task.FromResult(new DnsAnswer(DnsStatus.NoData, []));
        var a = await DnsAnswer.AskAsync(client, host + ".", QueryType.A, timeout).ConfigureAwait(false);
        var aaaa = await ipv6.ConfigureAwait(false);
        // Stays in the order of the answers, so that the name service's own rotation is kept.
        var records = a.Records.Concat(aaaa.Records).OfType<AddressRecord>().ToArray();
        lock (_ttlLock)
            foreach (var record in records) Hold(record);
        return ([.. records.Select(record => record.Address).Distinct()], a.Detail ?? aaaa.Detail);
    }

    void Hold(DnsResourceRecord record)
    {
        // RFC 2181 §8: a TTL with its highest bit set is zero.
        var ttl = record.InitialTimeToLive < 0 ? TimeSpan.Zero : TimeSpan.FromSeconds(record.InitialTimeToLive);
        if (ttl < _ttl) _ttl = ttl;
    }

    static string NameOf(MxRecord record) => record.Exchange.Value.TrimEnd('.');

    // With part of the picture missing, the answer is good for now and asked for again soon.
    MxAnswer Found(ImmutableArray<MxHost> hosts, bool isPartial) =>
        new(MxStatus.Hosts, hosts, Until(isPartial ? options.TemporaryFailureTtl : ClampedTtl));

    TimeSpan ClampedTtl => _ttl < options.MinTtl ? options.MinTtl : _ttl;

    MxAnswer Negative(MxStatus status) => new(status, [], Until(options.NegativeTtl));

    MxAnswer Failure(string? detail) => new(MxStatus.TemporaryFailure, [], Until(options.TemporaryFailureTtl), detail);

    DateTimeOffset Until(TimeSpan ttl) => time.GetUtcNow() + ttl;
}
