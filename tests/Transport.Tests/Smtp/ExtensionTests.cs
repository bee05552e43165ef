using Orleans.Mail.Transport.Smtp;
using Orleans.Mail.Transport.Tests.Support;

namespace Orleans.Mail.Transport.Tests.Smtp;

/// <summary>What is offered, and used only then (RFC 3461, 8689, 9422, 1870; reliability SD10).</summary>
public sealed class ExtensionTests
{
    [Theory]
    [InlineData("RCPTMAX=20 MAILMAX=5 RCPTDOMAINMAX=1", 5, 20, 1)]
    [InlineData("rcptmax=1", null, 1, null)]
    [InlineData("RCPTMAX=1 RCPTMAX=9", null, 1, null)]
    [InlineData("RCPTMAX=x RCPTMAX=9", null, null, null)]
    [InlineData("RCPTMAX=0 MAILMAX=01 RCPTDOMAINMAX=-1", null, null, null)]
    [InlineData("RCPTMAX=1000000 MAILMAX=999999", 999999, null, null)]
    [InlineData("RCPTMAX MAILMAX= =5 X=1 RCPTMAX;=2", null, null, null)]
    [InlineData("  RCPTMAX=7   FUTURE=yes ", null, 7, null)]
    [InlineData("", null, null, null)]
    public void Limits_are_read_by_their_grammar_and_else_ignored(string argument, int? mails, int? recipients, int? domains) =>
        Assert.Equal(new RemoteLimits(mails, recipients, domains, null), SmtpExtensions.Parse($"peer\nLIMITS {argument}").Limits);

    [Theory]
    [InlineData("SIZE 1000", 1000L)]
    [InlineData("size 1000", 1000L)]
    [InlineData("SIZE 10000000000", 10000000000L)]
    [InlineData("SIZE 0", null)]
    [InlineData("SIZE", null)]
    [InlineData("SIZE -5", null)]
    [InlineData("SIZE 99999999999999999999999", null)]
    public void Size_is_a_number_or_no_limit(string line, long? size) => Assert.Equal((true, size), (SmtpExtensions.Parse($"peer\n{line}").HasSize, SmtpExtensions.Parse($"peer\n{line}").Limits.MaxBytes));

    [Fact]
    public void First_line_is_a_greeting_and_unknown_words_are_nothing()
    {
        Assert.Equal(SmtpExtensions.None, SmtpExtensions.Parse("PIPELINING"));
        Assert.Equal(SmtpExtensions.None, SmtpExtensions.Parse("peer\nPIPELINING2\nXDSN\n\n \nDSN2"));
        Assert.Equal(["LOGIN", "PLAIN", "XOAUTH2"], SmtpExtensions.Parse("peer\nAUTH LOGIN plain\nAUTH=LOGIN XOAUTH2").Mechanisms);
    }

