using System.Net;
using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Orleans.Mail.Transport.Smtp;
using Orleans.Mail.Transport.Smtp.Opening;
using Orleans.Mail.Transport.Tests.Support;

namespace Orleans.Mail.Transport.Tests.Smtp;

/// <summary>Login at relays (RFC 4954; reliability S19, S26).</summary>
public sealed class LoginTests
{
    const string User = "user-canary";
    const string Secret = "secret-canary";

    [Theory(Timeout = Given.Limit)]
    [InlineData("PLAIN", "PLAIN")]
    [InlineData("plain", "LOGIN PLAIN")]
    [InlineData("LOGIN", "LOGIN PLAIN")]
    [InlineData("CRAM-MD5", "CRAM-MD5")]
    [InlineData("SCRAM-SHA-1", "SCRAM-SHA-1")]
    [InlineData("SCRAM-SHA-256", "SCRAM-SHA-256")]
    [InlineData("XOAUTH2", "XOAUTH2 PLAIN")]
    [InlineData(null, "XOAUTH2 LOGIN PLAIN")]
    [InlineData(null, "PLAIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256")]
    public async Task Right_credentials_open_a_session(string? mechanism, string offered)
    {
        await using var peer = ScriptedPeer.Start(async dialogue =>
        {
            await dialogue.OpenAsync($"AUTH {offered}");
            var name = mechanism?.ToUpperInvariant() ?? (offered.Contains("SCRAM", StringComparison.Ordinal) ? "SCRAM-SHA-256" : "PLAIN");
            Assert.True(await AuthExchange.AcceptAsync(dialogue, name, User, Secret));
            await dialogue.SayAsync("235 2.7.0 welcome\r\n");
            await dialogue.AgreeToEnvelopeAsync();
            await dialogue.ReadContentAsync();
            await dialogue.SayAsync("250 ok\r\n");
        });
        var result = await ConnectAsync(peer, new SmtpLogin(User, _ => ValueTask.FromResult(Secret), mechanism));
        Assert.Null(result.Failure);
        await using var session = result.Session!;
        Assert.Equal(250, (await session.SendAsync(Given.Transaction(), TestContext.Current.CancellationToken)).EndOfDataReply?.Code);
    }

    [Theory(Timeout = Given.Limit)]
    [InlineData("535 5.7.8 wrong\r\n", 535)]
    [InlineData("534 5.7.9 too weak\r\n", 534)]
    [InlineData("454 4.7.0 later\r\n", 454)]
    [InlineData("421 4.3.2 closing\r\n", 421)]
    [InlineData("334 !!!\r\n", 501)]
    public async Task Refused_credentials_are_a_failure_of_authentication(string reply, int code)
    {
        await using var peer = ScriptedPeer.Start(async dialogue =>
        {
            await dialogue.OpenAsync("AUTH PLAIN");
            await dialogue.ExpectAsync("AUTH PLAIN ");
            await dialogue.SayAsync(reply);
            while (true)
            {
                await dialogue.ReadLineAsync();
                await dialogue.SayAsync("501 no\r\n");
            }
        });
        var failure = (await ConnectAsync(peer)).Failure!;
        Assert.Equal((SmtpPhase.Auth, SessionFailureKind.Authentication, code), (failure.Phase, failure.Kind, failure.Reply?.Code));
    }

    [Theory(Timeout = Given.Limit)]
    [InlineData("AUTH XOAUTH2", null)]
    [InlineData("AUTH GSSAPI NTLM", null)]
    [InlineData("AUTH LOGIN", "PLAIN")]
    [InlineData("AUTH NTLM", "NTLM")]
    [InlineData("HELP", null)]
    public async Task Relay_that_offers_no_wanted_mechanism_is_told_nothing(string offered, string? mechanism)
    {
        var isIdle = true;
        await using var peer = ScriptedPeer.Start(async dialogue =>
        {
            await dialogue.OpenAsync(offered);
            isIdle = (await dialogue.ReadToEndAsync()).Length == 0;
        });
        var failure = (await ConnectAsync(peer, new SmtpLogin(User, _ => ValueTask.FromResult(Secret), mechanism))).Failure!;
        Assert.Equal((SmtpPhase.Auth, SessionFailureKind.Authentication), (failure.Phase, failure.Kind));
        await peer.ScriptsEndedAsync();
        Assert.True(isIdle);
    }

