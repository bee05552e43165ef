using Orleans.Mail.Policy.Sites;

namespace Orleans.Mail.Policy.Tests.Sites;

/// <summary>Mail to one domain that is parked for itself, in a queue that it shares.</summary>
public sealed class FairDomainTests
{
    static readonly DateTimeOffset Start = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);
    static readonly FairKey Slow = FairKey.To("slow.test");

    [Fact]
    public void A_parked_domain_waits_whoever_sends_and_nothing_else_does()
    {
        var queue = Filled("a", "b");
        queue.Park(Slow, DateTimeOffset.MaxValue);
        Assert.Equal(20, queue.ReadyCount);
        Assert.DoesNotContain("slow", Drain(queue));
        Assert.Equal(20, queue.Count);
        // What comes meanwhile waits too.
        queue.Enqueue(new FairKey("c", "x", "slow.test"), Priority.High, Start, "slow");
        Assert.False(queue.TryDequeue(Start, out _));
        Assert.True(queue.Unpark(Slow));
        Assert.False(queue.Unpark(Slow));
        Assert.Equal(21, Drain(queue).Count);
    }

    [Fact]
    public void A_tenant_or_its_campaign_takes_its_mail_to_the_domain_along()
    {
        var queue = Filled("a", "b");
        queue.Park(new FairKey("a", "x"), DateTimeOffset.MaxValue);
        Assert.Equal(20, queue.ReadyCount);
        queue.Park(new FairKey("b", null), DateTimeOffset.MaxValue);
        Assert.Equal(0, queue.ReadyCount);
        Assert.Equal(20, queue.RemoveWhere(new FairKey("a", "x")).Count);
        Assert.Equal(10, queue.RemoveWhere(Slow).Count);
        Assert.Equal(10, queue.Count);
    }

    [Fact]
    public void Of_a_tenant_and_a_domain_that_are_parked_both_must_be_free()
    {
        var queue = Filled("a");
        queue.Park(Slow, DateTimeOffset.MaxValue);
        queue.Park(new FairKey("a", null), DateTimeOffset.MaxValue);
        queue.Unpark(Slow);
        Assert.Equal(0, queue.ReadyCount);
        queue.Unpark(new FairKey("a", null));
        Assert.Equal(20, queue.ReadyCount);
    }

    // A domain that is counted for itself gives its senders no more turns among tenants than others have.
    [Fact]
    public void Tenants_take_turns_whether_their_mail_goes_to_the_domain_or_not()
    {
        var queue = new FairQueue<string>();
        for (var i = 0; i < 20; i++)
        {
            queue.Enqueue(new FairKey("a", "x", i % 2 == 0 ? "slow.test" : null), Priority.Normal, Start, "a");
            queue.Enqueue(new FairKey("b", "x"), Priority.Normal, Start, "b");
        }

        Assert.All(Drain(queue).Chunk(2), pair => Assert.Equal(["a", "b"], pair.Order()));
    }

    [Fact]
    public void An_items_domain_is_known_while_it_waits()
    {
        var queue = new FairQueue<string>();
        var ticket = queue.Enqueue(new FairKey("a", null, "slow.test"), Priority.Normal, Start, "slow");
        Assert.Equal("slow.test", ticket.Domain);
        queue.Remove(ticket);
        Assert.Null(ticket.Domain);
    }

    // Of each tenant ten to the domain and ten elsewhere.
    static FairQueue<string> Filled(params string[] tenants)
    {
        var queue = new FairQueue<string>();
        foreach (var tenant in tenants)
            for (var i = 0; i < 10; i++)
            {
                queue.Enqueue(new FairKey(tenant, "x", "slow.test"), Priority.Normal, Start, "slow");
                queue.Enqueue(new FairKey(tenant, "x"), Priority.Normal, Start, "other");
            }

        return queue;
    }

    static List<string> Drain(FairQueue<string> queue)
    {
        var taken = new List<string>();
        while (queue.TryDequeue(Start, out var item)) taken.Add(item);
        return taken;
    }
}
