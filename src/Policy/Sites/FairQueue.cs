using System.Diagnostics.CodeAnalysis;

namespace Orleans.Mail.Policy.Sites;

/// <summary>Who an item belongs to: the units of fairness.</summary>
public readonly record struct FairKey(string Tenant, string? Campaign);

/// <summary>When lower priorities get their turn.</summary>
public sealed record FairQueueOptions
{
    /// <summary>A waiting lower lane gets one of this many turns. Default 16.</summary>
    public int Share { get; init; } = 16;

    /// <summary>The same, once the lane's next item has waited <see cref="AgedAfter"/>. Default 4; at least 3, so that High keeps half.</summary>
    public int AgedShare { get; init; } = 4;

    /// <summary>How long an item of a lower lane waits before its lane counts as aged. Default 15 minutes.</summary>
    public TimeSpan AgedAfter { get; init; } = TimeSpan.FromMinutes(15);

    public static FairQueueOptions Default { get; } = new();
}

/// <summary>
/// A queue that is fair. Three lanes by priority; inside a lane tenants take turns, inside a tenant its campaigns do, inside a campaign it is
/// first in, first out. Adding, taking and removing cost O(1), whatever waits. Not for concurrent use.
/// </summary>
/// <remarks>
/// Bounds, each held by a test. (1) High goes before all else, except that at most one Normal and one Bulk item may be due first.
/// (2) While anything waits in a lower lane, that lane gets a turn after at most <see cref="FairQueueOptions.Share"/> turns of higher lanes, and
/// after at most <see cref="FairQueueOptions.AgedShare"/> once it is aged; so nothing starves. (3) Of two tenants that both wait in a lane, each with weight w,
/// neither gets more than w turns ahead of the other, however many items or campaigns it has; the same for two campaigns of a tenant.
/// </remarks>
public sealed class FairQueue<T>
{
    // Highest first.
    readonly FairLane<T>[] lanes;
    readonly int[] passedOver = new int[3];
    readonly FairQueueOptions options;

    /// <param name="weight">Turns a tenant or a campaign (where the key has one) takes at a time; null for 1 each. Values below 1 count as 1.</param>
    /// <param name="options">Shares of the lanes.</param>
    public FairQueue(Func<FairKey, int>? weight = null, FairQueueOptions? options = null)
    {
        this.options = options ?? FairQueueOptions.Default;
        if (this.options.AgedShare < 3 || this.options.Share < this.options.AgedShare)
            throw new ArgumentException("A lower lane gets at most every third turn, and no fewer when aged.", nameof(options));
        lanes = [new FairLane<T>(weight), new FairLane<T>(weight), new FairLane<T>(weight)];
    }

    /// <summary>Items waiting.</summary>
    public int Count => lanes[0].Count + lanes[1].Count + lanes[2].Count;

    /// <summary>Items waiting in one lane.</summary>
    public int CountOf(Priority priority) => lanes[LaneOf(priority)].Count;

    /// <summary>Adds an item; the handle takes it out again (<see cref="Remove"/>).</summary>
    public FairTicket<T> Enqueue(FairKey key, Priority priority, DateTimeOffset now, T item)
    {
        var lane = LaneOf(priority);
        if (lanes[lane].Count == 0) passedOver[lane] = 0;
        return lanes[lane].Add(key, now, item);
    }

    /// <summary>Takes the next item.</summary>
    public bool TryDequeue(DateTimeOffset now, [MaybeNullWhen(false)] out T item)
    {
        var chosen = Choose(now);
        if (chosen < 0)
        {
            item = default;
            return false;
        }

        for (var lower = chosen + 1; lower < lanes.Length; lower++)
            if (lanes[lower].Count > 0)
                passedOver[lower]++;
        passedOver[chosen] = 0;
        item = lanes[chosen].Take();
        return true;
    }

    /// <summary>Takes one item out of its place. False when it is not waiting any more.</summary>
    public bool Remove(FairTicket<T> ticket)
    {
        ArgumentNullException.ThrowIfNull(ticket);
        if (ticket.Flow is not { } flow || !Array.Exists(lanes, lane => ReferenceEquals(lane, flow.Lane))) return false;
        flow.Lane.Remove(ticket);
        return true;
    }

    // The lowest lane that is owed a turn, else the highest that waits. Lowest first: else two owed lanes could keep a third waiting.
    int Choose(DateTimeOffset now)
    {
        var highest = -1;
        for (var lane = lanes.Length - 1; lane >= 0; lane--)
        {
            if (lanes[lane].Count == 0) continue;
            highest = lane;
            if (lane > 0 && passedOver[lane] >= ShareOf(lane, now)) return lane;
        }

        return highest;
    }

    int ShareOf(int lane, DateTimeOffset now) => now - lanes[lane].NextSince >= options.AgedAfter ? options.AgedShare : options.Share;

    static int LaneOf(Priority priority) => priority switch { Priority.High => 0, Priority.Bulk => 2, _ => 1 };
}
