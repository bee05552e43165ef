using CsCheck;
using Orleans.Mail.Policy.Sites;

namespace Orleans.Mail.Policy.Tests.Sites;

public sealed class FairParkingTests
{
    static readonly DateTimeOffset Start = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);
    static readonly FairKey A = new("a", null);
    static readonly FairKey B = new("b", null);

    [Fact]
    public void Parked_tenant_is_passed_over_until_its_time()
    {
        var queue = Filled(10, A, B);
        queue.Park(A, Start.AddMinutes(1));

        Assert.Equal(10, queue.ReadyCount);
        Assert.Equal(Start.AddMinutes(1), queue.NextRelease);
        Assert.Equal(Enumerable.Repeat("b", 5), Drain(queue, 5));
        Assert.All(Drain(queue, 4, Start.AddMinutes(1)).Chunk(2), pair => Assert.Equal(["a", "b"], pair.Order()));
        Assert.Null(queue.NextRelease);
    }

    [Fact]
    public void A_lane_of_which_all_is_parked_earns_no_turns()
    {
        var queue = new FairQueue<string>();
        queue.Enqueue(A, Priority.Bulk, Start, "bulk");
        for (var i = 0; i < 60; i++) queue.Enqueue(B, Priority.High, Start, "high");
        queue.Park(A, DateTimeOffset.MaxValue);
        Drain(queue, 20);
        queue.Unpark(A);
        Assert.Equal([.. Enumerable.Repeat("high", 16), "bulk"], Drain(queue, 17));
    }

    [Fact]
    public void Only_the_parked_campaign_waits()
    {
        var queue = Filled(3, new FairKey("a", "one"), new FairKey("a", "two"));
        queue.Park(new FairKey("a", "one"), DateTimeOffset.MaxValue);
        queue.Enqueue(new FairKey("a", "one"), Priority.High, Start, "new of one");

        Assert.Equal(3, Drain(queue, 100).Count);
        Assert.False(queue.TryDequeue(Start.AddYears(5), out _));
        Assert.Equal(4, queue.Count);
        Assert.True(queue.Unpark(new FairKey("a", "one")));
        Assert.False(queue.Unpark(new FairKey("a", "one")));
        Assert.Equal("new of one", Drain(queue, 1).Single());
        Assert.Equal(3, Drain(queue, 100).Count);
    }

    [Fact]
    public void Campaign_of_a_parked_tenant_stays_parked_when_only_it_is_freed()
    {
        var queue = Filled(1, new FairKey("a", "one"));
        queue.Park(A, Start.AddHours(2));
        queue.Park(new FairKey("a", "one"), Start.AddHours(1));

        Assert.False(queue.TryDequeue(Start.AddHours(1), out _));
        Assert.True(queue.TryDequeue(Start.AddHours(2), out _));
    }

    [Fact]
    public void A_thousand_parked_tenants_cost_the_others_nothing_and_lane_shares_stay()
    {
        var queue = new FairQueue<string>();
        for (var i = 0; i < 1000; i++)
        {
            queue.Enqueue(new FairKey($"parked{i}", null), Priority.High, Start, "parked");
            queue.Park(new FairKey($"parked{i}", null), DateTimeOffset.MaxValue);
        }

        for (var i = 0; i < 400; i++)
        {
            queue.Enqueue(A, Priority.High, Start, "high");
            queue.Enqueue(B, Priority.Bulk, Start, "bulk");
        }

        Assert.Equal(20, Drain(queue, 20 * 17).Count(item => item == "bulk"));
    }

    [Fact]
    public void Freed_tenant_waits_for_one_round_at_most()
    {
        var queue = Filled(100, [.. Enumerable.Range(0, 10).Select(i => new FairKey($"t{i}", null))]);
        queue.Park(new FairKey("t3", null), Start.AddMinutes(1));
        Drain(queue, 55);

        var round = Drain(queue, 10, Start.AddMinutes(1));

        Assert.Equal(10, round.Distinct().Count());
    }

    [Fact]
    public void High_is_delayed_by_its_bound_at_most()
    {
        const int High = 160;
        var queue = new FairQueue<Priority>();
        for (var i = 0; i < 1000; i++) queue.Enqueue(A, Priority.Bulk, Start, Priority.Bulk);
        for (var i = 0; i < High; i++) queue.Enqueue(B, Priority.High, Start, Priority.High);

        foreach (var (now, share) in new[] { (Start, 16), (Start.AddHours(1), 4) })
        {
            var turns = 0;
            for (var done = 0; done < High / 2; turns++) done += queue.TryDequeue(now, out var item) && item == Priority.High ? 1 : 0;
            Assert.True(turns <= High / 2 * (share + 1) / share + 2, $"{turns} turns with a share of {share}");
        }
    }

    [Fact]
    public void Older_one_that_comes_back_goes_before_younger_ones()
    {
        var queue = new FairQueue<int>();
        foreach (var minute in new[] { 50, 55, 60 }) queue.Enqueue(A, Priority.Normal, Start.AddMinutes(minute), minute);
        foreach (var minute in new[] { 30, 10, 52, 20 }) queue.Enqueue(A, Priority.Normal, Start.AddMinutes(minute), minute);

        Assert.Equal([10, 20, 30, 50, 52, 55, 60], Drain(queue, 10));
    }

    [Fact]
    public void RemoveWhere_takes_a_campaign_or_a_tenant_and_nothing_else()
    {
        var queue = Filled(5, new FairKey("a", "one"), new FairKey("a", "two"), B);
        queue.Enqueue(new FairKey("a", "one"), Priority.High, Start, "high");
        queue.Park(new FairKey("a", "two"), DateTimeOffset.MaxValue);

        Assert.Equal(["high", "a", "a", "a", "a", "a"], queue.RemoveWhere(new FairKey("a", "one")));
        Assert.Equal(5, queue.RemoveWhere(A).Count);
        Assert.Empty(queue.RemoveWhere(A));
        Assert.Equal(5, queue.Count);
        Assert.Equal(["b", "b", "b", "b", "b"], Drain(queue, 10));
    }

    [Fact]
    public void Ahead_is_the_number_of_turns_before_it() =>
        Gen.Select(Gen.Int[0, 2], Gen.Int[0, 4], Gen.Int[0, 2]).Array[1, 400].Sample(items =>
        {
            var queue = new FairQueue<int>();
            var tickets = items.Select((item, i) => queue.Enqueue(new FairKey($"t{item.Item2}", $"c{item.Item3}"), (Priority)item.Item1, Start.AddMilliseconds(i), i)).ToList();
            var estimates = tickets.Select(ticket => queue.Ahead(ticket, Start)).ToList();
            for (var turn = 0; queue.TryDequeue(Start, out var item); turn++)
                // One round of the lane, and the shares of the two others, is what turns of now cannot tell.
                if (Math.Abs(estimates[item] - turn) > 15 + 2 * 17 + turn / 8) return false;
            return true;
        });

    [Fact]
    public void Whatever_is_parked_and_freed_is_taken_once() =>
        Gen.Select(Gen.Int[0, 9], Gen.Int[0, 2], Gen.Int[0, 3], Gen.Int[0, 2]).Array[0, 300].Sample(operations =>
        {
            var queue = new FairQueue<int>();
            var waiting = new HashSet<int>();
            var next = 0;
            foreach (var (what, priority, tenant, campaign) in operations)
            {
                var key = new FairKey($"t{tenant}", campaign == 0 ? null : $"c{campaign}");
                if (what <= 4)
                {
                    queue.Enqueue(key, (Priority)priority, Start.AddSeconds(what == 4 ? -next : next), next);
                    waiting.Add(next++);
                }
                else if (what == 5) queue.Park(key, Start.AddSeconds(next + 5 * priority));
                else if (what == 6) queue.Unpark(key);
                else if (what == 7 && priority == 0) waiting.ExceptWith(queue.RemoveWhere(key));
                else if (queue.TryDequeue(Start.AddSeconds(next), out var item) && !waiting.Remove(item)) return false;

                if (queue.Count != waiting.Count || queue.ReadyCount > queue.Count) return false;
            }

            while (queue.TryDequeue(DateTimeOffset.MaxValue, out var item))
                if (!waiting.Remove(item))
                    return false;
            return waiting.Count == 0 && queue.Count == 0 && queue.ReadyCount == 0;
        });

    static FairQueue<string> Filled(int each, params FairKey[] keys)
    {
        var queue = new FairQueue<string>();
        for (var i = 0; i < each; i++)
            foreach (var key in keys)
                queue.Enqueue(key, Priority.Normal, Start, key.Tenant);
        return queue;
    }

    static List<T> Drain<T>(FairQueue<T> queue, int most, DateTimeOffset? now = null)
    {
        var taken = new List<T>();
        while (taken.Count < most && queue.TryDequeue(now ?? Start, out var item)) taken.Add(item);
        return taken;
    }
}
