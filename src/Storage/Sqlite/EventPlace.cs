namespace Orleans.Mail.Storage.Sqlite;

/// <summary>The key of a row of events: its shard, and the number of its first event.</summary>
static class EventPlace
{
    const int NumberBits = 48;
    const long NumberMask = (1L << NumberBits) - 1;

    public static long Of(int shard, long number) => ((long)shard << NumberBits) | number;

    public static long NumberOf(long place) => place & NumberMask;
}
