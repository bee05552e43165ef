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

    readonly Scenario scenario;
    readonly Func<double> chance;
    readonly SimulatedReceiver receiver;
    readonly SimulatedPace pace;
    readonly BackoffCurves curves;
    readonly FairQueue<SimulatedMail> queue;
    readonly Dictionary<string, TokenBucket> tenantPaces;
    readonly SimulationTally tally;
    readonly SimulatedSessions sessions;
    readonly PriorityQueue<Action<DateTimeOffset>, (DateTimeOffset At, long Order)> steps = new();
    readonly TokenBucket? connectionPace;
    GreylistWait greylist = GreylistWait.None;
    DateTimeOffset wakesAt = DateTimeOffset.MaxValue;
    long order;

    SiteSimulation(Scenario scenario, Func<double> chance)
    {
        this.scenario = scenario;
        this.chance = chance;
        var policy = scenario.Policy;
        var limits = policy.ResolvedLimits;
        receiver = new SimulatedReceiver(scenario.Receiver, Start, chance);
        pace = new SimulatedPace(policy, limits, Start);
        curves = policy.Curves;
        sessions = new SimulatedSessions(limits);
        connectionPace = limits.ConnectionRate is { } rate ? new TokenBucket(rate, Start) : null;
        queue = new FairQueue<SimulatedMail>(key => key.Campaign is null ? policy.TenantWeights.GetValueOrDefault(key.Tenant, 1) : 1);
        tenantPaces = policy.TenantRates.ToDictionary(entry => entry.Key, entry => new TokenBucket(entry.Value, Start), StringComparer.Ordinal);
        var rows = scenario.Mail.Select(group => (group.Priority, group.Tenant)).Distinct().OrderBy(row => row.Priority switch { Priority.High => 0, Priority.Normal => 1, _ => 2 })
            .ThenBy(row => row.Tenant, StringComparer.Ordinal).ToList();
        tally = new SimulationTally(rows);
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
        var end = Start + scenario.Until;
        while (tally.Open > 0 && steps.TryDequeue(out var step, out var time) && time.At <= end)
        {
            step(time.At);
            Pump(time.At);
        }

        return tally.Report(Start);
    }

    void Schedule(MailGroup group, int row)
    {
        for (var i = 0; i < group.Count; i++)
        {
            var mail = new SimulatedMail(group, row, Start + group.At + group.Over * ((double)i / group.Count));
            tally.Add(mail);
            At(mail.Accepted, now => Enqueue(mail));
            At(mail.ExpiresAt, now => Expire(mail, now));
        }
    }

    void At(DateTimeOffset time, Action<DateTimeOffset> step) => steps.Enqueue(step, (time, order++));

    void Wake(DateTimeOffset time)
    {
        if (time >= wakesAt) return;
        wakesAt = time;
        At(time, now => wakesAt = wakesAt == now ? DateTimeOffset.MaxValue : wakesAt);
    }

    void Enqueue(SimulatedMail mail)
    {
        if (!mail.IsFinal) mail.Ticket = queue.Enqueue(new FairKey(mail.Group.Tenant, mail.Group.Campaign), mail.Group.Priority, mail.Accepted, mail);
    }

    void Expire(SimulatedMail mail, DateTimeOffset now)
    {
        // One that is under way is expired by its answer.
        if (mail.IsFinal || mail.IsUnderWay) return;
        if (mail.Ticket is { } ticket) queue.Remove(ticket);
        tally.Expire(mail, now);
    }

    // All that may be sent or opened now; else when to look again.
    void Pump(DateTimeOffset now)
    {
        while (true)
        {
            var ready = queue.ReadyAt(now);
            if (queue.NextRelease is { } release && release < DateTimeOffset.MaxValue) Wake(release);
            if (ready == 0)
            {
                if (queue.Count == 0) pace.EndRelease();
                return;
            }

            if (pace.NextAt(now) is var next && next > now)
            {
                Wake(next);
                return;
            }

            var limit = pace.SessionLimit(now);
            if (pace.IsFull(sessions.Busy, limit)) return;
            if (sessions.TryTake(now, out var sent)) Send(sent, now);
            else if (sessions.InUse >= limit || sessions.Connecting >= ready) return;
            else if (connectionPace is not null && connectionPace.Take(1, now) == 0)
            {
                Wake(connectionPace.NextAt(now));
                return;
            }
            else Connect(now);
        }
    }

    void Connect(DateTimeOffset now)
    {
        sessions.Connecting++;
        At(now + scenario.Receiver.ConnectTime, OnConnected);
    }

    void OnConnected(DateTimeOffset now)
    {
        sessions.Connecting--;
        if (receiver.IsDown(now))
        {
            tally.FailedConnections++;
            if (pace.OnTrouble(now)) OnDead(now);
        }
        else if (receiver.TakesConnection(sessions.Open)) sessions.Add(0, now);
        else
        {
            tally.RefusedConnections++;
            if (pace.OnConnectionRefused(sessions.Open, now)) OnDead(now);
        }
    }

    void OnDead(DateTimeOffset now)
    {
        if (scenario.Policy.HoldWhileDown) return;
        while (queue.TryDequeue(now, out var mail))
        {
            Begin(mail, now);
            mail.IsUnderWay = false;
            Defer(mail, new AnswerModel { Category = Categories.Connection }, now);
        }
    }

    void Send(int sent, DateTimeOffset now)
    {
        if (!queue.TryDequeue(now, out var mail)) return;
        var tenant = mail.Group.Tenant;
        if (tenantPaces.TryGetValue(tenant, out var tenantPace))
        {
            tenantPace.Take(1, now);
            if (tenantPace.NextAt(now) is var next && next > now) queue.Park(new FairKey(tenant, null), next);
        }

        sessions.Talking++;
        pace.OnSend(now);
        Begin(mail, now);
        var answer = receiver.Answer(mail, now);
        At(now + scenario.Receiver.Latency, at => OnAnswered(mail, answer, sent + 1, at));
    }

    void Begin(SimulatedMail mail, DateTimeOffset now)
    {
        tally.Attempts++;
        if (mail.Attempts++ == 0) mail.FirstAttempt = now;
        mail.Ticket = null;
        mail.IsUnderWay = true;
    }

    void OnAnswered(SimulatedMail mail, AnswerModel answer, int sent, DateTimeOffset now)
    {
        var outcome = answer.Outcome;
        mail.IsUnderWay = false;
        var inUse = sessions.InUse;
        sessions.Talking--;
        if (outcome.IsSiteTrouble)
        {
            if (pace.OnTrouble(now)) OnDead(now);
        }
        else
        {
            sessions.Add(sent, now);
            pace.OnAnswered(outcome.Category == Categories.RateLimited, inUse, now);
        }

        if (outcome.Kind != OutcomeKind.Delivered) tally.React(pace.Reactions.Observe(outcome.Category, answer.Reply, now));
        if (outcome.Category == Categories.RateLimited) tally.TooFast++;
        if (outcome.Kind == OutcomeKind.Delivered) tally.Deliver(mail, now);
        else if (outcome.Category == Categories.RateLimited && pace.IsReleasing)
        {
            tally.Deferred++;
            At(now + ReleaseRamp.RetryAfter, _ => Enqueue(mail));
        }
        else if (outcome.Kind == OutcomeKind.Failed) tally.Fail(mail, now);
        else Defer(mail, answer, now);
    }

    void Defer(SimulatedMail mail, AnswerModel answer, DateTimeOffset now)
    {
        tally.Deferred++;
        var isGreylisted = answer.Category == Categories.Greylisted;
        if (mail.Attempts == 2 && mail.WasGreylisted) greylist = greylist.Learn(mail.FirstAttempt, now, isGreylisted);
        mail.WasGreylisted |= isGreylisted;
        var next = BackoffPolicy.NextAttempt(curves, new RetryCase
        {
            Priority = mail.Group.Priority,
            Outcome = answer.Outcome,
            Attempts = mail.Attempts,
            Now = now,
            ExpiresAt = mail.ExpiresAt,
            Greylist = greylist,
        }, chance());
        if (next is { } due) At(due, _ => Enqueue(mail));
        else if (now >= mail.ExpiresAt) tally.Expire(mail, now);
    }
}
