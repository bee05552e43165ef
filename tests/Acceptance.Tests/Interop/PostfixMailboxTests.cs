using System.Text;
using Orleans.Mail.Acceptance.Tests.Rig;
using Orleans.Mail.Support;

namespace Orleans.Mail.Acceptance.Tests.Interop;

/// <summary>A real Postfix that keeps the mail in a maildir: what lies there is what was submitted, octet for octet.</summary>
public sealed class PostfixMailboxTests(ITestOutputHelper output)
{
    const string Domain = "kept.test";
    static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    // What a mail server adds on top (RFC 5321 §4.4, and Postfix's virtual(8)).
    static readonly string[] Prepended = ["Return-Path:", "X-Original-To:", "Delivered-To:", "Received:"];

    [Fact]
    public async Task Awkward_mail_arrives_octet_for_octet()
    {
        await using var postfix = await PostfixInstance.StartAsync(
            PostfixInstance.Require(),
            // No rewriting of headers for local clients: that is the submission side's courtesy, not transport.
            new PostfixSettings { KeptDomains = [Domain], Parameters = ["local_header_rewrite_clients ="] });
        await using var silo = await LiveSilo.StartAsync((Domain, postfix.Port));
        var names = AwkwardMail.All.Keys.ToList();
        var submissions = await Task.WhenAll(names.Select(name => silo.Mail.SubmitAsync(MailDraft.FromEml(AwkwardMail.All[name], "a@sender.test", $"{name}@{Domain}"))));

        foreach (var (name, submission) in names.Zip(submissions))
            Assert.Equal((name, MailState.Delivered), (name, (await submission.WaitAsync(Limit)).State));
        var kept = await KeptAsync(postfix.MaildirPath, names.Count);

        foreach (var name in names)
        {
            output.WriteLine($"{name}: {kept[name].Length} octets");
            Assert.True(AsSent(AwkwardMail.All[name]).AsSpan().SequenceEqual(kept[name]), $"'{name}' is not what was submitted.");
        }
    }

    /// <summary>The end of data is a line of its own, so a message without a final line end gets one (RFC 5321 §4.1.1.4).</summary>
    static byte[] AsSent(byte[] content) => content.AsSpan().EndsWith("\r\n"u8) ? content : [.. content, .. "\r\n"u8];

    /// <summary>Queued is not yet kept: waits for the files, and reads them by recipient.</summary>
    static async Task<Dictionary<string, byte[]>> KeptAsync(string maildir, int count)
    {
        var start = TimeProvider.System.GetTimestamp();
        var folder = Path.Combine(maildir, "new");
        while (!Directory.Exists(folder) || Directory.GetFiles(folder).Length < count)
        {
            if (TimeProvider.System.GetElapsedTime(start) > Limit) throw new TimeoutException($"Not every one of {count} messages was kept.");
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        }

        return Directory.GetFiles(folder).Select(file => Read(File.ReadAllBytes(file))).ToDictionary();
    }

    static (string Name, byte[] Content) Read(byte[] file)
    {
        // A maildir has LF line ends; nothing submitted has a stray LF or CR, so the way back is exact.
        var text = Encoding.Latin1.GetString(file).Replace("\n", "\r\n", StringComparison.Ordinal);
        var recipient = "";
        while (Array.Find(Prepended, name => text.StartsWith(name, StringComparison.Ordinal)) is { } field)
        {
            var end = text.IndexOf("\r\n", StringComparison.Ordinal) + 2;
            if (field == "Delivered-To:") recipient = text[field.Length..end].Trim();
            while (text[end] is ' ' or '\t') end = text.IndexOf("\r\n", end, StringComparison.Ordinal) + 2;
            text = text[end..];
        }

        return (recipient[..recipient.IndexOf('@', StringComparison.Ordinal)], Encoding.Latin1.GetBytes(text));
    }
}
