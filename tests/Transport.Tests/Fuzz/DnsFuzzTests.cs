using Microsoft.Extensions.Options;
using Orleans.Mail.Transport.Resolving;

namespace Orleans.Mail.Transport.Tests.Fuzz;

/// <summary>Whatever a name server says, there is an answer in time, and a forged one is not believed (reliability DN10).</summary>
public sealed class DnsFuzzTests(ITestOutputHelper output)
{
    static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    int _found, _unknown;

    [Fact]
    public async Task A_hostile_name_server_gets_no_lookup_to_crash_to_hang_or_to_believe_a_forgery()
    {
        await FuzzRun.RunAsync(() => new Asker(), CheckAsync, output);
        output.WriteLine($"{_found} with hosts, {_unknown} not known");
        Assert.True(_found > FuzzRun.Sessions / 4 && _unknown > 0, $"{_found} with hosts, {_unknown} not known");
    }

    async Task<string?> CheckAsync(Asker asker, int seed)
    {
        asker.Server.Begin(seed);
        try
        {
            var answer = await asker.Resolver.ResolveAsync($"s{seed}.test", TestContext.Current.CancellationToken).AsTask().WaitAsync(Limit, TimeProvider.System);
            if (answer.Status == MxStatus.Hosts) Interlocked.Increment(ref _found);
            if (answer.Status == MxStatus.TemporaryFailure) Interlocked.Increment(ref _unknown);
            return Judge(answer, asker.Server);
        }
        catch (Exception exception)
        {
            return exception.ToString();
        }
    }

    static string? Judge(MxAnswer answer, HostileNameServer server)
    {
        if (answer.Status == MxStatus.NoSuchDomain && !server.MayHaveDeniedTheName) return "nobody said that there is no such name";
        if (answer.Hosts.Length > new ResolverOptions().MaxHosts) return $"{answer.Hosts.Length} hosts";
        if (answer.Hosts.Any(host => host.Addresses.IsEmpty || host.Name.Length is 0 or > 253)) return "a host without a name or without an address";
        if (answer.Hosts.Any(host => host.Name == HostileNameServer.ForgedHost)) return "a forged host";
        return answer.Hosts.Any(host => host.Addresses.Contains(HostileNameServer.ForgedAddress)) ? "a forged address" : null;
    }

    /// <summary>A resolver with its name server.</summary>
    sealed class Asker : IAsyncDisposable
    {
        public Asker()
        {
            var options = new ResolverOptions { QueryTimeout = TimeSpan.FromMilliseconds(100), ResolveTimeout = TimeSpan.FromSeconds(2), MaxCachedDomains = 100 };
            options.NameServers.Add(Server.EndPoint.ToString());
            Resolver = new MxResolver(new NameService(Options.Create(options), TimeProvider.System), Options.Create(options), TimeProvider.System);
        }

        public HostileNameServer Server { get; } = new();

        public MxResolver Resolver { get; }

        public ValueTask DisposeAsync() => Server.DisposeAsync();
    }
}
