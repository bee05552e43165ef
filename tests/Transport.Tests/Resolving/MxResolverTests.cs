using System.Net;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Orleans.Mail.Transport.Resolving;
using Orleans.Mail.Transport.Tests.Support;

namespace Orleans.Mail.Transport.Tests.Resolving;

/// <summary>Answers of a name server that nobody here wrote (reliability DN2-DN7, DN10).</summary>
public sealed class MxResolverTests(NameServerFixture server) : IClassFixture<NameServerFixture>, IAsyncLifetime
{
    readonly FakeTimeProvider _time = new();

    // Here and not in the fixture, so that a test can be skipped where there is no name server.
    public async ValueTask InitializeAsync() => await server.StartAsync();

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    [Fact(Timeout = Given.Limit)]
    public async Task Hosts_come_by_preference_in_stable_order_with_both_kinds_of_address()
    {
        var answer = await ResolveAsync("many.test");
        Assert.Equal(MxStatus.Hosts, answer.Status);
        // The null MX among others and the address in place of a name are passed over.
        Assert.Equal([(10, "a.many.test"), (10, "b.many.test"), (20, "c.many.test")], answer.Hosts.Select(host => (host.Preference, host.Name)));
        Assert.Equal([IPAddress.Parse("192.0.2.11"), IPAddress.Parse("2001:db8::11")], answer.Hosts[0].Addresses);
    }

    [Theory(Timeout = Given.Limit)]
    [InlineData("nxdomain.test", MxStatus.NoSuchDomain)]
    [InlineData("nothing.test", MxStatus.NoAddress)]
    [InlineData("nullmx.test", MxStatus.NullMx)]
    [InlineData("servfail.test", MxStatus.TemporaryFailure)]
    [InlineData("unknown.test", MxStatus.TemporaryFailure)]
    [InlineData("dangling.test", MxStatus.TemporaryFailure)]
    [InlineData("literal.test", MxStatus.TemporaryFailure)]
    [InlineData("garbage.test", MxStatus.TemporaryFailure)]
    [InlineData("silent.test", MxStatus.TemporaryFailure)]
    public async Task What_is_absent_and_what_is_not_known_are_told_apart(string domain, MxStatus status)
    {
        var answer = await ResolveAsync(domain);
        Assert.Equal(status, answer.Status);
        Assert.Empty(answer.Hosts);
        Assert.Equal(status == MxStatus.TemporaryFailure, answer.Detail is not null);
    }

    [Theory(Timeout = Given.Limit)]
    [InlineData("implicit.test", "implicit.test", "192.0.2.20")]
    [InlineData("alias.test", "cname.test", "192.0.2.40")]
    [InlineData("partial.test", "b.many.test", "192.0.2.12")]
    public async Task One_usable_host_is_enough(string domain, string host, string address)
    {
        var answer = await ResolveAsync(domain);
        Assert.Equal((host, address), (Assert.Single(answer.Hosts).Name, Assert.Single(answer.Hosts[0].Addresses).ToString()));
    }

    [Theory(Timeout = Given.Limit)]
    [InlineData("many.test", 600)]
    [InlineData("short.test", 60)]
    [InlineData("long.test", 3_600)]
    [InlineData("nxdomain.test", 300)]
    [InlineData("servfail.test", 30)]
    [InlineData("partial.test", 30)]
    public async Task Answer_holds_for_its_ttl_within_bounds(string domain, int seconds) =>
        Assert.Equal(TimeSpan.FromSeconds(seconds), (await ResolveAsync(domain)).GoodUntil - _time.GetUtcNow());

    [Fact(Timeout = Given.Limit)]
    public async Task Crowd_of_hosts_costs_a_bounded_number_of_questions()
    {
        await using var proxy = new CountingProxy(server.EndPoint);
        var answer = await Resolver(proxy.EndPoint).ResolveAsync("crowd.test", TestContext.Current.CancellationToken);
        Assert.Equal(Enumerable.Range(1, 10), answer.Hosts.Select(host => host.Preference));
        Assert.Equal(1 + 20, proxy.Count);
    }

