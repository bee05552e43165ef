using Orleans.Mail.Policy.Shaping;
using Orleans.Mail.Policy.Sites;

namespace Orleans.Mail.Policy.Tests.Shaping;

/// <summary>10,000 messages deferred in an hour of outage; the site comes back able to take 50 a second and answers 451 above that.</summary>
public sealed class RecoveryTests
{
    static readonly DateTimeOffset Now = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Ramp_doubles_with_each_round_up_to_the_window()
    {
        var ramp = ReleaseRamp.Stopped;
        Assert.Equal(0, ramp.ReleaseNow(0, 20));
        ramp = ramp.OnAccepted();
        var rounds = new List<int>();
        for (var round = 0; round < 6; round++)
        {
            rounds.Add(ramp.ReleaseNow(0, 20));
            for (var i = 0; i < rounds[^1]; i++) ramp = ramp.OnAccepted();
        }

        Assert.Equal([1, 2, 4, 8, 16, 20], rounds);
        Assert.Equal(15, ramp.ReleaseNow(5, 20));
        Assert.True(ramp.OnFailure().IsStopped);
        Assert.Equal(0, ramp.OnFailure().OnRefused().ReleaseNow(0, 20));
    }

    [Fact]
    public void Ramp_that_was_refused_halves_and_then_grows_by_one_a_round()
    {
        var ramp = ReleaseRamp.Stopped;
        for (var i = 0; i < 8; i++) ramp = ramp.OnAccepted();
        Assert.Equal(8, ramp.ReleaseNow(0, 20));
        ramp = ramp.OnRefused();
        Assert.Equal(4, ramp.ReleaseNow(0, 20));
        for (var i = 0; i < 5; i++) ramp = ramp.OnAccepted();
        Assert.Equal(5, ramp.ReleaseNow(0, 20));
        Assert.Equal(1, ReleaseRamp.Stopped.OnAccepted().OnRefused().ReleaseNow(0, 20));
    }

    [Theory]
    [InlineData(Receiver.Bucket, 50, 1, 30)]
    [InlineData(Receiver.Bucket, 50, 10, 30)]
    [InlineData(Receiver.Bucket, 50, 50, 30)]
    [InlineData(Receiver.Bucket, 50, 5, 200)]
    [InlineData(Receiver.FixedSecond, 50, 0, 30)]
    [InlineData(Receiver.FixedSecond, 50, 0, 200)]
    [InlineData(Receiver.FixedSecond, 50, 0, 5)]
    public void All_deferred_mail_is_delivered_at_nearly_the_sites_pace(Receiver kind, int perSecond, int burst, int milliseconds)
    {
        const int Messages = 10_000;
        var run = new Outage(kind, perSecond, burst, milliseconds).Recover(Messages);
        TestContext.Current.TestOutputHelper?.WriteLine($"{kind} burst {burst} {milliseconds} ms: first {run.FirstSeconds:F1} s, drain {run.DrainSeconds:F1} s, refused {run.Refused}");

        Assert.True(run.FirstSeconds <= 600, $"first after {run.FirstSeconds} s");
        Assert.True(run.DrainSeconds <= 1.2 * Messages / perSecond, $"drained in {run.DrainSeconds} s");
        Assert.True(run.Refused <= 0.01 * Messages, $"{run.Refused} attempts refused");
    }

    [Fact]
    public void Refused_from_the_start_goes_slower_and_slower_and_comes_back()
    {
        var rate = new LearnedRate();
        var now = Now;
        for (var i = 0; i < 20; i++)
        {
            rate = rate.OnRefused(now);
            Assert.True(rate.RestsUntil > now);
            now = rate.RestsUntil;
        }

        Assert.Equal(1.0 / 60, rate.PerSecond!.Value, 9);
        Assert.Equal(TimeSpan.FromMinutes(1), rate.RestsUntil - now.AddMinutes(-1));
        for (var i = 0; i < 500; i++) rate = rate.OnAccepted(now = now.AddSeconds(1 / rate.PerSecond!.Value));
        Assert.True(rate.PerSecond > 5, $"{rate.PerSecond}");
    }

