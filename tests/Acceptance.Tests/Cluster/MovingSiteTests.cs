using Orleans.Mail.Acceptance.Tests.Rig;
using Orleans.Mail.Rig;
using Orleans.Mail.Support;

namespace Orleans.Mail.Acceptance.Tests.Cluster;

/// <summary>What is known of a site goes along when a silo joins and the site moves to it.</summary>
public sealed class MovingSiteTests(ITestOutputHelper output) : IAsyncLifetime
{
    // So many that chance gives the new silo some.
    const int Sites = 12;
    const int PerSite = 60;

    // Of a new owner that knows the pace: a try above it, and what a slow machine brings together.
    const int FewRefusals = 3;

    static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    readonly string _folder = Directory.CreateTempSubdirectory("mail-moving-").FullName;
    readonly CountedSites _sites = new(Sites, TimeSpan.Zero, spacing: TimeSpan.FromMilliseconds(500));
    SiloCluster _silos = null!;
    MailClient _mail = null!;

    public async ValueTask InitializeAsync()
    {
        AzuriteInstance.Require();
        var settings = new SiloSettings { Folder = _folder }.DeliveringTo(_sites.All[0].Port).With([.. ClusterRun.Quick]);
        for (var i = 0; i < Sites; i++) settings = settings.With(($"OrleansMail:Delivery:Routes:{DomainOf(i)}", $"127.0.0.1:{_sites.All[i].Port}"));
        _silos = await SiloCluster.StartAsync(0, settings);
        await AddAsync(0);
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
    public async Task The_pace_that_a_site_taught_goes_with_it_to_a_silo_that_joins()
    {
        var content = "From: a@sender.test\r\nSubject: x\r\n\r\nHello.\r\n"u8.ToArray();
        await Task.WhenAll(Enumerable.Range(0, PerSite * Sites).Select(i => _mail.SubmitAsync(MailDraft.FromEml(content, "a@sender.test", $"r{i}@{DomainOf(i % Sites)}"))));
        await UntilAsync(() => _sites.All.All(site => site.RefusedFrom.GetValueOrDefault(NameOf(0)) > 0 && site.TakenFrom.GetValueOrDefault(NameOf(0)) > 3), "every site should have taught its pace");

        await AddAsync(1);
        await UntilAsync(() => _sites.All.Count(site => site.TakenFrom.GetValueOrDefault(NameOf(1)) >= 3) >= 2, "the new silo should serve some of the sites");

        var moved = _sites.All.Where(site => site.TakenFrom.GetValueOrDefault(NameOf(1)) >= 3).ToList();
        output.WriteLine(string.Join(Environment.NewLine, _sites.All.Select(site =>
            $"refused {site.RefusedFrom.GetValueOrDefault(NameOf(0))} before and {site.RefusedFrom.GetValueOrDefault(NameOf(1))} after, taken {site.TakenFrom.GetValueOrDefault(NameOf(0))} and {site.TakenFrom.GetValueOrDefault(NameOf(1))}")));
        Assert.All(moved, site => Assert.InRange(site.RefusedFrom.GetValueOrDefault(NameOf(1)), 0, FewRefusals));
    }

    Task<SiloProcess> AddAsync(int silo) => _silos.AddAsync(new Dictionary<string, string> { ["OrleansMail__Transport__LocalDomain"] = NameOf(silo) });

    static async Task UntilAsync(Func<bool> isMet, string what)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (!isMet())
        {
            if (TimeProvider.System.GetElapsedTime(start) > Patience) throw new TimeoutException(what);
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
        }
    }

    static string NameOf(int silo) => $"silo{silo}.test";

    static string DomainOf(int site) => $"d{site}.example.com";
}
