using CsCheck;
using Orleans.Mail.Policy.Shaping;

namespace Orleans.Mail.Policy.Tests.Shaping;

public sealed class TokenBucketTests
{
    static readonly DateTimeOffset Start = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_fresh_bucket_of_100_an_hour_does_not_give_100_in_the_first_second()
    {
        var bucket = Bucket("100/1h");
        var granted = Enumerable.Range(0, 1000).Sum(i => bucket.Take(100, Start.AddMilliseconds(i)));

        Assert.Equal(1, granted);
        Assert.Equal(36, (bucket.NextAt(Start.AddSeconds(1)) - Start).TotalSeconds, 3);
    }

    [Fact]
    public void Who_has_others_before_it_is_granted_when_all_of_them_were()
    {
        var bucket = Bucket("10/1s, burst 3");
        Assert.Equal(Start, bucket.NextAt(Start, ahead: 2));
        Assert.Equal(100, (bucket.NextAt(Start, ahead: 3) - Start).TotalMilliseconds, 3);
        bucket.Take(3, Start);
        Assert.Equal(1_000, (bucket.NextAt(Start, ahead: 9) - Start).TotalMilliseconds, 3);
    }

    [Fact]
    public void Burst_is_granted_at_once_and_comes_back_with_time()
    {
        var bucket = Bucket("10/1s, burst 20");

        Assert.Equal(20, bucket.Take(100, Start));
        Assert.Equal(0, bucket.Take(1, Start));
        Assert.Equal(10, bucket.Take(100, Start.AddSeconds(1)));
        Assert.Equal(20, bucket.Take(100, Start.AddHours(1)));
    }

    [Fact]
    public void Who_comes_at_the_promised_moment_is_granted_one() =>
        Gen.Select(Gen.Int[1, 5000], Gen.Int[1, 90_000], Gen.Int[1, 5]).Sample((count, milliseconds, burst) =>
        {
            var bucket = new TokenBucket(new RateLimit(count, TimeSpan.FromMilliseconds(milliseconds), burst), Start);
            var now = Start;
            for (var i = 0; i < 50; i++)
            {
                now = bucket.NextAt(now) is var next && next > now ? next : now;
                if (bucket.Take(1, now) != 1) return false;
            }

            return true;
        });

    [Fact]
    public void No_span_grants_more_than_burst_and_rate_allow() =>
        Gen.Select(Gen.Int[1, 50], Gen.Int[1, 10], Gen.Int[1, 400].Array[1, 200]).Sample((count, burst, pauses) =>
        {
            var limit = new RateLimit(count, TimeSpan.FromSeconds(1), burst);
            var bucket = new TokenBucket(limit, Start);
            var now = Start;
            var grants = new List<(DateTimeOffset At, int Count)>();
            foreach (var pause in pauses)
            {
                grants.Add((now, bucket.Take(pause % 7, now)));
                now += TimeSpan.FromMilliseconds(pause);
            }

            for (var from = 0; from < grants.Count; from++)
            {
                var sum = 0;
                for (var to = from; to < grants.Count; to++)
                {
                    sum += grants[to].Count;
                    if (sum > burst + limit.PerSecond * (grants[to].At - grants[from].At).TotalSeconds + 1e-3) return false;
                }
            }

            return true;
        });

    [Fact]
    public void Change_keeps_what_is_owed()
    {
        var bucket = Bucket("1/1h");
        bucket.Take(1, Start);
        bucket.Change(RateLimit.Parse("60/1h"), Start);
        Assert.Equal(0, bucket.Take(1, Start));
        Assert.Equal(Start.AddMinutes(1), bucket.NextAt(Start));

        bucket = Bucket("10/1s, burst 10");
        bucket.Take(10, Start);
        bucket.Change(RateLimit.Parse("1/1s"), Start);
        Assert.Equal(Start.AddSeconds(10), bucket.NextAt(Start));
    }

    [Fact]
    public void Unused_grants_come_back_and_a_clock_set_back_gives_nothing()
    {
        var bucket = Bucket("1/1m, burst 2");
        Assert.Equal(2, bucket.Take(2, Start));
        bucket.GiveBack(1);
        Assert.Equal(0, bucket.Take(0, Start));
        Assert.Equal(1, bucket.Take(5, Start.AddHours(-1)));
        Assert.Equal(0, bucket.Take(5, Start.AddHours(-1)));
    }

    [Fact]
    public void What_is_given_back_late_is_no_second_burst()
    {
        var bucket = Bucket("1/1s, burst 2");
        bucket.Take(2, Start);
        Assert.Equal(0, bucket.Take(0, Start.AddHours(1)));
        bucket.GiveBack(2);
        Assert.Equal(2, bucket.Take(9, Start.AddHours(1)));
    }

    [Fact]
    public void Change_counts_the_time_before_it_by_the_limit_that_held()
    {
        var bucket = Bucket("1/1s");
        bucket.Take(1, Start);
        bucket.Change(RateLimit.Parse("1/1h"), Start.AddSeconds(10));
        Assert.Equal(1, bucket.Take(1, Start.AddSeconds(10)));
    }

    static TokenBucket Bucket(string limit) => new(RateLimit.Parse(limit), Start);
}
