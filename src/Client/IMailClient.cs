namespace Orleans.Mail;

/// <summary>
/// The mail service as an application sees it. Five members and no more: everything else is an extension over them,
/// so whoever implements or decorates these five has it all. Thread-safe; one instance serves a whole process.
/// </summary>
public interface IMailClient
{
    /// <summary>Hands a message over. Returns only after the service owns it durably; a failed delivery later is a state, not an exception.</summary>
    /// <exception cref="MailException">The service did not take it, or it is not known whether it did.</exception>
    Task<Submission> SubmitAsync(MailDraft draft, CancellationToken cancellationToken = default);

    /// <summary>What is known of a message now; null when there is no such message.</summary>
    Task<MessageStatus?> GetStatusAsync(MessageId id, CancellationToken cancellationToken = default);

    /// <summary>Stops the recipients that are still open.</summary>
    Task<CancelResult> CancelAsync(MessageId id, string reason, CancellationToken cancellationToken = default);

    /// <summary>
    /// Events as they become durable, without end. Each carries the <see cref="DeliveryEvent.Position"/> from which another call continues
    /// without gap or repeat. Reconnects by itself.
    /// </summary>
    /// <param name="filter">Null for every event.</param>
    /// <param name="from">Null for events from now on.</param>
    /// <param name="cancellationToken">Ends the subscription.</param>
    /// <exception cref="MailException">With <see cref="MailErrorCode.InvalidPosition"/>: the service does not keep what follows <paramref name="from"/>.</exception>
    IAsyncEnumerable<DeliveryEvent> SubscribeAsync(EventFilter? filter = null, EventPosition? from = null, CancellationToken cancellationToken = default);

    /// <summary>Messages the service still keeps, those with ids made later first.</summary>
    IAsyncEnumerable<MessageStatus> ListAsync(ListQuery? query = null, CancellationToken cancellationToken = default);
}
