using System.Runtime.CompilerServices;
using Orleans.Mail.Submitting;

namespace Orleans.Mail.Operations;

/// <summary>The calls behind <see cref="IMailOperations"/>: repeated until they are answered or their time is over.</summary>
sealed class MailOperations(IGrainFactory grains, GrainCalls calls, MailClientOptions options) : IMailOperations
{
    IControlGrain Control => grains.GetGrain<IControlGrain>(0);

    ISuppressionListGrain Suppressions => grains.GetGrain<ISuppressionListGrain>(0);

    public Task<ChangeAnswer> ChangeAsync(MessageId id, MessageChange change, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(change);
        return calls.InvokeAsync(attempt => ChangeOnceAsync(id, change, attempt), id, cancellationToken);
    }

    public async Task<SetResult> ApplyAsync(MessageSelection selection, MessageChange change, IProgress<SetResult>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(selection);
        ArgumentNullException.ThrowIfNull(change);
        var total = new SetResult();
        do
        {
            cancellationToken.ThrowIfCancellationRequested();
            var place = total.Continuation;
            total += await calls.InvokeAsync(() => grains.GetGrain<IMailServiceGrain>(0).ApplyAsync(selection, change, place), null, cancellationToken).ConfigureAwait(false);
            progress?.Report(total);
        }
        while (total.Continuation is not null);

        return total;
    }

    public Task<OrderAnswer> AddOrderAsync(StandingOrder order, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(order);
        return calls.InvokeAsync(() => Control.AddAsync(order), null, cancellationToken);
    }

    public Task<bool> RevokeOrderAsync(string id, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(id);
        // A repeated call may find that the first one ended the order for good.
        return calls.InvokeAsync(async attempt => await Control.RevokeAsync(id).ConfigureAwait(false) || attempt > 1, null, cancellationToken);
    }

    public async Task<IReadOnlyList<StandingOrder>> ListOrdersAsync(CancellationToken cancellationToken) =>
        await calls.InvokeAsync(Control.ListAsync, null, cancellationToken).ConfigureAwait(false);

    public Task<string?> SuppressAsync(Suppression suppression, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(suppression);
        return calls.InvokeAsync(() => Suppressions.AddAsync(suppression), null, cancellationToken);
    }

    public Task<bool> RemoveSuppressionAsync(string? tenant, string address, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(address);
        return calls.InvokeAsync(async attempt => await Suppressions.RemoveAsync(tenant, address).ConfigureAwait(false) || attempt > 1, null, cancellationToken);
    }

    public async IAsyncEnumerable<Suppression> ListSuppressionsAsync(string? tenant, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string? continuation = null;
        do
        {
            var place = continuation;
            var page = await calls.InvokeAsync(() => Suppressions.ListAsync(tenant, place, options.ListPageSize), null, cancellationToken).ConfigureAwait(false);
            foreach (var item in page.Items) yield return item;
            continuation = page.Continuation;
        }
        while (continuation is not null);
    }

    async Task<ChangeAnswer> ChangeOnceAsync(MessageId id, MessageChange change, int attempt)
    {
        var message = grains.GetGrain<IMessageGrain>(id.ToString());
        var answer = await message.ChangeAsync(change).ConfigureAwait(false);
        if (answer.Result is not ChangeResult.AlreadyFinal || attempt == 1) return answer;
        // An earlier try whose answer was lost may be the one that ended it.
        var state = (await message.GetStatusAsync().ConfigureAwait(false))?.State;
        var isOurs = (change.Action is MessageAction.Cancel && state == MailState.Cancelled) || (change.Action is MessageAction.Fail && state == MailState.Bounced);
        return isOurs ? new ChangeAnswer(ChangeResult.Changed) : answer;
    }
}
