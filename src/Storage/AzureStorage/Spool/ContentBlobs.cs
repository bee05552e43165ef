using System.Security.Cryptography;
using Azure.Storage.Blobs.Models;

namespace Orleans.Mail.Storage.AzureStorage.Spool;

/// <summary>Contents too large for a row. A blob is written before the commit that names it, so that one without a name may be left behind.</summary>
static class ContentBlobs
{
    public static async Task<string> WriteAsync(SpoolAccount account, int shard, MessageId id, ReadOnlyMemory<byte> content)
    {
        var name = $"{SpoolRows.Partition(shard)}/{id}-{RandomNumberGenerator.GetHexString(16, lowercase: true)}";
        await SpoolAccount.CallAsync(() => account.Contents.GetBlobClient(name).UploadAsync(BinaryData.FromBytes(content), overwrite: true), CancellationToken.None).ConfigureAwait(false);
        return name;
    }

    /// <summary>Null when there is no such blob.</summary>
    public static Task<byte[]?> ReadAsync(SpoolAccount account, string name, CancellationToken cancellationToken) => SpoolAccount.CallAsync(async () =>
    {
        try
        {
            return (await account.Contents.GetBlobClient(name).DownloadContentAsync(cancellationToken).ConfigureAwait(false)).Value.Content.ToArray();
        }
        catch (Azure.RequestFailedException failure) when (failure.Status == 404)
        {
            return null;
        }
    }, cancellationToken);

    /// <summary>Removes a blob that nothing names any more; what fails here, the sweep finds.</summary>
    public static async Task TryDeleteAsync(SpoolAccount account, string name)
    {
        try
        {
            await account.Contents.GetBlobClient(name).DeleteIfExistsAsync(DeleteSnapshotsOption.None, null, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception error) when (SpoolAccount.IsFailure(error))
        {
            StorageInstruments.Fault(SpoolFault.Io);
        }
    }

    /// <summary>Removes blobs of a shard that no live message names and that are older than any commit under way.</summary>
    public static async Task SweepAsync(SpoolAccount account, int shard, ShardIndex index, CancellationToken cancellationToken)
    {
        var before = account.Clock.GetUtcNow() - account.Options.OrphanAge;
        var old = await SpoolAccount.CallAsync(async () =>
        {
            var names = new List<string>();
            await foreach (var blob in account.Contents.GetBlobsAsync(BlobTraits.None, BlobStates.None, SpoolRows.Partition(shard) + "/", cancellationToken).ConfigureAwait(false))
            {
                if (blob.Properties.LastModified < before) names.Add(blob.Name);
            }

            return names;
        }, cancellationToken).ConfigureAwait(false);
        var live = index.Blobs();
        foreach (var name in old.Where(name => !live.Contains(name))) await TryDeleteAsync(account, name).ConfigureAwait(false);
    }
}
