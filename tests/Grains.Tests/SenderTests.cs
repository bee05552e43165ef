using System.Text;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Mail.Grains.Options;

namespace Orleans.Mail.Grains.Tests;

/// <summary>Under whose names a tenant may send.</summary>
public sealed class SenderTests : IAsyncDisposable
{
    readonly MailCluster _cluster = new();
    readonly ChangingConfiguration _settings = new();

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    [Fact]
    public async Task A_tenant_with_a_list_sends_under_its_names_only_and_hears_of_every_other_one()
    {
        await StartAsync();
        Assert.Empty((await _cluster.SubmitAsync(Mail("ann@shop.example", "ann@shop.example"))).Faults);
        Assert.Empty((await _cluster.SubmitAsync(Mail("", "news@shop.example"))).Faults);
        Assert.Equal(["from", "content"], await FaultsAsync(Mail("ceo@bank.example", "ceo@bank.example")));
        Assert.Equal(["from"], await FaultsAsync(Mail("ceo@bank.example", "ann@shop.example")));
        Assert.Equal(["content"], await FaultsAsync(Mail("ann@shop.example", "ceo@bank.example")));
        Assert.Empty(await FaultsAsync(Mail("ceo@bank.example", "ceo@bank.example") with { Tenant = "other" }));
    }

    [Fact]
    public async Task A_list_that_changes_counts_for_the_next_submission()
    {
        await StartAsync();
        _settings.Change(values => values["OrleansMail:Tenants:acme:Senders:1"] = ".bank.example");
        Assert.Empty(await FaultsAsync(Mail("ceo@mail.bank.example", "ceo@mail.bank.example")));
        _settings.Change(values => values["OrleansMail:Tenants:acme:Senders:1"] = "*.bank.example");
        Assert.Contains(_cluster.Log.Lines, line => line.Contains("OrleansMail:Tenants:acme:Senders:1", StringComparison.Ordinal));
        Assert.Empty(await FaultsAsync(Mail("ceo@mail.bank.example", "ceo@mail.bank.example")));
        _settings.Change(values => values.Clear());
        Assert.Empty(await FaultsAsync(Mail("ceo@any.example", "ceo@any.example")));
    }

    [Fact]
    public async Task Notices_of_the_service_go_to_a_tenant_with_a_list()
    {
        // Nothing is sent to the reserved name that the others use.
        _settings.Values["OrleansMail:Tenants:acme:Senders:1"] = "shop.example.com";
        await StartAsync();
        _cluster.Wire.Answer = transaction => transaction.From.Length == 0 ? ScriptedWire.Accept(transaction) : ScriptedWire.Refuse(transaction, 550, "5.1.1 No such user");
        Assert.NotNull((await _cluster.SubmitAsync(Mail("ann@shop.example.com", "ann@shop.example.com") with { Notices = NoticeKinds.Failure })).Receipt);
        await MailCluster.UntilAsync(() => _cluster.Wire.Received.Any(transaction => transaction.From.Length == 0), "the notice should have left");
    }

    Task<MailCluster> StartAsync()
    {
        _settings.Values["OrleansMail:Tenants:acme:Senders:0"] = "shop.example";
        return _cluster.StartWithAsync(silo =>
        {
            ((IConfigurationBuilder)silo.Configuration).Add(_settings);
            silo.Services.PostConfigure<NoticeOptions>(notices => notices.Domain = "mail.example.net");
        });
    }

    async Task<string[]> FaultsAsync(SubmitRequest request) => [.. (await _cluster.SubmitAsync(request)).Faults.Select(fault => fault.Field)];

    static SubmitRequest Mail(string from, string author) => MailCluster.Request("bob@example.com") with
    {
        Tenant = "acme",
        From = from,
        Content = Encoding.ASCII.GetBytes($"From: {author}\r\nSubject: test\r\n\r\nHello.\r\n"),
    };
}