    [Fact]
    public void Refusals_of_one_round_count_once_and_an_hour_without_any_frees()
    {
        var rate = new LearnedRate();
        for (var i = 0; i < 100; i++) rate = rate.OnAccepted(Now.AddMilliseconds(i * 10));
        rate = rate.OnRefused(Now.AddSeconds(1));
        for (var i = 0; i < 50; i++) Assert.Same(rate, rate.OnRefused(Now.AddSeconds(1.5)));
        Assert.Equal(92, rate.PerSecond!.Value, 6);

        Assert.Null(rate.OnAccepted(Now.AddHours(1.1)).PerSecond);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(40)]
    public void Who_goes_on_from_what_was_learned_is_as_slow_rests_as_long_and_meets_the_same_ceiling(int acceptedSinceCut)
    {
        var rate = new LearnedRate();
        for (var i = 0; i < 100; i++) rate = rate.OnAccepted(Now.AddMilliseconds(i * 10));
        var now = Now.AddSeconds(1);
        for (var cut = 0; cut < 3; cut++, now = now.AddSeconds(20)) rate = rate.OnRefused(now).OnAccepted(now.AddSeconds(3));
        rate = rate.OnRefused(now);
        for (var i = 0; i < acceptedSinceCut; i++) rate = rate.OnAccepted(now.AddMilliseconds(i));

        var next = LearnedRate.From(rate.Learned!, now.AddSeconds(5));

        Assert.Equal((rate.PerSecond, rate.RestsUntil), (next.PerSecond, next.RestsUntil));
        Assert.Equal(rate.Learned, next.Learned);
        // Refused again, it falls as the first one would; and an hour without a word frees it.
        Assert.Equal(rate.OnRefused(now.AddMinutes(1)).Learned, next.OnRefused(now.AddMinutes(1)).Learned);
        Assert.Null(next.OnAccepted(now.AddHours(1.1)).PerSecond);
        Assert.Null(new LearnedRate().OnAccepted(Now).Learned);
    }

    [Fact]
    public void Pace_is_kept_after_a_refusal_and_longer_where_the_same_one_is_refused_again()
    {
        var (rate, now) = Refused();
        rate = Accepted(rate, ref now, TimeSpan.FromSeconds(1.9));
        Assert.Equal(92, rate.PerSecond!.Value, 6);
        rate = Accepted(rate, ref now, TimeSpan.FromSeconds(1));
        Assert.InRange(rate.PerSecond!.Value, 95, 105);
        // The first refusal with a pace known keeps what it leaves for 15 seconds, the next one of about the same pace for 30.
        foreach (var seconds in new[] { 15, 30 })
        {
            rate = rate.OnRefused(now);
            var left = rate.PerSecond!.Value;
            rate = Accepted(rate, ref now, TimeSpan.FromSeconds(seconds - 1));
            Assert.Equal(left, rate.PerSecond!.Value, 6);
            rate = Accepted(rate, ref now, TimeSpan.FromSeconds(4));
            Assert.InRange(rate.PerSecond!.Value, left * 1.01, left * 1.08);
        }
    }

    [Fact]
    public void Pace_at_which_nothing_is_taken_is_halved()
    {
        var (rate, now) = Refused();
        Assert.Equal(46, rate.OnRefused(now.AddSeconds(1.5)).PerSecond!.Value, 6);
    }

    [Fact]
    public void Pace_that_is_not_used_up_does_not_grow()
    {
        var (rate, now) = Refused();
        for (var i = 0; i < 60; i++) rate = rate.OnAccepted(now = now.AddSeconds(1));
        Assert.Equal(92, rate.PerSecond!.Value, 6);
    }

    [Fact]
    public void Pace_well_above_the_one_that_was_refused_is_searched_anew()
    {
        var (rate, now) = Refused();
        rate = Accepted(rate, ref now, TimeSpan.FromSeconds(3));
        rate = rate.OnRefused(now);
        // Towards 110 % of it by a hundredth a second, and then by a tenth.
        rate = Accepted(rate, ref now, TimeSpan.FromSeconds(15 + 40));
        Assert.True(rate.PerSecond > 250, $"{rate.PerSecond}");
    }

    // 100 a second were taken, then one was too many.
    static (LearnedRate Rate, DateTimeOffset Now) Refused()
    {
        var rate = new LearnedRate();
        for (var i = 0; i < 100; i++) rate = rate.OnAccepted(Now.AddMilliseconds(i * 10));
        return (rate.OnRefused(Now.AddSeconds(1)), Now.AddSeconds(1));
    }

