using System.Collections.Immutable;
using Orleans.Mail.Policy.Shaping;

namespace Orleans.Mail.Policy.Simulation;

/// <summary>What would happen. Times count from the start.</summary>
public sealed record SimulationReport
{
    /// <summary>When the last message became final; null when some wait at the end.</summary>
    public TimeSpan? FinishedAfter { get; init; }

    public int Messages { get; init; }

    public int Delivered { get; init; }

    /// <summary>Refused for ever.</summary>
    public int Failed { get; init; }

    public int Expired { get; init; }

    /// <summary>Still waiting at the end.</summary>
    public int Waiting { get; init; }

    public int Attempts { get; init; }

    /// <summary>Attempts after which the message waited.</summary>
    public int Deferred { get; init; }

    /// <summary>Attempts that were called too fast.</summary>
    public int TooFast { get; init; }

    /// <summary>Connections answered 421; no attempt was made over them.</summary>
    public int RefusedConnections { get; init; }

    /// <summary>Connections that failed while the site was down.</summary>
    public int FailedConnections { get; init; }

    /// <summary>Rules that fired.</summary>
    public ImmutableArray<Reaction> Reactions { get; init; } = [];

    /// <summary>By priority and tenant.</summary>
    public ImmutableArray<SimulationRow> Rows { get; init; } = [];
}

/// <summary>One tenant's mail of one priority. Times are from acceptance to delivery; null where nothing was delivered.</summary>
public sealed record SimulationRow(Priority Priority, string Tenant, int Messages, int Delivered, int Failed, int Expired, int Waiting, TimeSpan? P50, TimeSpan? P99, TimeSpan? Longest);

/// <summary>Counts while a simulation runs.</summary>
sealed class SimulationTally(IReadOnlyList<(Priority Priority, string Tenant)> rows)
{
    readonly List<TimeSpan>[] _delivered = [.. rows.Select(_ => new List<TimeSpan>())];
    readonly int[] _messages = new int[rows.Count];
    readonly int[] _failed = new int[rows.Count];
    readonly int[] _expired = new int[rows.Count];
    readonly List<Reaction> _reactions = [];
    DateTimeOffset _lastFinal;

    public int Open { get; private set; }
    public int Attempts { get; set; }
    public int Deferred { get; set; }
    public int TooFast { get; set; }
    public int RefusedConnections { get; set; }
    public int FailedConnections { get; set; }

    public void Add(SimulatedMail mail)
    {
        _messages[mail.Row]++;
        Open++;
    }

    public void Deliver(SimulatedMail mail, DateTimeOffset now)
    {
        _delivered[mail.Row].Add(now - mail.Accepted);
        End(mail, now);
    }

    public void Fail(SimulatedMail mail, DateTimeOffset now)
    {
        _failed[mail.Row]++;
        End(mail, now);
    }

    public void Expire(SimulatedMail mail, DateTimeOffset now)
    {
        _expired[mail.Row]++;
        End(mail, now);
    }

    // A reaction that is made longer keeps its id and counts once.
    public void React(IEnumerable<Reaction> fired)
    {
        foreach (var reaction in fired)
        {
            var known = _reactions.FindIndex(other => other.Id == reaction.Id);
            if (known >= 0) _reactions[known] = reaction;
            else _reactions.Add(reaction);
        }
    }

    public SimulationReport Report(DateTimeOffset start)
    {
        foreach (var times in _delivered) times.Sort();
        return new()
        {
            FinishedAfter = Open == 0 ? _lastFinal - start : null,
            Messages = _messages.Sum(),
            Delivered = _delivered.Sum(times => times.Count),
            Failed = _failed.Sum(),
            Expired = _expired.Sum(),
            Waiting = Open,
            Attempts = Attempts,
            Deferred = Deferred,
            TooFast = TooFast,
            RefusedConnections = RefusedConnections,
            FailedConnections = FailedConnections,
            Reactions = [.. _reactions],
            Rows = [.. rows.Select((row, i) => new SimulationRow(row.Priority, row.Tenant, _messages[i], _delivered[i].Count, _failed[i], _expired[i],
                _messages[i] - _delivered[i].Count - _failed[i] - _expired[i], Part(_delivered[i], 0.5), Part(_delivered[i], 0.99), Part(_delivered[i], 1)))],
        };
    }

    void End(SimulatedMail mail, DateTimeOffset now)
    {
        mail.IsFinal = true;
        _lastFinal = now;
        Open--;
    }

    // Nearest rank.
    static TimeSpan? Part(List<TimeSpan> sorted, double part) => sorted.Count == 0 ? null : sorted[Math.Max(0, (int)Math.Ceiling(part * sorted.Count) - 1)];
}
