using Orleans.Mail.Transport;

namespace Orleans.Mail.Grains.Tests;

/// <summary>Many recipients at one site.</summary>
public sealed class PartsTests : IAsyncLifetime
{
    MailCluster _cluster = null!;

    public async ValueTask InitializeAsync() => _cluster = await MailCluster.StartAsync(options => options.Backoff = [TimeSpan.FromHours(1)]);

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    async Task<MessageStatus> SendAsync(int recipients)
    {
        var request = MailCluster.Request("r0@example.com") with { Recipients = [.. Enumerable.Range(0, recipients).Select(i => $"r{i}@example.com")] };
        Assert.NotNull((await _cluster.SubmitAsync(request)).Receipt);
        return await _cluster.StatusAsync(request.Id, status => status.IsFinal || status.State == MailState.Deferred);
    }

    static AttemptTranscript TakeFirst(SmtpTransaction transaction, int most) => ScriptedWire.Accept(transaction) with
    {
        RecipientReplies = [.. transaction.Recipients.Select((_, index) => index < most ? SmtpReply.Create(250, "2.1.5 Ok") : SmtpReply.Create(452, "4.5.3 Too many recipients"))],
    };

    [Fact]
    public async Task Two_hundred_and_fifty_recipients_go_out_in_three_parts_of_one_attempt()
    {
        var status = await SendAsync(250);
        Assert.Equal((MailState.Delivered, 1), (status.State, status.AttemptCount));
        Assert.Equal([100, 100, 50], _cluster.Wire.Received.Select(transaction => transaction.Recipients.Count));
        Assert.Equal(250, _cluster.Wire.Received.SelectMany(transaction => transaction.Recipients).Distinct().Count());
        Assert.Equal(1, _cluster.Wire.Dialled);
    }

    [Fact]
    public async Task Too_many_recipients_sends_the_rest_at_once_without_a_counted_wait()
    {
        _cluster.Wire.Answer = transaction => TakeFirst(transaction, 30);
        var status = await SendAsync(100);
        Assert.Equal((MailState.Delivered, 1), (status.State, status.AttemptCount));
        Assert.Equal([100, 30, 30, 10], _cluster.Wire.Received.Select(transaction => transaction.Recipients.Count));
        Assert.All(status.Recipients, recipient => Assert.Equal(1, recipient.AttemptCount));
        Assert.DoesNotContain(await _cluster.EventsAsync(), item => item.Type == EventType.Deferred);
    }

    [Fact]
    public async Task Parts_have_fates_of_their_own()
    {
        var part = 0;
        _cluster.Wire.Answer = transaction => Interlocked.Increment(ref part) switch
        {
            1 => ScriptedWire.Accept(transaction),
            2 => ScriptedWire.Accept(transaction) with { EndOfDataReply = SmtpReply.Create(451, "4.3.0 Local trouble") },
            _ => ScriptedWire.Accept(transaction),
        };
        var status = await SendAsync(250);
        Assert.Equal(MailState.Deferred, status.State);
        Assert.Equal(150, status.Recipients.Count(recipient => recipient.State == MailState.Delivered));
        Assert.Equal(Enumerable.Range(100, 100).Select(i => $"r{i}@example.com"), status.Recipients.Where(recipient => recipient.State == MailState.Deferred).Select(recipient => recipient.Address));
        // The retry is for those alone.
        await _cluster.Grains.GetGrain<IMessageGrain>(status.Id.ToString()).ChangeAsync(new MessageChange { Action = MessageAction.RetryNow });
        Assert.Equal(MailState.Delivered, (await _cluster.StatusAsync(status.Id, status => status.IsFinal)).State);
        Assert.Equal([100, 100, 50, 100], _cluster.Wire.Received.Select(transaction => transaction.Recipients.Count));
    }
}
