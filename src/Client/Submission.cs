namespace Orleans.Mail;

/// <summary>A handle on a message that the service owns. It keeps no connection: make one from an id at any time, in any process.</summary>
public sealed class Submission(IMailClient client, MessageId id, DateTimeOffset? acceptedAt = null, bool wasDuplicate = false)
{
    public MessageId Id { get; } = id;

    /// <summary>When the service took ownership; null on a handle made from an id.</summary>
    public DateTimeOffset? AcceptedAt { get; } = acceptedAt;

    /// <summary>
    /// Whether the idempotency key was already the name of this very message. Also true when an earlier try of the same call had succeeded
    /// and its answer was lost. Never true without a key.
    /// </summary>
    public bool WasDuplicate { get; } = wasDuplicate;

    /// <exception cref="MailException">With <see cref="MailErrorCode.NotFound"/>: the service does not keep the message (any more).</exception>
    public async Task<MessageStatus> GetStatusAsync(CancellationToken cancellationToken = default) =>
        await client.GetStatusAsync(Id, cancellationToken).ConfigureAwait(false)
        ?? throw new MailException(MailErrorCode.NotFound, "There is no such message.") { Id = Id };

    /// <summary>Stops the recipients that are still open.</summary>
    public Task<CancelResult> CancelAsync(string reason, CancellationToken cancellationToken = default) =>
        client.CancelAsync(Id, reason, cancellationToken);

    /// <summary>
    /// Waits until the message is final, but no longer than <paramref name="limit"/>. Always returns the newest status: look at
    /// <see cref="MessageStatus.IsFinal"/>. Woken by events, not by polling.
    /// </summary>
    public Task<MessageStatus> WaitAsync(TimeSpan limit, CancellationToken cancellationToken = default) =>
        SubmissionWatch.WaitAsync(client, this, limit, cancellationToken);

    /// <summary>Every event of the message that the service still keeps and those to come, ending when every recipient's fate has been told.</summary>
    public IAsyncEnumerable<DeliveryEvent> EventsAsync(CancellationToken cancellationToken = default) =>
        SubmissionWatch.EventsAsync(client, this, cancellationToken);

    public override string ToString() => Id.ToString();
}
