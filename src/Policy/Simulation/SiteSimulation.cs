using Orleans.Mail.Policy.Outcomes;
using Orleans.Mail.Policy.Scheduling;
using Orleans.Mail.Policy.Shaping;
using Orleans.Mail.Policy.Sites;

namespace Orleans.Mail.Policy.Simulation;

/// <summary>
/// Runs a <see cref="Scenario"/> on virtual time with the policies the service runs with. The same scenario and chance give the same report.
/// </summary>
public sealed class SiteSimulation
{
    /// <summary>The start of virtual time.</summary>
    public static DateTimeOffset Start { get; } = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);

    readonly Scenario _scenario;
    readonly Func<double> _chance;
    readonly SimulatedReceiver _receiver;
    readonly SimulatedPace _pace;
    readonly BackoffCurves _curves;
    readonly FairQueue<SimulatedMail> _queue;
    readonly Dictionary<string, TokenBucket> _tenantPaces;
    readonly SimulationTally _tally;
    readonly SimulatedSessions _sessions;
    readonly PriorityQueue<Action<DateTimeOffset>, (DateTimeOffset At, long Order)> _steps = new();
    readonly TokenBucket? _connectionPace;
    GreylistWait _greylist = GreylistWait.None;
    DateTimeOffset _wakesAt = DateTimeOffset.MaxValue;
    long _order;

    SiteSimulation(Scenario scenario, Func<double> chance)
    {
        _scenario = scenario;
        _chance = chance;
        var policy = scenario.Policy;
        var limits = policy.ResolvedLimits;
        _receiver = new SimulatedReceiver(scenario.Receiver, Start, chance);
        _pace = new SimulatedPace(policy, limits, Start);
        _curves = policy.Curves;
        _sessions = new SimulatedSessions(limits);
        _connectionPace = limits.ConnectionRate is { } rate ? new TokenBucket(rate, Start) : null;
        _queue = new FairQueue<SimulatedMail>(key => key.Campaign is null ? policy.TenantWeights.GetValueOrDefault(key.Tenant, 1) : 1);
        _tenantPaces = policy.TenantRates.ToDictionary(entry => entry.Key, entry => new TokenBucket(entry.Value, Start), StringComparer.Ordinal);
        var rows = scenario.Mail.Select(group => (group.Priority, group.Tenant)).Distinct().OrderBy(row => row.Priority switch { Priority.High => 0, Priority.Normal => 1, _ => 2 })
            .ThenBy(row => row.Tenant, StringComparer.Ordinal).ToList();
        _tally = new SimulationTally(rows);
        foreach (var group in scenario.Mail) Schedule(group, rows.IndexOf((group.Priority, group.Tenant)));
    }

    /// <exception cref="ArgumentException">The scenario has <see cref="Scenario.Faults"/>.</exception>
    public static SimulationReport Run(Scenario scenario, Func<double> chance)
    {
        ArgumentNullException.ThrowIfNull(scenario);
        ArgumentNullException.ThrowIfNull(chance);
        var faults = scenario.Faults();
        if (faults.Count > 0) throw new ArgumentException(string.Join("; ", faults), nameof(scenario));
        return new SiteSimulation(scenario, chance).Run();
    }

    SimulationReport Run()
    {
        var end = Start + _scenario.Until;
        while (_tally.Open > 0 && _steps.TryDequeue(out var step, out var time) && time.At <= end)
        {
            step(time.At);
            Pump(time.At);
        }

        return _tally.Report(Start);
    }

    void Schedule(MailGroup group, int row)
    {
        for (var i = 0; i < group.Count; i++)
        {
            var mail = new SimulatedMail(group, row, Start + group.At + group.Over * ((double)i / group.Count));
            _tally.Add(mail);
            At(mail.Accepted, now => Enqueue(mail));
            At(mail.ExpiresAt, now => Expire(mail, now));
        }
    }

    void At(DateTimeOffset time, Action<DateTimeOffset> step) => _steps.Enqueue(step, (time, _order++));

    void Wake(DateTimeOffset time)
    {
        if (time >= _wakesAt) return;
        _wakesAt = time;
        At(time, now => _wakesAt = _wakesAt == now ? DateTimeOffset.MaxValue : _wakesAt);
    }

    void Enqueue(SimulatedMail mail)
    {
        if (!mail.IsFinal) mail.Ticket = _queue.Enqueue(new FairKey(mail.Group.Tenant, mail.Group.Campaign), mail.Group.Priority, mail.Accepted, mail);
    }

    void Expire(SimulatedMail mail, DateTimeOffset now)
    {
        // One that is under way is expired by its answer.
        if (mail.IsFinal || mail.IsUnderWay) return;
        if (mail.Ticket is { } ticket) _queue.Remove(ticket);
        _tally.Expire(mail, now);
    }

    // All that may be sent or opened now; else when to look again.
    void Pump(DateTimeOffset now)
    {
        while (true)
        {
            var ready = _queue.ReadyAt(now);
            if (_queue.NextRelease is { } release && release < DateTimeOffset.MaxValue) Wake(release);
            if (ready == 0)
            {
                if (_queue.Count == 0) _pace.EndRelease();
                return;
            }

            if (_pace.NextAt(now) is var next && next > now)
            {
                Wake(next);
                return;
            }

            var limit = _pace.SessionLimit(now);
            if (_pace.IsFull(_sessions.Busy, limit)) return;
            if (_sessions.TryTake(now, out var sent)) Send(sent, now);
            else if (_sessions.InUse >= limit || _sessions.Connecting >= ready) return;
            else if (_connectionPace is not null && _connectionPace.Take(1, now) == 0)
            {
                Wake(_connectionPace.NextAt(now));
                return;
            }
            else Connect(now);
        }
    }

    void Connect(DateTimeOffset now)
    {
        _sessions.Connecting++;
        At(now + _scenario.Receiver.ConnectTime, OnConnected);
    }

    void OnConnected(DateTimeOffset now)
    {
        _sessions.Connecting--;
        if (_receiver.IsDown(now))
        {
            _tally.FailedConnections++;
            if (_pace.OnTrouble(now)) OnDead(now);
        }
        else if (_receiver.TakesConnection(_sessions.Open)) _sessions.Add(0, now);
        else
        {
            _tally.RefusedConnections++;
            if (_pace.OnConnectionRefused(_sessions.Open, now)) OnDead(now);
        }
    }

    void OnDead(DateTimeOffset now)
    {
        if (_scenario.Policy.HoldWhileDown) return;
        while (_queue.TryDequeue(now, out var mail))
        {
            Begin(mail, now);
            mail.IsUnderWay = false;
            Defer(mail, new AnswerModel { Category = Categories.Connection }, now);
        }
    }

    void Send(int sent, DateTimeOffset now)
    {
        if (!_queue.TryDequeue(now, out var mail)) return;
        var tenant = mail.Group.Tenant;
        if (_tenantPaces.TryGetValue(tenant, out var tenantPace))
        {
            tenantPace.Take(1, now);
            if (tenantPace.NextAt(now) is var next && next > now) _queue.Park(new FairKey(tenant, null), next);
        }

        _sessions.Talking++;
        _pace.OnSend(now);
        Begin(mail, now);
        var answer = _receiver.Answer(mail, now);
        At(now + _scenario.Receiver.Latency, at => OnAnswered(mail, answer, sent + 1, at));
    }

    void Begin(SimulatedMail mail, DateTimeOffset now)
    {
        _tally.Attempts++;
        if (mail.Attempts++ == 0) mail.FirstAttempt = now;
        mail.Ticket = null;
        mail.IsUnderWay = true;
    }

    void OnAnswered(SimulatedMail mail, AnswerModel answer, int sent, DateTimeOffset now)
    {
        var outcome = answer.Outcome;
        mail.IsUnderWay = false;
        var inUse = _sessions.InUse;
        _sessions.Talking--;
        if (outcome.IsSiteTrouble)
        {
            if (_pace.OnTrouble(now)) OnDead(now);
        }
        else
        {
            _sessions.Add(sent, now);
            _pace.OnAnswered(outcome.Category == Categories.RateLimited, inUse, now);
        }

        if (outcome.Kind != OutcomeKind.Delivered) _tally.React(_pace.Reactions.Observe(outcome.Category, answer.Reply, now));
        if (outcome.Category == Categories.RateLimited) _tally.TooFast++;
        if (outcome.Kind == OutcomeKind.Delivered) _tally.Deliver(mail, now);
        else if (outcome.Category == Categories.RateLimited && _pace.IsReleasing)
        {
            _tally.Deferred++;
            At(now + ReleaseRamp.RetryAfter, _ => Enqueue(mail));
        }
        else if (outcome.Kind == OutcomeKind.Failed) _tally.Fail(mail, now);
        else Defer(mail, answer, now);
    }

    void Defer(SimulatedMail mail, AnswerModel answer, DateTimeOffset now)
    {
        _tally.Deferred++;
        var isGreylisted = answer.Category == Categories.Greylisted;
        if (mail.Attempts == 2 && mail.WasGreylisted) _greylist = _greylist.Learn(mail.FirstAttempt, now, isGreylisted);
        mail.WasGreylisted |= isGreylisted;
        var next = BackoffPolicy.NextAttempt(_curves, new RetryCase
        {
            Priority = mail.Group.Priority,
            Outcome = answer.Outcome,
            Attempts = mail.Attempts,
            Now = now,
            ExpiresAt = mail.ExpiresAt,
            Greylist = _greylist,
        }, _chance());
        if (next is { } due) At(due, _ => Enqueue(mail));
        else if (now >= mail.ExpiresAt) _tally.Expire(mail, now);
    }
}