    [Fact(Timeout = Given.Limit)]
    public async Task Answer_is_asked_for_once_while_it_holds_and_by_all_who_wait()
    {
        await using var proxy = new CountingProxy(server.EndPoint);
        var resolver = Resolver(proxy.EndPoint);
        var answers = await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => resolver.ResolveAsync("implicit.test", TestContext.Current.CancellationToken).AsTask()));
        Assert.All(answers, answer => Assert.Same(answers[0], answer));
        Assert.Equal(3, proxy.Count);
        _time.Advance(TimeSpan.FromSeconds(599));
        Assert.Same(answers[0], await resolver.ResolveAsync("IMPLICIT.test", TestContext.Current.CancellationToken));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.NotSame(answers[0], await resolver.ResolveAsync("implicit.test", TestContext.Current.CancellationToken));
        Assert.Equal(6, proxy.Count);
    }

    [Fact(Timeout = Given.Limit)]
    public async Task One_who_stops_waiting_does_not_stop_the_others()
    {
        var resolver = Resolver(server.EndPoint);
        using var source = new CancellationTokenSource();
        var impatient = resolver.ResolveAsync("silent.test", source.Token);
        var patient = resolver.ResolveAsync("silent.test", TestContext.Current.CancellationToken);
        await source.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () => await impatient);
        Assert.Equal(MxStatus.TemporaryFailure, (await patient).Status);
    }

    [Fact(Timeout = Given.Limit)]
    public async Task Whole_lookup_is_bounded_in_time()
    {
        var resolver = Resolver(server.EndPoint, options => options.QueryTimeout = TimeSpan.FromMinutes(1));
        var resolving = resolver.ResolveAsync("silent.test", TestContext.Current.CancellationToken).AsTask();
        await Until.CompletedAsync(resolving, () => _time.Advance(TimeSpan.FromSeconds(10)));
        Assert.Equal(MxStatus.TemporaryFailure, (await resolving).Status);
    }

    [Fact]
    public async Task Cache_is_bounded()
    {
        var cache = new AnswerCache<MxAnswer>(answer => answer.GoodUntil, _time, 100);
        for (var i = 0; i < 1000; i++)
            await cache.GetAsync($"d{i}.test", _ => Task.FromResult(new MxAnswer(MxStatus.NullMx, [], _time.GetUtcNow().AddHours(1))));
        Assert.InRange(cache.Count, 1, 101);
    }

    [Theory]
    [InlineData("127.0.0.1", "127.0.0.1:53")]
    [InlineData("127.0.0.1:5353", "127.0.0.1:5353")]
    [InlineData("[::1]:5353", "[::1]:5353")]
    [InlineData("::1", "[::1]:53")]
    public void Name_server_is_an_address_with_or_without_port(string text, string endPoint) =>
        Assert.Equal(endPoint, NameService.ParseNameServer(text).ToString());

    ValueTask<MxAnswer> ResolveAsync(string domain) => Resolver(server.EndPoint).ResolveAsync(domain, TestContext.Current.CancellationToken);

    MxResolver Resolver(IPEndPoint endPoint, Action<ResolverOptions>? configure = null)
    {
        var options = new ResolverOptions { QueryTimeout = TimeSpan.FromMilliseconds(500), NameServers = { endPoint.ToString() } };
        configure?.Invoke(options);
        return new MxResolver(new NameService(Options.Create(options), _time), Options.Create(options), _time);
    }
}

public sealed class NameServerFixture : IAsyncDisposable
{
    PeerProcess? _process;

    public IPEndPoint EndPoint => _process!.EndPoint;

    public async Task StartAsync() => _process ??= await PeerProcess.NameServerAsync(Path.Combine(AppContext.BaseDirectory, "Resolving", "answers.tns"));

    public async ValueTask DisposeAsync()
    {
        if (_process is not null) await _process.DisposeAsync();
    }
}
