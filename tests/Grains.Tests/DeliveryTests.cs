namespace Orleans.Mail.Grains.Tests;

public sealed class DeliveryTests : IAsyncLifetime
{
    MailCluster _cluster = null!;

    public async ValueTask InitializeAsync() => _cluster = await MailCluster.StartAsync();

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    [Fact]
    public async Task Tls_that_a_host_had_and_has_no_more_is_told_with_the_attempt()
    {
        _cluster.Wire.IsTlsLost = true;
        var request = MailCluster.Request("ann@example.com");
        await _cluster.SubmitAsync(request);
        Assert.Equal("none, though it was had before", (await _cluster.StatusAsync(request.Id, status => status.IsFinal)).Attempts[0].Tls);
    }

    [Fact]
    public async Task A_message_is_accepted_and_delivered()
    {
        var request = MailCluster.Request("ann@example.com");
        var result = await _cluster.SubmitAsync(request);
        Assert.False(result.Receipt!.WasDuplicate);
        var status = await _cluster.StatusAsync(request.Id, status => status.IsFinal);
        Assert.Equal(MailState.Delivered, status.State);
        Assert.Equal(request.Content, Assert.Single(_cluster.Wire.Received).Content.ToArray());
        Assert.Equal("mx.example.com", Assert.Single(status.Attempts).Host);
    }

    [Fact]
    public async Task The_same_key_again_gets_the_same_receipt_and_is_sent_once()
    {
        var first = await _cluster.SubmitAsync(MailCluster.Request("ann@example.com", "k"));
        await _cluster.StatusAsync(first.Receipt!.Id, status => status.IsFinal);
        var second = await _cluster.SubmitAsync(MailCluster.Request("ann@example.com", "k"));
        Assert.True(second.Receipt!.WasDuplicate);
        Assert.Equal(first.Receipt.AcceptedAt, second.Receipt.AcceptedAt);
        Assert.Single(_cluster.Wire.Received);
    }

    [Fact]
    public async Task The_same_key_with_another_content_is_a_conflict()
    {
        await _cluster.SubmitAsync(MailCluster.Request("ann@example.com", "k"));
        var second = await _cluster.SubmitAsync(MailCluster.Request("ann@example.com", "k", "Another text."));
        Assert.Equal(MailErrorCode.IdempotencyConflict, second.Code);
    }

    [Fact]
    public async Task A_deferred_message_is_tried_again_by_its_reminder()
    {
        var tries = 0;
        _cluster.Wire.Answer = transaction => Interlocked.Increment(ref tries) < 3 ? ScriptedWire.Refuse(transaction, 451, "4.7.1 Greylisted, try again later") : ScriptedWire.Accept(transaction);
        var request = MailCluster.Request("ann@example.com");
        await _cluster.SubmitAsync(request);
        var status = await _cluster.StatusAsync(request.Id, status => status.IsFinal);
        Assert.Equal(MailState.Delivered, status.State);
        Assert.Equal(3, status.AttemptCount);
        Assert.Equal([EventType.Deferred, EventType.Deferred, EventType.Delivered], status.Attempts.Select(attempt => attempt.Outcomes[0].Result));
    }

    [Fact]
    public async Task An_unknown_user_bounces()
    {
        _cluster.Wire.Answer = transaction => ScriptedWire.Refuse(transaction, 550, "5.1.1 No such user");
        var request = MailCluster.Request("ann@example.com");
        await _cluster.SubmitAsync(request);
        var status = await _cluster.StatusAsync(request.Id, status => status.IsFinal);
        Assert.Equal(MailState.Bounced, status.State);
        Assert.Equal("invalid-recipient", status.Recipients[0].Category);
    }

    [Fact]
    public async Task A_lost_final_reply_is_told_as_uncertain_and_tried_again()
    {
        var tries = 0;
        _cluster.Wire.Answer = transaction => Interlocked.Increment(ref tries) == 1 ? ScriptedWire.LoseReply(transaction) : ScriptedWire.Accept(transaction);
        var request = MailCluster.Request("ann@example.com");
        await _cluster.SubmitAsync(request);
        var status = await _cluster.StatusAsync(request.Id, status => status.IsFinal);
        Assert.Equal(MailState.Delivered, status.State);
        Assert.Equal(EventType.Uncertain, status.Attempts[0].Outcomes[0].Result);
        Assert.Equal(2, _cluster.Wire.Received.Count);
    }
}
