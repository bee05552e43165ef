using System.Diagnostics;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Orleans.Mail.Silo.Hosting;
using Orleans.Mail.Support;

namespace Orleans.Mail.Silo.Tests;

/// <summary>The whole service, in this process, on free ports and a folder of its own.</summary>
sealed class RunningSilo : IAsyncDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("orleans-mail-silo-").FullName;

    RunningSilo(Func<string, string[]> settings, Action<WebApplicationBuilder>? configure) => App = MailSilo.Build(
        [
            $"--Urls=http://127.0.0.1:{FreePort.Next(1)[0]}",
            $"--OrleansMail:Silo:SiloPort={FreePort.Next(1)[0]}",
            $"--OrleansMail:Silo:GatewayPort={FreePort.Next(1)[0]}",
            $"--OrleansMail:Spool:Folder={_folder}",
            "--OrleansMail:Delivery:StopTimeout=00:00:01",
            .. settings(_folder).Select(setting => "--OrleansMail:" + setting),
        ], builder =>
        {
            builder.Logging.ClearProviders();
            configure?.Invoke(builder);
        });

    public WebApplication App { get; }

    public HttpClient Http { get; } = new();

    public static async Task<RunningSilo> StartAsync(Action<WebApplicationBuilder>? configure = null, params string[] settings)
    {
        var silo = new RunningSilo(_ => settings, configure);
        await silo.App.StartAsync();
        silo.Http.BaseAddress = new Uri(silo.App.Urls.First());
        return silo;
    }

    public async Task<SubmitResult> SubmitAsync(params string[] recipients)
    {
        var request = new SubmitRequest
        {
            Id = MessageId.New(TimeProvider.System),
            Tenant = "t",
            From = "sender@example.com",
            Recipients = recipients,
            Content = Content,
        };
        return Assert.Single(await App.Services.GetRequiredService<IGrainFactory>().GetGrain<IMailServiceGrain>(0).SubmitManyAsync([request]));
    }

    public static byte[] Content { get; } = Encoding.UTF8.GetBytes("From: sender@example.com\r\nSubject: test\r\n\r\n.dot\r\nHello.\r\n");

    public async Task<MessageStatus> StatusAsync(SubmitResult result, Func<MessageStatus, bool> isMet)
    {
        var limit = Stopwatch.StartNew();
        var message = App.Services.GetRequiredService<IGrainFactory>().GetGrain<IMessageGrain>(result.Receipt!.Id.ToString());
        while (true)
        {
            var status = (await message.GetStatusAsync())!;
            if (isMet(status)) return status;
            if (limit.Elapsed > TimeSpan.FromSeconds(30)) throw new TimeoutException($"last state: {status.State}");
            await Task.Delay(TimeSpan.FromMilliseconds(25), TimeProvider.System);
        }
    }

    public async Task UntilFinalAsync(MessageId id)
    {
        var limit = Stopwatch.StartNew();
        var message = App.Services.GetRequiredService<IGrainFactory>().GetGrain<IMessageGrain>(id.ToString());
        while (!(await message.GetStatusAsync())!.IsFinal)
        {
            if (limit.Elapsed > TimeSpan.FromSeconds(60)) throw new TimeoutException($"{id} has no end");
            await Task.Delay(TimeSpan.FromMilliseconds(25), TimeProvider.System);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await App.StopAsync();
        await App.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
