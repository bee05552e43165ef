using Microsoft.Extensions.Configuration;
using Orleans.Mail.Grains.Domains;

namespace Orleans.Mail.Grains.Tests;

/// <summary>Settings of sites and of notices that change while the silo runs.</summary>
public sealed class SiteReloadTests : IAsyncLifetime
{
    readonly MailCluster _cluster = new();
    readonly ChangingConfiguration _settings = new();

    public async ValueTask InitializeAsync()
    {
        _settings.Values["OrleansMail:Sites:InitialSessions"] = "2";
        _settings.Values["OrleansMail:Sites:MaxSessions"] = "2";
        _settings.Values["OrleansMail:Notices:Domain"] = "mail.example.net";
        _settings.Values["OrleansMail:Notices:MostPerDay"] = "1";
        await _cluster.StartWithAsync(silo => ((IConfigurationBuilder)silo.Configuration).Add(_settings));
    }

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    [Fact]
    public async Task More_sessions_serve_what_stands_in_the_queue()
    {
        _cluster.Wire.Close();
        await SubmitAsync(200);
        await MailCluster.UntilAsync(() => _cluster.Wire.MostAtOnce == 2, "two sessions should have started");
        _settings.Change(values => values["OrleansMail:Sites:InitialSessions"] = values["OrleansMail:Sites:MaxSessions"] = "4");
        await MailCluster.UntilAsync(() => _cluster.Wire.MostAtOnce == 4, "two more should have started");
        _cluster.Wire.Open();
        await MailCluster.UntilAsync(() => _cluster.Wire.Received.Count == 200, "all should have been sent");
        Assert.Equal(4, _cluster.Wire.MostAtOnce);
    }

    [Theory]
    [InlineData("MaxSessions", "1", "OrleansMail:Sites:MaxSessions must be at least InitialSessions, and at most 10000")]
    [InlineData("MaxSessions", "10001", "OrleansMail:Sites:MaxSessions must be at least InitialSessions, and at most 10000")]
    [InlineData("MaxQueued", "0", "OrleansMail:Sites:MaxQueued must be greater than zero")]
    [InlineData("LeaseTime", "soon", "LeaseTime")]
    [InlineData("ProbeAfter", "2.00:00:00", "OrleansMail:Sites:ProbeAfter must be greater than zero and at most 1.00:00:00")]
    public async Task A_faulty_setting_is_refused_and_told_and_what_held_before_holds_on(string name, string value, string fault)
    {
        _settings.Change(values => values[$"OrleansMail:Sites:{name}"] = value);
        Assert.Contains(_cluster.Log.Lines, line => line.Contains("SiteOptions are not taken", StringComparison.Ordinal) && line.Contains(fault, StringComparison.Ordinal));
        Assert.Equal((2, 2, 500_000), (_cluster.Service<SiteShaping>().Sites.InitialSessions, _cluster.Service<SiteShaping>().Sites.MaxSessions, _cluster.Service<SiteShaping>().Sites.MaxQueued));
        await SubmitAsync(1);
        await MailCluster.UntilAsync(() => _cluster.Wire.Received.Count == 1, "mail should go on");
    }

    [Fact]
    public async Task A_longer_queue_takes_what_the_shorter_one_sent_away()
    {
        _cluster.Wire.Close();
        _settings.Change(values => values["OrleansMail:Sites:MaxQueued"] = "1");
        await SubmitAsync(20);
        _settings.Change(values => values["OrleansMail:Sites:MaxQueued"] = "100");
        _cluster.Wire.Open();
        await MailCluster.UntilAsync(() => _cluster.Wire.Received.Count == 20, "all should have been sent");
    }

    [Fact]
    public async Task The_cap_of_notices_is_the_new_one()
    {
        _cluster.Wire.Answer = transaction => transaction.From.Length == 0 ? ScriptedWire.Accept(transaction) : ScriptedWire.Refuse(transaction, 550, "5.1.1 No such user");
        await FailAsync(2);
        Assert.Equal(1, Notices);
        _settings.Change(values => values["OrleansMail:Notices:MostPerDay"] = "0");
        Assert.Contains(_cluster.Log.Lines, line => line.Contains("NoticeOptions are not taken", StringComparison.Ordinal) && line.Contains("OrleansMail:Notices:MostPerDay must be at least 1", StringComparison.Ordinal));
        await FailAsync(1);
        Assert.Equal(1, Notices);
        _settings.Change(values => values["OrleansMail:Notices:MostPerDay"] = "3");
        await FailAsync(3);
        await MailCluster.UntilAsync(() => Notices == 3, "two more notices should have left");
    }

    int Notices => _cluster.Wire.Received.Count(transaction => transaction.From.Length == 0);

    // A message is final when its notice is on its way, or is not to be.
    async Task FailAsync(int count)
    {
        for (var i = 0; i < count; i++)
        {
            var request = MailCluster.Request("nobody@example.com") with { Notices = NoticeKinds.Failure };
            await _cluster.SubmitAsync(request);
            await _cluster.StatusAsync(request.Id, status => status.IsFinal);
        }

        await MailCluster.UntilAsync(async () => (await _cluster.EventsAsync()).Where(item => item.IdempotencyKey?.StartsWith("notice/", StringComparison.Ordinal) == true).Count(item => item.Type == EventType.Accepted) == Notices, "a notice is under way");
    }

    Task<SubmitRequest[]> SubmitAsync(int count) => _cluster.SubmitManyAsync(count, i => MailCluster.Request($"r{i}@example.com"));
}
