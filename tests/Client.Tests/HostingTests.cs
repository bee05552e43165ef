using System.Diagnostics;
using System.Diagnostics.Metrics;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Orleans.Mail.Client.Tests.Support;
using Orleans.Mail.Testing;

namespace Orleans.Mail.Client.Tests;

public sealed class HostingTests
{
    [Fact]
    public async Task The_client_is_one_singleton_over_the_grain_factory_at_hand()
    {
        var service = new StubService();
        using var provider = new ServiceCollection().AddSingleton(service.Factory).AddOrleansMailClient(options => options.Tenant = "shop").BuildServiceProvider();

        var client = provider.GetRequiredService<IMailClient>();
        await client.SubmitAsync(Given.Eml());

        Assert.Same(client, provider.GetRequiredService<MailClient>());
        Assert.Equal("shop", service.Batches[0][0].Tenant);
    }

    [Fact]
    public void Options_come_from_configuration_and_code_in_that_order()
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["OrleansMail:Client:Tenant"] = "configured",
            ["OrleansMail:Client:SubmitTimeout"] = "00:00:07",
        }).Build();
        using var provider = new ServiceCollection().AddSingleton<IConfiguration>(configuration).AddOrleansMailClient(options => options.Tenant = "coded").BuildServiceProvider();

        var options = provider.GetRequiredService<IOptions<MailClientOptions>>().Value;

        Assert.Equal(("coded", TimeSpan.FromSeconds(7)), (options.Tenant, options.SubmitTimeout));
    }

    [Fact]
    public async Task The_client_can_be_made_before_grains_can_be_named()
    {
        IGrainFactory? connected = null;
        var service = new StubService();
        var grains = Stub.Of<IGrainFactory>((method, arguments) => connected is null ? throw new ArgumentException("not connected") : method.Invoke(connected, arguments));
        var client = new MailClient(grains);
        connected = service.Factory;

        await client.SubmitAsync(Given.Eml());

        Assert.Single(service.Batches);
    }

    [Fact]
    public async Task Wrong_options_fail_the_start_all_at_once()
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddSingleton(new StubService().Factory).AddOrleansMailClient(options =>
        {
            options.Tenant = "";
            options.SubmitTimeout = TimeSpan.Zero;
            options.MaxBatchesInFlight = 0;
        });
        using var host = builder.Build();

        var failure = await Assert.ThrowsAsync<OptionsValidationException>(() => host.StartAsync());

        Assert.Equal(3, failure.Failures.Count());
        Assert.All(failure.Failures, text => Assert.StartsWith("OrleansMail:Client:", text, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Connecting_where_nobody_listens_fails_in_time()
    {
        using var probe = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        probe.Start();
        var port = ((System.Net.IPEndPoint)probe.LocalEndpoint).Port;
        probe.Stop();

        var failure = await Assert.ThrowsAsync<MailException>(() =>
            MailClient.ConnectAsync(client => client.UseLocalhostClustering(port), connectTimeout: TimeSpan.FromSeconds(1)).WaitAsync(Wait.Limit));

        Assert.Equal((MailErrorCode.Unreachable, true, true), (failure.Code, failure.IsTransient, failure.OutcomeKnown));
    }

    [Fact]
    public async Task A_fake_takes_the_place_of_the_client()
    {
        var fake = new FakeMailClient();
        using var provider = new ServiceCollection().AddSingleton(new StubService().Factory).AddOrleansMailClient().ReplaceMailWithFake(fake).BuildServiceProvider();

        await provider.GetRequiredService<IMailClient>().SubmitAsync(Given.Simple());

        Assert.Single(fake.Submitted);
    }

    [Fact]
    public async Task A_submission_is_traced_and_measured_without_addresses()
    {
        var service = new StubService();
        var spans = new List<Activity>();
        using var tracing = new ActivityListener { ShouldListenTo = source => source.Name == "Orleans.Mail", Sample = (ref _) => ActivitySamplingResult.AllData, ActivityStopped = span => { lock (spans) spans.Add(span); } };
        ActivitySource.AddActivityListener(tracing);
        var durations = 0;
        using var metering = new MeterListener { InstrumentPublished = (instrument, listener) => { if (instrument.Name == "orleans.mail.submission.duration") listener.EnableMeasurementEvents(instrument); } };
        metering.SetMeasurementEventCallback<double>((_, _, _, _) => Interlocked.Increment(ref durations));
        metering.Start();

        var submission = await new MailClient(service.Factory).SubmitAsync(Given.Eml());

        Activity span;
        lock (spans) span = spans.Single(span => (string?)span.GetTagItem("messaging.message.id") == submission.Id.ToString());
        Assert.Equal(("submit", ActivityKind.Producer, span.Id), (span.OperationName, span.Kind, service.Batches[0][0].TraceParent));
        Assert.True(durations >= 1);
        Assert.DoesNotContain(span.TagObjects, tag => tag.Value?.ToString()?.Contains('@', StringComparison.Ordinal) == true);
    }

    [Fact]
    public async Task A_cancellation_whose_answer_was_lost_is_asked_again_and_told_right()
    {
        var calls = 0;
        var message = Stub.Of<IMessageGrain>((method, _) => method.Name switch
        {
            nameof(IMessageGrain.CancelAsync) => ++calls == 1 ? Task.FromException<CancelResult>(new TimeoutException()) : Task.FromResult(CancelResult.AlreadyFinal),
            _ => Task.FromResult<MessageStatus?>(new MessageStatus { Id = default, Tenant = "t", State = MailState.Cancelled, AcceptedAt = default }),
        });
        var grains = Stub.Of<IGrainFactory>((method, _) => method.GetGenericArguments()[0] == typeof(IMessageGrain) ? message : Stub.Of<IMailServiceGrain>((_, _) => null));

        // The lost first answer was the cancellation.
        Assert.Equal(CancelResult.Cancelled, await new MailClient(grains).CancelAsync(MessageId.New(TimeProvider.System), "test"));
        Assert.Equal(2, calls);
    }
}
