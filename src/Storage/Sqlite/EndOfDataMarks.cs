using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;

namespace Orleans.Mail.Storage.Sqlite;

/// <summary>
/// Notes of attempts whose end of data is about to be sent, in a memory-mapped file: they survive the end of the process, since the pages
/// belong to the kernel, but not of the machine. What the file cannot vouch for is unknown.
/// </summary>
sealed class EndOfDataMarks : IDisposable
{
    public const int SlotCount = 64 * 1024;
    const int HeaderBytes = 8192;
    const int ShardsOffset = 64;
    const int Window = 32;
    const ulong Magic = 0x31534B52414D534F;
    const int Free = 0;
    const int Marked = 1;

    static readonly int SlotBytes = Marshal.SizeOf<Slot>();

    readonly MemoryMappedFile _file;
    readonly MemoryMappedViewAccessor _view;
    readonly Lock _gate = new();
    readonly int _shardCount;
    readonly long[] _epochs;
    readonly ulong _bootId;

    public EndOfDataMarks(string path, int shardCount, ulong bootId)
    {
        _shardCount = shardCount;
        _bootId = bootId;
        _epochs = new long[shardCount];
        var length = HeaderBytes + (long)SlotCount * SlotBytes;
        var stream = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
        if (stream.Length != length)
        {
            stream.SetLength(0);
            Reserve(stream, length);
        }

        _file = MemoryMappedFile.CreateFromFile(stream, null, length, MemoryMappedFileAccess.ReadWrite, HandleInheritability.None, leaveOpen: false);
        _view = _file.CreateViewAccessor(0, length);
    }

    /// <summary>
    /// Compares the notes with the database that was opened. Notes of another start of the machine, of another spool or of a later state of
    /// this one are dropped, and so are notes of messages that are no longer live.
    /// </summary>
    public void Check(Database database)
    {
        var spool = SpoolSchema.Read(database, "spool") ?? 0;
        for (var i = 0; i < _shardCount; i++) _epochs[i] = database.Scalar($"SELECT epoch FROM shard WHERE number = {i}") ?? 0;
        lock (_gate)
        {
            if (!IsTrusted(spool)) Begin(spool);
            else DropSettled(database);
        }
    }

    /// <summary>A shard has a new epoch.</summary>
    public void Opened(int shard, long epoch)
    {
        lock (_gate)
        {
            _epochs[shard] = Math.Max(_epochs[shard], epoch);
            _view.Write(HighestOffset(shard), _epochs[shard]);
        }
    }

    public void Mark(int shard, MessageId id, int attempt)
    {
        lock (_gate)
        {
            Span<Slot> window = stackalloc Slot[Window];
            var start = Find(id, attempt, window, out var found, out var free);
            if (found >= 0) return;
            if (free < 0)
            {
                // No room: whatever was begun in this epoch can no longer be told to be unsent.
                _view.Write(VouchedOffset(shard), _epochs[shard] + 1);
                return;
            }

            WriteSlot(start + free, new Slot { Low = (ulong)id.Value, High = (ulong)(id.Value >> 64), Attempt = attempt, State = Marked });
        }
    }

    public EndOfDataMark Read(int shard, MessageId id, int attempt, long epoch)
    {
        lock (_gate)
        {
            Span<Slot> window = stackalloc Slot[Window];
            Find(id, attempt, window, out var found, out _);
            if (found >= 0) return EndOfDataMark.Sent;
            return epoch < _view.ReadInt64(VouchedOffset(shard)) ? EndOfDataMark.Unknown : EndOfDataMark.NotSent;
        }
    }

    public void Clear(MessageId id, int attempt)
    {
        lock (_gate)
        {
            Span<Slot> window = stackalloc Slot[Window];
            var start = Find(id, attempt, window, out var found, out _);
            if (found >= 0) WriteSlot(start + found, default);
        }
    }

    public void Dispose()
    {
        _view.Dispose();
        _file.Dispose();
    }

    bool IsTrusted(long spool)
    {
        if (_view.ReadUInt64(0) != Magic || _view.ReadUInt64(8) != _bootId || _view.ReadInt64(16) != spool || _view.ReadInt64(24) != _shardCount) return false;
        for (var i = 0; i < _shardCount; i++)
        {
            // An older copy of the database was put back: its epochs will be given a second time.
            if (_view.ReadInt64(HighestOffset(i)) > _epochs[i]) return false;
        }

        return true;
    }

    void Begin(long spool)
    {
        _view.Write(0, 0UL);
        var empty = new Slot[1024];
        for (var i = 0; i < SlotCount; i += empty.Length) _view.WriteArray(OffsetOf(i), empty, 0, empty.Length);
        _view.Write(8, _bootId);
        _view.Write(16, spool);
        _view.Write(24, (long)_shardCount);
        for (var i = 0; i < _shardCount; i++)
        {
            _view.Write(VouchedOffset(i), _epochs[i] + 1);
            _view.Write(HighestOffset(i), _epochs[i]);
        }

        _view.Write(0, Magic);
    }

    void DropSettled(Database database)
    {
        var live = database.Prepare("SELECT 1 FROM message WHERE shard = ? AND id = ? AND due IS NOT NULL");
        for (var i = 0; i < SlotCount; i++)
        {
            _view.Read<Slot>(OffsetOf(i), out var slot);
            if (slot.State == Free) continue;
            var id = new MessageId(new UInt128(slot.High, slot.Low));
            if (live.Bind(1, id.ShardOf(_shardCount)).Bind(2, id).Step()) live.Reset();
            else WriteSlot(i, default);
        }
    }

    /// <summary>Looks at the window of slots of an attempt; slots are freed in place, so all of it is looked at.</summary>
    int Find(MessageId id, int attempt, Span<Slot> window, out int found, out int free)
    {
        var low = (ulong)id.Value;
        var high = (ulong)(id.Value >> 64);
        var hash = (low ^ (high * 0x9E3779B97F4A7C15) ^ (uint)attempt) * 0xD6E8FEB86659FD93;
        var start = (int)((hash >> 32) % (SlotCount - Window));
        _view.SafeMemoryMappedViewHandle.ReadSpan((ulong)OffsetOf(start), window);
        found = -1;
        free = -1;
        for (var i = 0; i < window.Length; i++)
        {
            ref readonly var slot = ref window[i];
            if (slot.State == Free) free = free < 0 ? i : free;
            else if (slot.Low == low && slot.High == high && slot.Attempt == attempt) found = i;
        }

        return start;
    }

    void WriteSlot(int index, Slot slot) => _view.Write(OffsetOf(index), ref slot);

    static long OffsetOf(int slot) => HeaderBytes + (long)slot * SlotBytes;

    static long VouchedOffset(int shard) => ShardsOffset + (shard * 16L);

    static long HighestOffset(int shard) => VouchedOffset(shard) + 8;

    /// <summary>Writes zeroes: a sparse file could run out of space under the mapping, which ends the process.</summary>
    static void Reserve(FileStream stream, long length)
    {
        var zeroes = new byte[64 * 1024];
        for (var written = 0L; written < length; written += zeroes.Length) stream.Write(zeroes, 0, (int)Math.Min(zeroes.Length, length - written));
        stream.Flush();
    }

    [StructLayout(LayoutKind.Sequential)]
    struct Slot
    {
        public ulong Low;
        public ulong High;
        public int Attempt;
        public int State;
    }
}
