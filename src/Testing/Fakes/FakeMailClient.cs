using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text;
using Orleans.Mail.Drafts;
using Orleans.Mail.Operations;

namespace Orleans.Mail.Testing;

/// <summary>
/// An <see cref="IMailClient"/> for unit tests: checks drafts as the real one does, records them, decides their fate by rules (delivered, without one),
/// keeps the promises about idempotency keys, and tells the events. No cluster, no network, no time: everything has happened when a call returns.
/// </summary>
public sealed class FakeMailClient : IMailClient, IFeedEndSource, IOperationsSource
{
    static readonly FakeRule Default = new(static _ => true);
    static readonly TimeSpan DefaultLimit = TimeSpan.FromSeconds(10);

    readonly Lock _lock = new();
    readonly MailClientOptions _options = new();
    readonly List<FakeRule> _rules = [];
    readonly List<MailDraft> _submitted = [];
    readonly Dictionary<MessageId, FakeMessage> _messages = [];
    readonly List<DeliveryEvent> _events = [];
    TaskCompletionSource _changed = NewSignal();

    /// <param name="clock">Null for the system's.</param>
    public FakeMailClient(TimeProvider? clock = null)
    {
        Clock = clock ?? TimeProvider.System;
        Operations = new FakeMailOperations(this);
    }

    /// <summary>What may be asked beyond the five members of <see cref="IMailClient"/>.</summary>
    public FakeMailOperations Operations { get; }

    IMailOperations IOperationsSource.Operations => Operations;

    TimeProvider IFeedEndSource.Clock => Clock;

    TimeProvider Clock { get; }

    /// <summary>Every draft that was accepted, in order; a duplicate under its key is not there twice.</summary>
    public IReadOnlyList<MailDraft> Submitted
    {
        get
        {
            lock (_lock) return [.. _submitted];
        }
    }

    /// <summary>Says what becomes of some drafts.</summary>
    public FakeRule On(Func<MailDraft, bool> predicate)
    {
        var rule = new FakeRule(predicate);
        lock (_lock) _rules.Insert(0, rule);
        return rule;
    }

    /// <summary>The first accepted draft that fits, now or as soon as it is submitted.</summary>
    /// <exception cref="TimeoutException">None came within <paramref name="limit"/> (ten seconds).</exception>
    public async Task<MailDraft> WaitForAsync(Func<MailDraft, bool> predicate, TimeSpan? limit = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(predicate);
        using var timer = new CancellationTokenSource(limit ?? DefaultLimit, TimeProvider.System);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, cancellationToken);
        while (true)
        {
            Task changed;
            int count;
            lock (_lock)
            {
                changed = _changed.Task;
                count = _submitted.Count;
                if (_submitted.FirstOrDefault(predicate) is { } draft) return draft;
            }

            try
            {
                await changed.WaitAsync(either.Token).ConfigureAwait(false);
            }
            catch (OperationCanceledException) when (timer.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
            {
                throw new TimeoutException($"None of the {count} drafts submitted within {limit ?? DefaultLimit} fits.");
            }
        }
    }

    public Task<Submission> SubmitAsync(MailDraft draft, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(draft);
        cancellationToken.ThrowIfCancellationRequested();
        try
        {
            return Task.FromResult(Submit(draft));
        }
        catch (MailException exception)
        {
            return Task.FromException<Submission>(exception);
        }
    }

    public Task<MessageStatus?> GetStatusAsync(MessageId id, CancellationToken cancellationToken = default)
    {
        lock (_lock) return Task.FromResult(_messages.GetValueOrDefault(id)?.Status);
    }

    public Task<CancelResult> CancelAsync(MessageId id, string reason, CancellationToken cancellationToken = default)
    {
        lock (_lock)
        {
            if (!_messages.TryGetValue(id, out var message)) return Task.FromResult(CancelResult.NotFound);
            if (message.Status.IsFinal) return Task.FromResult(CancelResult.AlreadyFinal);
            Tell(message.Cancel(Clock.GetUtcNow()));
            return Task.FromResult(CancelResult.Cancelled);
        }
    }

