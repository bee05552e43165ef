using Orleans.Concurrency;
using Orleans.Mail.Storage;

namespace Orleans.Mail.Grains.Spool;

/// <summary>The inner side of a shard. Key: the shard's number.</summary>
[Alias("mail.v1.ISpoolOwnerGrain")]
interface ISpoolOwnerGrain : IGrainWithIntegerKey
{
    /// <summary>Opens the shard on the silo of this grain, and wakes what an earlier owner left. On a silo where the shard does not belong any more, it closes it, and goes.</summary>
    [Alias("EnsureOpen")]
    Task EnsureOpenAsync();

    /// <summary>A silo died: wakes every message that something in memory worked for, wherever it was. Those in good hands take no notice.</summary>
    [Alias("RecoverLost"), AlwaysInterleave]
    Task RecoverLostAsync();

    /// <summary>Whether the silo of this grain reaches storage at this moment: asked by one that does not.</summary>
    [Alias("CanStore"), AlwaysInterleave]
    Task<bool> CanStoreAsync();

    /// <summary>
    /// Wakes what a revoked suspension held, some messages at a call, once the silo knows version <paramref name="version"/> of the standing orders.
    /// Answers where the next call goes on; null at the end.
    /// </summary>
    [Alias("Release"), AlwaysInterleave]
    Task<string?> ReleaseAsync(OrderScope scope, long version, string? continuation);

    /// <summary>Wakes messages that wait for something that is over, some at a call, once the silo knows version <paramref name="version"/> of the standing orders. Answers how many.</summary>
    [Alias("ReleaseWaiting"), AlwaysInterleave]
    Task<int> ReleaseWaitingAsync(string waitsFor, long version);

    /// <summary>Live messages that wait for a site, by priority and age.</summary>
    [Alias("ReadWaiting")]
    Task<WaitingMessage[]> ReadWaitingAsync(string site, WaitingMessage? after, int limit);
}