    [Fact]
    public async Task Relay_that_has_not_proved_itself_gets_no_credentials()
    {
        var isAsked = false;
        var target = new SmtpTarget("relay.test", IPAddress.Parse("192.0.2.1"), 587, TlsMode.Required);
        using var socket = new System.Net.Sockets.Socket(System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp);
        using var deadline = new SessionDeadline(socket, TimeProvider.System);
        using var log = new HandshakeLog(new TransportOptions(), deadline);
        var login = new SmtpLogin(User, _ =>
        {
            isAsked = true;
            return ValueTask.FromResult(Secret);
        });
        var failure = await new RelayLogin(null!, log, target, TimeProvider.System).LogInAsync(login, TlsProof.None, TimeSpan.FromSeconds(1), TestContext.Current.CancellationToken);
        Assert.Equal(SessionFailureKind.Authentication, failure?.Kind);
        Assert.Contains("not verified", failure!.Detail, StringComparison.Ordinal);
        Assert.False(isAsked);
    }

    [Theory(Timeout = Given.Limit)]
    [InlineData("mx.other.test", "AUTH PLAIN", SmtpPhase.StartTls)]
    [InlineData("mx.peer.test", "HELP", SmtpPhase.Auth)]
    public async Task Relay_of_another_name_or_with_a_login_only_before_tls_hears_no_word_of_it(string name, string offeredInside, SmtpPhase phase)
    {
        using var root = PrivateAuthority.Create();
        using var certificate = root.Issue([name]);
        var options = new TransportOptions { LocalDomain = "sender.test" };
        options.TrustedRoots.Add(root.WritePem());
        var isAsked = false;
        byte[] rest = [];
        await using var peer = ScriptedPeer.Start(async dialogue =>
        {
            await dialogue.OpenAsync("STARTTLS", "AUTH PLAIN LOGIN");
            await dialogue.ExpectAsync("STARTTLS");
            await dialogue.SayAsync("220 go\r\n");
            await dialogue.BeginTlsAsync(PrivateAuthority.Shown(certificate));
            await dialogue.AnswerEhloAsync(offeredInside);
            rest = await dialogue.ReadToEndAsync();
        });
        var target = Given.Target(peer.EndPoint, TlsMode.Verified) with
        {
            Login = new SmtpLogin(User, _ =>
            {
                isAsked = true;
                return ValueTask.FromResult(Secret);
            }),
        };
        var failure = (await Given.Connector(options: options).ConnectAsync(target, TestContext.Current.CancellationToken)).Failure!;
        File.Delete(options.TrustedRoots[0]);
        await peer.ScriptsEndedAsync();
        Assert.Equal(phase, failure.Phase);
        Assert.DoesNotContain("AUTH", Encoding.Latin1.GetString(rest), StringComparison.Ordinal);
        Assert.False(isAsked && phase == SmtpPhase.StartTls);
    }

    [Fact(Timeout = Given.Limit)]
    public async Task Secret_that_cannot_be_had_is_a_failure_without_its_words()
    {
        await using var peer = ScriptedPeer.Start(async dialogue =>
        {
            await dialogue.OpenAsync("AUTH PLAIN");
            await dialogue.WaitForCloseAsync();
        });
        var failure = (await ConnectAsync(peer, new SmtpLogin(User, _ => throw new InvalidOperationException(Secret)))).Failure!;
        Assert.Equal((SmtpPhase.Auth, SessionFailureKind.Authentication), (failure.Phase, failure.Kind));
        Assert.DoesNotContain("canary", failure.ToString(), StringComparison.Ordinal);
    }

