using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Time.Testing;
using Orleans.Mail.Transport.Receiving;
using Orleans.Mail.Transport.Tests.Support;

namespace Orleans.Mail.Transport.Tests.Smtp;

/// <summary>Opportunistic TLS (reliability CN5, CN6, S4).</summary>
public sealed class TlsTests
{
    [Fact(Timeout = Given.Limit)]
    public async Task Self_signed_certificate_is_taken_and_content_arrives()
    {
        using var certificate = SelfSigned();
        var behavior = new RecordingBehavior();
        await using var receiver = behavior.Start(new ReceiverOptions { Certificate = certificate });
        await using var session = await Given.SessionAsync(receiver.EndPoint);
        Assert.StartsWith("TLS 1.", session.Tls, StringComparison.Ordinal);
        Assert.EndsWith("(certificate not verified)", session.Tls, StringComparison.Ordinal);
        foreach (var name in new[] { "small", "dots at line starts", "10 MB of dots" })
            Assert.Equal(250, (await session.SendAsync(Given.Transaction() with { Content = Contents.All[name] }, TestContext.Current.CancellationToken)).EndOfDataReply?.Code);
        Assert.True(behavior.Mails.ElementAt(1).Content.Span.SequenceEqual(Contents.All["dots at line starts"]));
        Assert.True(behavior.Mails.ElementAt(2).Content.Span.SequenceEqual(Contents.All["10 MB of dots"]));
        await session.QuitAsync();
        Assert.Contains("QUIT", behavior.Lines);
    }

    [Fact(Timeout = Given.Limit)]
    public async Task Tls_that_a_host_had_and_has_no_more_is_missed()
    {
        var time = new FakeTimeProvider();
        using var certificate = SelfSigned();
        var connector = Given.Connector(time: time, options: new TransportOptions { LocalDomain = "sender.test", SeenTlsMemory = TimeSpan.FromDays(2) });
        await using (var plain = new RecordingBehavior().Start())
        await using (var session = (await connector.ConnectAsync(Given.Target(plain.EndPoint), TestContext.Current.CancellationToken)).Session!)
            Assert.Equal((null, false), (session.Tls, session.IsTlsLost));

        System.Net.IPEndPoint endPoint;
        await using (var secure = new RecordingBehavior().Start(new ReceiverOptions { Certificate = certificate }))
        {
            endPoint = secure.EndPoint;
            await using var session = (await connector.ConnectAsync(Given.Target(endPoint), TestContext.Current.CancellationToken)).Session!;
            Assert.NotNull(session.Tls);
            Assert.False(session.IsTlsLost);
        }

        await using var stripped = new RecordingBehavior().Start(new ReceiverOptions { Port = endPoint.Port });
        await using (var session = (await connector.ConnectAsync(Given.Target(endPoint), TestContext.Current.CancellationToken)).Session!)
            Assert.Equal((null, true), (session.Tls, session.IsTlsLost));
        time.Advance(TimeSpan.FromDays(3));
        await using (var session = (await connector.ConnectAsync(Given.Target(endPoint), TestContext.Current.CancellationToken)).Session!)
            Assert.False(session.IsTlsLost);
    }

    [Fact(Timeout = Given.Limit)]
    public async Task Tls_is_not_begun_where_the_target_says_never()
    {
        using var certificate = SelfSigned();
        var behavior = new RecordingBehavior();
        await using var receiver = behavior.Start(new ReceiverOptions { Certificate = certificate });
        var result = await Given.Connector().ConnectAsync(Given.Target(receiver.EndPoint, TlsMode.None), TestContext.Current.CancellationToken);
        await using var session = result.Session!;
        Assert.Null(session.Tls);
        Assert.DoesNotContain("STARTTLS", behavior.Lines);
    }

    [Theory(Timeout = Given.Limit)]
    [InlineData("454 4.7.0 not now\r\n")]
    [InlineData("500 what\r\n")]
    [InlineData("501 no\r\n")]
    [InlineData("221 bye\r\n")]
    [InlineData("354 go\r\n")]
    [InlineData("220 go\r\nthis is no handshake\r\n")]
    [InlineData("220 go\r\n250-evil\r\n250 AUTH PLAIN\r\n")]
    public async Task Broken_starttls_is_followed_by_one_plain_session_and_remembered_for_an_hour(string answer)
    {
        var time = new FakeTimeProvider();
        var starttlsCount = 0;
        await using var peer = ScriptedPeer.Start(async dialogue =>
        {
            await dialogue.OpenAsync("STARTTLS");
            var command = await dialogue.ReadLineAsync();
            if (command != "STARTTLS") return;
            starttlsCount++;
            await dialogue.SayAsync(answer);
            await dialogue.WaitForCloseAsync();
        });
        var connector = Given.Connector(time);
        for (var attempt = 0; attempt < 2; attempt++)
        {
            var result = await connector.ConnectAsync(Given.Target(peer.EndPoint), TestContext.Current.CancellationToken);
            Assert.Null(result.Failure);
            Assert.Null(result.Session!.Tls);
            await result.Session.DisposeAsync();
        }

        Assert.Equal((1, 3), (starttlsCount, peer.ConnectionCount));
        time.Advance(TimeSpan.FromMinutes(61));
        var later = await connector.ConnectAsync(Given.Target(peer.EndPoint), TestContext.Current.CancellationToken);
        await later.Session!.DisposeAsync();
        Assert.Equal((2, 5), (starttlsCount, peer.ConnectionCount));
    }

