using Microsoft.Extensions.Logging;

namespace Orleans.Mail.Grains.Control;

/// <summary>Asks a grain for news, again and again, while the silo is active. The grain holds each question until it has some.</summary>
sealed partial class LongPoll(string what, Func<Task> ask, TimeSpan retryDelay, TimeProvider clock, ILogger log) : IDisposable
{
    readonly CancellationTokenSource _stopping = new();
    Task _running = Task.CompletedTask;
    int _isDisposed;

    // A container disposes of what it knows under two names twice.
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 1) return;
        _stopping.Cancel();
        _stopping.Dispose();
    }

    public void Participate(ISiloLifecycle lifecycle) => lifecycle.Subscribe(what, ServiceLifecycleStage.Active, StartAsync, StopAsync);

    Task StartAsync(CancellationToken cancellationToken)
    {
        var stopping = _stopping.Token;
        _running = Task.Run(() => RunAsync(stopping), CancellationToken.None);
        return Task.CompletedTask;
    }

    async Task StopAsync(CancellationToken cancellationToken)
    {
        await _stopping.CancelAsync().ConfigureAwait(false);
        await _running.WaitAsync(cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    async Task RunAsync(CancellationToken stopping)
    {
        while (!stopping.IsCancellationRequested)
        {
            try
            {
                await ask().WaitAsync(stopping).ConfigureAwait(false);
            }
            catch (Exception exception) when (!stopping.IsCancellationRequested)
            {
                LogFailed(what, exception);
                await Task.Delay(retryDelay, clock, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
            catch (Exception) when (stopping.IsCancellationRequested)
            {
                return;
            }
        }
    }

    [LoggerMessage(1401, LogLevel.Warning, "News of {What} could not be had; what was known before holds until it can.")]
    partial void LogFailed(string what, Exception exception);
}
