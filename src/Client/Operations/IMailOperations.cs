namespace Orleans.Mail;

/// <summary>
/// What an operator, or an application that manages its mail after submission, may ask. Beside <see cref="IMailClient"/>, whose registration brings
/// it along. Every call may be repeated: it has the same end once or many times.
/// </summary>
public interface IMailOperations
{
    /// <summary>Changes one message after acceptance.</summary>
    Task<ChangeAnswer> ChangeAsync(MessageId id, MessageChange change, CancellationToken cancellationToken = default);

    /// <summary>Changes every live message of a set, and returns when all shards were gone through.</summary>
    /// <param name="selection">Which messages.</param>
    /// <param name="change">What is done to each.</param>
    /// <param name="progress">Told now and then how far it has come.</param>
    /// <param name="cancellationToken">Stops between two steps; what was done stays done.</param>
    Task<SetResult> ApplyAsync(MessageSelection selection, MessageChange change, IProgress<SetResult>? progress = null, CancellationToken cancellationToken = default);

    /// <summary>Gives a standing order; the same id again gives it once.</summary>
    Task<OrderAnswer> AddOrderAsync(StandingOrder order, CancellationToken cancellationToken = default);

    /// <summary>Ends a standing order and releases what it held. False when there is none of that id.</summary>
    Task<bool> RevokeOrderAsync(string id, CancellationToken cancellationToken = default);

    /// <summary>The orders that stand, and those revoked whose release goes on.</summary>
    Task<IReadOnlyList<StandingOrder>> ListOrdersAsync(CancellationToken cancellationToken = default);

    /// <summary>Puts an address on the suppression list. Null, or what is wrong.</summary>
    Task<string?> SuppressAsync(Suppression suppression, CancellationToken cancellationToken = default);

    /// <summary>Takes an address off the suppression list; null tenant for the list of everybody. False when it was not on it.</summary>
    Task<bool> RemoveSuppressionAsync(string? tenant, string address, CancellationToken cancellationToken = default);

    /// <summary>The suppression list of one tenant; null for that of everybody.</summary>
    IAsyncEnumerable<Suppression> ListSuppressionsAsync(string? tenant = null, CancellationToken cancellationToken = default);
}