    [Theory(Timeout = Given.Limit)]
    [InlineData("454 4.7.0 not now\r\n", 454)]
    [InlineData("500 what\r\n", 500)]
    [InlineData("501 no\r\n", 501)]
    [InlineData("502 no\r\n", 502)]
    [InlineData("504 no\r\n", 504)]
    [InlineData("221 bye\r\n", 221)]
    [InlineData("250 ok\r\n", 250)]
    [InlineData("354 go\r\n", 354)]
    [InlineData("421 4.3.2 busy\r\n", 421)]
    [InlineData("554 never\r\n", 554)]
    [InlineData("\r\n", null)]
    [InlineData("", null)]
    [InlineData("220 go\r\nthis is no handshake\r\n", null)]
    [InlineData("220 go\r\n250-evil\r\n250 AUTH PLAIN\r\n", null)]
    public async Task Where_tls_is_a_must_broken_starttls_ends_the_session(string answer, int? code)
    {
        var connector = Given.Connector();
        foreach (var mode in new[] { TlsMode.Required, TlsMode.Verified, TlsMode.Dane })
        {
            byte[] rest = [];
            await using var peer = ScriptedPeer.Start(async dialogue =>
            {
                await dialogue.OpenAsync("STARTTLS");
                await dialogue.ExpectAsync("STARTTLS");
                await dialogue.SayAsync(answer);
                if (answer.Length > 2) rest = await dialogue.ReadToEndAsync();
            });
            var failure = (await connector.ConnectAsync(Given.Target(peer.EndPoint, mode), TestContext.Current.CancellationToken)).Failure!;
            Assert.Equal((SmtpPhase.StartTls, SessionFailureKind.Tls, code, 1), (failure.Phase, failure.Kind, failure.Reply?.Code, peer.ConnectionCount));
            await peer.ScriptsEndedAsync();
            Assert.DoesNotContain("MAIL", System.Text.Encoding.Latin1.GetString(rest), StringComparison.Ordinal);
        }
    }

    [Theory(Timeout = Given.Limit)]
    [InlineData(TlsMode.Required)]
    [InlineData(TlsMode.Verified)]
    [InlineData(TlsMode.Dane)]
    public async Task Where_tls_is_a_must_and_not_offered_nothing_is_sent(TlsMode mode)
    {
        var behavior = new RecordingBehavior();
        await using var receiver = behavior.Start();
        var failure = (await Given.Connector().ConnectAsync(Given.Target(receiver.EndPoint, mode), TestContext.Current.CancellationToken)).Failure!;
        Assert.Equal((SmtpPhase.StartTls, SessionFailureKind.Tls), (failure.Phase, failure.Kind));
        Assert.Contains("starttls-not-supported", failure.Detail, StringComparison.Ordinal);
        Assert.Equal("EHLO sender.test", Assert.Single(behavior.Lines));
    }

    [Fact(Timeout = Given.Limit)]
    public async Task Memory_of_broken_tls_does_not_spare_those_who_must_have_it()
    {
        var starttlsCount = 0;
        await using var peer = ScriptedPeer.Start(async dialogue =>
        {
            await dialogue.OpenAsync("STARTTLS");
            if (await dialogue.ReadLineAsync() != "STARTTLS") return;
            starttlsCount++;
            await dialogue.SayAsync("454 4.7.0 not now\r\n");
            await dialogue.WaitForCloseAsync();
        });
        var connector = Given.Connector();
        await (await connector.ConnectAsync(Given.Target(peer.EndPoint), TestContext.Current.CancellationToken)).Session!.DisposeAsync();
        Assert.NotNull((await connector.ConnectAsync(Given.Target(peer.EndPoint, TlsMode.Required), TestContext.Current.CancellationToken)).Failure);
        Assert.Equal(2, starttlsCount);
    }

    [Fact(Timeout = Given.Limit)]
    public async Task What_was_offered_before_tls_is_forgotten_even_if_only_helo_follows()
    {
        using var certificate = SelfSigned();
        await using var peer = ScriptedPeer.Start(async dialogue =>
        {
            await dialogue.OpenAsync("STARTTLS", "SIZE 10", "DSN", "PIPELINING", "LIMITS RCPTMAX=1");
            await dialogue.ExpectAsync("STARTTLS");
            await dialogue.SayAsync("220 go\r\n");
            await dialogue.BeginTlsAsync(PrivateAuthority.Shown(certificate));
            await dialogue.ExpectAsync("EHLO");
            await dialogue.SayAsync("502 what\r\n");
            await dialogue.ExpectAsync("HELO");
            await dialogue.SayAsync("250 hello\r\n");
            Assert.Equal("MAIL FROM:<from@sender.test>", await dialogue.ReadLineAsync());
            await dialogue.SayAsync("450 later\r\n");
            await dialogue.WaitForCloseAsync();
        });
        var result = await Given.Connector().ConnectAsync(Given.Target(peer.EndPoint, TlsMode.Required), TestContext.Current.CancellationToken);
        await using var session = result.Session!;
        Assert.Equal(RemoteLimits.None, session.Limits);
        var transcript = await session.SendAsync(Given.Transaction() with { Dsn = new DsnRequest(DsnNotify.Failure) }, TestContext.Current.CancellationToken);
        Assert.Equal(450, transcript.MailFromReply?.Code);
    }

    static X509Certificate2 SelfSigned()
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=another.name.test", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(1));
        return X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pfx), null);
    }
}
