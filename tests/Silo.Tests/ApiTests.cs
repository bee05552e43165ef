using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Configuration;
using Orleans.Mail.Api;
using Orleans.Mail.Support;

namespace Orleans.Mail.Silo.Tests;

/// <summary>The api before a real silo.</summary>
public sealed class ApiTests
{
    [Fact]
    public async Task It_tells_what_became_of_messages()
    {
        await using var silo = await RunningSilo.StartAsync();
        var delivered = await silo.SubmitAsync("a@delivered.test");
        var bounced = await silo.SubmitAsync("b@550-5.1.1.test");
        await silo.StatusAsync(delivered, status => status.IsFinal);
        await silo.StatusAsync(bounced, status => status.IsFinal);
        await using var api = await RunningApi.StartAsync(silo);

        using var one = JsonDocument.Parse(await api.Http.GetStringAsync($"/v1/messages/{delivered.Receipt!.Id}"));
        Assert.Equal("Delivered", one.RootElement.GetProperty("state").GetString());
        Assert.Equal($"{delivered.Receipt.Id}", one.RootElement.GetProperty("id").GetString());
        Assert.Equal([$"{bounced.Receipt!.Id}"], await IdsAsync(api, "?state=bounced"));
        Assert.Equal([$"{bounced.Receipt.Id}", $"{delivered.Receipt.Id}"], (await IdsAsync(api, "")).Order().Reverse());
        Assert.Single(await IdsAsync(api, "?limit=1"));
        Assert.Empty(await IdsAsync(api, "?tenant=other"));
        Assert.Equal("[]", await api.Http.GetStringAsync("/v1/orders"));
    }

    [Theory]
    [InlineData("/v1/messages/nonsense", HttpStatusCode.NotFound)]
    [InlineData("/v1/messages/00000000000000000000000000", HttpStatusCode.NotFound)]
    [InlineData("/v1/messages?limit=0", HttpStatusCode.BadRequest)]
    [InlineData("/v1/messages?state=lost", HttpStatusCode.BadRequest)]
    [InlineData("/v1/nothing", HttpStatusCode.NotFound)]
    public async Task What_is_asked_wrongly_gets_a_problem(string path, HttpStatusCode expected)
    {
        await using var silo = await RunningSilo.StartAsync();
        await using var api = await RunningApi.StartAsync(silo);
        using var answer = await api.Http.GetAsync(new Uri(path, UriKind.Relative));
        Assert.Equal(expected, answer.StatusCode);
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType?.MediaType);
    }

    [Fact]
    public async Task Callers_that_the_ingress_does_not_name_learn_nothing()
    {
        await using var silo = await RunningSilo.StartAsync();
        await using var api = await RunningApi.StartAsync(silo);
        api.Http.DefaultRequestHeaders.Clear();
        foreach (var path in new[] { "/v1/messages", "/v1/messages/00000000000000000000000000", "/v1/orders" })
        {
            using var answer = await api.Http.GetAsync(new Uri(path, UriKind.Relative));
            Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
        }
    }

    [Fact]
    public async Task Without_a_silo_it_lives_and_is_not_ready_and_then_it_is()
    {
        var gateway = FreePort.Next(1)[0];
        await using var api = await RunningApi.StartAsync(gateway, waits: false);
        await api.UntilAsync("live", HttpStatusCode.OK);
        await api.UntilAsync("ready", HttpStatusCode.ServiceUnavailable);
        await using var silo = await RunningSilo.StartAsync(null, $"Silo:GatewayPort={gateway}");
        await api.UntilAsync("ready", HttpStatusCode.OK);
    }

    static async Task<string[]> IdsAsync(RunningApi api, string query)
    {
        using var list = JsonDocument.Parse(await api.Http.GetStringAsync("/v1/messages" + query));
        return [.. list.RootElement.EnumerateArray().Select(item => item.GetProperty("id").GetString()!)];
    }

    sealed class RunningApi : IAsyncDisposable
    {
        readonly WebApplication _app;
        Task _starting = Task.CompletedTask;

        RunningApi(int gateway)
        {
            var address = new Uri($"http://127.0.0.1:{FreePort.Next(1)[0]}");
            _app = MailApi.Build([$"--Urls={address}"], builder =>
            {
                builder.Logging.ClearProviders();
                builder.Services.PostConfigure<StaticGatewayListProviderOptions>(list => list.Gateways = [new IPEndPoint(IPAddress.Loopback, gateway).ToGatewayUri()]);
            });
            Http = new HttpClient { BaseAddress = address };
            Http.DefaultRequestHeaders.Add("X-MS-CLIENT-PRINCIPAL-ID", "somebody");
        }

        public HttpClient Http { get; }

        public static Task<RunningApi> StartAsync(RunningSilo silo) =>
            StartAsync(silo.App.Services.GetRequiredService<ILocalSiloDetails>().GatewayAddress.Endpoint.Port, waits: true);

        public static async Task<RunningApi> StartAsync(int gateway, bool waits)
        {
            var api = new RunningApi(gateway);
            api._starting = api._app.StartAsync();
            if (waits) await api._starting;
            return api;
        }

        public async Task UntilAsync(string question, HttpStatusCode expected)
        {
            var started = TimeProvider.System.GetTimestamp();
            while (await AskAsync(question) != expected)
            {
                Assert.True(TimeProvider.System.GetElapsedTime(started) < TimeSpan.FromSeconds(60), $"{question} never was {expected}");
                await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
            }
        }

        public async ValueTask DisposeAsync()
        {
            await _starting;
            Http.Dispose();
            await _app.DisposeAsync();
        }

        async Task<HttpStatusCode?> AskAsync(string question)
        {
            try
            {
                using var answer = await Http.GetAsync(new Uri($"/health/{question}", UriKind.Relative));
                return answer.StatusCode;
            }
            catch (HttpRequestException)
            {
                return null;
            }
        }
    }
}
