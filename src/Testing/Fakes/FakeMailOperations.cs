using System.Runtime.CompilerServices;

namespace Orleans.Mail.Testing;

/// <summary>The operations of a <see cref="FakeMailClient"/>: records what is asked, and ends messages that are cancelled or failed.</summary>
public sealed class FakeMailOperations : IMailOperations
{
    readonly Lock _lock = new();
    readonly FakeMailClient _client;
    readonly List<(MessageId Id, MessageChange Change)> _changes = [];
    readonly Dictionary<string, StandingOrder> _orders = [];
    readonly Dictionary<(string? Tenant, string Address), Suppression> _suppressions = [];

    internal FakeMailOperations(FakeMailClient client) => _client = client;

    /// <summary>Every change that was carried out, in order.</summary>
    public IReadOnlyList<(MessageId Id, MessageChange Change)> Changes
    {
        get
        {
            lock (_lock) return [.. _changes];
        }
    }

    public async Task<ChangeAnswer> ChangeAsync(MessageId id, MessageChange change, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(change);
        var status = await _client.GetStatusAsync(id, cancellationToken).ConfigureAwait(false);
        if (status is null) return new ChangeAnswer(ChangeResult.NotFound);
        if (status.IsFinal) return new ChangeAnswer(ChangeResult.AlreadyFinal);
        if (change.Action is MessageAction.Cancel or MessageAction.Fail) await _client.CancelAsync(id, change.Reason ?? "", cancellationToken).ConfigureAwait(false);
        lock (_lock) _changes.Add((id, change));
        return new ChangeAnswer(ChangeResult.Changed);
    }

    public async Task<SetResult> ApplyAsync(MessageSelection selection, MessageChange change, IProgress<SetResult>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(selection);
        var query = new ListQuery { Tenant = selection.Tenant, Campaign = selection.Campaign, State = selection.State, Tag = selection.Tag };
        var result = new SetResult();
        await foreach (var status in _client.ListAsync(query, cancellationToken).ConfigureAwait(false))
        {
            if (status.IsFinal) continue;
            if (selection.Site is { } site && !status.Recipients.Any(recipient => recipient.Address.EndsWith($"@{site}", StringComparison.OrdinalIgnoreCase))) continue;
            if (selection.Category is { } category && !status.Recipients.Any(recipient => recipient.Category == category)) continue;
            await ChangeAsync(status.Id, change, cancellationToken).ConfigureAwait(false);
            result += new SetResult { Matched = 1, Changed = 1 };
        }

        progress?.Report(result);
        return result;
    }

    public Task<OrderAnswer> AddOrderAsync(StandingOrder order, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(order);
        lock (_lock)
        {
            _orders.TryAdd(order.Id, order);
            return Task.FromResult(new OrderAnswer(_orders[order.Id]));
        }
    }

    public Task<bool> RevokeOrderAsync(string id, CancellationToken cancellationToken = default)
    {
        lock (_lock) return Task.FromResult(_orders.Remove(id));
    }

    public Task<IReadOnlyList<StandingOrder>> ListOrdersAsync(CancellationToken cancellationToken = default)
    {
        lock (_lock) return Task.FromResult<IReadOnlyList<StandingOrder>>([.. _orders.Values]);
    }

    public Task<string?> SuppressAsync(Suppression suppression, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(suppression);
        if (!Mailbox.TryParse(suppression.Address, out var mailbox, out var problem)) return Task.FromResult<string?>($"The address {problem}.");
        lock (_lock) _suppressions[Key(suppression.Tenant, mailbox.ToString())] = suppression;
        return Task.FromResult<string?>(null);
    }

    public Task<bool> RemoveSuppressionAsync(string? tenant, string address, CancellationToken cancellationToken = default)
    {
        lock (_lock) return Task.FromResult(_suppressions.Remove(Key(tenant, address)));
    }

    public async IAsyncEnumerable<Suppression> ListSuppressionsAsync(string? tenant = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        Suppression[] all;
        lock (_lock) all = [.. _suppressions.Values.Where(item => item.Tenant == tenant).OrderBy(item => item.Address, StringComparer.Ordinal)];
        foreach (var item in all) yield return item;
        await Task.CompletedTask.ConfigureAwait(false);
    }

    static (string? Tenant, string Address) Key(string? tenant, string address) => (tenant, address.ToUpperInvariant());
}
