using Orleans.Mail.Policy.Sites;

namespace Orleans.Mail.Policy.Tests.Sites;

public sealed class RefusedSessionsTests
{
    static readonly DateTimeOffset Now = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    readonly RefusedSessions _refused = new();

    [Fact]
    public void Nothing_refused_says_nothing_and_lets_sessions_be_opened()
    {
        Assert.Null(_refused.Judge(0, 0, Now));
        Assert.Null(_refused.OpensAt(1, Now));
    }

    [Fact]
    public void Those_that_dial_are_waited_for_and_none_is_opened_meanwhile()
    {
        _refused.OnRefused(Now);
        _refused.OnRefused(Now.AddSeconds(1));

        Assert.Null(_refused.Judge(0, 3, Now.AddSeconds(1)));
        Assert.NotNull(_refused.OpensAt(1, Now.AddSeconds(1)));
        Assert.Equal(RefusalKind.OneTooMany, _refused.Judge(3, 0, Now.AddSeconds(2)));
        Assert.Null(_refused.OpensAt(1, Now.AddSeconds(2)));
        Assert.Null(_refused.Judge(3, 0, Now.AddSeconds(2)));
    }

    [Fact]
    public void Those_that_dial_for_long_are_not_waited_for()
    {
        _refused.OnRefused(Now);

        Assert.Null(_refused.Judge(0, 1, Now + RefusedSessions.Patience - TimeSpan.FromTicks(1)));
        Assert.Equal(RefusalKind.Trouble, _refused.Judge(0, 1, Now + RefusedSessions.Patience));
    }

    [Fact]
    public void A_session_that_ended_may_be_counted_for_a_while()
    {
        _refused.OnTalking(1);
        _refused.OnParted(Now);
        _refused.OnRefused(Now);

        Assert.Equal(RefusalKind.Forgiven, _refused.Judge(0, 0, Now));
        Assert.NotNull(_refused.OpensAt(1, Now));
        _refused.OnRefused(Now + RefusedSessions.Linger);
        Assert.Equal(RefusalKind.Trouble, _refused.Judge(0, 0, Now + RefusedSessions.Linger));
    }

    [Fact]
    public void What_it_never_bore_is_not_forgiven()
    {
        _refused.OnTalking(3);
        _refused.OnParted(Now);
        _refused.OnRefused(Now);
        Assert.Equal(RefusalKind.OneTooMany, _refused.Judge(3, 0, Now));
    }

    [Fact]
    public void Refusals_are_forgiven_at_longer_and_longer_intervals_and_not_for_ever()
    {
        var waits = new List<double>();
        var now = Now;
        _refused.OnTalking(3);
        while (true)
        {
            _refused.OnParted(now);
            _refused.OnRefused(now);
            if (_refused.Judge(2, 0, now) is not RefusalKind.Forgiven) break;
            var opens = _refused.OpensAt(1, now)!.Value;
            waits.Add((opens - now).TotalMilliseconds);
            now = opens;
        }

        Assert.Equal([100, 200, 400, 800, 1600], waits);
        // It bears two now.
        _refused.OnRefused(now);
        Assert.Equal(RefusalKind.OneTooMany, _refused.Judge(2, 0, now));
    }

    [Fact]
    public void A_site_that_bears_as_many_as_before_is_forgiven_anew()
    {
        for (var i = 0; i < 20; i++)
        {
            _refused.OnTalking(3);
            _refused.OnParted(Now);
            _refused.OnRefused(Now);
            Assert.Equal(RefusalKind.Forgiven, _refused.Judge(2, 0, Now));
        }
    }

    [Fact]
    public void Where_sessions_are_counted_late_those_that_ended_keep_their_places_for_a_moment()
    {
        _refused.OnTalking(3);
        _refused.OnParted(Now);
        Assert.Equal(0, _refused.Lingering(Now));
        _refused.OnRefused(Now);
        Assert.Equal(RefusalKind.Forgiven, _refused.Judge(2, 0, Now));

        var later = Now.AddMinutes(1);
        _refused.OnTalking(3);
        _refused.OnParted(later);
        _refused.OnParted(later.AddMilliseconds(10));
        Assert.Equal(2, _refused.Lingering(later.AddMilliseconds(50)));
        Assert.Null(_refused.OpensAt(3, later.AddMilliseconds(50)));
        Assert.Equal(later.AddMilliseconds(99), _refused.OpensAt(2, later.AddMilliseconds(50)));
        Assert.Equal(1, _refused.Lingering(later.AddMilliseconds(99)));
        // Each session that is had makes it shorter.
        for (var i = 0; i < 300; i++) _refused.OnTalking(3);
        Assert.Equal(0, _refused.Lingering(later.AddMilliseconds(99)));
    }

