using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using System.Threading.Channels;

namespace Orleans.Mail.Ledger;

/// <summary>
/// Appends lines to a file and tells when they are on stable storage. Lines that arrive while a group is written form the next group,
/// so that one fsync serves many callers.
/// </summary>
public sealed class DurableLines<T> : IAsyncDisposable
{
    const int LargestGroup = 4096;

    readonly Channel<(byte[] Bytes, TaskCompletionSource Done)> _waiting = Channel.CreateBounded<(byte[], TaskCompletionSource)>(LargestGroup * 4);
    readonly FileStream _file;
    readonly JsonTypeInfo<T> _type;
    readonly Task _writer;
    long _groups;

    public DurableLines(string path, JsonTypeInfo<T> type)
    {
        _type = type;
        _file = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.Read, bufferSize: 0);
        _writer = Task.Factory.StartNew(WriteGroups, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <summary>How many fsyncs there were.</summary>
    public long Groups => Interlocked.Read(ref _groups);

    /// <summary>Completes when all the lines are on stable storage.</summary>
    public async Task AppendAsync(params IReadOnlyList<T> lines)
    {
        ArgumentNullException.ThrowIfNull(lines);
        if (lines.Count == 0) return;
        var bytes = new MemoryStream();
        foreach (var line in lines)
        {
            bytes.Write(JsonSerializer.SerializeToUtf8Bytes(line, _type));
            bytes.WriteByte((byte)'\n');
        }

        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await _waiting.Writer.WriteAsync((bytes.ToArray(), done));
        await done.Task;
    }

    public async ValueTask DisposeAsync()
    {
        _waiting.Writer.TryComplete();
        await _writer;
        await _file.DisposeAsync();
    }

    void WriteGroups()
    {
        var group = new List<TaskCompletionSource>();
        var bytes = new MemoryStream();
        while (_waiting.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
        {
            group.Clear();
            bytes.SetLength(0);
            while (group.Count < LargestGroup && _waiting.Reader.TryRead(out var item))
            {
                bytes.Write(item.Bytes);
                group.Add(item.Done);
            }

            try
            {
                _file.Write(bytes.GetBuffer(), 0, (int)bytes.Length);
                _file.Flush(flushToDisk: true);
            }
            catch (IOException exception)
            {
                // Whether the group is durable is unknown from here on, and so is the place where the next would start.
                foreach (var done in group) done.SetException(exception);
                _waiting.Writer.TryComplete(exception);
                while (_waiting.Reader.TryRead(out var late)) late.Done.SetException(exception);
                return;
            }

            Interlocked.Increment(ref _groups);
            foreach (var done in group) done.SetResult();
        }
    }
}
