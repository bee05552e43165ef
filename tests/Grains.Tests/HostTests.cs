using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Mail.Grains.Options;
using Orleans.Mail.Transport;

namespace Orleans.Mail.Grains.Tests;

/// <summary>Which hosts of a site an attempt talks to.</summary>
public sealed class HostTests : IAsyncDisposable
{
    static readonly SessionFailure Unreachable = new(SmtpPhase.Connect, SessionFailureKind.ConnectFailed, null, "refused");
    static readonly SessionFailure Busy = new(SmtpPhase.Greeting, SessionFailureKind.ConnectFailed, SmtpReply.Create(421, "4.3.2 Busy"), "refused");

    readonly MailCluster _cluster = new();

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    ScriptedWire Wire => _cluster.Wire;

    [Fact]
    public async Task A_session_that_dies_before_MAIL_is_answered_goes_on_at_the_next_host_in_the_same_attempt()
    {
        await StartAsync();
        Wire.AnswerOf = (host, transaction) => host == "a.test" ? ScriptedWire.Lose(transaction) : ScriptedWire.Accept(transaction);
        var status = await DeliverAsync();
        Assert.Equal((MailState.Delivered, 1), (status.State, status.AttemptCount));
        Assert.Equal("b.test", status.Attempts[0].Host);
        Assert.Equal(["a.test", "b.test"], Wire.Targets.Select(target => target.Host));
    }

    [Fact]
    public async Task A_host_that_answers_MAIL_with_421_is_followed_by_the_next_one()
    {
        await StartAsync();
        Wire.AnswerOf = (host, transaction) => host == "a.test"
            ? new AttemptTranscript { MailFromReply = SmtpReply.Create(421, "4.3.2 Closing"), RecipientReplies = [null], Failure = new SessionFailure(SmtpPhase.MailFrom, SessionFailureKind.ConnectionLost, SmtpReply.Create(421, "4.3.2 Closing"), "closed") }
            : ScriptedWire.Accept(transaction);
        var status = await DeliverAsync();
        Assert.Equal((MailState.Delivered, 1, "b.test"), (status.State, status.AttemptCount, status.Attempts[0].Host));
    }

    [Theory]
    [InlineData(SmtpPhase.RcptTo)]
    [InlineData(SmtpPhase.Data)]
    public async Task A_session_that_dies_before_content_goes_on_at_the_next_host_in_the_same_attempt(SmtpPhase phase)
    {
        await StartAsync();
        Wire.AnswerOf = (host, transaction) => host == "a.test" ? ScriptedWire.Lose(transaction, phase) : ScriptedWire.Accept(transaction);
        var status = await DeliverAsync();
        Assert.Equal((MailState.Delivered, 1, "b.test"), (status.State, status.AttemptCount, status.Attempts[0].Host));
    }

    [Fact]
    public async Task A_session_that_dies_in_content_is_the_last_one_of_its_attempt()
    {
        await StartAsync();
        Wire.AnswerOf = (_, transaction) => ScriptedWire.Lose(transaction, SmtpPhase.Content);
        await AttemptAsync(MailState.Deferred);
        Assert.Equal(["a.test"], Wire.Targets.Select(target => target.Host));
    }

    [Fact]
    public async Task A_host_that_closes_with_421_at_a_recipient_or_at_DATA_is_followed_by_the_next_one()
    {
        await StartAsync();
        var closing = SmtpReply.Create(421, "4.3.2 Closing");
        Wire.AnswerOf = (host, transaction) => host switch
        {
            "a.test" => ScriptedWire.Refuse(transaction, 421, "4.3.2 Closing"),
            _ => ScriptedWire.Accept(transaction),
        };
        Assert.Equal("b.test", (await DeliverAsync()).Attempts[0].Host);
        Wire.BreakSessions();
        Wire.AnswerOf = (host, transaction) => host == "a.test" ? ScriptedWire.Accept(transaction) with { EndOfDataReply = null, DataReply = closing } : ScriptedWire.Accept(transaction);
        Assert.Equal("b.test", (await DeliverAsync()).Attempts[0].Host);
    }

    [Fact]
    public async Task A_host_that_refused_somebody_before_it_closed_is_the_last_one_asked()
    {
        await StartAsync();
        Wire.AnswerOf = (_, transaction) => ScriptedWire.Lose(transaction, SmtpPhase.RcptTo) with { RecipientReplies = [SmtpReply.Create(550, "5.1.1 No such user"), null] };
        var request = MailCluster.Request("ann@example.com") with { Recipients = ["ann@example.com", "bob@example.com"] };
        await _cluster.SubmitAsync(request);
        await _cluster.StatusAsync(request.Id, status => status.Attempts.Length > 0 && status.State != MailState.Delivering);
        Assert.Equal(["a.test"], Wire.Targets.Select(target => target.Host));
    }

    [Fact]
    public async Task An_address_that_did_not_answer_is_tried_after_the_others()
    {
        await StartAsync();
        Wire.OnConnect = target => target.Host == "a.test" ? Unreachable : null;
        Assert.Equal("b.test", (await DeliverAsync()).Attempts[0].Host);
        Wire.BreakSessions();
        await DeliverAsync();
        Assert.Equal(["a.test", "b.test", "b.test"], Wire.Targets.Select(target => target.Host));
    }

