using Orleans.Mail.Acceptance.Tests.Rig;
using Orleans.Mail.Support;

namespace Orleans.Mail.Acceptance.Tests.Interop;

/// <summary>Mail servers that keep the mail: what lies there is what was submitted, octet for octet, once.</summary>
public sealed class MailboxTests(ITestOutputHelper output)
{
    const string Domain = "kept.test";
    static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Awkward_mail_arrives_at_Postfix_octet_for_octet()
    {
        await using var postfix = await PostfixInstance.StartAsync(
            PostfixInstance.Require(),
            // No rewriting of headers for local clients: that is the submission side's courtesy, not transport.
            new PostfixSettings { KeptDomains = [Domain], Parameters = ["local_header_rewrite_clients ="] });
        await CheckAsync(postfix.Port, postfix.MaildirPath);
    }

    [Fact]
    public async Task Awkward_mail_arrives_at_Exim_octet_for_octet_and_in_the_order_it_insists_on()
    {
        await using var exim = await EximInstance.StartAsync(EximInstance.Require(), Domain);
        await CheckAsync(exim.Port, exim.MaildirPath);
        Assert.DoesNotContain("error", exim.Log, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Awkward_mail_arrives_at_Haraka_octet_for_octet()
    {
        await using var haraka = await HarakaInstance.StartAsync(HarakaInstance.Require(), Domain);
        await CheckAsync(haraka.Port, haraka.MaildirPath);
    }

    [Fact]
    public async Task Awkward_mail_arrives_at_OpenSMTPD_octet_for_octet()
    {
        await using var smtpd = await OpenSmtpdInstance.StartAsync(OpenSmtpdInstance.Require(), Domain);
        await CheckAsync(smtpd.Port, smtpd.MaildirPath);
    }

    async Task CheckAsync(int port, string maildir)
    {
        await using var silo = await LiveSilo.StartAsync((Domain, port));
        var names = AwkwardMail.All.Keys.ToList();
        var submissions = await Task.WhenAll(names.Select(name => silo.Mail.SubmitAsync(MailDraft.FromEml(AwkwardMail.All[name], "a@sender.test", $"{name}@{Domain}"))));

        foreach (var (name, submission) in names.Zip(submissions))
            Assert.Equal((name, MailState.Delivered), (name, (await submission.WaitAsync(Limit)).State));
        var kept = await KeptMail.ReadAsync(maildir, names.Count, Limit);

        Assert.Equal(names.Order(StringComparer.Ordinal), kept.Select(mail => mail.LocalPart).Order(StringComparer.Ordinal));
        foreach (var mail in kept)
        {
            output.WriteLine($"{mail.LocalPart}: {mail.Content.Length} octets");
            Assert.True(AsSent(AwkwardMail.All[mail.LocalPart]).AsSpan().SequenceEqual(mail.Content), $"'{mail.LocalPart}' is not what was submitted.");
        }
    }

    /// <summary>The end of data is a line of its own, so a message without a final line end gets one (RFC 5321 §4.1.1.4).</summary>
    static byte[] AsSent(byte[] content) => content.AsSpan().EndsWith("\r\n"u8) ? content : [.. content, .. "\r\n"u8];
}
