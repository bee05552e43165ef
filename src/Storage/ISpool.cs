namespace Orleans.Mail.Storage;

/// <summary>The durable store of messages, their content and their events, in a fixed number of shards.</summary>
public interface ISpool
{
    /// <summary>Fixed when the spool is created.</summary>
    int ShardCount { get; }

    /// <summary>
    /// Whether several silos may use it at the same time, each for shards of its own. Such a spool keeps no notes of
    /// <see cref="ISpoolShard.MarkEndOfData"/>: what an attempt had come to has to be committed.
    /// </summary>
    bool IsShared { get; }

    /// <summary>
    /// Becomes the only writer of a shard: raises its fence, so that every commit of an earlier opening fails with <see cref="SpoolFencedException"/>.
    /// </summary>
    /// <exception cref="SpoolUnavailableException">The store cannot be used right now.</exception>
    Task<ISpoolShard> OpenShardAsync(int shard, CancellationToken cancellationToken);
}

/// <summary>One shard, opened for writing. Safe for concurrent use: concurrent commits share one transaction (group commit).</summary>
public interface ISpoolShard
{
    int Number { get; }

    /// <summary>The fence: greater at every opening, at least 1.</summary>
    long Epoch { get; }

    /// <summary>
    /// Whether an earlier opener is known to have ended, so that no attempt of an earlier epoch can still be running.
    /// True for a store that only one process can open.
    /// </summary>
    bool EarlierEpochsAreDead { get; }

    /// <summary>
    /// Makes state and events durable together, or neither. Completes only when they are on stable storage.
    /// Takes no cancellation: a caller that stopped waiting would not know the outcome.
    /// </summary>
    /// <exception cref="SpoolFencedException">Somebody else opened the shard since.</exception>
    /// <exception cref="SpoolUnavailableException">Nothing was stored, or (when <see cref="SpoolUnavailableException.OutcomeKnown"/> is false) it may have been.</exception>
    /// <exception cref="SpoolCorruptException">What it would change is damaged; nothing was stored.</exception>
    Task<CommitStatus> CommitAsync(SpoolCommit commit);

    /// <summary>The newest durable record; null when there is none.</summary>
    Task<MessageRecord?> ReadAsync(MessageId id, CancellationToken cancellationToken);

    /// <summary>The content as accepted; null when the message is unknown or its content is no longer kept.</summary>
    /// <exception cref="SpoolCorruptException">The stored octets are not those that were accepted.</exception>
    Task<ReadOnlyMemory<byte>?> ReadContentAsync(MessageId id, CancellationToken cancellationToken);

    /// <summary>
    /// Live messages to wake, oldest due time first: those whose due time is at or before <paramref name="dueBefore"/>,
    /// after <paramref name="after"/> in that order where given.
    /// </summary>
    Task<IReadOnlyList<DueMessage>> ReadDueAsync(DateTimeOffset dueBefore, DueMessage? after, int limit, CancellationToken cancellationToken);

    /// <summary>
    /// Live messages last committed with this <see cref="SpoolCommit.WaitsFor"/>, by rank and within a rank oldest first,
    /// after <paramref name="after"/> in that order where given.
    /// </summary>
    Task<IReadOnlyList<WaitingMessage>> ReadWaitingAsync(string site, WaitingMessage? after, int limit, CancellationToken cancellationToken);

    /// <summary>How many messages wait for the site; counting ends at <paramref name="atMost"/>.</summary>
    Task<int> CountWaitingAsync(string site, int atMost, CancellationToken cancellationToken);

    /// <summary>
    /// Takes a live message whose state nobody understands out of every sweep until <paramref name="until"/>: it keeps state and content,
    /// and is held by nobody and waits for no site. Its version grows by one. False when there is no such live message.
    /// </summary>
    /// <exception cref="SpoolCorruptException">Not even its row can be read, so nothing can be noted in it: the caller has to remember it.</exception>
    /// <exception cref="SpoolFencedException">Somebody else opened the shard since.</exception>
    Task<bool> SetAsideAsync(MessageId id, DateTimeOffset until);

    /// <summary>Live messages last committed with <see cref="SpoolCommit.IsHeld"/>, in whatever epoch. In id order, after <paramref name="after"/>.</summary>
    Task<IReadOnlyList<MessageId>> ReadHeldAsync(MessageId? after, int limit, CancellationToken cancellationToken);

    /// <summary>Live messages last committed with <see cref="SpoolCommit.IsHeld"/> in an epoch before this one: their holder is gone. In id order, after <paramref name="after"/>.</summary>
    Task<IReadOnlyList<MessageId>> ReadAbandonedAsync(MessageId? after, int limit, CancellationToken cancellationToken);

    /// <summary>Number of the newest durable event; 0 when there never was one.</summary>
    long LastEvent { get; }

    /// <summary>Number of the oldest event still kept, <see cref="LastEvent"/> + 1 when there is none.</summary>
    long FirstEvent { get; }

    /// <summary>Durable events with a number greater than <paramref name="after"/>, in order, at most about <paramref name="limit"/>.</summary>
    Task<IReadOnlyList<NumberedEvent>> ReadEventsAsync(long after, int limit, CancellationToken cancellationToken);

