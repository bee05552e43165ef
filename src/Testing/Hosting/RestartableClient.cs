using System.Runtime.CompilerServices;

namespace Orleans.Mail.Testing;

/// <summary>The client of whichever silo lives now, so that handles outlive a restart.</summary>
sealed class RestartableClient : IMailClient, IFeedEndSource
{
    MailClient? _current;

    public MailClient Current
    {
        get => Volatile.Read(ref _current) ?? throw new InvalidOperationException("The silo is down.");
        set => Volatile.Write(ref _current, value);
    }

    TimeProvider IFeedEndSource.Clock => TimeProvider.System;

    public async Task<Submission> SubmitAsync(MailDraft draft, CancellationToken cancellationToken = default)
    {
        var submission = await Current.SubmitAsync(draft, cancellationToken).ConfigureAwait(false);
        return new Submission(this, submission.Id, submission.AcceptedAt, submission.WasDuplicate);
    }

    public Task<MessageStatus?> GetStatusAsync(MessageId id, CancellationToken cancellationToken = default) => Current.GetStatusAsync(id, cancellationToken);

    public Task<CancelResult> CancelAsync(MessageId id, string reason, CancellationToken cancellationToken = default) => Current.CancelAsync(id, reason, cancellationToken);

    public async IAsyncEnumerable<DeliveryEvent> SubscribeAsync(EventFilter? filter = null, EventPosition? from = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        await foreach (var item in Current.SubscribeAsync(filter, from, cancellationToken).ConfigureAwait(false)) yield return item;
    }

    public IAsyncEnumerable<MessageStatus> ListAsync(ListQuery? query = null, CancellationToken cancellationToken = default) => Current.ListAsync(query, cancellationToken);

    Task<EventPosition> IFeedEndSource.GetFeedEndAsync(MessageId id, CancellationToken cancellationToken) => ((IFeedEndSource)Current).GetFeedEndAsync(id, cancellationToken);
}