    public async IAsyncEnumerable<DeliveryEvent> SubscribeAsync(EventFilter? filter = null, EventPosition? from = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var after = Number(from);
        while (true)
        {
            DeliveryEvent[] some;
            Task changed;
            lock (_lock)
            {
                some = [.. _events.Skip(after)];
                changed = _changed.Task;
            }

            foreach (var item in some)
            {
                after++;
                if (filter?.Matches(item) ?? true) yield return item;
            }

            if (some.Length == 0) await changed.WaitAsync(cancellationToken).ConfigureAwait(false);
        }
    }

    public async IAsyncEnumerable<MessageStatus> ListAsync(ListQuery? query = null, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        MessageStatus[] all;
        lock (_lock) all = [.. _messages.Values.Select(message => message.Status).OrderByDescending(status => status.Id)];
        foreach (var status in all)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (query is null || Matches(query, status)) yield return status;
        }

        await Task.CompletedTask.ConfigureAwait(false);
    }

    Task<EventPosition> IFeedEndSource.GetFeedEndAsync(MessageId id, CancellationToken cancellationToken)
    {
        lock (_lock) return Task.FromResult(EventPosition.Of(_events.Count));
    }

    Submission Submit(MailDraft draft)
    {
        var request = DraftReader.Read(draft, _options, Clock, null);
        var fingerprint = request.ContentDigest ?? Fingerprint(request);
        lock (_lock)
        {
            if (_messages.TryGetValue(request.Id, out var known))
                return known.Fingerprint.AsSpan().SequenceEqual(fingerprint)
                    ? new Submission(this, request.Id, known.AcceptedAt, wasDuplicate: true)
                    : throw new MailException(MailErrorCode.IdempotencyConflict, "The idempotency key already names a message with other content.") { Id = request.Id };
            var rule = _rules.FirstOrDefault(rule => rule.Predicate(draft)) ?? Default;
            if (rule.Failure is { } failure) throw failure;
            var now = Clock.GetUtcNow();
            var message = new FakeMessage(request, fingerprint, now);
            _messages.Add(request.Id, message);
            _submitted.Add(draft);
            Tell(message.Run(rule, now));
            return new Submission(this, request.Id, now);
        }
    }

    void Tell(IEnumerable<DeliveryEvent> events)
    {
        foreach (var item in events) _events.Add(item with { Position = EventPosition.Of(_events.Count + 1) });
        var changed = _changed;
        _changed = NewSignal();
        changed.SetResult();
    }

    int Number(EventPosition? from)
    {
        lock (_lock)
        {
            if (from is null) return _events.Count;
            if (from.Value.IsStart) return 0;
            var after = from.Value.After();
            return after.Length == 1 && after[0] <= _events.Count
                ? (int)Math.Max(after[0], 0)
                : throw new MailException(MailErrorCode.InvalidPosition, "The position was made by another service.");
        }
    }

    static byte[] Fingerprint(SubmitRequest request)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{request.From}\n{string.Join('\n', request.Recipients)}\n"));
        hash.AppendData(request.Content);
        return hash.GetHashAndReset();
    }

    static bool Matches(ListQuery query, MessageStatus status) =>
        (query.Tenant is null || status.Tenant == query.Tenant)
        && (query.State is null || status.State == query.State)
        && (query.Tag is null || status.Tags.Contains(query.Tag))
        && (query.Campaign is null || status.Campaign == query.Campaign)
        && (query.Recipient is null || status.Recipients.Any(recipient => string.Equals(recipient.Address, query.Recipient, StringComparison.OrdinalIgnoreCase)))
        && (query.AcceptedBefore is null || status.AcceptedAt < query.AcceptedBefore)
        && (query.AcceptedAfter is null || status.AcceptedAt > query.AcceptedAfter);

    static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
