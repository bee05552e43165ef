using System.Globalization;

namespace Orleans.Mail.Transport.Receiving;

/// <summary>A mail in a <see cref="CaptureStore"/>.</summary>
/// <param name="Id">Counts from 1.</param>
/// <param name="Mail">The mail.</param>
public sealed record CapturedMail(long Id, ReceivedMail Mail);

/// <summary>Keeps received mails for a look: the newest, in memory, and as <c>.eml</c> files where a folder is given. For development; nothing here is durable.</summary>
public sealed class CaptureStore(TimeProvider time, string? folder = null)
{
    readonly Lock _lock = new();
    readonly LinkedList<CapturedMail> _mails = new();
    long _lastId;
    long _bytes;

    /// <summary>Most mails kept. Default 500.</summary>
    public int MaxMails { get; init; } = 500;

    /// <summary>Most octets of content kept in all. Default 256 MiB.</summary>
    public long MaxBytes { get; init; } = 256L * 1024 * 1024;

    /// <summary>Longest time a mail is kept. Default 24 h.</summary>
    public TimeSpan MaxAge { get; init; } = TimeSpan.FromHours(24);

    /// <summary>Raised behind each mail kept, on the receiver's thread.</summary>
    public event Action<CapturedMail>? Captured;

    public void Add(ReceivedMail mail)
    {
        CapturedMail captured;
        lock (_lock)
        {
            captured = new CapturedMail(++_lastId, mail);
            _mails.AddLast(captured);
            _bytes += mail.Content.Length;
            if (folder is not null) Write(captured);
            Trim();
        }

        Captured?.Invoke(captured);
    }

    /// <summary>What is kept, the newest first.</summary>
    public IReadOnlyList<CapturedMail> List()
    {
        lock (_lock)
        {
            Trim();
            return [.. _mails.Reverse()];
        }
    }

    public CapturedMail? Find(long id)
    {
        lock (_lock)
        {
            Trim();
            return _mails.FirstOrDefault(captured => captured.Id == id);
        }
    }

    public void Clear()
    {
        lock (_lock)
            while (_mails.First is not null) RemoveOldest();
    }

    void Trim()
    {
        var oldest = time.GetUtcNow() - MaxAge;
        while (_mails.First is { } first && (_mails.Count > MaxMails || _bytes > MaxBytes || first.Value.Mail.At < oldest)) RemoveOldest();
    }

    void RemoveOldest()
    {
        var captured = _mails.First!.Value;
        _mails.RemoveFirst();
        _bytes -= captured.Mail.Content.Length;
        if (folder is not null) File.Delete(PathOf(captured));
    }

    void Write(CapturedMail captured)
    {
        Directory.CreateDirectory(folder!);
        using var file = File.Create(PathOf(captured));
        file.Write(captured.Mail.Content.Span);
    }

    // Nothing of the mail's own words gets into a file name.
    string PathOf(CapturedMail captured) =>
        Path.Combine(folder!, string.Create(CultureInfo.InvariantCulture, $"{captured.Mail.At:yyyyMMdd'T'HHmmss'.'fff}-{captured.Id}.eml"));
}
