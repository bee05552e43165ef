using Orleans.Mail.Storage.Events;

namespace Orleans.Mail.Storage.Sqlite;

/// <summary>What is kept in memory of one shard. Written by the writer thread only, after a transaction is durable.</summary>
sealed class ShardState(int number, int recentEvents)
{
    long _live;

    public int Number { get; } = number;

    public ShardEvents Events { get; } = new(recentEvents);

    public long Live
    {
        get => Volatile.Read(ref _live);
        set => Volatile.Write(ref _live, value);
    }
}
