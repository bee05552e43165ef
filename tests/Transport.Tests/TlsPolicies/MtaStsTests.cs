using System.IO.Compression;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Orleans.Mail.Transport.Resolving;
using Orleans.Mail.Transport.Tests.Support;
using Orleans.Mail.Transport.TlsPolicies;

namespace Orleans.Mail.Transport.Tests.TlsPolicies;

/// <summary>Policies from a real web server, announced by a real name server (reliability S6, CN10).</summary>
public sealed class MtaStsTests : IAsyncLifetime
{
    const string Enforce = "version: STSv1\nmode: enforce\nmx: mx.good.test\nmax_age: 604800\n";

    readonly FakeTimeProvider _time = new(TimeProvider.System.GetUtcNow());
    readonly MtaStsOptions _options = new();
    PeerProcess _names = null!;
    PolicyHost _host = null!;

    public async ValueTask InitializeAsync()
    {
        _names = await NamesAsync("policies.tns");
        _host = await PolicyHost.StartAsync("mta-sts.good.test");
        _host.Answer = PolicyHost.Text(Enforce);
    }

    public async ValueTask DisposeAsync()
    {
        if (_host is not null) await _host.DisposeAsync();
        if (_names is not null) await _names.DisposeAsync();
    }

    [Fact(Timeout = Given.Limit)]
    public async Task Policy_is_fetched_once_and_kept()
    {
        var sts = Sts();
        var found = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => FindAsync(sts, "good.test")));
        Assert.All(found, policy => Assert.Equal(("a1", MtaStsMode.Enforce), (policy?.Id, policy?.Mode)));
        Assert.NotNull(await FindAsync(sts, "GOOD.test"));
        Assert.Equal(1, _host.Requests);
    }

    [Theory(Timeout = Given.Limit)]
    [InlineData("none.test")]
    [InlineData("twice.test")]
    [InlineData("broken.test")]
    public async Task Without_one_good_announcement_nothing_is_fetched(string domain)
    {
        Assert.Null(await FindAsync(Sts(), domain));
        Assert.Equal(0, _host.Requests);
    }

    [Fact(Timeout = Given.Limit)]
    public async Task Policy_host_at_an_address_of_the_machine_room_is_not_dialled()
    {
        var asked = new List<IPAddress>();
        Assert.Null(await FindAsync(Sts(guard: new LoopbackOnly(asked)), "metadata.test"));
        Assert.Equal("169.254.169.254", Assert.Single(asked).ToString());
    }

    public static TheoryData<string> Faults => [.. Wrong.Keys];

    static Dictionary<string, Func<HttpContext, Task>> Wrong { get; } = new()
    {
        ["redirect"] = context =>
        {
            context.Response.Redirect("/elsewhere");
            return Task.CompletedTask;
        },
        ["not found"] = context =>
        {
            context.Response.StatusCode = 404;
            return PolicyHost.Text(Enforce)(context);
        },
        ["page"] = PolicyHost.Text(Enforce, "text/html"),
        ["one octet too many"] = PolicyHost.Text(Enforce + new string('\n', 65_537 - Enforce.Length)),
        ["endless"] = EndlessAsync,
        ["gzip"] = async context =>
        {
            context.Response.ContentType = "text/plain";
            context.Response.Headers.ContentEncoding = "gzip";
            await using var zip = new GZipStream(context.Response.Body, CompressionLevel.Fastest);
            await zip.WriteAsync(Encoding.ASCII.GetBytes(Enforce));
        },
        ["any host"] = PolicyHost.Text(Enforce.Replace("mx.good.test", "*", StringComparison.Ordinal)),
        ["for ever"] = PolicyHost.Text(Enforce.Replace("604800", "99999999999", StringComparison.Ordinal)),
        ["cut"] = context =>
        {
            context.Response.ContentType = "text/plain";
            context.Response.ContentLength = 10_000;
            context.Abort();
            return Task.CompletedTask;
        },
    };

    [Theory(Timeout = Given.Limit), MemberData(nameof(Faults))]
    public async Task Fault_of_the_policy_host_makes_no_policy_and_leaves_the_old_one(string fault)
    {
        _host.Answer = Wrong[fault];
        Assert.Null(await FindAsync(Sts(), "good.test"));

        _host.Answer = PolicyHost.Text(Enforce);
        var sts = Sts();
        Assert.NotNull(await FindAsync(sts, "good.test"));
        var before = _host.Requests;
        _host.Answer = Wrong[fault];
        _time.Advance(_options.RefreshAge + TimeSpan.FromSeconds(1));
        await RequestAsync(sts, before);
        Assert.Equal("a1", (await FindAsync(sts, "good.test"))?.Id);
    }

    [Fact(Timeout = Given.Limit)]
    public async Task Largest_policy_is_taken()
    {
        _host.Answer = PolicyHost.Text(Enforce + new string('\n', 65_536 - Enforce.Length));
        Assert.NotNull(await FindAsync(Sts(), "good.test"));
    }

    [Fact(Timeout = Given.Limit)]
    public async Task Silent_policy_host_costs_its_minute_once()
    {
        _host.Answer = context => Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted);
        var sts = Sts();
        var find = FindAsync(sts, "good.test");
        await Until.CompletedAsync(find, () => _time.Advance(TimeSpan.FromSeconds(1)));
        Assert.Null(await find);
        // The next check runs beside the mail.
        var before = _host.Requests;
        _time.Advance(_options.RetryInterval + TimeSpan.FromSeconds(1));
        Assert.Null(await FindAsync(sts, "good.test"));
        await RequestAsync(sts, before);
    }

    [Theory(Timeout = Given.Limit)]
    [InlineData("mta-sts.other.test", 30)]
    [InlineData("*.test", 30)]
    [InlineData("mta-sts.good.test", -1)]
    public async Task Certificate_of_another_name_or_time_is_refused(string name, int validDays)
    {
        await using var host = await PolicyHost.StartAsync(name, validDays);
        host.Answer = PolicyHost.Text(Enforce);
        Assert.Null(await FindAsync(Sts(port: host.Port), "good.test"));
        Assert.Equal(0, host.Requests);
    }

    [Fact(Timeout = Given.Limit)]
    public async Task Certificate_of_an_unknown_authority_is_refused()
    {
        Assert.Null(await FindAsync(Sts(isAuthorityKnown: false), "good.test"));
        Assert.Equal(0, _host.Requests);
    }

    [Fact(Timeout = Given.Limit)]
    public async Task Policy_outlives_the_name_service_until_its_age_is_over()
    {
        await using var proxy = new CountingProxy(_names.EndPoint);
        var sts = Sts(proxy.EndPoint);
        Assert.NotNull(await FindAsync(sts, "good.test"));
        // A port where nobody answers.
        proxy.Server = new IPEndPoint(IPAddress.Loopback, 9);
        _time.Advance(TimeSpan.FromDays(7) - TimeSpan.FromSeconds(1));
        Assert.NotNull(await FindAsync(sts, "good.test"));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(await FindAsync(sts, "good.test"));
    }

    [Fact(Timeout = Given.Limit)]
    public async Task Announced_change_is_fetched()
    {
        await using var changed = await NamesAsync("changed.tns");
        await using var proxy = new CountingProxy(_names.EndPoint);
        var sts = Sts(proxy.EndPoint);
        Assert.Equal("a1", (await FindAsync(sts, "good.test"))?.Id);
        proxy.Server = changed.EndPoint;
        _host.Answer = PolicyHost.Text(Enforce.Replace("enforce", "testing", StringComparison.Ordinal));
        _time.Advance(_options.CheckInterval + TimeSpan.FromSeconds(1));
        while ((await FindAsync(sts, "good.test"))?.Id == "a1") await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, TestContext.Current.CancellationToken);
        Assert.Equal(MtaStsMode.Testing, (await FindAsync(sts, "good.test"))?.Mode);
        Assert.Equal(2, _host.Requests);
    }

    [Fact(Timeout = Given.Limit)]
    public async Task Domains_are_bounded_and_those_with_a_policy_stay()
    {
        _options.MaxDomains = 10;
        var sts = Sts();
        Assert.NotNull(await FindAsync(sts, "good.test"));
        await Task.WhenAll(Enumerable.Range(0, 30).Select(i => FindAsync(sts, $"unknown{i}.test")));
        Assert.InRange(sts.Count, 1, 10);
        Assert.NotNull(await FindAsync(sts, "good.test"));
        Assert.Equal(1, _host.Requests);
    }

    // A check that was made beside the mail has reached the policy host.
    async Task RequestAsync(MtaSts sts, int before)
    {
        await FindAsync(sts, "good.test");
        while (_host.Requests == before) await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, TestContext.Current.CancellationToken);
    }

    static async Task EndlessAsync(HttpContext context)
    {
        context.Response.ContentType = "text/plain";
        while (!context.RequestAborted.IsCancellationRequested) await context.Response.WriteAsync(Enforce, context.RequestAborted);
    }

    static Task<MtaStsPolicy?> FindAsync(MtaSts sts, string domain) => sts.FindAsync(domain, TestContext.Current.CancellationToken).AsTask();

    static Task<PeerProcess> NamesAsync(string file) => PeerProcess.NameServerAsync(Path.Combine(AppContext.BaseDirectory, "TlsPolicies", file));

    MtaSts Sts(IPEndPoint? server = null, IAddressGuard? guard = null, int? port = null, bool isAuthorityKnown = true)
    {
        var names = new NameService(Options.Create(new ResolverOptions { NameServers = { (server ?? _names.EndPoint).ToString() }, QueryTimeout = TimeSpan.FromMilliseconds(500) }), _time);
        return new MtaSts(names, _options, new MtaStsFetcher(names, guard ?? new LoopbackOnly([]), _options, isAuthorityKnown ? [PolicyHost.Authority] : [], _time, port ?? _host.Port), _time);
    }

    sealed class LoopbackOnly(List<IPAddress> asked) : IAddressGuard
    {
        public bool Allows(IPAddress address)
        {
            asked.Add(address);
            return IPAddress.IsLoopback(address);
        }
    }
}