    /// <summary>Completes when <see cref="LastEvent"/> is greater than <paramref name="after"/>.</summary>
    Task WaitForEventAsync(long after, CancellationToken cancellationToken);

    /// <summary>
    /// Records of the shard, newest id first, with ids below <paramref name="before"/> where given. With <paramref name="label"/> those whose
    /// <see cref="SpoolCommit.Label"/> is known to be another may be left out, where that saves something.
    /// </summary>
    Task<IReadOnlyList<MessageRecord>> ListAsync(MessageId? before, string? label, int limit, CancellationToken cancellationToken);

    /// <summary>Removes at most <paramref name="limit"/> final messages that became final before <paramref name="finalBefore"/>, and events written before it. Returns how many rows went; 0 means done.</summary>
    Task<int> PurgeAsync(DateTimeOffset finalBefore, int limit, CancellationToken cancellationToken);

    /// <summary>Asks the store whether this opening is still the newest.</summary>
    /// <exception cref="SpoolFencedException">The shard was opened by somebody else: what this opening knows may be old.</exception>
    Task VerifyAsync(CancellationToken cancellationToken) => PurgeAsync(DateTimeOffset.UnixEpoch, 1, cancellationToken);

    /// <summary>
    /// Notes, before it happens, that the end of data of this attempt is about to be sent. Costs no storage operation: the note survives
    /// the end of the process, not of the machine. See <see cref="ReadMark"/>.
    /// </summary>
    void MarkEndOfData(MessageId id, int attempt);

    /// <summary>What is known of an attempt that an earlier epoch left open.</summary>
    EndOfDataMark ReadMark(MessageId id, int attempt, long epoch);

    /// <summary>Forgets the note of an attempt whose result is durable.</summary>
    void ClearMark(MessageId id, int attempt);

    /// <summary>Live counts, cheap enough for a gauge.</summary>
    Task<ShardCounts> CountAsync(CancellationToken cancellationToken);
}

/// <summary>What a crashed attempt had come to.</summary>
public enum EndOfDataMark : byte
{
    /// <summary>Nothing is known (other machine, power loss): it must be taken as sent.</summary>
    Unknown,

    /// <summary>The end of data was not sent: the remote has no message (RFC 5321 §4.1.1.4).</summary>
    NotSent,

    /// <summary>The end of data was, or was about to be, sent.</summary>
    Sent,
}

/// <summary>One atomic step of one message.</summary>
public sealed record SpoolCommit
{
    public required MessageId Id { get; init; }

    /// <summary>Version the record must have now; 0 when it must not exist. Afterwards it is one more.</summary>
    public required long ExpectedVersion { get; init; }

    /// <summary>The record's new state, opaque to the store.</summary>
    public required byte[] State { get; init; }

    /// <summary>When the sweep should wake the message at the latest; null makes it final, and its content may go.</summary>
    public required DateTimeOffset? Due { get; init; }

    /// <summary>Whether something in memory (a queue place, a session) works for the message, and is lost with the process.</summary>
    public bool IsHeld { get; init; }

    /// <summary>
    /// The site whose failure the message waits out, so that it is found when the site accepts again; null for none. Holds until the next
    /// commit, and never beyond the final one.
    /// </summary>
    public string? WaitsFor { get; init; }

    /// <summary>Place among those that wait for the same site, lower first: 0 High, 1 Normal, 2 Bulk. Means nothing without <see cref="WaitsFor"/>.</summary>
    public byte Rank { get; init; }

    /// <summary>A word by which listings can ask for records like this one; empty for none.</summary>
    public string Label { get; init; } = "";

    /// <summary>Content, on the first commit only.</summary>
    public ReadOnlyMemory<byte>? Content { get; init; }

    /// <summary>Events of this step; numbered by the store in commit order.</summary>
    public IReadOnlyList<DeliveryEvent> Events { get; init; } = [];

    /// <summary>Now, for retention.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>Most characters of <see cref="WaitsFor"/>.</summary>
    public const int MaxSiteLength = 200;
}

public enum CommitStatus : byte
{
    /// <summary>Durable.</summary>
    Committed,

    /// <summary>The record has another version, or exists already: nothing was changed.</summary>
    Conflict,
}

/// <summary>A message as stored.</summary>
public sealed record MessageRecord(MessageId Id, long Version, byte[] State, DateTimeOffset? Due, DateTimeOffset? FinalAt);

/// <summary>A live message and its due time.</summary>
public readonly record struct DueMessage(MessageId Id, DateTimeOffset Due);

/// <summary>A live message that waits for a site.</summary>
/// <param name="Id">The message.</param>
/// <param name="Rank">As committed.</param>
/// <param name="Arrival">Grows in the order in which the shard accepted its messages. Ids cannot say it: those made from a key are hashed.</param>
[GenerateSerializer, Immutable, Alias("mail.v1.WaitingMessage")]
public readonly record struct WaitingMessage([property: Id(0)] MessageId Id, [property: Id(1)] byte Rank, [property: Id(2)] long Arrival);

/// <summary>An event and its number in the shard, from 1 without gaps.</summary>
public readonly record struct NumberedEvent(long Number, DeliveryEvent Event);

/// <summary>How many messages a shard holds.</summary>
public readonly record struct ShardCounts(long Live, DateTimeOffset? OldestDue);
