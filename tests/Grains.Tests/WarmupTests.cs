using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Orleans.Mail.Grains.Budgets;
using Orleans.Mail.Grains.Options;

namespace Orleans.Mail.Grains.Tests;

/// <summary>The first days of a source address.</summary>
public sealed class WarmupTests
{
    [Fact]
    public async Task A_warm_up_gives_each_day_its_volume_and_a_crash_grants_none_of_it_twice()
    {
        var clock = new FakeTimeProvider(new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero));
        await using var cluster = await new MailCluster { Clock = clock }.StartWithAsync(silo => silo.Services.PostConfigure<RoutingOptions>(routing =>
            routing.Sources["cold"] = new SourceOptions { Address = "127.0.0.1", WarmupFrom = new DateOnly(2030, 1, 1) }));
        Assert.InRange(await HoursAsync(24), 44, 50);
        Assert.InRange(await HoursAsync(24), 90, 100);
        var morning = await HoursAsync(12);
        await cluster.RestartAsync();
        Assert.InRange(morning + await HoursAsync(12), 440, 500);
        Assert.InRange(await HoursAsync(24), 900, 1000);

        async Task<int> HoursAsync(int count)
        {
            var granted = 0;
            for (var hour = 0; hour < count; hour++, clock.Advance(TimeSpan.FromHours(1)))
                granted += (await cluster.Grains.GetGrain<IBudgetGrain>("source:cold").TakeAsync(10_000)).Granted;
            return granted;
        }
    }
}
