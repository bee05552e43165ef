namespace Orleans.Mail.Storage.Sqlite;

/// <summary>A place where storage can fail.</summary>
enum StorageOperation : byte
{
    Open,
    Begin,
    Statement,
    SegmentWrite,
    SegmentFlush,
    Commit,
    Checkpoint,
}

/// <summary>Where tests make storage fail: an implementation throws what the real operation would.</summary>
interface IStorageFaults
{
    /// <summary>The operation is about to be carried out.</summary>
    void Before(StorageOperation operation);

    /// <summary>The operation succeeded; throwing here loses its answer.</summary>
    void After(StorageOperation operation);
}
