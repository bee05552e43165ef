using System.Text;
using Microsoft.Extensions.Time.Testing;
using Orleans.Mail.Transport.Receiving;

namespace Orleans.Mail.Transport.Tests.Receiving;

public sealed class CaptureStoreTests : IDisposable
{
    readonly FakeTimeProvider _time = new();
    readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("orleans-mail-capture-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void Newest_come_first_and_the_oldest_go()
    {
        var store = new CaptureStore(_time, _folder.FullName) { MaxMails = 3 };
        for (var i = 0; i < 5; i++) store.Add(Mail($"{i}"));
        Assert.Equal([5, 4, 3], store.List().Select(captured => captured.Id));
        Assert.Equal(3, _folder.GetFiles("*.eml").Length);
        Assert.Null(store.Find(2));
        Assert.Equal("4", Encoding.ASCII.GetString(store.Find(5)!.Mail.Content.Span));
    }

    [Fact]
    public void Mail_goes_after_a_day_and_its_file_with_it()
    {
        var store = new CaptureStore(_time, _folder.FullName);
        store.Add(Mail("old"));
        _time.Advance(TimeSpan.FromHours(23));
        store.Add(Mail("new"));
        Assert.Equal(2, store.List().Count);
        _time.Advance(TimeSpan.FromHours(2));
        Assert.Equal(2, Assert.Single(store.List()).Id);
        Assert.Equal("new", File.ReadAllText(Assert.Single(_folder.GetFiles()).FullName));
    }

    [Fact]
    public void Octets_are_bounded()
    {
        var store = new CaptureStore(_time) { MaxBytes = 10 };
        store.Add(Mail("123456"));
        store.Add(Mail("1234567"));
        Assert.Equal(2, Assert.Single(store.List()).Id);
    }

    [Fact]
    public void Clear_leaves_nothing()
    {
        var store = new CaptureStore(_time, _folder.FullName);
        var heard = 0;
        store.Captured += _ => heard++;
        store.Add(Mail("x"));
        store.Clear();
        Assert.Equal((1, 0, 0), (heard, store.List().Count, _folder.GetFiles().Length));
    }

    ReceivedMail Mail(string content) => new("a@b.test", ["c@d.test"], Encoding.ASCII.GetBytes(content), _time.GetUtcNow());
}
