using Orleans.Mail.Operations;

namespace Orleans.Mail;

/// <summary>The usual questions in one line each.</summary>
public static class MailOperationsExtensions
{
    /// <summary>The operations that a client brings along.</summary>
    /// <exception cref="NotSupportedException">This client is neither the real one nor the fake.</exception>
    public static IMailOperations Operations(this IMailClient client) =>
        client is IOperationsSource source ? source.Operations : throw new NotSupportedException("This client brings no operations along: resolve IMailOperations instead.");

    /// <summary>What waits for its time is tried at once.</summary>
    public static Task<ChangeAnswer> RetryNowAsync(this IMailOperations operations, MessageId id, CancellationToken cancellationToken = default) =>
        Checked(operations).ChangeAsync(id, new MessageChange { Action = MessageAction.RetryNow }, cancellationToken);

    /// <summary>Not to be sent before <paramref name="sendAt"/>.</summary>
    public static Task<ChangeAnswer> RescheduleAsync(this IMailOperations operations, MessageId id, DateTimeOffset sendAt, CancellationToken cancellationToken = default) =>
        Checked(operations).ChangeAsync(id, new MessageChange { SendAt = sendAt }, cancellationToken);

    /// <summary>No attempt begins until the message is resumed.</summary>
    public static Task<ChangeAnswer> SuspendAsync(this IMailOperations operations, MessageId id, string reason, CancellationToken cancellationToken = default) =>
        Checked(operations).ChangeAsync(id, new MessageChange { Action = MessageAction.Suspend, Reason = reason }, cancellationToken);

    /// <summary>Ends the suspension of a message.</summary>
    public static Task<ChangeAnswer> ResumeAsync(this IMailOperations operations, MessageId id, CancellationToken cancellationToken = default) =>
        Checked(operations).ChangeAsync(id, new MessageChange { Action = MessageAction.Resume }, cancellationToken);

    /// <summary>What waits in a set is tried at once.</summary>
    public static Task<SetResult> RetryNowAsync(this IMailOperations operations, MessageSelection selection, CancellationToken cancellationToken = default) =>
        Checked(operations).ApplyAsync(selection, new MessageChange { Action = MessageAction.RetryNow }, null, cancellationToken);

    /// <summary>Suspends whatever <paramref name="scope"/> covers, now and later, until <paramref name="until"/> or until the order is revoked.</summary>
    public static Task<OrderAnswer> SuspendAsync(
        this IMailOperations operations, string id, OrderScope scope, string reason, DateTimeOffset? until = null, CancellationToken cancellationToken = default) =>
        Checked(operations).AddOrderAsync(new StandingOrder { Id = id, Kind = OrderKind.Suspend, Scope = scope, Reason = reason, Until = until }, cancellationToken);

    static IMailOperations Checked(IMailOperations operations)
    {
        ArgumentNullException.ThrowIfNull(operations);
        return operations;
    }
}