    // As fast as the pace allows.
    static LearnedRate Accepted(LearnedRate rate, ref DateTimeOffset now, TimeSpan time)
    {
        var end = now + time;
        while (now + TimeSpan.FromSeconds(1 / rate.PerSecond!.Value) is var next && next <= end) rate = rate.OnAccepted(now = next);
        now = end;
        return rate;
    }

    [Fact]
    public void Burst_after_a_lone_message_is_what_the_site_took_and_the_lone_message_is_not()
    {
        var rate = new LearnedRate().OnAccepted(Now);
        for (var i = 0; i < 50; i++) rate = rate.OnAccepted(Now.AddSeconds(6).AddMilliseconds(i));
        Assert.Equal(46, rate.OnRefused(Now.AddSeconds(6.1)).PerSecond!.Value, 6);
    }

    public enum Receiver
    {
        Bucket,
        FixedSecond,
    }

    /// <summary>A receiver with a pace, and a sender made of the real window, ramp, rate and bucket, on virtual time.</summary>
    sealed class Outage(Receiver kind, int perSecond, int burst, int milliseconds)
    {
        readonly PriorityQueue<bool, DateTimeOffset> answers = new();
        readonly DateTimeOffset returns = Now.AddHours(1);
        SiteWindow window = new();
        ReleaseRamp ramp = ReleaseRamp.Stopped;
        LearnedRate rate = new();
        TokenBucket? bucket;
        double level;
        DateTimeOffset levelAt;

        public (double FirstSeconds, double DrainSeconds, int Refused) Recover(int messages)
        {
            var probe = Now;
            while (probe < returns)
            {
                window = window.OnTrouble(probe);
                probe = window.DeadUntil > probe ? window.DeadUntil.Value : probe;
            }

            int waiting = messages - 1, delivered = 0, refused = 0, inFlight = 1;
            answers.Enqueue(Takes(probe), probe.AddMilliseconds(milliseconds));
            var first = default(DateTimeOffset);
            var now = probe;
            while (delivered < messages)
            {
                var send = inFlight > 0 && waiting == 0 ? DateTimeOffset.MaxValue : NextSend(inFlight, now);
                if (answers.TryPeek(out _, out var answered) && answered <= send)
                {
                    now = answered;
                    inFlight--;
                    if (answers.Dequeue())
                    {
                        if (delivered++ == 0) first = now;
                        (window, ramp, rate) = (window.OnSuccess(now, inFlight + 1), ramp.OnAccepted(), rate.OnAccepted(now));
                    }
                    else
                    {
                        waiting++;
                        refused++;
                        (ramp, rate) = (ramp.OnRefused(), rate.OnRefused(now));
                    }

                    Pace(now);
                    continue;
                }

                now = send;
                if (bucket is not null) Assert.Equal(1, bucket.Take(1, now));
                waiting--;
                inFlight++;
                answers.Enqueue(Takes(now), now.AddMilliseconds(milliseconds));
            }

            return ((first - returns).TotalSeconds, (now - first).TotalSeconds, refused);
        }

        DateTimeOffset NextSend(int inFlight, DateTimeOffset now)
        {
            if (ramp.ReleaseNow(inFlight, window.OpenLimitAt(now)) == 0) return DateTimeOffset.MaxValue;
            var at = bucket?.NextAt(now) is { } next && next > now ? next : now;
            return at > rate.RestsUntil ? at : rate.RestsUntil;
        }

        void Pace(DateTimeOffset now)
        {
            if (rate.Limit is not { } limit) bucket = null;
            else if (bucket is null) bucket = new TokenBucket(limit, now);
            else bucket.Change(limit, now);
        }

        bool Takes(DateTimeOffset now)
        {
            if (kind == Receiver.FixedSecond)
            {
                var second = new DateTimeOffset(now.Ticks - now.Ticks % TimeSpan.TicksPerSecond, TimeSpan.Zero);
                if (second != levelAt) (levelAt, level) = (second, 0);
                return level++ < perSecond;
            }

            level = Math.Max(0, level - (now - levelAt).TotalSeconds * perSecond);
            levelAt = now;
            if (level + 1 > burst + 0.01) return false;
            level++;
            return true;
        }
    }
}
