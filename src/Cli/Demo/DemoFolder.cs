using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;

namespace Orleans.Mail.Cli.Demo;

/// <summary>What a later run must know: which generation of messages, and up to where its events were shown.</summary>
sealed record DemoMark(string Generation, string Position);

/// <summary>The demo's own folder: the spool, the captured mails, and the mark.</summary>
sealed class DemoFolder
{
    const string MarkName = "demo.json";

    readonly string _markPath;

    DemoFolder(string path, DemoMark mark, bool isResumed)
    {
        Root = path;
        Mark = mark;
        IsResumed = isResumed;
        _markPath = Path.Combine(path, MarkName);
    }

    public string Root { get; }

    public string Spool => Path.Combine(Root, "spool");

    public string Captured => Path.Combine(Root, "captured");

    public DemoMark Mark { get; private set; }

    /// <summary>Whether an earlier run was here.</summary>
    public bool IsResumed { get; }

    public static string DefaultPath { get; } = Path.Combine(
        Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData) is { Length: > 0 } folder ? folder : Path.GetTempPath(), "orleans-mail-demo");

    /// <summary>Opens or makes the folder. Starting afresh removes what an earlier demo left, and only in a folder that a demo made.</summary>
    public static DemoFolder Open(string path, bool startAfresh)
    {
        path = Path.GetFullPath(path);
        var markPath = Path.Combine(path, MarkName);
        var mark = Read(markPath);
        if (mark is null && Directory.Exists(path) && Directory.EnumerateFileSystemEntries(path).Any())
            throw new IOException($"{path} has files of something else; give an empty or new --folder.");
        if (mark is not null && !startAfresh) return new DemoFolder(path, mark, isResumed: true);

        var folder = new DemoFolder(path, new DemoMark(NewGeneration(), EventPosition.Start.ToString()), isResumed: false);
        foreach (var old in new[] { folder.Spool, folder.Captured })
            if (Directory.Exists(old))
                Directory.Delete(old, recursive: true);
        Directory.CreateDirectory(folder.Captured);
        folder.Write();
        return folder;
    }

    /// <summary>Notes up to where events were shown, so that the next run shows what follows.</summary>
    public void Save(EventPosition position)
    {
        Mark = Mark with { Position = position.ToString() };
        Write();
    }

    void Write()
    {
        // Replaced in one step: a run that dies here leaves the old mark or the new one.
        var draft = _markPath + ".new";
        File.WriteAllText(draft, JsonSerializer.Serialize(Mark));
        File.Move(draft, _markPath, overwrite: true);
    }

    static DemoMark? Read(string path)
    {
        if (!File.Exists(path)) return null;
        try
        {
            return JsonSerializer.Deserialize<DemoMark>(File.ReadAllText(path)) is { Generation.Length: > 0 } mark && EventPosition.TryParse(mark.Position, out _) ? mark : null;
        }
        catch (JsonException)
        {
            throw new IOException($"{path} is not readable; delete the folder to start over.");
        }
    }

    static string NewGeneration() => RandomNumberGenerator.GetInt32(int.MaxValue).ToString("x8", CultureInfo.InvariantCulture);
}
