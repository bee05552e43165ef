using System.Collections.Concurrent;
using DnsClient;
using DnsClient.Protocol;
using Microsoft.Extensions.Options;
using Orleans.Mail.Transport.Resolving;
using Orleans.Mail.Transport.Smtp.Certificates;

namespace Orleans.Mail.Transport.TlsPolicies;

/// <summary>
/// Policies while they hold. A policy is never given up for a failure to fetch another, nor because its announcement is gone from the name service:
/// whoever could forge that would be rid of it (RFC 8461 §3.3, §10.2).
/// </summary>
public sealed class MtaSts : IMtaSts
{
    readonly ConcurrentDictionary<string, MtaStsEntry> _entries = new(StringComparer.OrdinalIgnoreCase);
    readonly NameService _names;
    readonly MtaStsOptions _options;
    readonly MtaStsFetcher _fetcher;
    readonly TimeProvider _time;

    public MtaSts(NameService names, IAddressGuard guard, IOptions<MtaStsOptions> options, IOptions<TransportOptions> transport, TimeProvider time)
        : this(names, options.Value, new MtaStsFetcher(names, guard, options.Value, TrustedRootFiles.Load(transport.Value.TrustedRoots), time), time)
    {
    }

    internal MtaSts(NameService names, MtaStsOptions options, MtaStsFetcher fetcher, TimeProvider time)
    {
        _names = names;
        _options = options;
        _fetcher = fetcher;
        _time = time;
    }

    internal int Count => _entries.Count;

    public async ValueTask<MtaStsPolicy?> FindAsync(string domain, CancellationToken cancellationToken)
    {
        if (!_options.IsEnabled) return null;
        var entry = _entries.GetOrAdd(domain, static _ => new MtaStsEntry());
        if (_entries.Count > _options.MaxDomains) Trim(entry);
        var check = entry.CheckIfDue(_time.GetUtcNow(), () => CheckAsync(domain, entry));
        // What is known serves while a check is under way; only where nothing is, the answer is waited for.
        if (check is not null) await check.WaitAsync(cancellationToken).ConfigureAwait(false);
        return entry.PolicyAt(_time.GetUtcNow());
    }

    async Task CheckAsync(string domain, MtaStsEntry entry)
    {
        using var timeout = new CancellationTokenSource(_options.FetchTimeout, _time);
        var answer = await _names.AskAsync($"_mta-sts.{domain}.", QueryType.TXT, timeout.Token).ConfigureAwait(false);
        var id = MtaStsSyntax.FindId(answer.Records.OfType<TxtRecord>().Select(record => string.Concat(record.Text)));
        if (id is null)
        {
            entry.CheckAgainAfter(answer.Status == DnsStatus.Failed ? _options.RetryInterval : _options.CheckInterval, _time.GetUtcNow());
            return;
        }

        if (entry.IsFresh(id, _options.RefreshAge, _time.GetUtcNow()))
        {
            entry.CheckAgainAfter(_options.CheckInterval, _time.GetUtcNow());
            return;
        }

        var text = await _fetcher.FetchAsync(domain).ConfigureAwait(false);
        if (text is not null && MtaStsSyntax.TryParsePolicy(text, id, out var policy)) entry.Take(policy, _options.CheckInterval, _time.GetUtcNow());
        else entry.CheckAgainAfter(_options.RetryInterval, _time.GetUtcNow());
    }

    // Domains without a policy go first: to forget one that has a policy opens a window.
    void Trim(MtaStsEntry newest)
    {
        var excess = _entries.Count - _options.MaxDomains * 9 / 10;
        var now = _time.GetUtcNow();
        foreach (var entry in _entries.OrderBy(entry => entry.Value.PolicyAt(now) is not null).Where(entry => entry.Value != newest).Take(excess)) _entries.TryRemove(entry);
    }
}
