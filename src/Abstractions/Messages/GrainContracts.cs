namespace Orleans.Mail;

/// <summary>One message. Key: <see cref="MessageId"/> as text.</summary>
[Alias("mail.v1.IMessageGrain")]
public interface IMessageGrain : IGrainWithStringKey
{
    /// <summary>Takes ownership of the message. Idempotent: the same request again gets the same receipt.</summary>
    [Alias("Submit")]
    Task<SubmitResult> SubmitAsync(SubmitRequest request);

    /// <summary>Null when there is no such message (any more).</summary>
    [Alias("GetStatus")]
    Task<MessageStatus?> GetStatusAsync();

    [Alias("Cancel")]
    Task<CancelResult> CancelAsync(string reason);

    /// <summary>Changes what was asked for at submission, or what becomes of the message. Durable when it answers.</summary>
    [Alias("Change")]
    Task<ChangeAnswer> ChangeAsync(MessageChange change);
}

/// <summary>The service as a whole, answered by whichever silo is asked. Key: 0.</summary>
[Alias("mail.v1.IMailServiceGrain")]
public interface IMailServiceGrain : IGrainWithIntegerKey
{
    /// <summary>Many submissions in one call; one answer each, in order.</summary>
    [Alias("SubmitMany")]
    Task<SubmitResult[]> SubmitManyAsync(SubmitRequest[] requests);

    [Alias("Describe")]
    Task<ServiceDescription> DescribeAsync();

    /// <summary>
    /// Changes every live message of a set, some at a call: call again with <see cref="SetResult.Continuation"/> until there is none. Every
    /// message that was live at the first call is met; doing it again changes nothing.
    /// </summary>
    [Alias("Apply")]
    Task<SetResult> ApplyAsync(MessageSelection selection, MessageChange change, string? continuation);
}

/// <summary>What a client needs to know of the service.</summary>
[GenerateSerializer, Immutable, Alias("mail.v1.ServiceDescription")]
public sealed record ServiceDescription(
    [property: Id(0)] int ShardCount,
    [property: Id(1)] string Mode,
    [property: Id(2)] string Version);

/// <summary>One shard of the spool. Key: the shard's number.</summary>
[Alias("mail.v1.ISpoolGrain")]
public interface ISpoolGrain : IGrainWithIntegerKey
{
    /// <summary>The shard's events after number <paramref name="after"/>, without end: waits for new ones. -1 for the oldest kept.</summary>
    [Alias("ReadFeed")]
    IAsyncEnumerable<FeedPage> ReadFeedAsync(long after, EventFilter filter, CancellationToken cancellationToken);

    /// <summary>Number of the newest event, 0 when there is none: where a subscription "from now" starts.</summary>
    [Alias("GetFeedEnd")]
    Task<long> GetFeedEndAsync();

    [Alias("List")]
    Task<ListPage> ListAsync(ListQuery query, string? continuation, int pageSize);

    /// <summary>As <see cref="IMailServiceGrain.ApplyAsync"/>, for one shard.</summary>
    [Alias("Apply"), Concurrency.AlwaysInterleave]
    Task<SetResult> ApplyAsync(MessageSelection selection, MessageChange change, string? continuation);
}
