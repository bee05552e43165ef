namespace Orleans.Mail.Transport.Tests.Support;

static class Until
{
    /// <summary>Takes steps, such as moving a clock on, until a task is done. The test's own time limit bounds it.</summary>
    public static async Task CompletedAsync(Task task, Action step)
    {
        while (!task.IsCompleted)
        {
            step();
            await Task.Yield();
            await Task.WhenAny(task, Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System));
        }
    }
}
