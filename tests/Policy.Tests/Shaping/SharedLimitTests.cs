using CsCheck;
using Orleans.Mail.Policy.Shaping;

namespace Orleans.Mail.Policy.Tests.Shaping;

public sealed class SharedLimitTests
{
    static readonly DateTimeOffset Start = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);
    static readonly TimeSpan Lease = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData(10, new[] { 100, 100 }, new[] { 5, 5 })]
    [InlineData(10, new[] { 1, 100, 100 }, new[] { 1, 5, 4 })]
    [InlineData(10, new[] { 2, 3 }, new[] { 2, 3 })]
    [InlineData(2, new[] { 5, 5, 5 }, new[] { 1, 1, 0 })]
    [InlineData(0, new[] { 5 }, new[] { 0 })]
    [InlineData(7, new[] { 4, 1, 4 }, new[] { 3, 1, 3 })]
    public void Shares_are_max_min_fair(int limit, int[] demands, int[] shares) => Assert.Equal(shares, FairShares.Divide(limit, demands));

    [Fact]
    public void Shares_use_the_whole_limit_and_nobody_gets_more_than_it_asks_or_less_than_one_who_asks_less() =>
        Gen.Select(Gen.Int[0, 50], Gen.Int[0, 30].Array[1, 12]).Sample((limit, demands) =>
        {
            var shares = FairShares.Divide(limit, demands);
            if (shares.Sum() != Math.Min(limit, demands.Sum())) return false;
            for (var i = 0; i < shares.Length; i++)
            {
                if (shares[i] > demands[i]) return false;
                // One place apart at most, where both want more.
                if (shares[i] < demands[i] && shares.Any(other => other > shares[i] + 1)) return false;
            }

            return true;
        });

    [Fact]
    public void The_sum_of_what_is_in_use_is_never_above_the_limit_whoever_comes_leaves_or_dies() =>
        Gen.Select(Gen.Int[1, 12], Gen.Select(Gen.Int[0, 5], Gen.Int[0, 9], Gen.Int[0, 6]).Array[1, 200]).Sample((limit, steps) =>
        {
            var book = new ShareBook(limit, Lease, Start);
            var held = new Dictionary<int, (int Share, int InUse, DateTimeOffset Until)>();
            var now = Start;
            foreach (var (who, demand, seconds) in steps)
            {
                now += TimeSpan.FromSeconds(seconds);
                // A lease is not renewed by one who lost it: it comes as another.
                var mine = held.TryGetValue(who, out var known) && known.Until > now ? known : default;
                var inUse = Math.Min(mine.InUse, demand);
                var share = book.Ask($"{who}", new ShareClaim(demand, inUse, mine.Share), now);
                held[who] = (share, Math.Max(inUse, Math.Min(share, demand)), now + Lease);
                if (held.Values.Where(one => one.Until > now).Sum(one => Math.Max(one.InUse, 0)) > limit) return false;
            }

            return true;
        });

    [Fact]
    public void A_holder_of_all_gives_half_to_one_who_comes_when_it_renews()
    {
        var book = new ShareBook(10, Lease, Start);
        Assert.Equal(10, book.Ask("a", new ShareClaim(50, 0, 0), Start));
        Assert.Equal(0, book.Ask("b", new ShareClaim(50, 0, 0), Start));
        Assert.True(book.IsContended);
        Assert.Equal(5, book.Ask("a", new ShareClaim(50, 10, 10), Start));
        Assert.Equal(0, book.Ask("b", new ShareClaim(50, 0, 0), Start));
        Assert.Equal(5, book.Ask("a", new ShareClaim(50, 5, 5), Start));
        Assert.Equal(5, book.Ask("b", new ShareClaim(50, 0, 0), Start));
    }

    [Fact]
    public void A_share_that_is_not_renewed_ends_with_its_lease()
    {
        var book = new ShareBook(4, Lease, Start);
        book.Ask("dead", new ShareClaim(4, 4, 0), Start);
        Assert.Equal(0, book.Ask("b", new ShareClaim(4, 0, 0), Start + Lease - TimeSpan.FromTicks(1)));
        Assert.Equal(4, book.Ask("b", new ShareClaim(4, 0, 0), Start + Lease));
    }

    [Fact]
    public void With_more_holders_than_places_every_one_gets_its_turn()
    {
        var book = new ShareBook(2, Lease, Start);
        var served = new HashSet<int>();
        var held = new int[7];
        for (var second = 0; second < 7 * 30; second++)
            for (var who = 0; who < 7; who++)
            {
                held[who] = book.Ask($"{who}", new ShareClaim(5, held[who], held[who]), Start.AddSeconds(second));
                if (held[who] > 0) served.Add(who);
            }

        Assert.Equal(7, served.Count);
    }

    [Fact]
    public void A_book_that_follows_a_lost_one_only_confirms_until_all_its_leases_ended()
    {
        var book = new ShareBook(10, Lease, quietUntil: Start + Lease);
        Assert.Equal(4, book.Ask("old", new ShareClaim(9, 3, 4), Start));
        Assert.Equal(0, book.Ask("new", new ShareClaim(9, 0, 0), Start));
        Assert.Equal(6, book.Ask("new", new ShareClaim(6, 0, 0), Start + Lease));
    }

    [Fact]
    public void Places_in_use_count_whatever_their_holder_asks_for()
    {
        var book = new ShareBook(10, Lease, Start);
        book.Ask("a", new ShareClaim(10, 0, 0), Start);
        book.Ask("a", new ShareClaim(0, 3, 10), Start);
        Assert.Equal(7, book.Ask("b", new ShareClaim(10, 0, 0), Start));
        Assert.Equal(0, book.Ask("a", new ShareClaim(0, 0, 3), Start));
        Assert.Equal(10, book.Ask("b", new ShareClaim(10, 7, 7), Start));
    }

    [Fact]
    public void Who_gets_less_asks_again_a_block_later_at_the_soonest()
    {
        var rate = new SharedRate(RateLimit.Parse("1000/1s"), TimeSpan.FromSeconds(0.25), Start);
        Assert.Equal(Start.AddSeconds(0.25), rate.Take(1000, Start).NextAt);
    }

    [Fact]
    public void What_was_promised_by_another_limit_is_promised_no_more()
    {
        var rate = new SharedRate(RateLimit.Parse("1/1h"), TimeSpan.FromSeconds(0.25), Start);
        Assert.Equal(Start.AddHours(1), rate.Take(2, Start).NextAt);
        rate.Change(RateLimit.Parse("100/1s"), Start);
        Assert.Equal(Start.AddSeconds(0.25), rate.Take(100, Start).NextAt);
    }

    [Fact]
    public void A_fresh_rate_has_its_burst_still_to_earn()
    {
        var rate = new SharedRate(RateLimit.Parse("100/1h, burst 100"), TimeSpan.FromSeconds(0.25), Start);
        Assert.Equal(1, rate.Take(100, Start).Granted);
        Assert.Equal(0, rate.Take(100, Start.AddSeconds(35)).Granted);
        Assert.Equal(51, rate.Take(100, Start.AddMinutes(30).AddSeconds(36)).Granted);
    }

    [Fact]
    public void In_no_span_is_more_granted_than_burst_and_pace_allow() =>
        Gen.Select(Gen.Int[1, 200], Gen.Int[1, 40], Gen.Select(Gen.Int[0, 400], Gen.Int[1, 60]).Array[1, 100]).Sample((perSecond, burst, asks) =>
        {
            var limit = new RateLimit(perSecond, TimeSpan.FromSeconds(1), burst);
            var block = TimeSpan.FromSeconds(0.25);
            var rate = new SharedRate(limit, block, Start);
            var most = Math.Max(burst, Math.Ceiling(perSecond * block.TotalSeconds));
            var granted = new List<(DateTimeOffset At, int Count)>();
            var now = Start;
            foreach (var (milliseconds, want) in asks)
            {
                now += TimeSpan.FromMilliseconds(milliseconds);
                granted.Add((now, rate.Take(want, now).Granted));
            }

            for (var from = 0; from < granted.Count; from++)
                if (granted.Skip(from).Sum(grant => grant.Count) > most + perSecond * (now - granted[from].At).TotalSeconds + 0.001)
                    return false;
            return true;
        });

    [Fact]
    public void Two_who_wait_for_a_slow_rate_take_turns()
    {
        var rate = new SharedRate(RateLimit.Parse("1/1m"), TimeSpan.FromSeconds(0.25), Start);
        rate.Take(1, Start);
        var next = new[] { rate.Take(1, Start).NextAt, rate.Take(1, Start).NextAt };
        var got = new int[2];
        for (var now = Start; now < Start.AddMinutes(20); now += TimeSpan.FromSeconds(1))
            for (var who = 0; who < 2; who++)
                if (next[who] <= now)
                {
                    got[who] += rate.Take(1, now).Granted;
                    next[who] = rate.Take(1, now).NextAt;
                }

        Assert.InRange(got[0], 8, 11);
        Assert.InRange(got[1], 8, 11);
    }

    [Fact]
    public void A_quota_is_not_exceeded_over_crashes() =>
        Gen.Select(Gen.Int[1, 500], Gen.Select(Gen.Int[1, 40], Gen.Bool).Array[1, 100]).Sample((limit, steps) =>
        {
            var quota = DayQuota.Fresh(Start);
            var (granted, stored) = (0, 0);
            foreach (var (want, crashes) in steps)
            {
                quota = quota.Reserve(want, limit);
                stored = quota.Reserved;
                var now = Math.Min(want, quota.Left(limit));
                quota = quota.Use(now);
                granted += now;
                if (crashes) quota = DayQuota.Recover(quota.Day, stored);
            }

            return granted <= limit;
        });

    [Fact]
    public void A_reservation_is_made_when_the_last_is_used_up_and_never_beyond_the_limit()
    {
        var quota = DayQuota.Fresh(Start).Reserve(1, 1000).Use(10);
        Assert.Equal(11, quota.Reserved);
        Assert.Same(quota, quota.Reserve(1, 1000));
        Assert.Equal(22, quota.Reserve(2, 1000).Reserved);
        Assert.Equal(1000, quota.Use(985).Reserve(50, 1000).Reserved);
    }

    [Fact]
    public void A_crash_costs_a_hundredth_of_a_quota_and_a_new_day_gives_all_of_it()
    {
        var quota = DayQuota.Fresh(Start).Reserve(1, 1000).Use(1);
        quota = DayQuota.Recover(quota.Day, quota.Reserved);
        Assert.Equal(989, quota.Left(1000));
        Assert.Equal(1000, quota.At(quota.NextDay).Left(1000));
        Assert.Equal(989, quota.At(Start.AddDays(-1)).Left(1000));
    }
}