    [Theory(Timeout = Given.Limit)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Session_takes_no_more_mails_than_announced(bool isLimited)
    {
        await using var peer = ScriptedPeer.Start(async dialogue =>
        {
            await dialogue.OpenAsync(isLimited ? "LIMITS MAILMAX=1" : "HELP");
            await dialogue.AgreeToEnvelopeAsync();
            await dialogue.ReadContentAsync();
            await dialogue.SayAsync("250 ok\r\n");
            await dialogue.ExpectAsync("QUIT");
            await dialogue.SayAsync("221 bye\r\n");
        });
        var session = await Given.SessionAsync(peer.EndPoint);
        Assert.True(session.IsUsable);
        await session.SendAsync(Given.Transaction(), TestContext.Current.CancellationToken);
        Assert.Equal(!isLimited, session.IsUsable);
        await session.QuitAsync();
    }

    [Fact(Timeout = Given.Limit)]
    public async Task Limits_are_read_again_behind_tls_and_behind_login()
    {
        using var root = PrivateAuthority.Create();
        using var certificate = root.Issue(["mx.peer.test"]);
        await using var peer = ScriptedPeer.Start(async dialogue =>
        {
            await dialogue.OpenAsync("STARTTLS", "LIMITS RCPTMAX=1");
            await dialogue.ExpectAsync("STARTTLS");
            await dialogue.SayAsync("220 go\r\n");
            await dialogue.BeginTlsAsync(PrivateAuthority.Shown(certificate));
            await dialogue.AnswerEhloAsync("AUTH PLAIN", "LIMITS RCPTMAX=2");
            await dialogue.ExpectAsync("AUTH PLAIN");
            await dialogue.SayAsync("235 ok\r\n");
            await dialogue.AnswerEhloAsync("LIMITS RCPTMAX=3");
            await dialogue.WaitForCloseAsync();
        });
        var login = new SmtpLogin("user", _ => ValueTask.FromResult("secret"));
        foreach (var (target, expected) in new[] { (Given.Target(peer.EndPoint), 2), (Given.Target(peer.EndPoint) with { Login = login }, 3) })
        {
            var result = await Given.Connector().ConnectAsync(target, TestContext.Current.CancellationToken);
            Assert.Equal(expected, result.Session!.Limits.MaxRecipients);
            await result.Session.DisposeAsync();
        }
    }

    [Theory(Timeout = Given.Limit)]
    [InlineData(DsnNotify.Never, false, null, " RET=HDRS", "NEVER")]
    [InlineData(DsnNotify.Success | DsnNotify.Failure | DsnNotify.Delay, true, "a+b=c d", " RET=FULL", null)]
    [InlineData(DsnNotify.Success | DsnNotify.Delay, true, "a+b=c", " RET=FULL ENVID=a+2Bb+3Dc", "SUCCESS,DELAY")]
    public async Task Notifications_are_asked_for_where_dsn_is_offered(DsnNotify notify, bool isFull, string? id, string mailParameters, string? words)
    {
        foreach (var isOffered in new[] { true, false })
        {
            var lines = new List<string>();
            await using var peer = ScriptedPeer.Start(async dialogue =>
            {
                await dialogue.OpenAsync("PIPELINING", isOffered ? "DSN" : "HELP");
                for (var i = 0; i < 3; i++) lines.Add(await dialogue.ReadLineAsync());
                await dialogue.SayAsync("450 no\r\n503 no\r\n503 no\r\n");
                await dialogue.WaitForCloseAsync();
            });
            var transcript = await Given.AttemptAsync(peer.EndPoint, Given.Transaction("to+tag=1@peer.test") with { Dsn = new DsnRequest(notify, isFull, id) });
            if (words is null)
            {
                // A space has no place in ENVID; nothing may be sent.
                Assert.Equal(SessionFailureKind.Internal, transcript.Failure?.Kind);
                Assert.Empty(lines);
                continue;
            }

            Assert.Equal("MAIL FROM:<from@sender.test>" + (isOffered ? mailParameters : ""), lines[0]);
            Assert.Equal("RCPT TO:<to+tag=1@peer.test>" + (isOffered ? $" NOTIFY={words} ORCPT=rfc822;to+2Btag+3D1@peer.test" : ""), lines[1]);
        }
    }

    [Theory(Timeout = Given.Limit)]
    [InlineData(TlsMode.Verified, "REQUIRETLS", true)]
    [InlineData(TlsMode.Verified, "HELP", false)]
    [InlineData(TlsMode.Required, "REQUIRETLS", false)]
    [InlineData(TlsMode.Opportunistic, "REQUIRETLS", false)]
    [InlineData(TlsMode.None, "REQUIRETLS", false)]
    public async Task Mail_that_requires_tls_goes_only_to_who_offers_it_and_is_known(TlsMode mode, string offered, bool isSent)
    {
        using var root = PrivateAuthority.Create();
        using var certificate = root.Issue(["mx.peer.test"]);
        var options = new TransportOptions { LocalDomain = "sender.test" };
        options.TrustedRoots.Add(root.WritePem());
        var lines = new List<string>();
        await using var peer = ScriptedPeer.Start(async dialogue =>
        {
            if (mode == TlsMode.None) await dialogue.OpenAsync(offered);
            else await dialogue.OpenTlsAsync(PrivateAuthority.Shown(certificate), offered);
            lines.Add(await dialogue.ReadLineAsync());
            await dialogue.SayAsync("450 no\r\n");
            await dialogue.WaitForCloseAsync();
        });
        var result = await Given.Connector(options: options).ConnectAsync(Given.Target(peer.EndPoint, mode), TestContext.Current.CancellationToken);
        File.Delete(options.TrustedRoots[0]);
        var transcript = await result.Session!.SendAsync(Given.Transaction() with { RequireTls = true }, TestContext.Current.CancellationToken);
        await result.Session.DisposeAsync();
        await peer.ScriptsEndedAsync();
        if (isSent)
        {
            Assert.Equal("MAIL FROM:<from@sender.test> REQUIRETLS", Assert.Single(lines));
            return;
        }

        Assert.Equal((SmtpPhase.MailFrom, SessionFailureKind.MissingExtension), (transcript.Failure!.Phase, transcript.Failure.Kind));
        Assert.Empty(lines);
    }
}
