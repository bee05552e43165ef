using Microsoft.Extensions.DependencyInjection;
using Orleans.Mail.Grains.Suppression;

namespace Orleans.Mail.Grains.Tests;

/// <summary>Addresses that are not written to: by hand, and after bounces.</summary>
public sealed class SuppressionTests : IAsyncLifetime
{
    readonly MailCluster _cluster = new();

    ISuppressionListGrain List => _cluster.Grains.GetGrain<ISuppressionListGrain>(0);

    public async ValueTask InitializeAsync() => await _cluster.StartWithAsync(silo => silo.Services.PostConfigure<SuppressionOptions>(options =>
    {
        options.Automatic = true;
        options.OtherBounces = 2;
    }));

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    static Mail.Suppression Entry(string address, string? tenant = "t") => new() { Address = address, Tenant = tenant, Reason = "Asked not to be.", Since = default };

    async Task<MailState> SendAsync(string recipient, string tenant = "t")
    {
        var request = MailCluster.Request(recipient) with { Tenant = tenant };
        await _cluster.SubmitAsync(request);
        return (await _cluster.StatusAsync(request.Id, status => status.IsFinal)).State;
    }

    // A silo hears of an entry a moment after it is durable.
    Task UntilAsync(string recipient, MailState state) => MailCluster.UntilAsync(async () => await SendAsync(recipient) == state, $"Mail never ended as {state}.");

    [Fact]
    public async Task A_suppressed_address_gets_nothing_the_others_of_the_message_do()
    {
        Assert.Null(await List.AddAsync(Entry("Ann@Example.com")));
        await UntilAsync("ann@example.com", MailState.Suppressed);
        var sent = _cluster.Wire.Received.Count;
        var request = MailCluster.Request("ann@example.com") with { Recipients = ["ann@example.com", "bob@example.com"] };
        await _cluster.SubmitAsync(request);
        var status = await _cluster.StatusAsync(request.Id, status => status.IsFinal);
        Assert.Equal([MailState.Suppressed, MailState.Delivered], status.Recipients.Select(recipient => recipient.State));
        Assert.Equal(["bob@example.com"], _cluster.Wire.Received.Skip(sent).SelectMany(transaction => transaction.Recipients));
        var told = Assert.Single(await _cluster.EventsAsync(new EventFilter { MessageId = request.Id }), item => item.Type == EventType.Suppressed);
        Assert.Equal(("ann@example.com", "Asked not to be."), (told.Recipient, told.Detail));
        // Another tenant's mail is not meant.
        Assert.Equal(MailState.Delivered, await SendAsync("ann@example.com", "u"));
    }

    [Fact]
    public async Task The_list_is_kept_over_a_restart_listed_and_shortened()
    {
        foreach (var address in new[] { "c@example.com", "a@example.com", "b@example.com" }) Assert.Null(await List.AddAsync(Entry(address)));
        Assert.Null(await List.AddAsync(Entry("z@example.com", null)));
        await _cluster.RestartAsync();
        await UntilAsync("z@example.com", MailState.Suppressed);
        var first = await List.ListAsync("t", null, 2);
        var rest = await List.ListAsync("t", first.Continuation, 2);
        Assert.Equal(["a@example.com", "b@example.com", "c@example.com"], first.Items.Concat(rest.Items).Select(item => item.Address));
        Assert.True(await List.RemoveAsync(null, "Z@example.com"));
        Assert.False(await List.RemoveAsync(null, "z@example.com"));
        await UntilAsync("z@example.com", MailState.Delivered);
    }

    [Fact]
    public async Task One_hard_bounce_or_some_others_in_a_row_put_an_address_on_the_list()
    {
        _cluster.Wire.Answer = transaction => transaction.Recipients[0].StartsWith("hard", StringComparison.Ordinal) ? ScriptedWire.Refuse(transaction, 550, "5.1.1 No such user")
            : transaction.Recipients[0].StartsWith("soft", StringComparison.Ordinal) ? ScriptedWire.Refuse(transaction, 550, "5.2.1 Disabled")
            : ScriptedWire.Refuse(transaction, 554, "5.7.1 We do not like this message");
        Assert.Equal(MailState.Bounced, await SendAsync("hard@example.com"));
        await UntilAsync("hard@example.com", MailState.Suppressed);
        Assert.Equal(MailState.Bounced, await SendAsync("soft@example.com"));
        Assert.Equal(MailState.Bounced, await SendAsync("soft@example.com"));
        await UntilAsync("soft@example.com", MailState.Suppressed);
        // What is held against the message is not held against the address.
        for (var i = 0; i < 4; i++) Assert.Equal(MailState.Bounced, await SendAsync("content@example.com"));
        Assert.All((await List.ListAsync("t", null, 100)).Items, item => Assert.True(item.IsAutomatic));
    }

    [Fact]
    public async Task A_bad_entry_is_refused_with_a_remedy()
    {
        Assert.NotNull(await List.AddAsync(Entry("not an address")));
        Assert.NotNull(await List.AddAsync(Entry("a@example.com") with { Reason = "" }));
        Assert.NotNull(await List.AddAsync(Entry("a@example.com") with { Until = DateTimeOffset.UtcNow.AddHours(-1) }));
        Assert.Empty((await List.ListAsync("t", null, 100)).Items);
    }
}
