using Orleans.Mail.Grains.Messages;
using Orleans.Mail.Policy.Outcomes;
using Orleans.Mail.Policy.Sites;

namespace Orleans.Mail.Grains.Domains;

/// <summary>Sessions that could not be had: what they say of the site, and who hears of it.</summary>
sealed partial class DomainGrain
{
    readonly RefusedSessions _refused = new();

    // What was said to those of which it cannot be told yet.
    readonly List<Verdict> _refusals = [];

    public Task<Ticket[]> ConnectFailedAsync(Guid session, Verdict verdict)
    {
        var now = clock.GetUtcNow();
        // Whoever was told once is not told again: one failed connection is the attempt of one message.
        if (!_leases.Remove(session)) return Task.FromResult<Ticket[]>([]);
        if ((OutcomeKind)verdict.Kind is OutcomeKind.Failed)
        {
            // It is so for everyone: each hears it as its own.
            var all = Take(SmallBatch, now);
            if (all.Length > 0) _leases[session] = new Lease(now + shaping.Sites.LeaseTime, IsConnected: false, all.Length);
            return Task.FromResult(all);
        }

        if (verdict.OnlyFor is { } destination)
        {
            // The site talks to the rest of its mail: nothing is learned of it.
            var its = TakeOf(destination, SmallBatch);
            if (its.Length > 0) _leases[session] = new Lease(now + shaping.Sites.LeaseTime, IsConnected: false, its.Length);
            return Task.FromResult(its);
        }

        _refusals.Add(verdict);
        _refused.OnRefused(now);
        // Where the site talks, or may talk yet, nobody's attempt is spent.
        var blamed = LearnRefused(now) is RefusalKind.Trouble ? Take(1, now) : [];
        LeaveAloneIfBlocked(now);
        return Task.FromResult(blamed);
    }

    int Talking(DateTimeOffset now) => _leases.Values.Count(lease => lease.IsConnected && lease.Expires > now);

    // A session that was offered its place has no lease before it first calls, and for a moment the engine counts it no more while its lease does not know yet.
    int Dialling(DateTimeOffset now) => Math.Max(engine.OpeningAt(Site), _leases.Values.Count(lease => !lease.IsConnected && lease.Expires > now));

    RefusalKind? LearnRefused(DateTimeOffset now)
    {
        if (_refusals.Count == 0) return null;
        var talking = Talking(now);
        if (_refused.Judge(talking, Dialling(now), now) is not { } kind) return null;
        if (kind is RefusalKind.OneTooMany) _window = _window.OnRefused(talking, now);
        if (kind is RefusalKind.Trouble)
        {
            foreach (var verdict in _refusals)
            {
                _window = _window.OnTrouble(now);
                React(_pace.Learn(TicketResult.Trouble, new SiteNews(verdict.Category, verdict.Reply, verdict.RetryAfter, null), now), now);
            }
        }

        _refusals.Clear();
        return kind;
    }
}
