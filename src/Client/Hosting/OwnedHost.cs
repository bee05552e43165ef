using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Orleans.Mail;

/// <summary>The host behind a client that was opened by <see cref="MailClient.ConnectAsync"/>.</summary>
static class OwnedHost
{
    public static async Task<(IHost Host, MailClient Client)> StartAsync(
        Action<IClientBuilder>? configure,
        Action<MailClientOptions>? options,
        TimeSpan connectTimeout,
        CancellationToken cancellationToken)
    {
        // Quiet: a script's output is its own.
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.AddOrleansMailClient(options, client =>
        {
            if (configure is null) MailClientHosting.UseNearbyService(client);
            else configure(client);
            client.UseConnectionRetryFilter(RetryAsync);
        });
        var host = builder.Build();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(connectTimeout);
        try
        {
            await host.StartAsync(limit.Token).ConfigureAwait(false);
            return (host, host.Services.GetRequiredService<MailClient>());
        }
        catch (Exception exception)
        {
            host.Dispose();
            if (cancellationToken.IsCancellationRequested || exception is not (OrleansException or OperationCanceledException)) throw;
            throw new MailException(MailErrorCode.Unreachable, $"No mail service answered within {connectTimeout}.", exception) { IsTransient = true };
        }
    }

    static async Task<bool> RetryAsync(Exception exception, CancellationToken cancellationToken)
    {
        await Task.Delay(TimeSpan.FromMilliseconds(250), TimeProvider.System, cancellationToken).ConfigureAwait(false);
        return !cancellationToken.IsCancellationRequested;
    }
}
