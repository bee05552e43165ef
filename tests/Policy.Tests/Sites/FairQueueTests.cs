using CsCheck;
using Orleans.Mail.Policy.Sites;

namespace Orleans.Mail.Policy.Tests.Sites;

public sealed class FairQueueTests
{
    static readonly DateTimeOffset Start = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);
    static readonly FairKey A = new("a", null);
    static readonly FairKey B = new("b", null);

    [Fact]
    public void High_behind_100_000_bulk_goes_first()
    {
        var queue = new FairQueue<string>();
        for (var i = 0; i < 100_000; i++) queue.Enqueue(A, Priority.Bulk, Start, "bulk");
        for (var i = 0; i < 100; i++) Take(queue);
        queue.Enqueue(A, Priority.High, Start.AddHours(5), "high");

        Assert.Equal("high", Take(queue, Start.AddHours(5)));
    }

    [Theory]
    [InlineData(Priority.Bulk, 0, 16)]
    [InlineData(Priority.Normal, 0, 16)]
    [InlineData(Priority.Bulk, 14, 16)]
    [InlineData(Priority.Bulk, 15, 4)]
    [InlineData(Priority.Bulk, 60, 4)]
    [InlineData(Priority.Normal, 60, 4)]
    public void Lower_lane_gets_its_turn_while_high_floods(Priority lower, int waitedMinutes, int share)
    {
        var queue = new FairQueue<string>();
        for (var i = 0; i < 1000; i++) queue.Enqueue(A, lower, Start, "lower");
        for (var i = 0; i < 1000; i++) queue.Enqueue(A, Priority.High, Start, "high");

        var taken = Enumerable.Range(0, (share + 1) * 10).Select(_ => Take(queue, Start.AddMinutes(waitedMinutes))).ToList();

        Assert.Equal(10, taken.Count(item => item == "lower"));
        Assert.Equal("high", taken[0]);
        Assert.All(taken.Chunk(share + 1), chunk => Assert.Contains("lower", chunk));
    }

    [Fact]
    public void High_keeps_half_when_both_lower_lanes_are_aged()
    {
        var queue = new FairQueue<Priority>(options: new FairQueueOptions { AgedShare = 3 });
        foreach (var priority in Enum.GetValues<Priority>())
            for (var i = 0; i < 1000; i++)
                queue.Enqueue(A, priority, Start, priority);

        var taken = Enumerable.Range(0, 300).Select(_ => Take(queue, Start.AddDays(1))).ToList();

        Assert.True(taken.Count(priority => priority == Priority.High) >= 150);
        Assert.True(taken.Count(priority => priority == Priority.Bulk) >= 70);
        Assert.True(taken.Count(priority => priority == Priority.Normal) >= 50);
    }

    [Fact]
    public void A_lane_that_was_emptied_begins_anew()
    {
        var queue = new FairQueue<string>();
        for (var i = 0; i < 50; i++) queue.Enqueue(A, Priority.High, Start, "high");
        var lower = queue.Enqueue(A, Priority.Bulk, Start, "bulk");
        for (var i = 0; i < 10; i++) Assert.Equal("high", Take(queue));
        queue.Remove(lower);
        queue.Enqueue(A, Priority.Bulk, Start, "bulk");
        for (var i = 0; i < 16; i++) Assert.Equal("high", Take(queue));
        Assert.Equal("bulk", Take(queue));
    }

    [Fact]
    public void Who_leaves_in_its_turn_takes_none_of_the_next_ones()
    {
        var queue = new FairQueue<string>(_ => 3);
        foreach (var (tenant, count) in new[] { ("a", 2), ("b", 6), ("c", 6) })
            for (var i = 0; i < count; i++)
                queue.Enqueue(new FairKey(tenant, null), Priority.Normal, Start, tenant);
        Assert.Equal("aabbbcccbbb", string.Concat(Enumerable.Range(0, 11).Select(_ => Take(queue))));
    }

    [Fact]
    public void Who_comes_back_stands_at_the_end()
    {
        var queue = new FairQueue<string>();
        foreach (var tenant in new[] { "a", "b", "b", "c", "c" }) queue.Enqueue(new FairKey(tenant, null), Priority.Normal, Start, tenant);
        Assert.Equal("a", Take(queue));
        queue.Enqueue(A, Priority.Normal, Start, "a");
        Assert.Equal("bca", string.Concat(Enumerable.Range(0, 3).Select(_ => Take(queue))));
    }

    [Fact]
    public void Flooding_tenant_gets_no_more_than_the_other()
    {
        var queue = new FairQueue<string>();
        for (var i = 0; i < 10_000; i++) queue.Enqueue(new FairKey("flood", $"campaign{i % 50}"), Priority.Normal, Start, "flood");
        for (var i = 0; i < 100; i++) queue.Enqueue(B, Priority.Normal, Start, "b");

        var taken = Enumerable.Range(0, 200).Select(_ => Take(queue)).ToList();

        Assert.Equal(100, taken.Count(item => item == "b"));
        Assert.All(taken.Chunk(2), pair => Assert.Contains("b", pair));
    }

    [Fact]
    public void Campaigns_of_one_tenant_take_turns()
    {
        var queue = new FairQueue<string>();
        for (var i = 0; i < 1000; i++) queue.Enqueue(new FairKey("a", "big"), Priority.Bulk, Start, "big");
        for (var i = 0; i < 10; i++) queue.Enqueue(new FairKey("a", "small"), Priority.Bulk, Start, "small");

        Assert.Equal(10, Enumerable.Range(0, 20).Count(_ => Take(queue) == "small"));
    }

    [Fact]
    public void Weight_is_the_share_of_turns()
    {
        var queue = new FairQueue<string>(key => key.Tenant == "a" ? 3 : 1);
        for (var i = 0; i < 1000; i++)
        {
            queue.Enqueue(A, Priority.Normal, Start, "a");
            queue.Enqueue(B, Priority.Normal, Start, "b");
        }

        Assert.Equal(300, Enumerable.Range(0, 400).Count(_ => Take(queue) == "a"));
    }

    [Fact]
    public void Same_campaign_is_first_in_first_out()
    {
        var queue = new FairQueue<int>();
        for (var i = 0; i < 100; i++) queue.Enqueue(A, Priority.Normal, Start, i);

        Assert.Equal(Enumerable.Range(0, 100), Enumerable.Range(0, 100).Select(_ => Take(queue)));
        Assert.False(queue.TryDequeue(Start, out _));
    }

    [Fact]
    public void Removed_item_is_not_taken_and_not_removed_twice()
    {
        var queue = new FairQueue<int>();
        var tickets = Enumerable.Range(0, 5).Select(i => queue.Enqueue(A, Priority.Normal, Start, i)).ToList();

        Assert.True(queue.Remove(tickets[0]));
        Assert.True(queue.Remove(tickets[2]));
        Assert.False(queue.Remove(tickets[2]));
        Assert.False(new FairQueue<int>().Remove(tickets[1]));
        Assert.Equal([1, 3, 4], new[] { Take(queue), Take(queue), Take(queue) });
        Assert.False(queue.Remove(tickets[4]));
        Assert.Equal(0, queue.Count);
    }

    [Fact]
    public void Whatever_is_added_and_not_removed_is_taken_once()
    {
        var operation = Gen.Select(Gen.Int[0, 9], Gen.Int[0, 2], Gen.Int[0, 3], Gen.Int[0, 2]);
        operation.Array[0, 300].Sample(operations =>
        {
            var queue = new FairQueue<int>();
            var tickets = new List<FairTicket<int>>();
            var waiting = new HashSet<int>();
            var next = 0;
            foreach (var (what, priority, tenant, campaign) in operations)
            {
                if (what <= 4)
                {
                    tickets.Add(queue.Enqueue(new FairKey($"t{tenant}", campaign == 0 ? null : $"c{campaign}"), (Priority)priority, Start.AddSeconds(next), next));
                    waiting.Add(next++);
                }
                else if (what <= 6 && tickets.Count > 0)
                {
                    var ticket = tickets[(what * 31 + tenant) % tickets.Count];
                    if (queue.Remove(ticket) != waiting.Remove(ticket.Item)) return false;
                }
                else if (queue.TryDequeue(Start.AddHours(campaign), out var item) && !waiting.Remove(item))
                {
                    return false;
                }

                if (queue.Count != waiting.Count) return false;
            }

            while (queue.TryDequeue(Start, out var item))
                if (!waiting.Remove(item))
                    return false;
            return waiting.Count == 0;
        });
    }

    static T Take<T>(FairQueue<T> queue, DateTimeOffset? now = null)
    {
        Assert.True(queue.TryDequeue(now ?? Start, out var item));
        return item;
    }
}
