using Orleans.Mail.Acceptance.Tests.Rig;
using Orleans.Mail.Rig;
using Orleans.Mail.Support;

namespace Orleans.Mail.Acceptance.Tests.Cluster;

/// <summary>Limits hold for the receiver, however many silos there are, and whichever of them dies.</summary>
public sealed class SharedLimitTests(ITestOutputHelper output) : IAsyncLifetime
{
    const int Silos = 3;
    const int Sites = 9;
    const int SessionLimit = 3;
    const int ConcurrencyLimit = 6;
    const int PerSecond = 20;

    static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    // Longer than a silo needs to be declared dead, and short enough to see the end of.
    static readonly TimeSpan LeaseTime = TimeSpan.FromSeconds(6);

    readonly string _folder = Directory.CreateTempSubdirectory("mail-limits-").FullName;
    readonly CountedSites _sites = new(Sites, TimeSpan.FromMilliseconds(150));
    SiloCluster _silos = null!;
    MailClient _mail = null!;

    public async ValueTask InitializeAsync()
    {
        AzuriteInstance.Require();
        var settings = new SiloSettings { Folder = _folder }.DeliveringTo(_sites.All[0].Port).With([.. ClusterRun.Quick]).With(
            ("OrleansMail:Sites:InitialSessions", $"{SessionLimit}"), ("OrleansMail:Sites:MaxSessions", $"{SessionLimit}"),
            ("OrleansMail:Delivery:SessionPrefetch", "1"),
            ("OrleansMail:Tenants:slow:Rate", $"{PerSecond}/1s"), ("OrleansMail:Tenants:few:MaxConcurrent", $"{ConcurrencyLimit}"),
            ("OrleansMail:Budgets:LeaseTime", $"{LeaseTime}"), ("OrleansMail:Budgets:RenewEvery", "00:00:01"));
        for (var i = 0; i < Sites; i++) settings = settings.With(($"OrleansMail:Delivery:Routes:{DomainOf(i)}", $"127.0.0.1:{_sites.All[i].Port}"));
        _silos = await SiloCluster.StartAsync(0, settings);
        for (var i = 0; i < Silos; i++) await _silos.AddAsync(new Dictionary<string, string> { ["OrleansMail__Transport__LocalDomain"] = NameOf(i) });
        _mail = await ClusterRun.ConnectAsync(_silos);
    }

    public async ValueTask DisposeAsync()
    {
        await _mail.DisposeAsync();
        await _silos.DisposeAsync();
        await _sites.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task No_receiver_sees_more_sessions_than_its_limit_and_a_tenant_goes_no_faster_than_its_rate()
    {
        await SubmitAsync("free", 20);
        await TakenAsync(20 * Sites);
        Assert.All(_sites.All, site => Assert.InRange(site.Sessions.Most, 1, SessionLimit));
        Assert.Contains(_sites.All, site => site.Sessions.Most == SessionLimit);
        Assert.True(_sites.All.SelectMany(site => site.TakenFrom.Keys).Distinct().Count() > 1, "one silo sent everything");

        var start = TimeProvider.System.GetTimestamp();
        await SubmitAsync("slow", 20);
        await TakenAsync(40 * Sites);
        // What comes due in one block time, a quarter of a second, goes at once. Each silo for itself would need a third of it.
        Assert.InRange(TimeProvider.System.GetElapsedTime(start).TotalSeconds, (20 * Sites - 5.0) / PerSecond, double.MaxValue);
        Assert.All(_sites.All, site => Assert.InRange(site.Sessions.Most, 1, SessionLimit));
    }

    [Fact]
    public async Task The_silo_of_a_sites_grain_is_killed_and_its_sessions_come_back_within_the_limit()
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _sites.Gate = gate.Task;
        await SubmitAsync("free", 20);
        await UntilAsync(() => _sites.All.All(site => site.Sessions.Now == SessionLimit), "every site should be at its limit");
        var victim = Enumerable.Range(0, Silos).MaxBy(silo => _sites.All.Count(site => OpenFrom(site, silo) > 0));
        var orphans = _sites.All.Where(site => OpenFrom(site, victim) > 0).ToList();
        await _silos.KillAsync(victim);
        await UntilAsync(() => _sites.All.All(site => OpenFrom(site, victim) == 0), "the connections of the dead silo should have ended");
        foreach (var site in _sites.All) site.Sessions.Forget();
        var killed = TimeProvider.System.GetTimestamp();
        await UntilAsync(() => orphans.TrueForAll(site => site.Sessions.Most >= SessionLimit), "its sites should be served by as many sessions as before");
        output.WriteLine($"{orphans.Count} sites were served fully again after {TimeProvider.System.GetElapsedTime(killed)}");
        gate.SetResult();
        await TakenAsync(20 * Sites);
        // Sessions live beside the grain of their site: those of the dead one died with it, and nobody else held any.
        Assert.All(_sites.All, site => Assert.InRange(site.Sessions.Most, 1, SessionLimit));
    }

    [Fact]
    public async Task A_silo_that_holds_shares_of_a_tenants_concurrency_is_killed_and_they_come_back_when_their_lease_ends()
    {
        await SubmitAsync("few", 60);
        await UntilAsync(() => _sites.Transactions.Now == ConcurrencyLimit, "the tenant should be at its limit");
        await UntilAsync(() => _sites.All.SelectMany(site => site.TakenFrom.Keys).Distinct().Count() > 1, "one silo has it all");
        var victim = Enumerable.Range(0, Silos).MaxBy(silo => _sites.All.Sum(site => site.TakenFrom.GetValueOrDefault(NameOf(silo))));
        await _silos.KillAsync(victim);
        await UntilAsync(() => _sites.All.All(site => OpenFrom(site, victim) == 0), "the connections of the dead silo should have ended");
        Assert.InRange(_sites.Transactions.Most, 1, ConcurrencyLimit);
        _sites.Transactions.Forget();
        var killed = TimeProvider.System.GetTimestamp();
        await UntilAsync(() => _sites.Transactions.Most == ConcurrencyLimit, "what the dead silo held should be used by others");
        var back = TimeProvider.System.GetElapsedTime(killed);
        output.WriteLine($"The shares were back after {back}");
        await TakenAsync(60 * Sites);
        Assert.InRange(_sites.Transactions.Most, 1, ConcurrencyLimit);
    }

    async Task SubmitAsync(string tenant, int perSite)
    {
        var content = "From: a@sender.test\r\nSubject: x\r\n\r\nHello.\r\n"u8.ToArray();
        var drafts = Enumerable.Range(0, perSite * Sites).Select(i => MailDraft.FromEml(content, "a@sender.test", $"{tenant}{i}@{DomainOf(i % Sites)}") with { Tenant = tenant });
        foreach (var some in drafts.Chunk(100)) await Task.WhenAll(some.Select(draft => _mail.SubmitAsync(draft)));
    }

    Task TakenAsync(int count) => UntilAsync(() => _sites.Taken.Count >= count, $"{count} should have been taken");

    static async Task UntilAsync(Func<bool> isMet, string what)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (!isMet())
        {
            if (TimeProvider.System.GetElapsedTime(start) > Patience) throw new TimeoutException(what);
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System);
        }
    }

    static int OpenFrom(CountedSite site, int silo) => site.Silos.GetValueOrDefault(NameOf(silo));

    static string NameOf(int silo) => $"silo{silo}.test";

    static string DomainOf(int site) => $"d{site}.example.com";
}
