using System.Net;
using System.Net.Sockets;
using DnsClient;
using DnsClient.Protocol;
using Microsoft.Extensions.Options;

namespace Orleans.Mail.Transport.Resolving;

/// <summary>
/// Asks recursive name servers one question at a time, the first that is known to answer first. A server that stays silent is asked last for a
/// while, so that not each question waits for it; now and then one question finds out whether it is back. Answers are not kept here.
/// </summary>
public sealed class NameService
{
    const int MaxAddresses = 5;

    readonly LookupClient _client;
    readonly NameServerHealth[] _servers;
    readonly TimeProvider _time;
    readonly bool _useIPv6;

    public NameService(IOptions<ResolverOptions> options, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(options);
        _time = time;
        _useIPv6 = options.Value.UseIPv6;
        var servers = options.Value.NameServers.Select(ParseNameServer).Select(server => new NameServer(server)).ToArray();
        if (servers.Length == 0) servers = [.. NameServer.ResolveNameServers()];
        _servers = [.. servers.Select(server => new NameServerHealth(server, options.Value.SilentServerMemory))];
        _client = new LookupClient(new LookupClientOptions(servers)
        {
            AutoResolveNameServers = false,
            UseCache = false,
            ThrowDnsErrors = false,
            Retries = 0,
            Timeout = options.Value.QueryTimeout,
            // Only who asks for signatures is told whether they were checked (RFC 6840 §5.7).
            RequestDnsSecRecords = options.Value.UseDane,
        });
    }

    /// <summary>A name server as <c>address</c>, <c>address:port</c> or <c>[address]:port</c>.</summary>
    internal static IPEndPoint ParseNameServer(string text)
    {
        var endPoint = IPEndPoint.Parse(text);
        if (endPoint.Port == 0) endPoint.Port = NameServer.DefaultPort;
        return endPoint;
    }

    /// <summary>An answer of some server; never throws for what comes, or does not come, from the network.</summary>
    internal async Task<DnsAnswer> AskAsync(string name, QueryType type, CancellationToken cancellationToken)
    {
        var last = DnsAnswer.Failure("There is no name server.");
        // Packets get lost: if all were silent, all are asked once more.
        for (var round = 0; round < 2; round++)
        {
            var wasAnswered = false;
            var now = _time.GetUtcNow();
            foreach (var server in _servers.OrderBy(server => !server.IsWorthAsking(now)).ToArray())
            {
                (last, var isSilent) = await AskAsync(server, name, type, cancellationToken).ConfigureAwait(false);
                if (last.Status != DnsStatus.Failed || cancellationToken.IsCancellationRequested) return last;
                wasAnswered |= !isSilent;
            }

            if (wasAnswered) return last;
        }

        return last;
    }

    /// <summary>Addresses of a host; none where there are none or nobody knows.</summary>
    internal async Task<IReadOnlyList<IPAddress>> FindAddressesAsync(string host, CancellationToken cancellationToken)
    {
        var types = _useIPv6 ? new[] { QueryType.A, QueryType.AAAA } : [QueryType.A];
        var answers = await Task.WhenAll(types.Select(type => AskAsync(host + ".", type, cancellationToken))).ConfigureAwait(false);
        return [.. answers.SelectMany(answer => answer.Records.OfType<AddressRecord>()).Select(record => record.Address).Distinct().Take(MaxAddresses)];
    }

    async Task<(DnsAnswer Answer, bool IsSilent)> AskAsync(NameServerHealth server, string name, QueryType type, CancellationToken cancellationToken)
    {
        var since = _time.GetUtcNow();
        try
        {
            var response = await _client.QueryServerAsync([server.Server], name, type, QueryClass.IN, cancellationToken).ConfigureAwait(false);
            server.Answered(_time.GetUtcNow());
            return (DnsAnswer.Read(response, name, type), false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return (DnsAnswer.Failure("The name service did not answer in time."), true);
        }
        catch (Exception exception)
        {
            // Any: what the parser makes of an unreadable answer has no bound in kind, and an answer must not end a delivery.
            var isSilent = exception is SocketException or DnsResponseException { Code: DnsResponseCode.ConnectionTimeout } || exception.InnerException is SocketException;
            if (isSilent) server.WasSilent(since, _time.GetUtcNow());
            return (DnsAnswer.Failure($"The name service failed: {(exception is DnsResponseException failure ? failure.Code : exception.GetType().Name)}."), isSilent);
        }
    }
}
