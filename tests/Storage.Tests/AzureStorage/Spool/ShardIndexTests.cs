using Orleans.Mail.Storage.AzureStorage.Spool;

namespace Orleans.Mail.Storage.Tests.AzureStorage.Spool;

/// <summary>The index of a shard's live messages, against plain lists; and what it costs while commits wait.</summary>
public sealed class ShardIndexTests
{
    static readonly string[] Labels = ["", "Accepted", "Deferred", "Held"];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Its_lists_are_those_of_a_plain_list_after_any_changes(int seed)
    {
        var chance = new Random(seed);
        var index = new ShardIndex(new RecordCache(0));
        var plain = new Dictionary<MessageId, LiveMessage>();
        for (var change = 0; change < 2_000; change++)
        {
            var id = Id(chance.Next(300));
            if (chance.Next(4) == 0)
            {
                index.Remove(id);
                plain.Remove(id);
            }
            else
            {
                plain[id] = Message(id, Labels[chance.Next(Labels.Length)], chance.Next(4));
                index.Set(plain[id], null, null);
            }

            if (change % 20 != 0) continue;
            var (at, label, limit, epoch) = (chance.Next(2) == 0 ? Id(chance.Next(300)) : (MessageId?)null, chance.Next(2) == 0 ? null : Labels[1 + chance.Next(3)], 1 + chance.Next(50), chance.Next(5));
            Assert.Equal(plain.Values.Where(message => (at is null || message.Id < at) && (label is null || message.Label == "" || message.Label == label)).Select(message => message.Id).OrderDescending().Take(limit),
                index.Newest(at, label, limit));
            Assert.Equal(plain.Values.Where(message => (at is null || message.Id > at) && message.Holder > 0 && message.Holder < epoch).Select(message => message.Id).Order().Take(limit),
                index.Abandoned(epoch, at, limit));
            var (low, high) = (Id(chance.Next(150)), Id(150 + chance.Next(150)));
            Assert.Equal(Math.Min(limit, plain.Keys.Count(id => id >= low && id <= high)), index.CountBetween(high, low, limit));
        }
    }

    [Fact]
    public void A_page_of_a_large_shard_touches_what_it_answers_and_no_more()
    {
        var index = new ShardIndex(new RecordCache(0));
        for (var number = 0; number < 100_000; number++) index.Set(Message(Id(number), Labels[1 + number % 3], 1), null, null);
        index.Newest(Id(50_000), null, 500);
        index.Abandoned(2, Id(50_000), 500);

        var before = GC.GetAllocatedBytesForCurrentThread();
        var newest = index.Newest(Id(50_000), null, 500);
        var held = index.Abandoned(2, Id(50_000), 500);
        var taken = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.Equal(Enumerable.Range(49_500, 500).Reverse().Select(Id), newest);
        Assert.Equal(Enumerable.Range(50_001, 500).Select(Id), held);
        // Whoever sorts all has to copy all: 16 octets an id.
        Assert.InRange(taken, 0, 300_000);
    }

    [Fact]
    public void Shards_share_one_number_of_octets_and_what_is_oldest_leaves_first()
    {
        var cache = new RecordCache(10 * 1_200);
        var shards = Enumerable.Range(0, 5).Select(_ => new ShardIndex(cache)).ToArray();

        for (var number = 0; number < 50; number++) shards[number % 5].Set(Message(Id(number), "", 0), new byte[1_000], null);

        Assert.Equal(10 * 1_200, cache.Bytes);
        Assert.All(Enumerable.Range(40, 10), number => Assert.NotNull(shards[number % 5].Read(Id(number)).State));
        Assert.All(Enumerable.Range(0, 40), number => Assert.Null(shards[number % 5].Read(Id(number)).State));
        // An index of the same shard, opened later, finds nothing of an earlier one; who ended leaves room.
        Assert.False(cache.TryRead(cache.NewOwner(), Id(49), out _, out _));
        shards[4].Remove(Id(49));
        Assert.Equal(9 * 1_200, cache.Bytes);
    }

    [Fact]
    public void A_step_keeps_the_content_and_what_is_larger_than_all_room_is_not_kept()
    {
        var cache = new RecordCache(2_000);
        var index = new ShardIndex(cache);
        index.Set(Message(Id(1), "", 0), [1], new byte[] { 7 });

        index.Set(Message(Id(1), "", 0), [2], null);

        Assert.Equal([2], index.Read(Id(1)).State);
        Assert.Equal([7], index.Read(Id(1)).Content!.Value.ToArray());
        index.Set(Message(Id(2), "", 0), new byte[2_000], null);
        Assert.Equal(0, cache.Bytes);
        Assert.NotNull(index.Find(Id(2)));
    }

    static MessageId Id(int number) => new((UInt128)(uint)number + 1);

    static LiveMessage Message(MessageId id, string label, long holder) => new(id, 1, 1, holder, "", 0, 1, 0, 0, "", label);
}
