using System.Text;
using Orleans.Mail.Transport.Dkim;

namespace Orleans.Mail.Transport.Tests.Dkim;

public sealed class ContentFinisherTests
{
    const string Content = "From: a@sender.example\r\nSubject: x\r\n\r\nbody\r\n";
    const string Rsa = "rsa._domainkey.sender.example";
    const string Ed25519 = "ed._domainkey.sender.example";

    [Fact]
    public async Task Nothing_configured_leaves_content_as_it_is()
    {
        var content = Encoding.ASCII.GetBytes(Content);
        await using var services = Given.Services(new DkimOptions());
        Assert.Same(content, (await Given.FinishAsync(services, content)).Content);
    }

    [Fact]
    public async Task Every_key_of_the_domain_signs_before_the_accepted_octets()
    {
        var finished = await Given.FinishAsync(Content);
        Assert.Equal([Rsa, Ed25519], Given.Signers(finished));
        Assert.EndsWith("\r\n" + Content, Encoding.ASCII.GetString(finished.Content!), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_signature_says_what_it_covers_and_when_it_was_made()
    {
        var signature = await SignatureAsync("Received: x\r\nFrom: a@sender.example\r\nDate: d\r\nList-Id: one\r\nList-Id: two\r\n\r\n");
        Assert.Equal("From:From:To:Cc:Subject:Reply-To:Date:Date:List-Id:List-Id", Given.Tag(signature, "h"));
        Assert.Equal(Given.Now.ToUnixTimeSeconds().ToString(System.Globalization.CultureInfo.InvariantCulture), Given.Tag(signature, "t"));
        Assert.Equal(("relaxed/relaxed", null, null), (Given.Tag(signature, "c"), Given.Tag(signature, "l"), Given.Tag(signature, "x")));
    }

    [Fact]
    public async Task A_lifetime_gives_the_signature_an_end()
    {
        var options = Given.Both();
        options.SignatureLifetime = TimeSpan.FromDays(30);
        var finished = await Given.FinishAsync(Content, options);
        var signature = MimeKit.MimeMessage.Load(new MemoryStream(finished.Content!)).Headers["DKIM-Signature"];
        Assert.Equal(30 * 24 * 3600, long.Parse(Given.Tag(signature, "x")!, System.Globalization.CultureInfo.InvariantCulture) - Given.Now.ToUnixTimeSeconds());
    }

    [Theory]
    [InlineData("From: a@sender.example", Rsa, Ed25519)]
    [InlineData("From: A <a@SENDER.Example>", Rsa, Ed25519)]
    [InlineData("From: a@news.sender.example", Rsa, Ed25519)]
    [InlineData("From: =?utf-8?q?a=40other.example?= <a@sender.example>", Rsa, Ed25519)]
    [InlineData("From: a@sender.example, b@other.example", Rsa, Ed25519)]
    [InlineData("From: a@notsender.example")]
    [InlineData("From: a@example")]
    [InlineData("From: a@other.example")]
    [InlineData("From: \"a@sender.example\" <a@other.example>")]
    [InlineData("From: =?utf-8?q?=41_<a=40other.example>?= <a@sender.example>")]
    [InlineData("From: a@=?utf-8?q?sender.example?=")]
    [InlineData("From: a@sender.example\r\nFrom: b@sender.example")]
    [InlineData("From: Nobody:;")]
    [InlineData("From:")]
    [InlineData("Sender: a@sender.example")]
    public async Task The_domain_of_the_one_From_chooses_the_keys(string field, params string[] signers) =>
        Assert.Equal(signers, Given.Signers(await Given.FinishAsync($"{field}\r\nSubject: x\r\n\r\nbody\r\n")));

    [Fact]
    public async Task The_nearest_domain_wins_and_names_in_other_scripts_are_compared_as_A_labels()
    {
        var options = new DkimOptions
        {
            Signings = [Given.Signing("sender.example", "top", "rsa"), Given.Signing("News.Sender.Example", "news", "ed"), Given.Signing("münchen.example", "m", "ed")],
        };
        Assert.Equal(["news._domainkey.news.sender.example"], Given.Signers(await Given.FinishAsync("From: a@x.news.sender.example\r\n\r\n", options)));
        Assert.Equal(["top._domainkey.sender.example"], Given.Signers(await Given.FinishAsync("From: a@oldnews.sender.example\r\n\r\n", options)));
        Assert.Equal(["m._domainkey.xn--mnchen-3ya.example"], Given.Signers(await Given.FinishAsync("From: a@xn--mnchen-3ya.example\r\n\r\n", options)));
    }

    [Fact]
    public async Task A_tenant_signs_with_no_key_of_another()
    {
        var options = new DkimOptions { Signings = [Given.Signing(Given.Domain, "shop", "rsa", "shop"), Given.Signing(Given.Domain, "bank", "ed", "bank")] };
        Assert.Equal(["shop._domainkey.sender.example"], Given.Signers(await Given.FinishAsync(Content, options)));
        Assert.Equal(["bank._domainkey.sender.example"], Given.Signers(await Given.FinishAsync(Content, options, tenant: "bank")));
        Assert.Empty(Given.Signers(await Given.FinishAsync(Content, options, tenant: "Shop")));
    }

    [Theory]
    [InlineData("From: a@sender.example", "sender.example", "", false)]
    [InlineData("From: a@other.example", "", "", false)]
    [InlineData("From: a@other.example", "sender.example", "bank", false)]
    [InlineData("From: a@other.example", "*", "", true)]
    [InlineData("From: a@other.example", "", "*", true)]
    [InlineData("From: a@other.example", "", "shop", true)]
    [InlineData("From: a@other.example", "OTHER.example", "", true)]
    [InlineData("From: a@sub.other.example", "other.example", "", true)]
    [InlineData("From: a@sender.example, b@other.example", "other.example", "", true)]
    [InlineData("From: a@sender.example\r\nFrom: b@sender.example", "*", "", true)]
    public async Task Mail_that_must_be_signed_and_cannot_be_is_refused(string field, string domains, string tenants, bool isRefused)
    {
        var options = Given.Both();
        options.RequiredDomains = domains.Length == 0 ? [] : [domains];
        options.RequiredTenants = tenants.Length == 0 ? [] : [tenants];
        var finished = await Given.FinishAsync($"{field}\r\n\r\n", options);
        Assert.Equal(isRefused, finished.Fault is not null);
        Assert.Equal(isRefused, finished.Content is null);
        Assert.DoesNotContain("other.example", finished.Fault?.Problem ?? "", StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("shop", "shop", true)]
    [InlineData("*", "bank", true)]
    [InlineData("shop", "bank", false)]
    public async Task Date_and_message_id_are_added_where_the_tenant_wants_them_and_signed(string completeFor, string tenant, bool isAdded)
    {
        var finished = await Given.FinishAsync(Content, header: new HeaderOptions { CompleteFor = [completeFor] }, tenant: tenant);
        var message = MimeKit.MimeMessage.Load(new MemoryStream(finished.Content!));
        Assert.Equal(isAdded ? "Sun, 01 Mar 2026 12:00:00 +0000" : null, message.Headers["Date"]);
        Assert.Equal(isAdded ? $"<{MessageId.FromKey(tenant, "k")}@sender.example>" : null, message.Headers["Message-ID"]);
        Assert.Equal(isAdded, Given.Tag(message.Headers["DKIM-Signature"], "h")!.Contains("Message-ID:Message-ID", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_date_and_message_id_that_are_there_stay()
    {
        const string Complete = "date: d\r\nMESSAGE-ID: <m@x>\r\n" + Content;
        Assert.Equal(Complete, Encoding.ASCII.GetString((await Given.FinishAsync(Complete, new DkimOptions(), new HeaderOptions { CompleteFor = ["*"] })).Content!));
    }

    static async Task<string?> SignatureAsync(string content) =>
        MimeKit.MimeMessage.Load(new MemoryStream((await Given.FinishAsync(content)).Content!)).Headers["DKIM-Signature"];
}
