namespace Orleans.Mail.Grains.Spool;

/// <summary>The inner side of a shard. Key: the shard's number.</summary>
[Alias("mail.v1.ISpoolOwnerGrain")]
interface ISpoolOwnerGrain : IGrainWithIntegerKey
{
    /// <summary>Opens the shard on the silo of this grain, and wakes what an earlier owner left.</summary>
    [Alias("EnsureOpen")]
    Task EnsureOpenAsync();
}
