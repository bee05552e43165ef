using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Orleans.Mail.Grains.Options;

namespace Orleans.Mail.Grains.Tests;

/// <summary>The n-th commit fails, for every n of a message's life.</summary>
public sealed class SpoolTroubleTests : IAsyncLifetime
{
    readonly FakeTimeProvider _clock = new(DateTimeOffset.UtcNow);
    MailCluster _cluster = null!;

    public async ValueTask InitializeAsync() => _cluster = await new MailCluster { Clock = _clock }.StartWithAsync(silo => silo.Services.PostConfigure<SpoolOptions>(options =>
    {
        options.SweepInterval = TimeSpan.FromMilliseconds(100);
        options.SweepGrace = TimeSpan.Zero;
    }));

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    [Theory]
    [InlineData(CommitFault.Refused)]
    [InlineData(CommitFault.LostBefore)]
    [InlineData(CommitFault.LostAfter)]
    public async Task Whichever_commit_fails_acknowledged_mail_is_delivered_and_a_duplicate_is_told(CommitFault fault)
    {
        var n = 1;
        do
        {
            Assert.True(n < 30, "a message should not take that many commits");
            var refusedOnce = false;
            var recipient = $"r{n}@example.com";
            _cluster.Wire.Answer = transaction =>
            {
                if (refusedOnce) return ScriptedWire.Accept(transaction);
                refusedOnce = true;
                return ScriptedWire.Refuse(transaction, 451, "4.7.1 Try again later");
            };
            _cluster.Faults.FailOnly(n, fault);
            var request = MailCluster.Request(recipient, $"{fault}-{n}");
            var result = await _cluster.SubmitAsync(request);
            if (result.Receipt is null)
            {
                Assert.Equal(MailErrorCode.SpoolUnavailable, result.Code);
                Assert.Equal(1, n);
                result = await _cluster.SubmitAsync(request);
                Assert.NotNull(result.Receipt);
            }

            var status = await FinalAsync(request.Id);
            Assert.Equal(MailState.Delivered, status.State);
            var events = await _cluster.EventsAsync(new EventFilter { MessageId = request.Id });
            Assert.Single(events, item => item.Type == EventType.Delivered);
            Assert.Single(events, item => item.Type == EventType.Accepted);
            var accepted = _cluster.Wire.Received.Count(transaction => transaction.Recipients.Contains(recipient)) - 1;
            var doubts = events.Count(item => item.Type == EventType.Uncertain);
            Assert.InRange(accepted, 1, 1 + doubts);
            n++;
        }
        while (_cluster.Faults.HasFailed);
        Assert.True(n > 5, $"only {n - 2} commits failed");
    }

    [Fact]
    public async Task While_the_spool_is_down_nothing_is_accepted_and_what_was_accepted_waits()
    {
        _cluster.Wire.Close();
        var request = MailCluster.Request("ann@example.com");
        await _cluster.SubmitAsync(request);
        await MailCluster.UntilAsync(() => _cluster.Wire.MostAtOnce == 1, "the attempt did not start");
        _cluster.Faults.IsDown = true;
        _cluster.Wire.Open();
        await MailCluster.UntilAsync(() => _cluster.Wire.Received.Count == 1, "the attempt did not end");
        Assert.Equal(MailErrorCode.SpoolUnavailable, (await _cluster.SubmitAsync(MailCluster.Request("bob@example.com"))).Code);
        Assert.Equal(MailState.Delivering, (await _cluster.StatusAsync(request.Id))!.State);

        _cluster.Faults.IsDown = false;
        Assert.Equal(MailState.Delivered, (await FinalAsync(request.Id)).State);
        Assert.DoesNotContain(await _cluster.EventsAsync(), item => item.Type == EventType.Uncertain);
        Assert.Single(_cluster.Wire.Received);
    }

    [Theory]
    [InlineData(CommitFault.Refused, true)]
    [InlineData(CommitFault.LostBefore, false)]
    public async Task A_client_hears_of_the_stores_trouble_by_an_exception_of_the_contracts(CommitFault fault, bool outcomeKnown)
    {
        _cluster.Wire.Answer = transaction => ScriptedWire.Refuse(transaction, 451, "4.7.1 Try again later");
        var request = MailCluster.Request("ann@example.com");
        await _cluster.SubmitAsync(request);
        await _cluster.StatusAsync(request.Id, status => status.State == MailState.Deferred);
        _cluster.Faults.FailOnly(1, fault);
        var message = _cluster.Grains.GetGrain<IMessageGrain>(request.Id.ToString());

        var told = await Assert.ThrowsAsync<ServiceUnavailableException>(() => message.ChangeAsync(new MessageChange { Priority = Priority.Bulk }));

        Assert.Equal(outcomeKnown, told.OutcomeKnown);
    }

    // Time only passes while nothing else happens.
    async Task<MessageStatus> FinalAsync(MessageId id)
    {
        MessageStatus? status = null;
        var polls = 0;
        await MailCluster.UntilAsync(async () =>
        {
            status = await _cluster.StatusAsync(id);
            if (status is { IsFinal: true }) return true;
            if (++polls % 8 == 0) _clock.Advance(polls < 80 ? TimeSpan.FromSeconds(2) : TimeSpan.FromMinutes(2));
            return false;
        }, "not final");
        return status!;
    }
}