    [Theory(Timeout = Given.Limit)]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Slow_login_ends_at_its_deadline(bool isSecretSlow)
    {
        var time = new FakeTimeProvider();
        var isReached = new TaskCompletionSource();
        await using var peer = ScriptedPeer.Start(async dialogue =>
        {
            await dialogue.OpenAsync("AUTH PLAIN");
            if (!isSecretSlow)
            {
                await dialogue.ExpectAsync("AUTH PLAIN ");
                isReached.SetResult();
            }

            await dialogue.WaitForCloseAsync();
        });
        var login = new SmtpLogin(User, async cancellationToken =>
        {
            if (!isSecretSlow) return Secret;
            isReached.SetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancellationToken);
            return Secret;
        });
        var connecting = Given.Connector(time).ConnectAsync(Given.Target(peer.EndPoint, TlsMode.None) with { Login = login }, TestContext.Current.CancellationToken);
        await isReached.Task;
        await Until.CompletedAsync(connecting, () => time.Advance(TimeSpan.FromMinutes(1)));
        var failure = (await connecting).Failure!;
        Assert.Equal((SmtpPhase.Auth, SessionFailureKind.Timeout), (failure.Phase, failure.Kind));
    }

    [Fact(Timeout = Given.Limit)]
    public async Task Credentials_occur_in_no_log_failure_or_text()
    {
        using var root = PrivateAuthority.Create();
        using var certificate = root.Issue(["mx.peer.test"]);
        var options = new TransportOptions { LocalDomain = "sender.test" };
        options.TrustedRoots.Add(root.WritePem());
        var log = new ListLogger();
        var texts = new List<string>();
        foreach (var mechanism in new[] { "PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256", "XOAUTH2" })
        {
            await using var peer = ScriptedPeer.Start(async dialogue =>
            {
                await dialogue.OpenTlsAsync(PrivateAuthority.Shown(certificate), $"AUTH {mechanism}");
                Assert.False(await AuthExchange.AcceptAsync(dialogue, mechanism, User, "another secret"));
                await dialogue.SayAsync("535 5.7.8 wrong\r\n");
                await dialogue.WaitForCloseAsync();
            });
            var target = Given.Target(peer.EndPoint, TlsMode.Verified) with { Login = new SmtpLogin(User, _ => ValueTask.FromResult(Secret), mechanism) };
            var result = await new SmtpConnector(Options.Create(options), new OpenAddressGuard(), TimeProvider.System, log).ConnectAsync(target, TestContext.Current.CancellationToken);
            Assert.Equal((SmtpPhase.Auth, SessionFailureKind.Authentication), (result.Failure!.Phase, result.Failure.Kind));
            texts.AddRange([target.ToString(), result.ToString()]);
        }

        File.Delete(options.TrustedRoots[0]);
        string[] canaries = ["canary", Convert.ToBase64String(Encoding.UTF8.GetBytes(Secret)), Convert.ToBase64String(Encoding.UTF8.GetBytes($"\0{User}\0{Secret}"))];
        Assert.All(texts.Concat(log.Lines), text => Assert.All(canaries, canary => Assert.DoesNotContain(canary, text, StringComparison.Ordinal)));
    }

    static Task<ConnectResult> ConnectAsync(ScriptedPeer peer, SmtpLogin? login = null) =>
        Given.Connector().ConnectAsync(Given.Target(peer.EndPoint, TlsMode.None) with { Login = login ?? new SmtpLogin(User, _ => ValueTask.FromResult(Secret)) }, TestContext.Current.CancellationToken);

    sealed class ListLogger : ILogger<SmtpConnector>
    {
        public List<string> Lines { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            Lines.Add($"{formatter(state, exception)} {exception}");
    }
}
