using System.Collections.Immutable;
using System.Net;
using DnsClient;
using DnsClient.Protocol;

namespace Orleans.Mail.Transport.Resolving;

/// <summary>The questions about one domain, and what follows from the answers.</summary>
sealed class MxLookup(NameService names, ResolverOptions options, TimeProvider time, CancellationToken timeout)
{
    // A domain with more is not one of many that share a receiver; what tells it from others must not fill memory.
    const int MaxNames = 100;

    public async Task<MxAnswer> RunAsync(string domain)
    {
        var answer = await names.AskAsync(domain + ".", QueryType.MX, timeout).ConfigureAwait(false);
        return answer.Status switch
        {
            DnsStatus.NoName => Negative(MxStatus.NoSuchDomain),
            // RFC 5321 §5.1: the domain stands for itself where it has no MX, and never where that is merely not known.
            DnsStatus.NoData => await ImplicitAsync(domain, answer).ConfigureAwait(false),
            DnsStatus.Records => await ExplicitAsync(answer).ConfigureAwait(false),
            _ => Failure(answer.Detail),
        };
    }

    async Task<MxAnswer> ImplicitAsync(string domain, DnsAnswer absence)
    {
        var found = await AddressesAsync(domain).ConfigureAwait(false);
        if (found.Addresses.IsEmpty) return found.Failure is null ? Negative(MxStatus.NoAddress) : Failure(found.Failure);
        return Found([Host(0, domain, found)], [found]) with { Names = [domain.ToLowerInvariant()], IsSecure = absence.IsSecure };
    }

    async Task<MxAnswer> ExplicitAsync(DnsAnswer answer)
    {
        var records = answer.Records.OfType<MxRecord>().ToArray();
        // RFC 7505 §3: a null MX stands alone; among others it means nothing.
        if (Array.TrueForAll(records, record => NameOf(record).Length == 0)) return new MxAnswer(MxStatus.NullMx, [], Until(Clamped(answer.Ttl)));

        var named = records.Where(record => IsHostName(NameOf(record))).OrderBy(record => record.Preference).DistinctBy(NameOf).ToArray();
        // A host costs up to two questions, one for each address family.
        var hostCount = Math.Min(options.MaxHosts, options.MaxQueries / (options.UseIPv6 ? 2 : 1));
        var looked = await Task.WhenAll(named.Take(hostCount).Select(async record => (Record: record, Found: await AddressesAsync(NameOf(record)).ConfigureAwait(false)))).ConfigureAwait(false);
        var reachable = looked
            .Where(host => !host.Found.Addresses.IsEmpty)
            .Select(host => Host(host.Record.Preference, NameOf(host.Record), host.Found))
            .ToImmutableArray();
        var found = looked.Select(host => host.Found).ToArray();
        if (reachable.IsEmpty) return Failure(Array.Find(found, host => host.Failure is not null)?.Failure ?? "No mail host of the domain has an address.");
        return Found(reachable, found, answer.Ttl) with
        {
            Names = [.. named.Select(NameOf).Order(StringComparer.Ordinal).Take(MaxNames)],
            IsSecure = answer.IsSecure,
        };
    }

    async Task<HostAddresses> AddressesAsync(string host)
    {
        var ipv6 = options.UseIPv6 ? names.AskAsync(host + ".", QueryType.AAAA, timeout) : Task.FromResult(new DnsAnswer(DnsStatus.NoData, []));
        var a = await names.AskAsync(host + ".", QueryType.A, timeout).ConfigureAwait(false);
        var aaaa = await ipv6.ConfigureAwait(false);
        // Stays in the order of the answers, so that the name service's own rotation is kept; each family gets its share of the room.
        var addresses = new[] { a, aaaa }.SelectMany(answer => answer.Records.OfType<AddressRecord>().Select(record => record.Address).Distinct().Take(options.MaxAddressesPerHost / 2));
        var isSecure = new[] { a, aaaa }.All(answer => answer.IsSecure || answer.Status != DnsStatus.Records);
        return new HostAddresses([.. addresses], a.Detail ?? aaaa.Detail, a.CanonicalName ?? aaaa.CanonicalName, isSecure, a.Ttl < aaaa.Ttl ? a.Ttl : aaaa.Ttl);
    }

    static MxHost Host(int preference, string name, HostAddresses found) =>
        new(preference, name.ToLowerInvariant(), found.Addresses) { CanonicalName = found.CanonicalName?.ToLowerInvariant(), IsSecure = found.IsSecure };

    static string NameOf(MxRecord record) => record.Exchange.Value.TrimEnd('.').ToLowerInvariant();

    // An address in place of a name is no host (RFC 5321 §5.1), and what no host is called is not worth a question.
    static bool IsHostName(string name) =>
        name.Length is > 0 and <= 253 && name.All(character => char.IsAsciiLetterOrDigit(character) || character is '.' or '-' or '_') && !name.Contains("..", StringComparison.Ordinal) && !IPAddress.TryParse(name, out _);

    // With part of the picture missing, the answer holds for a short time only and is asked for again.
    MxAnswer Found(ImmutableArray<MxHost> hosts, HostAddresses[] looked, TimeSpan? ttl = null) =>
        new(MxStatus.Hosts, hosts, Until(Array.Exists(looked, host => host.Failure is not null) ? options.TemporaryFailureTtl : Clamped(looked.Select(host => host.Ttl).Append(ttl ?? TimeSpan.MaxValue).Min())));

    TimeSpan Clamped(TimeSpan ttl) => ttl < options.MinTtl ? options.MinTtl : ttl > options.MaxTtl ? options.MaxTtl : ttl;

    MxAnswer Negative(MxStatus status) => new(status, [], Until(options.NegativeTtl));

    MxAnswer Failure(string? detail) => new(MxStatus.TemporaryFailure, [], Until(options.TemporaryFailureTtl), detail);

    DateTimeOffset Until(TimeSpan ttl) => time.GetUtcNow() + ttl;

    sealed record HostAddresses(ImmutableArray<IPAddress> Addresses, string? Failure, string? CanonicalName, bool IsSecure, TimeSpan Ttl);
}
