namespace Orleans.Mail.Policy.Sites;

/// <summary>What sessions that could not be had say of their site.</summary>
public enum RefusalKind
{
    /// <summary>The site may still have counted a session that had ended: nothing.</summary>
    Forgiven,

    /// <summary>The site talks, and had no room for one more.</summary>
    OneTooMany,

    /// <summary>The site talks on no session.</summary>
    Trouble,
}

/// <summary>
/// Sessions of one site that were refused, until it can be told why. A site refuses at once and takes a session only after several answers, so those that
/// dial are waited for: only then is it known on how many sessions it talks. And it may count a session that has just ended: where it bore more than it
/// talks on now, the refusal is forgiven a few times, and from then on a session that ended keeps its place for a moment.
/// </summary>
public sealed class RefusedSessions
{
    /// <summary>How long sessions that still dial are waited for. 5 seconds.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>How long a site may count a session that has ended. 5 seconds.</summary>
    public static readonly TimeSpan Linger = TimeSpan.FromSeconds(5);

    /// <summary>How often in a row a refusal is forgiven while the site talks on fewer sessions than it bore. 5.</summary>
    public const int MostForgiven = 5;

    // For how long a session that ended keeps its place: doubled by each refusal that is forgiven, and a little less after each session that was had.
    static readonly TimeSpan LeastLag = TimeSpan.FromMilliseconds(100);
    static readonly TimeSpan MostLag = LeastLag * (1 << (MostForgiven - 1));
    const double LagLeft = 0.99;

    static readonly TimeSpan Look = TimeSpan.FromMilliseconds(100);

    readonly Queue<DateTimeOffset> _parted = new();

    // The first one that is undecided.
    DateTimeOffset? _since;
    int _borne;
    int _forgiven;
    DateTimeOffset? _partedAt;
    DateTimeOffset _opensAt;
    TimeSpan _lag;

    /// <summary>A session was had: the site talks on so many.</summary>
    public void OnTalking(int talking)
    {
        if (talking < _borne) return;
        _borne = talking;
        _forgiven = 0;
        _lag *= LagLeft;
        if (_lag < LeastLag / 10) _lag = TimeSpan.Zero;
    }

    /// <summary>A session that the site talked on has ended.</summary>
    public void OnParted(DateTimeOffset now)
    {
        _partedAt = now;
        if (_lag > TimeSpan.Zero) _parted.Enqueue(now);
    }

    /// <summary>A session could not be had.</summary>
    public void OnRefused(DateTimeOffset now) => _since ??= now;

    /// <summary>What the refused sessions say, once it can be told; they are forgotten then. Null while there are none, and while it cannot.</summary>
    /// <param name="talking">Sessions that the site talks on.</param>
    /// <param name="dialling">Sessions of which it is not known yet.</param>
    /// <param name="now">Now.</param>
    public RefusalKind? Judge(int talking, int dialling, DateTimeOffset now)
    {
        if (_since is null || (dialling > 0 && now - _since < Patience)) return null;
        _since = null;
        if (talking < _borne && now - _partedAt < Linger && _forgiven < MostForgiven)
        {
            _forgiven++;
            _lag = _lag * 2 < LeastLag ? LeastLag : _lag * 2 > MostLag ? MostLag : _lag * 2;
            _opensAt = now + _lag;
            return RefusalKind.Forgiven;
        }

        _borne = talking;
        _forgiven = 0;
        return talking > 0 ? RefusalKind.OneTooMany : RefusalKind.Trouble;
    }

    /// <summary>Sessions that ended and keep their places still.</summary>
    public int Lingering(DateTimeOffset now)
    {
        while (_parted.TryPeek(out var first) && first + _lag <= now) _parted.Dequeue();
        return _parted.Count;
    }

    /// <summary>When to look again whether a session may be opened; null where one may.</summary>
    /// <param name="room">Places for sessions, those that linger not counted.</param>
    /// <param name="now">Now.</param>
    public DateTimeOffset? OpensAt(int room, DateTimeOffset now)
    {
        if (_since is not null) return now + Look;
        if (_opensAt > now) return _opensAt;
        return room <= Lingering(now) && _parted.TryPeek(out var first) ? first + _lag : null;
    }
}
