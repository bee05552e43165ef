using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Globalization;
using System.IO.Hashing;
using Microsoft.Win32.SafeHandles;

namespace Orleans.Mail.Storage.Sqlite;

/// <summary>Where a content lies.</summary>
readonly record struct ContentLocation(int Segment, long Offset, int Length, ulong Hash);

/// <summary>
/// Contents in append-only files. A file goes when none of its contents belongs to a live message; nothing is ever changed in place.
/// Writing belongs to the writer thread; reading is free for all.
/// </summary>
sealed class ContentSegments : IDisposable
{
    /// <summary>Octets before each content: magic number, length, id, hash.</summary>
    public const int HeaderBytes = 32;

    const uint Magic = 0x5247534F;
    const int MaxReadHandles = 256;

    readonly string _folder;
    readonly int _segmentBytes;
    readonly IStorageFaults? _faults;
    readonly TimeProvider _clock;
    readonly Dictionary<int, SegmentUse> _uses = [];
    readonly ConcurrentDictionary<int, SafeFileHandle> _readHandles = new();
    readonly List<ReadOnlyMemory<byte>> _parts = [];
    byte[] _headers = new byte[HeaderBytes * 64];
    SafeFileHandle? _active;
    int _activeNumber;
    long _activeLength;
    bool _hasDead;

    public ContentSegments(string folder, int segmentBytes, TimeProvider clock, IStorageFaults? faults)
    {
        _folder = Path.Combine(folder, "content");
        _segmentBytes = segmentBytes;
        _faults = faults;
        _clock = clock;
        Directory.CreateDirectory(_folder);
        foreach (var number in Files()) _uses[number] = new SegmentUse { Number = number, TotalBytes = new FileInfo(PathOf(number)).Length };
        _activeNumber = _uses.Count == 0 ? 0 : _uses.Keys.Max();
        _hasDead = _uses.Count > 0;
    }

    /// <summary>Counts live contents found in the database at opening, or moved or added since.</summary>
    public void Retain(int segment, int count, long bytes)
    {
        if (!_uses.TryGetValue(segment, out var use)) _uses[segment] = use = new SegmentUse { Number = segment };
        _activeNumber = Math.Max(_activeNumber, segment);
        use.LiveCount += count;
        use.LiveBytes += bytes;
    }

    public void Release(int segment, int count, long bytes)
    {
        if (!_uses.TryGetValue(segment, out var use)) return;
        use.LiveCount -= count;
        use.LiveBytes -= bytes;
        if (use.LiveCount == 0) _hasDead = true;
    }

    /// <summary>Writes contents one behind the other, all into one segment, with one write.</summary>
    public void Append(ReadOnlySpan<(MessageId Id, ReadOnlyMemory<byte> Content, ulong Hash)> contents, Span<ContentLocation> locations)
    {
        long total = 0;
        foreach (var item in contents) total += HeaderBytes + item.Content.Length;
        _faults?.Before(StorageOperation.SegmentWrite);
        if (_active is null || (_activeLength > 0 && _activeLength + total > _segmentBytes)) Roll();
        if (_headers.Length < contents.Length * HeaderBytes) _headers = new byte[contents.Length * HeaderBytes];
        _parts.Clear();
        var offset = _activeLength;
        for (var i = 0; i < contents.Length; i++)
        {
            var (id, content, hash) = contents[i];
            var header = _headers.AsMemory(i * HeaderBytes, HeaderBytes);
            WriteHeader(header.Span, id, content.Length, hash);
            _parts.Add(header);
            _parts.Add(content);
            locations[i] = new ContentLocation(_activeNumber, offset, content.Length, hash);
            offset += HeaderBytes + content.Length;
        }

        RandomAccess.Write(_active!, _parts, _activeLength);
        _parts.Clear();
        _activeLength = offset;
        _uses[_activeNumber].TotalBytes = offset;
        _faults?.After(StorageOperation.SegmentWrite);
    }

    /// <summary>Makes what was appended durable.</summary>
    public void Flush()
    {
        _faults?.Before(StorageOperation.SegmentFlush);
        RandomAccess.FlushToDisk(_active!);
        _faults?.After(StorageOperation.SegmentFlush);
    }

    /// <exception cref="SpoolCorruptException">The octets are not those that were written.</exception>
    /// <exception cref="FileNotFoundException">The segment is gone: the location is out of date, or the file was taken away.</exception>
    /// <exception cref="ObjectDisposedException">The segment was removed at this moment: the location is out of date.</exception>
    public byte[] Read(MessageId id, ContentLocation location)
    {
        if (location.Length < 0 || location.Offset < 0) throw Corrupt(location);
        var content = ReadRaw(location, out var header);
        if (!TryReadHeader(header, out var storedId, out var length, out var hash)
            || storedId != id || length != location.Length || hash != location.Hash || XxHash3.HashToUInt64(content) != hash)
        {
            throw Corrupt(location);
        }

        return content;
    }

    /// <summary>Sealed segments that no live message needs any more are removed.</summary>
    public void RemoveDead()
    {
        if (!_hasDead) return;
        foreach (var use in _uses.Values.Where(use => use.LiveCount <= 0 && !IsActive(use.Number)).ToList())
        {
            CloseReadHandle(use.Number);
            File.Delete(PathOf(use.Number));
            _uses.Remove(use.Number);
        }

        _hasDead = false;
    }

