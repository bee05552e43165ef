using System.Collections.Concurrent;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Mail.Grains.Options;
using Orleans.Mail.Silo.Hosting;
using Orleans.Mail.Transport.Receiving;

namespace Orleans.Mail.Silo.Tests;

public sealed class ModeTests
{
    [Fact]
    public async Task Capture_is_the_default_and_keeps_what_is_sent_octet_for_octet()
    {
        Assert.Equal(DeliveryMode.Capture, new DeliveryOptions().Mode);
        await using var silo = await RunningSilo.StartAsync();
        Assert.Equal(DeliveryMode.Capture, silo.App.Services.GetRequiredService<IOptions<DeliveryOptions>>().Value.Mode);
        var status = await silo.StatusAsync(await silo.SubmitAsync("ann@example.com"), status => status.IsFinal);
        Assert.Equal(MailState.Delivered, status.State);
        var mail = Assert.Single(silo.App.Services.GetRequiredService<CaptureStore>().List()).Mail;
        Assert.Equal(RunningSilo.Content, mail.Content.ToArray());
        Assert.Equal("ann@example.com", Assert.Single(mail.Recipients));
    }

    [Fact]
    public async Task Redirect_replaces_the_envelope_names_the_original_and_lets_the_allowed_pass()
    {
        var store = new CaptureStore(TimeProvider.System);
        await using var receiver = SmtpReceiver.Start(new ReceiverOptions(), new FailureAddresses(store), TimeProvider.System);
        await using var silo = await RunningSilo.StartAsync(null,
            "Delivery:Mode=Redirect", "Delivery:RedirectTo=inbox@staging.example.com", "Delivery:RedirectAllow:0=allowed.example.com",
            $"Delivery:Routes:*=127.0.0.1:{receiver.EndPoint.Port}");
        await silo.StatusAsync(await silo.SubmitAsync("ann@customer.example.com"), status => status.State == MailState.Delivered);
        await silo.StatusAsync(await silo.SubmitAsync("qa@allowed.example.com"), status => status.State == MailState.Delivered);
        var mails = store.List().Select(captured => captured.Mail).Reverse().ToList();
        Assert.Equal("inbox@staging.example.com", Assert.Single(mails[0].Recipients));
        Assert.Equal("X-Original-Recipient: ann@customer.example.com\r\n" + Encoding.UTF8.GetString(RunningSilo.Content), Encoding.UTF8.GetString(mails[0].Content.Span));
        Assert.Equal("qa@allowed.example.com", Assert.Single(mails[1].Recipients));
        Assert.Equal(RunningSilo.Content, mails[1].Content.ToArray());
    }

    [Fact]
    public async Task Simulate_answers_by_the_failure_addresses_without_a_socket()
    {
        await using var silo = await RunningSilo.StartAsync(null, "Delivery:Mode=Simulate");
        Assert.Null(silo.App.Services.GetRequiredService<Grains.Routing.CaptureTarget>().Endpoint);
        Assert.Equal(MailState.Delivered, (await silo.StatusAsync(await silo.SubmitAsync("ann@delivered.test"), status => status.IsFinal)).State);
        var bounced = await silo.StatusAsync(await silo.SubmitAsync("ann@550-5.1.1.test"), status => status.IsFinal);
        Assert.Equal(MailState.Bounced, bounced.State);
        Assert.Equal(550, bounced.Recipients[0].LastReply!.Code);
        var deferred = await silo.StatusAsync(await silo.SubmitAsync("ann@452-4.2.2.test"), status => status.State == MailState.Deferred);
        Assert.Equal(452, deferred.Recipients[0].LastReply!.Code);
        var nowhere = await silo.StatusAsync(await silo.SubmitAsync("ann@nullmx.test"), status => status.IsFinal);
        Assert.Equal(MailState.Bounced, nowhere.State);
    }

    [Theory]
    [InlineData("ann@deferred.test")]
    [InlineData("ann@host.invalid")]
    [InlineData("ann@localhost")]
    [InlineData("ann@mail.example")]
    public async Task Live_refuses_reserved_names(string recipient)
    {
        await using var silo = await RunningSilo.StartAsync(null, "Delivery:Mode=Live");
        var result = await silo.SubmitAsync(recipient);
        Assert.Equal(MailErrorCode.InvalidDraft, result.Code);
        Assert.DoesNotContain(recipient, Assert.Single(result.Faults).Problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("web-7f9c", "Live", null, true)]
    [InlineData("node.internal", "Live", null, true)]
    [InlineData("out1.mail.example.com", "Live", null, false)]
    [InlineData("web-7f9c", "Capture", null, false)]
    [InlineData("web-7f9c", "Redirect", null, true)]
    [InlineData("web-7f9c", "Live", "relay", false)]
    [InlineData("web-7f9c", "Live", "mx", true)]
    public void A_greeting_that_receivers_refuse_is_told_where_mail_goes_to_MX_hosts(string name, string mode, string? route, bool isTold)
    {
        var routing = new RoutingOptions();
        if (route is not null) routing.Rules.Add(new RouteRuleOptions { Route = route });
        var delivery = new DeliveryOptions { Mode = Enum.Parse<DeliveryMode>(mode) };
        Assert.Equal(isTold, ModeAnnouncement.IsGreetingUnfit(name, delivery, routing));
        delivery.Routes["*"] = "127.0.0.1:2525";
        Assert.False(ModeAnnouncement.IsGreetingUnfit(name, delivery, routing));
    }

    [Fact]
    public async Task The_name_that_is_said_is_the_one_of_the_options()
    {
        Assert.Contains(await WarningsAsync("Transport:LocalDomain=web"), line => line.Contains("greeted as web:", StringComparison.Ordinal) && line.Contains("OrleansMail:Transport:LocalDomain", StringComparison.Ordinal));
        Assert.DoesNotContain(await WarningsAsync("Transport:LocalDomain=out1.mail.example.com"), line => line.Contains("greeted as", StringComparison.Ordinal));
    }

    static async Task<List<string>> WarningsAsync(string setting)
    {
        var lines = new Lines();
        await using var silo = await RunningSilo.StartAsync(builder => builder.Logging.AddProvider(lines), "Delivery:Mode=Live", setting);
        return [.. lines.Warnings];
    }

    sealed class Lines : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<string> Warnings { get; } = new();

        public ILogger CreateLogger(string categoryName) => this;

        public void Dispose()
        {
        }

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (IsEnabled(logLevel)) Warnings.Enqueue(formatter(state, exception));
        }
    }
}
