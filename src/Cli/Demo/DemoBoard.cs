using System.Collections.Concurrent;
using System.Collections.Immutable;

namespace Orleans.Mail.Cli.Demo;

/// <summary>Where one message of the demo stands, as the events tell.</summary>
sealed record DemoRow(DemoMessage Message, MessageId Id)
{
    public MailState? State { get; init; }

    public int AttemptCount { get; init; }

    public SmtpReply? Reply { get; init; }

    public DateTimeOffset? NextAttemptAt { get; init; }

    /// <summary>Whether an attempt ended without telling if it had delivered.</summary>
    public bool WasUncertain { get; init; }

    public bool IsFinal => State is { IsFinal: true };

    public bool IsAsExpected => State == Message.Expected;
}

/// <summary>Where all messages of the demo stand. Fed by statuses at first and by events from then on; written by one thread, read by any.</summary>
sealed class DemoBoard
{
    readonly ConcurrentDictionary<MessageId, DemoRow> _rows;
    readonly ImmutableArray<MessageId> _singles;
    volatile int _openCount;
    volatile int _crowdFinalCount;

    public DemoBoard(string generation)
    {
        _rows = new(DemoPlan.All.Select(message => new DemoRow(message, DemoPlan.IdOf(generation, message))).ToDictionary(row => row.Id));
        _singles = [.. DemoPlan.All.Where(message => !message.IsCrowd).Select(message => DemoPlan.IdOf(generation, message))];
        _openCount = _rows.Count;
    }

    /// <summary>Those that get a line of their own, in order of the plan.</summary>
    public IEnumerable<DemoRow> Singles => _singles.Select(id => _rows[id]);

    public int CrowdFinalCount => _crowdFinalCount;

    public bool IsFinal => _openCount == 0;

    public DemoRow? Find(MessageId id) => _rows.GetValueOrDefault(id);

    /// <summary>Takes over what the service knows of a message that an earlier run submitted.</summary>
    public void Apply(MessageStatus status)
    {
        if (Find(status.Id) is not { } row) return;
        Replace(row with
        {
            State = status.State,
            AttemptCount = status.AttemptCount,
            Reply = status.Recipients.FirstOrDefault()?.LastReply,
            NextAttemptAt = status.NextAttemptAt,
            WasUncertain = status.Attempts.Any(attempt => attempt.Outcomes.Any(outcome => outcome.Result == EventType.Uncertain)),
        });
    }

    /// <summary>Takes in an event. Events of an earlier time than a status already taken over change nothing that is final.</summary>
    public DemoRow? Apply(DeliveryEvent item)
    {
        if (Find(item.MessageId) is not { } row) return null;
        var after = row with
        {
            State = row.IsFinal ? row.State : StateAfter(item),
            AttemptCount = Math.Max(row.AttemptCount, item.Attempt),
            Reply = item.Reply ?? row.Reply,
            NextAttemptAt = item.NextAttemptAt,
            WasUncertain = row.WasUncertain || item.Type == EventType.Uncertain,
        };
        Replace(after);
        return after;
    }

    void Replace(DemoRow row)
    {
        var wasFinal = _rows[row.Id].IsFinal;
        _rows[row.Id] = row;
        if (!row.IsFinal || wasFinal) return;
        _openCount--;
        if (row.Message.IsCrowd) _crowdFinalCount++;
    }

    // Each message of the demo has one recipient, so an event about it is about the message.
    static MailState StateAfter(DeliveryEvent item)
    {
        if (item.Type == EventType.Attempting) return MailState.Delivering;
        if (item.Type == EventType.Uncertain && item.NextAttemptAt is not null) return MailState.Deferred;
        return new MailState(item.Type.Name);
    }
}
