using System.Net;
using DnsClient;
using Microsoft.Extensions.Options;

namespace Orleans.Mail.Transport.Resolving;

/// <summary>Finds mail hosts (RFC 5321 §5.1, RFC 7505) through a recursive resolver, which should be near and trusted.</summary>
public sealed class MxResolver : IMxResolver
{
    readonly ResolverOptions _options;
    readonly TimeProvider _time;
    readonly LookupClient _client;
    readonly AnswerCache _cache;

    public MxResolver(IOptions<ResolverOptions> options, TimeProvider time)
    {
        _options = options.Value;
        _time = time;
        _cache = new AnswerCache(time, _options.MaxCachedDomains);
        var servers = _options.NameServers.Select(ParseNameServer).ToArray();
        // Answers are kept here, whole and by our clock, so the client below keeps none.
        var lookup = servers.Length == 0 ? new LookupClientOptions() : new LookupClientOptions(servers);
        lookup.AutoResolveNameServers = servers.Length == 0;
        lookup.UseCache = false;
        lookup.ThrowDnsErrors = false;
        lookup.ContinueOnDnsError = true;
        lookup.ContinueOnEmptyResponse = false;
        lookup.Retries = 1;
        lookup.Timeout = _options.QueryTimeout;
        _client = new LookupClient(lookup);
    }

    public ValueTask<MxAnswer> ResolveAsync(string domain, CancellationToken cancellationToken)
    {
        var answer = _cache.GetAsync(domain, AskAsync);
        return answer.IsCompletedSuccessfully ? new ValueTask<MxAnswer>(answer.Result) : new ValueTask<MxAnswer>(answer.WaitAsync(cancellationToken));
    }

    /// <summary>A name server as <c>address</c>, <c>address:port</c> or <c>[address]:port</c>.</summary>
    internal static IPEndPoint ParseNameServer(string text)
    {
        var endPoint = IPEndPoint.Parse(text);
        if (endPoint.Port == 0) endPoint.Port = NameServer.DefaultPort;
        return endPoint;
    }

    async Task<MxAnswer> AskAsync(string domain)
    {
        using var timeout = new CancellationTokenSource(_options.ResolveTimeout, _time);
        return await new MxLookup(_client, _options, _time, timeout.Token).RunAsync(domain).ConfigureAwait(false);
    }
}
