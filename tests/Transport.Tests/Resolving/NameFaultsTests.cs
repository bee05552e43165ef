using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Orleans.Mail.Transport.Resolving;
using Orleans.Mail.Transport.Tests.Support;

namespace Orleans.Mail.Transport.Tests.Resolving;

/// <summary>Answers that are cut, forged, endless or absent (reliability DN5-DN7, DN10, S9).</summary>
public sealed class NameFaultsTests(FaultyNameServerFixture server) : IClassFixture<FaultyNameServerFixture>, IAsyncLifetime
{
    readonly FakeTimeProvider _time = new();

    public async ValueTask InitializeAsync() => await server.StartAsync();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Theory(Timeout = Given.Limit)]
    [InlineData("truncated.test")]
    [InlineData("chain16.test")]
    [InlineData("names.test")]
    public async Task Host_is_found_all_the_same(string domain) =>
        Assert.Equal("mx.good.test", Assert.Single((await ResolveAsync(domain)).Hosts).Name);

    [Theory(Timeout = Given.Limit)]
    [InlineData("xid.test")]
    [InlineData("circle.test")]
    [InlineData("chain17.test")]
    [InlineData("unasked.test")]
    public async Task Answer_that_cannot_be_believed_is_none(string domain)
    {
        var answer = await ResolveAsync(domain);
        Assert.Equal(MxStatus.TemporaryFailure, answer.Status);
        Assert.NotNull(answer.Detail);
    }

    [Fact(Timeout = Given.Limit)]
    public async Task Records_of_another_name_count_for_nothing()
    {
        var answer = await ResolveAsync("stranger.test");
        Assert.Equal(("stranger.test", "192.0.2.61"), (Assert.Single(answer.Hosts).Name, answer.Hosts[0].Addresses[0].ToString()));
    }

    [Theory(Timeout = Given.Limit)]
    [InlineData("zero.test", 60)]
    [InlineData("ages.test", 60)]
    public async Task Absurd_time_to_live_is_brought_within_bounds(string domain, int seconds) =>
        Assert.Equal(TimeSpan.FromSeconds(seconds), (await ResolveAsync(domain)).GoodUntil - _time.GetUtcNow());

    [Fact(Timeout = Given.Limit)]
    public async Task Crowd_of_hosts_with_crowds_of_addresses_is_cut_to_the_bounds()
    {
        var answer = await ResolveAsync("many.test");
        Assert.Equal(10, answer.Hosts.Length);
        Assert.All(answer.Hosts, host => Assert.Equal((10, 10), (host.Addresses.Count(IsFour), host.Addresses.Count(address => !IsFour(address)))));
        Assert.Equal(100, answer.Names.Length);
    }

    [Fact(Timeout = Given.Limit)]
    public async Task Silent_server_costs_one_question_its_time_and_not_each()
    {
        using var silent = new SilentNameServer();
        var resolver = Resolver(silent.EndPoint, server.EndPoint);
        Assert.Equal(MxStatus.Hosts, (await resolver.ResolveAsync("truncated.test", TestContext.Current.CancellationToken)).Status);
        // The questions for MX and for both kinds of address: only those asked before the first silence was noticed may have met it.
        var met = silent.Count;
        Assert.InRange(met, 1, 1);
        Assert.Equal(MxStatus.Hosts, (await resolver.ResolveAsync("chain16.test", TestContext.Current.CancellationToken)).Status);
        Assert.Equal(met, silent.Count);

        // After a while one question, and one only, finds out whether it is back.
        _time.Advance(TimeSpan.FromSeconds(31));
        await Task.WhenAll(new[] { "names.test", "zero.test", "ages.test" }.Select(domain => resolver.ResolveAsync(domain, TestContext.Current.CancellationToken).AsTask()));
        Assert.Equal(met + 1, silent.Count);
    }

    [Fact(Timeout = Given.Limit)]
    public async Task Absent_server_is_passed_over()
    {
        using var closed = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
        var nobody = (IPEndPoint)closed.Client.LocalEndPoint!;
        closed.Dispose();
        Assert.Equal(MxStatus.Hosts, (await Resolver(nobody, server.EndPoint).ResolveAsync("truncated.test", TestContext.Current.CancellationToken)).Status);
    }

    [Fact(Timeout = Given.Limit)]
    public async Task All_servers_silent_is_a_temporary_failure_after_asking_each_twice()
    {
        using var silent = new SilentNameServer();
        var answer = await Resolver(silent.EndPoint).ResolveAsync("truncated.test", TestContext.Current.CancellationToken);
        Assert.Equal(MxStatus.TemporaryFailure, answer.Status);
        Assert.Equal(2, silent.Count);
    }

    ValueTask<MxAnswer> ResolveAsync(string domain) => Resolver(server.EndPoint).ResolveAsync(domain, TestContext.Current.CancellationToken);

    MxResolver Resolver(params IPEndPoint[] servers)
    {
        var options = new ResolverOptions { QueryTimeout = TimeSpan.FromMilliseconds(500) };
        foreach (var endPoint in servers) options.NameServers.Add(endPoint.ToString());
        return new MxResolver(new NameService(Options.Create(options), _time), Options.Create(options), _time);
    }

    static bool IsFour(IPAddress address) => address.AddressFamily == AddressFamily.InterNetwork;
}

public sealed class FaultyNameServerFixture : IAsyncDisposable
{
    PeerProcess? _process;

    public IPEndPoint EndPoint => _process!.EndPoint;

    public async Task StartAsync() => _process ??= await PeerProcess.NameServerAsync(Path.Combine(AppContext.BaseDirectory, "Resolving", "faults.tns"));

    public async ValueTask DisposeAsync()
    {
        if (_process is not null) await _process.DisposeAsync();
    }
}

/// <summary>Takes questions and says nothing.</summary>
sealed class SilentNameServer : IDisposable
{
    readonly UdpClient _socket = new(new IPEndPoint(IPAddress.Loopback, 0));
    int _count;

    public IPEndPoint EndPoint => (IPEndPoint)_socket.Client.LocalEndPoint!;

    /// <summary>Questions so far.</summary>
    public int Count
    {
        get
        {
            IPEndPoint? from = null;
            for (; _socket.Available > 0; _count++) _socket.Receive(ref from);
            return _count;
        }
    }

    public void Dispose() => _socket.Dispose();
}
