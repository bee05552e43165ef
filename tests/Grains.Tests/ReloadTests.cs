using Microsoft.Extensions.Configuration;
using Orleans.Mail.Transport;

namespace Orleans.Mail.Grains.Tests;

/// <summary>Configuration that changes while the silo runs.</summary>
public sealed class ReloadTests : IAsyncLifetime
{
    readonly MailCluster _cluster = new();
    readonly ChangingConfiguration _settings = new();

    public async ValueTask InitializeAsync()
    {
        _settings.Values["OrleansMail:Routing:Relays:one:Host"] = "127.0.0.1";
        _settings.Values["OrleansMail:Routing:Relays:one:Port"] = "2501";
        _settings.Values["OrleansMail:Routing:Relays:one:Tls"] = nameof(TlsMode.None);
        _settings.Values["OrleansMail:Routing:Rules:0:Route"] = "one";
        _settings.Values["OrleansMail:Routing:Rules:0:Domain"] = "relayed.example.com";
        await _cluster.StartWithAsync(silo => ((IConfigurationBuilder)silo.Configuration).Add(_settings));
    }

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    [Fact]
    public async Task A_route_and_a_relay_that_are_added_serve_the_next_message()
    {
        Assert.Equal("127.0.0.1:2501", await SiteOfAsync("ann@relayed.example.com"));
        Assert.Equal("mx.other.example.com", await SiteOfAsync("ann@other.example.com"));
        _settings.Change(values =>
        {
            values["OrleansMail:Routing:Relays:two:Host"] = "127.0.0.1";
            values["OrleansMail:Routing:Relays:two:Port"] = "2502";
            values["OrleansMail:Routing:Relays:two:Tls"] = nameof(TlsMode.None);
            values["OrleansMail:Routing:Rules:0:Route"] = "two";
            values["OrleansMail:Delivery:Routes:other.example.com"] = "127.0.0.1:2503";
        });
        Assert.Equal("127.0.0.1:2502", await SiteOfAsync("ann@relayed.example.com"));
        Assert.Equal("127.0.0.1:2503", await SiteOfAsync("ann@other.example.com"));
    }

    [Fact]
    public async Task A_route_that_does_not_exist_is_refused_with_its_reason_and_the_old_ones_stay()
    {
        _settings.Change(values => values["OrleansMail:Routing:Rules:0:Route"] = "nowhere");
        Assert.Equal("127.0.0.1:2501", await SiteOfAsync("ann@relayed.example.com"));
        Assert.Contains(_cluster.Log.Lines, line => line.Contains("RoutingOptions are not taken", StringComparison.Ordinal) && line.Contains("OrleansMail:Routing:Rules:0:Route must name a pool", StringComparison.Ordinal));
        _settings.Change(values => values["OrleansMail:Routing:Rules:0:Route"] = "mx");
        Assert.Equal("mx.relayed.example.com", await SiteOfAsync("ann@relayed.example.com"));
    }

    [Fact]
    public async Task A_relay_that_is_taken_away_while_mail_waits_for_it_leaves_the_mail_another_way()
    {
        _cluster.Wire.Close();
        var requests = await _cluster.SubmitManyAsync(30, i => MailCluster.Request($"r{i}@relayed.example.com"));
        _settings.Change(values => values.Clear());
        _cluster.Wire.Open();
        foreach (var request in requests) Assert.Equal(MailState.Delivered, (await _cluster.StatusAsync(request.Id, status => status.IsFinal)).State);
        Assert.Equal("mx.relayed.example.com", await SiteOfAsync("ann@relayed.example.com"));
    }

    [Theory]
    [InlineData("OrleansMail:Shaping:Sites:mx.slow.example.com:Rate")]
    [InlineData("OrleansMail:Shaping:Providers:google:Rate")]
    public async Task A_limit_that_is_lifted_lets_go_what_it_held(string key)
    {
        _cluster.Wire.OnResolve = domain => ScriptedWire.Hosts(domain == "big.example.com" ? "mx.google.com" : $"mx.{domain}");
        var domain = key.Contains("google", StringComparison.Ordinal) ? "big.example.com" : "slow.example.com";
        _settings.Change(values => values[key] = "1/1h");
        var requests = Enumerable.Range(0, 5).Select(i => MailCluster.Request($"r{i}@{domain}")).ToArray();
        foreach (var request in requests) await _cluster.SubmitAsync(request);
        await MailCluster.UntilAsync(() => !_cluster.Wire.Received.IsEmpty, "one should have left");
        foreach (var request in requests) await _cluster.StatusAsync(request.Id);
        Assert.Single(_cluster.Wire.Received);
        _settings.Change(values => values.Remove(key));
        await MailCluster.UntilAsync(() => _cluster.Wire.Received.Count == requests.Length, "all should have left");
    }

    [Theory]
    [InlineData("OrleansMail:Shaping:Domains:many.example.com:RecipientsPerTransaction")]
    [InlineData("OrleansMail:Shaping:Tenants:t:RecipientsPerTransaction")]
    [InlineData("OrleansMail:Shaping:Sites:mx.many.example.com:RecipientsPerTransaction")]
    public async Task Recipients_of_one_transaction_are_as_many_as_the_new_limit_says(string key)
    {
        _settings.Change(values => values[key] = "2");
        Assert.Equal("2, 2, 1", string.Join(", ", await PartsAsync()));
        _settings.Change(values => values[key] = "4");
        Assert.Equal("4, 1", string.Join(", ", await PartsAsync()));
        // Out of bounds: refused, told, and the last good number stays.
        _settings.Change(values => values[key] = "0");
        Assert.Equal("4, 1", string.Join(", ", await PartsAsync()));
        Assert.Contains(_cluster.Log.Lines, line => line.Contains("RecipientsPerTransaction is 0", StringComparison.Ordinal));
    }

    async Task<int[]> PartsAsync()
    {
        var before = _cluster.Wire.Received.Count;
        var request = MailCluster.Request("r@many.example.com") with { Recipients = [.. Enumerable.Range(0, 5).Select(i => $"r{i}@many.example.com")] };
        await _cluster.SubmitAsync(request);
        await _cluster.StatusAsync(request.Id, status => status.IsFinal);
        return [.. _cluster.Wire.Received.Skip(before).Select(transaction => transaction.Recipients.Count)];
    }

    async Task<string?> SiteOfAsync(string recipient)
    {
        var request = MailCluster.Request(recipient);
        await _cluster.SubmitAsync(request);
        return (await _cluster.StatusAsync(request.Id, status => status.IsFinal)).Attempts[^1].Site;
    }
}
