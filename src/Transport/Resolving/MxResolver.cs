using Microsoft.Extensions.Options;

namespace Orleans.Mail.Transport.Resolving;

/// <summary>Finds mail hosts (RFC 5321 §5.1, RFC 7505) through a recursive resolver, which should be near and trusted.</summary>
public sealed class MxResolver(NameService names, IOptions<ResolverOptions> options, TimeProvider time) : IMxResolver
{
    readonly ResolverOptions _options = options.Value;
    readonly AnswerCache<MxAnswer> _cache = new(answer => answer.GoodUntil, time, options.Value.MaxCachedDomains);

    public ValueTask<MxAnswer> ResolveAsync(string domain, CancellationToken cancellationToken)
    {
        var answer = _cache.GetAsync(domain, AskAsync);
        return answer.IsCompletedSuccessfully ? new ValueTask<MxAnswer>(answer.Result) : new ValueTask<MxAnswer>(answer.WaitAsync(cancellationToken));
    }

    public MxAnswer? Known(string domain) => _cache.Known(domain);

    async Task<MxAnswer> AskAsync(string domain)
    {
        using var timeout = new CancellationTokenSource(_options.ResolveTimeout, time);
        return await new MxLookup(names, _options, time, timeout.Token).RunAsync(domain).ConfigureAwait(false);
    }
}