    [Fact]
    public async Task A_host_where_our_IPv6_address_is_blocked_is_asked_from_the_IPv4_one_next()
    {
        Wire.OnResolve = _ => new MxAnswer(MxStatus.Hosts, [new MxHost(10, "a.test", [IPAddress.Parse("127.0.0.1"), IPAddress.IPv6Loopback])], DateTimeOffset.MaxValue);
        await _cluster.StartWithAsync(silo => silo.Services.Configure<ResolverOptions>(resolver => resolver.AllowedAddresses.Add("::1/128")));
        Wire.Answer = transaction => Wire.Targets.Last().Address.Equals(IPAddress.IPv6Loopback) ? ScriptedWire.Refuse(transaction, 550, "5.7.25 The sending IP does not have a PTR record") : ScriptedWire.Accept(transaction);
        var status = await DeliverAsync();
        Assert.Equal(2, status.AttemptCount);
        Assert.Equal([IPAddress.IPv6Loopback, IPAddress.Loopback], Wire.Targets.Select(target => target.Address));
    }

    [Fact]
    public async Task A_host_that_takes_MAIL_and_refuses_the_recipient_is_the_last_one_asked()
    {
        await StartAsync();
        Wire.AnswerOf = (_, transaction) => ScriptedWire.Refuse(transaction, 451, "4.3.0 Later");
        var status = await AttemptAsync(MailState.Deferred);
        Assert.Equal("a.test", status.Attempts[0].Host);
        Assert.Equal(["a.test"], Wire.Targets.Select(target => target.Host));
    }

    [Fact]
    public async Task Two_hosts_that_lose_the_session_are_all_that_an_attempt_talks_to()
    {
        await StartAsync();
        Wire.AnswerOf = (_, transaction) => ScriptedWire.Lose(transaction);
        var status = await AttemptAsync(MailState.Deferred);
        Assert.Equal(["a.test", "b.test"], Wire.Targets.Select(target => target.Host));
        Assert.Equal(1, status.AttemptCount);
    }

    [Fact]
    public async Task Hosts_that_greet_with_421_are_two_at_most()
    {
        await StartAsync();
        Wire.OnConnect = target => target.Host is "a.test" or "b.test" ? Busy : null;
        await AttemptAsync(MailState.Deferred);
        Assert.Equal(["a.test", "b.test"], Wire.Targets.Select(target => target.Host));
    }

    [Fact]
    public async Task A_host_that_greets_with_421_is_followed_by_the_next_one()
    {
        await StartAsync();
        Wire.OnConnect = target => target.Host == "a.test" ? Busy : null;
        var status = await DeliverAsync();
        Assert.Equal((MailState.Delivered, 1, "b.test"), (status.State, status.AttemptCount, status.Attempts[0].Host));
    }

    [Fact]
    public async Task Addresses_that_do_not_answer_are_five_at_most()
    {
        await StartAsync("a.test", "b.test", "c.test", "d.test", "e.test", "f.test");
        Wire.OnConnect = _ => Unreachable;
        await AttemptAsync(MailState.Deferred);
        Assert.Equal(5, Wire.Targets.Count);
    }

    [Fact]
    public async Task An_address_that_must_not_be_contacted_is_never_dialled()
    {
        await StartAsync();
        Wire.OnResolve = _ => new MxAnswer(MxStatus.Hosts, [new MxHost(10, "meta.test", [IPAddress.Parse("169.254.169.254"), IPAddress.Parse("::ffff:10.0.0.1")]), new MxHost(20, "b.test", [IPAddress.Parse("127.0.0.2")])], DateTimeOffset.MaxValue);
        var status = await DeliverAsync();
        Assert.Equal((MailState.Delivered, "b.test"), (status.State, status.Attempts[0].Host));
        Assert.Equal(["127.0.0.2"], Wire.Targets.Select(target => target.Address.ToString()));
    }

    [Fact]
    public async Task A_site_with_no_address_that_may_be_contacted_defers_and_says_why()
    {
        await StartAsync();
        Wire.OnResolve = _ => new MxAnswer(MxStatus.Hosts, [new MxHost(10, "meta.test", [IPAddress.Parse("169.254.169.254")])], DateTimeOffset.MaxValue);
        var status = await AttemptAsync(MailState.Deferred);
        Assert.Equal("forbidden-address", status.Attempts[0].Outcomes[0].Category);
        Assert.Empty(Wire.Targets);
    }

    async Task StartAsync(params string[] hosts)
    {
        if (hosts.Length == 0) hosts = ["a.test", "b.test", "c.test"];
        Wire.OnResolve = _ => ScriptedWire.Hosts(hosts);
        await _cluster.StartWithAsync(silo => silo.Services.PostConfigure<DeliveryOptions>(delivery => delivery.Backoff = [TimeSpan.FromHours(1)]));
    }

    Task<MessageStatus> DeliverAsync() => AttemptAsync(MailState.Delivered);

    async Task<MessageStatus> AttemptAsync(MailState state)
    {
        var request = MailCluster.Request("ann@example.com");
        await _cluster.SubmitAsync(request);
        return await _cluster.StatusAsync(request.Id, status => status.State == state && status.Attempts.Length > 0);
    }
}