    public bool Contains(int segment) => _uses.ContainsKey(segment);

    /// <summary>A segment, sealed for a while, of which less than a quarter is still needed; null when there is none.</summary>
    public int? FindSparse(IReadOnlySet<int> except, DateTimeOffset sealedBefore)
    {
        foreach (var use in _uses.Values)
        {
            if (use.SealedAt <= sealedBefore && use.LiveCount > 0 && use.LiveBytes * 4 < use.TotalBytes && !IsActive(use.Number) && !except.Contains(use.Number)) return use.Number;
        }

        return null;
    }

    /// <summary>The header at an offset of a segment; false at its end or where it is damaged.</summary>
    public bool TryReadRecord(int segment, long offset, out MessageId id, out int length, out ulong hash)
    {
        var header = new byte[HeaderBytes];
        id = default;
        length = 0;
        hash = 0;
        return RandomAccess.Read(ReadHandle(segment), header, offset) == HeaderBytes && TryReadHeader(header, out id, out length, out hash);
    }

    /// <summary>The octets as they lie there, right or wrong.</summary>
    public byte[] ReadRaw(ContentLocation location, out byte[] header)
    {
        header = new byte[HeaderBytes];
        var content = new byte[location.Length];
        var handle = ReadHandle(location.Segment);
        var read = (int)RandomAccess.Read(handle, [header, content], location.Offset);
        while (read < HeaderBytes + content.Length)
        {
            var more = read < HeaderBytes
                ? RandomAccess.Read(handle, new Span<byte>(header, read, HeaderBytes - read), location.Offset + read)
                : RandomAccess.Read(handle, new Span<byte>(content, read - HeaderBytes, HeaderBytes + content.Length - read), location.Offset + read);
            if (more == 0) throw Corrupt(location);
            read += more;
        }

        return content;
    }

    public IReadOnlyCollection<SegmentUse> Uses => _uses.Values;

    public void Dispose()
    {
        _active?.Dispose();
        _active = null;
        foreach (var number in _readHandles.Keys) CloseReadHandle(number);
    }

    bool IsActive(int number) => _active is not null && number == _activeNumber;

    void Roll()
    {
        if (_active is not null) _uses[_activeNumber].SealedAt = _clock.GetUtcNow();
        _active?.Dispose();
        _active = null;
        var path = PathOf(_activeNumber + 1);
        _active = File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        FolderSync.Flush(_folder);
        _activeNumber++;
        _activeLength = 0;
        _uses[_activeNumber] = new SegmentUse { Number = _activeNumber };
        _hasDead = true;
    }

    SafeFileHandle ReadHandle(int segment)
    {
        if (_readHandles.TryGetValue(segment, out var handle)) return handle;
        if (_readHandles.Count >= MaxReadHandles) CloseReadHandle(_readHandles.Keys.FirstOrDefault());
        var opened = File.OpenHandle(PathOf(segment), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        var kept = _readHandles.GetOrAdd(segment, opened);
        if (!ReferenceEquals(kept, opened)) opened.Dispose();
        return kept;
    }

    void CloseReadHandle(int segment)
    {
        if (_readHandles.TryRemove(segment, out var handle)) handle.Dispose();
    }

    string PathOf(int number) => Path.Combine(_folder, number.ToString("D8", CultureInfo.InvariantCulture) + ".seg");

    IEnumerable<int> Files() =>
        from path in Directory.EnumerateFiles(_folder, "*.seg")
        let name = Path.GetFileNameWithoutExtension(path)
        where name.Length == 8 && name.All(char.IsAsciiDigit)
        select int.Parse(name, CultureInfo.InvariantCulture);

    static void WriteHeader(Span<byte> header, MessageId id, int length, ulong hash)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(header, Magic);
        BinaryPrimitives.WriteInt32LittleEndian(header[4..], length);
        id.WriteBytes(header[8..24]);
        BinaryPrimitives.WriteUInt64LittleEndian(header[24..], hash);
    }

    static bool TryReadHeader(ReadOnlySpan<byte> header, out MessageId id, out int length, out ulong hash)
    {
        length = BinaryPrimitives.ReadInt32LittleEndian(header[4..]);
        id = MessageId.FromBytes(header[8..24]);
        hash = BinaryPrimitives.ReadUInt64LittleEndian(header[24..]);
        return BinaryPrimitives.ReadUInt32LittleEndian(header) == Magic && length >= 0;
    }

    static SpoolCorruptException Corrupt(ContentLocation location) =>
        new($"The content in segment {location.Segment:D8}.seg at {location.Offset} is damaged.");
}

/// <summary>How much of a segment live messages need.</summary>
sealed class SegmentUse
{
    public required int Number { get; init; }

    public int LiveCount { get; set; }

    public long LiveBytes { get; set; }

    public long TotalBytes { get; set; }

    /// <summary>When it became full; the beginning of time for segments of an earlier opening.</summary>
    public DateTimeOffset SealedAt { get; set; }
}
