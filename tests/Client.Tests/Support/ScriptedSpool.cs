using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Orleans.Concurrency;

namespace Orleans.Mail.Client.Tests.Support;

/// <summary>What the scripted grains serve. It outlives their silos, as a disk would.</summary>
public sealed class ScriptedSpool
{
    public const int ShardCount = 4;
    public const int PageSize = 10;

    readonly Lock _lock = new();
    readonly List<DeliveryEvent>[] _events = [.. Enumerable.Range(0, ShardCount).Select(_ => new List<DeliveryEvent>())];
    TaskCompletionSource _added = new(TaskCreationOptions.RunContinuationsAsynchronously);
    int _opened;
    int _pages;

    public ConcurrentDictionary<MessageId, MessageStatus> Messages { get; } = new();

    /// <summary>How often a feed was opened.</summary>
    public int Opened => _opened;

    /// <summary>How many pages were served.</summary>
    public int Pages => _pages;

    /// <summary>Number of the oldest event that is kept.</summary>
    public long FirstKept { get; set; } = 1;

    public MessageStatus Put(MessageId id, MailState state, string[]? recipients = null, string tenant = "t") => Messages[id] = new MessageStatus
    {
        Id = id,
        Tenant = tenant,
        State = state,
        AcceptedAt = DateTimeOffset.UnixEpoch,
        Recipients = [.. (recipients ?? []).Select(address => new RecipientStatus { Address = address, State = state })],
    };

    public void Happen(MessageId id, EventType type, string? recipient = null, string tenant = "t", string[]? tags = null)
    {
        lock (_lock)
        {
            _events[id.ShardOf(ShardCount)].Add(new DeliveryEvent { MessageId = id, Type = type, At = DateTimeOffset.UnixEpoch, Tenant = tenant, Recipient = recipient, Tags = tags ?? [] });
            _added.SetResult();
            _added = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    internal long End(int shard)
    {
        lock (_lock) return _events[shard].Count;
    }

    internal void CountOpened() => Interlocked.Increment(ref _opened);

    internal (FeedPage? Page, Task Added) Read(int shard, long after, EventFilter filter)
    {
        lock (_lock)
        {
            var from = (int)Math.Max(after, FirstKept - 1);
            var some = _events[shard].Skip(from).Take(PageSize).ToArray();
            if (some.Length == 0) return (null, _added.Task);
            Interlocked.Increment(ref _pages);
            var matches = some.Select((item, i) => (Number: (long)(from + i + 1), Item: item)).Where(pair => filter.Matches(pair.Item)).ToArray();
            return (new FeedPage(from + some.Length, [.. matches.Select(pair => pair.Number)], [.. matches.Select(pair => pair.Item)]), _added.Task);
        }
    }
}

[GrainType("scripted-service"), StatelessWorker]
sealed class ScriptedServiceGrain(ScriptedSpool spool) : Grain, IMailServiceGrain
{
    public Task<SubmitResult[]> SubmitManyAsync(SubmitRequest[] requests) => Task.FromResult(Array.ConvertAll(requests, request => ScriptedMessageGrain.Accept(spool, request)));

    public Task<SetResult> ApplyAsync(MessageSelection selection, MessageChange change, string? continuation) => throw new NotSupportedException();

    public Task<ServiceDescription> DescribeAsync() => Task.FromResult(new ServiceDescription(ScriptedSpool.ShardCount, "Scripted", "1"));
}

[GrainType("scripted-message")]
sealed class ScriptedMessageGrain(ScriptedSpool spool) : Grain, IMessageGrain
{
    MessageId Id => MessageId.Parse(this.GetPrimaryKeyString());

    public static SubmitResult Accept(ScriptedSpool spool, SubmitRequest request)
    {
        var isNew = !spool.Messages.ContainsKey(request.Id);
        if (isNew)
        {
            spool.Put(request.Id, MailState.Accepted, request.Recipients, request.Tenant);
            spool.Happen(request.Id, EventType.Accepted, tenant: request.Tenant, tags: request.Tags);
        }

        return SubmitResult.Accepted(new SubmitReceipt(request.Id, DateTimeOffset.UnixEpoch, !isNew));
    }

    public Task<SubmitResult> SubmitAsync(SubmitRequest request) => Task.FromResult(Accept(spool, request));

    public Task<MessageStatus?> GetStatusAsync() => Task.FromResult(spool.Messages.GetValueOrDefault(Id));

    public Task<ChangeAnswer> ChangeAsync(MessageChange change) => throw new NotSupportedException();

    public Task<CancelResult> CancelAsync(string reason)
    {
        if (!spool.Messages.TryGetValue(Id, out var status)) return Task.FromResult(CancelResult.NotFound);
        if (status.IsFinal) return Task.FromResult(CancelResult.AlreadyFinal);
        spool.Put(Id, MailState.Cancelled);
        spool.Happen(Id, EventType.Cancelled);
        return Task.FromResult(CancelResult.Cancelled);
    }
}

[GrainType("scripted-spool")]
sealed class ScriptedSpoolGrain(ScriptedSpool spool) : Grain, ISpoolGrain
{
    int Shard => (int)this.GetPrimaryKeyLong();

    public async IAsyncEnumerable<FeedPage> ReadFeedAsync(long after, EventFilter filter, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        spool.CountOpened();
        if (after >= 0 && (after < spool.FirstKept - 1 || after > spool.End(Shard))) throw new ArgumentOutOfRangeException(nameof(after));
        while (true)
        {
            var (page, added) = spool.Read(Shard, after, filter);
            if (page is null)
            {
                await added.WaitAsync(cancellationToken);
                continue;
            }

            after = page.ReadTo;
            yield return page;
        }
    }

    public Task<long> GetFeedEndAsync() => Task.FromResult(spool.End(Shard));

    public Task<SetResult> ApplyAsync(MessageSelection selection, MessageChange change, string? continuation) => throw new NotSupportedException();

    public Task<ListPage> ListAsync(ListQuery query, string? continuation, int pageSize)
    {
        var before = continuation is null ? (MessageId?)null : MessageId.Parse(continuation);
        var page = spool.Messages.Values
            .Where(status => status.Id.ShardOf(ScriptedSpool.ShardCount) == Shard && (before is null || status.Id < before))
            .OrderByDescending(status => status.Id)
            .Take(pageSize).ToArray();
        var items = page.Where(status => query.Tenant is null || status.Tenant == query.Tenant).ToArray();
        return Task.FromResult(new ListPage(items, page.Length < pageSize ? null : page[^1].Id.ToString()));
    }
}
