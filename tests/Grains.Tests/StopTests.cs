using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Orleans.Mail.Grains.Control;
using Orleans.Mail.Grains.Suppression;

namespace Orleans.Mail.Grains.Tests;

/// <summary>A silo's graceful end.</summary>
public sealed class StopTests
{
    static readonly TimeSpan Forever = TimeSpan.FromDays(1);
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData("orders")]
    [InlineData("suppression")]
    public async Task A_silo_that_stops_does_not_wait_for_the_questions_that_its_grains_hold(string what)
    {
        var cluster = await new MailCluster().StartWithAsync(silo => silo.Services.AddSingleton<IOptions<ControlOptions>>(Microsoft.Extensions.Options.Options.Create(new ControlOptions { PollTime = Forever })));
        var question = what == "orders" ? await AskForOrdersAsync(cluster) : await AskForSuppressionsAsync(cluster);

        await cluster.DisposeAsync().AsTask().WaitAsync(Patience, TestContext.Current.CancellationToken);

        // Answered or refused: its asker asks another silo.
        await question.WaitAsync(Patience, TestContext.Current.CancellationToken).ContinueWith(_ => { }, TaskScheduler.Default);
        Assert.True(question.IsCompleted);
    }

    static async Task<Task> AskForOrdersAsync(MailCluster cluster)
    {
        var control = cluster.Grains.GetGrain<IControlGrain>(0);
        var known = await control.WaitForChangeAsync(0);
        var question = control.WaitForChangeAsync(known.Version);
        // Behind it.
        await control.ListAsync();
        Assert.False(question.IsCompleted);
        return question;
    }

    static async Task<Task> AskForSuppressionsAsync(MailCluster cluster)
    {
        var index = cluster.Grains.GetGrain<ISuppressionIndexGrain>(0);
        var known = await index.WaitForChangeAsync(0, 0);
        var question = index.WaitForChangeAsync(known.Epoch, known.Number);
        await index.DeliveredAsync("t", "ann@example.com");
        Assert.False(question.IsCompleted);
        return question;
    }
}