    /// <summary>A receiver far away that refuses at once, greets late, and counts a session for a moment after its end.</summary>
    [Theory]
    [InlineData(3, 100)]
    [InlineData(3, 10)]
    [InlineData(3, 1)]
    [InlineData(1, 100)]
    [InlineData(1, 1)]
    [InlineData(13, 20)]
    public void A_receiver_with_a_limit_that_counts_late_is_never_taken_for_dead(int limit, int messagesPerConnection)
    {
        const int messages = 5_000;
        var run = new LateReceiver(limit, messagesPerConnection).Deliver(messages);

        Assert.False(run.WasDead);
        Assert.True(run.Refused <= messages * 0.02, $"{run.Refused} connections refused for {messages} messages");
        // A connection is counted for 100 ms besides its messages, and keeps its place for up to 60 more.
        var ideal = messages * (20 + 165.0 / messagesPerConnection) / limit;
        Assert.True(run.Milliseconds <= ideal * 1.1, $"took {run.Milliseconds} ms, ideal {ideal}");
    }

    /// <summary>On virtual milliseconds: 5 until it is refused or counted, 60 more until the site talks, 20 a message, counted for 40 after its end.</summary>
    sealed class LateReceiver(int limit, int messagesPerConnection)
    {
        readonly PriorityQueue<Action<long>, long> _events = new();
        readonly RefusedSessions _refused = new();
        SiteWindow _window = new();
        int _counted;
        int _dialling;
        int _talking;
        int _waiting;
        int _refusals;
        int _delivered;
        long _lookAt;

        public (int Refused, bool WasDead, long Milliseconds) Deliver(int messages)
        {
            _waiting = messages;
            Step(0);
            var at = 0L;
            while (_delivered < messages && _window.DeadUntil is null && _events.TryDequeue(out var step, out at))
            {
                step(at);
                Step(at);
            }

            return (_refusals, _window.DeadUntil is not null, at);
        }

        void Step(long at)
        {
            var now = Now.AddMilliseconds(at);
            switch (_refused.Judge(_talking, _dialling, now))
            {
                case RefusalKind.OneTooMany:
                    _window = _window.OnRefused(_talking, now);
                    break;
                case RefusalKind.Trouble:
                    _window = _window.OnTrouble(now);
                    break;
            }

            var room = _window.OpenLimitAt(now) - _talking - _dialling;
            if (_refused.OpensAt(room, now) is { } opens)
            {
                var look = (long)Math.Ceiling((opens - Now).TotalMilliseconds);
                if (_lookAt <= at || look < _lookAt) _events.Enqueue(_ => { }, _lookAt = look);
                return;
            }

            for (room -= _refused.Lingering(now); _waiting > 0 && room > 0; room--, _dialling++) _events.Enqueue(Arrive, at + 5);
        }

        void Arrive(long at)
        {
            if (_counted < limit)
            {
                _counted++;
                _events.Enqueue(Greet, at + 60);
                return;
            }

            _dialling--;
            _refusals++;
            _refused.OnRefused(Now.AddMilliseconds(at));
        }

        void Greet(long at)
        {
            _dialling--;
            _refused.OnTalking(++_talking);
            Send(0, at);
        }

        void Send(int sent, long at)
        {
            if (_waiting > 0 && sent < messagesPerConnection)
            {
                _waiting--;
                _events.Enqueue(then => Sent(sent + 1, then), at + 20);
                return;
            }

            _talking--;
            _refused.OnParted(Now.AddMilliseconds(at));
            _events.Enqueue(_ => _counted--, at + 40);
        }

        void Sent(int sent, long at)
        {
            _delivered++;
            _window = _window.OnSuccess(Now.AddMilliseconds(at), _talking + _dialling);
            Send(sent, at);
        }
    }
}
