using Orleans.Mail.Cli.Demo;

namespace Orleans.Mail.Cli.Tests;

/// <summary>What a demo leaves for the next run, and what it never touches.</summary>
public sealed class DemoFolderTests : IDisposable
{
    readonly string _path = Directory.CreateTempSubdirectory("orleans-mail-").FullName;

    public void Dispose() => Directory.Delete(_path, recursive: true);

    [Fact]
    public void A_second_run_finds_generation_and_position()
    {
        var first = DemoFolder.Open(_path, startAfresh: false);
        first.Save(EventPosition.Of(7, 8));
        var second = DemoFolder.Open(_path, startAfresh: false);
        Assert.True(second.IsResumed);
        Assert.Equal((first.Mark.Generation, EventPosition.Of(7, 8).ToString()), (second.Mark.Generation, second.Mark.Position));
    }

    [Fact]
    public void Fresh_forgets_generation_position_and_files()
    {
        var first = DemoFolder.Open(_path, startAfresh: false);
        first.Save(EventPosition.Of(7));
        File.WriteAllText(Path.Combine(first.Captured, "1.eml"), "");
        var second = DemoFolder.Open(_path, startAfresh: true);
        Assert.False(second.IsResumed);
        Assert.NotEqual(first.Mark.Generation, second.Mark.Generation);
        Assert.Equal(EventPosition.Start.ToString(), second.Mark.Position);
        Assert.Empty(Directory.EnumerateFiles(second.Captured));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_folder_of_something_else_is_left_alone(bool startAfresh)
    {
        var thesis = Path.Combine(_path, "thesis.txt");
        File.WriteAllText(thesis, "");
        Assert.Throws<IOException>(() => DemoFolder.Open(_path, startAfresh));
        Assert.Equal([thesis], Directory.EnumerateFileSystemEntries(_path));
    }
}
