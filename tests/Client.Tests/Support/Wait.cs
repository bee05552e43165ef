using Microsoft.Extensions.Time.Testing;

namespace Orleans.Mail.Client.Tests.Support;

static class Wait
{
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(2);

    /// <summary>Waits for a condition that other threads bring about.</summary>
    public static async Task UntilAsync(Func<bool> condition, string what)
    {
        using var limit = new CancellationTokenSource(Limit);
        while (!condition())
        {
            if (limit.IsCancellationRequested) throw new TimeoutException($"Waited in vain for: {what}");
            await Task.Delay(Pause, TimeProvider.System);
        }
    }

    /// <summary>Lets the fake time pass until the task has ended.</summary>
    public static async Task<T> PassingTimeAsync<T>(this FakeTimeProvider clock, Task<T> task, TimeSpan? step = null)
    {
        using var limit = new CancellationTokenSource(Limit);
        while (!task.IsCompleted)
        {
            if (limit.IsCancellationRequested) throw new TimeoutException("The task did not end, however much time passed.");
            clock.Advance(step ?? TimeSpan.FromMilliseconds(100));
            await Task.WhenAny(task, Task.Delay(Pause, TimeProvider.System));
        }

        return await task;
    }
}
