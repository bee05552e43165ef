using Orleans.Mail.Ledger;

namespace Orleans.Mail.Rig;

/// <summary>Follows the service's feed through every crash and writes down what it says. Messages are known by their idempotency key.</summary>
public sealed class EventLedger : IAsyncDisposable
{
    readonly CancellationTokenSource _stop = new();
    readonly object _gate = new();
    readonly HashSet<(string Id, string Recipient)> _ended = [];
    readonly Dictionary<string, int> _counts = [];
    readonly DurableLines<EventLine> _file;
    readonly Task _following;

    public EventLedger(IMailClient mail, string path)
    {
        _file = new DurableLines<EventLine>(path, LedgerJson.Default.EventLine);
        _following = FollowAsync(mail);
    }

    /// <summary>When the newest event came.</summary>
    public long LastEvent { get; private set; } = TimeProvider.System.GetTimestamp();

    public int Count(EventType type)
    {
        lock (_gate) return _counts.GetValueOrDefault(type.Name);
    }

    public bool HasEnded(string id, IEnumerable<string> recipients)
    {
        lock (_gate) return recipients.All(recipient => _ended.Contains((id, recipient)));
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _following;
        await _file.DisposeAsync();
        _stop.Dispose();
    }

    async Task FollowAsync(IMailClient mail)
    {
        try
        {
            await foreach (var item in mail.SubscribeAsync(null, EventPosition.Start, _stop.Token)) await NoteAsync(item);
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }
    }

    async Task NoteAsync(DeliveryEvent item)
    {
        var isEnd = item.Type == EventType.Delivered || item.Type == EventType.Bounced || item.Type == EventType.Expired || item.Type == EventType.Cancelled || item.Type == EventType.Suppressed
            || (item.Type == EventType.Uncertain && item.NextAttemptAt is null);
        var id = item.IdempotencyKey ?? item.MessageId.ToString();
        await _file.AppendAsync(new EventLine(id, item.Type.Name, item.At, item.Recipient, item.Attempt, isEnd));
        lock (_gate)
        {
            LastEvent = TimeProvider.System.GetTimestamp();
            _counts[item.Type.Name] = _counts.GetValueOrDefault(item.Type.Name) + 1;
            if (isEnd && item.Recipient is not null) _ended.Add((id, item.Recipient));
        }
    }
}
