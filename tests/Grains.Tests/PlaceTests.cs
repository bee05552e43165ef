using Microsoft.Extensions.DependencyInjection;
using Orleans.Mail.Grains.Options;

namespace Orleans.Mail.Grains.Tests;

/// <summary>A silo has so many sessions; sites that have none get one of those that others can spare.</summary>
public sealed class PlaceTests : IAsyncLifetime
{
    readonly MailCluster _cluster = new();

    public async ValueTask InitializeAsync() => await _cluster.StartWithAsync(silo => silo.Services.PostConfigure<DeliveryOptions>(delivery => (delivery.MaxSessions, delivery.ConnectionIdle, delivery.SessionPrefetch) = (1, TimeSpan.FromMinutes(5), 2)));

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    [Fact]
    public async Task A_connection_without_work_makes_room_for_another_site()
    {
        for (var i = 0; i < 5; i++)
        {
            var request = MailCluster.Request($"a@site{i}.example.com");
            await _cluster.SubmitAsync(request);
            Assert.Equal(MailState.Delivered, (await _cluster.StatusAsync(request.Id, status => status.IsFinal)).State);
        }

        Assert.Equal(1, _cluster.Wire.MostAtOnce);
    }

    [Fact]
    public async Task A_site_with_much_work_does_not_keep_the_last_place_for_itself()
    {
        _cluster.Wire.Close();
        _cluster.Wire.Before = _ => Task.Delay(TimeSpan.FromMilliseconds(25), TimeProvider.System);
        var large = Enumerable.Range(0, 200).Select(number => MailCluster.Request($"a{number}@large.example.com")).ToList();
        foreach (var request in large) await _cluster.SubmitAsync(request);
        var small = Enumerable.Range(0, 3).Select(number => MailCluster.Request($"b@small{number}.example.com")).ToList();
        foreach (var request in small) await _cluster.SubmitAsync(request);
        _cluster.Wire.Open();
        foreach (var request in small.Concat(large)) Assert.Equal(MailState.Delivered, (await _cluster.StatusAsync(request.Id, status => status.IsFinal)).State);

        // Five seconds of work, in turns of two.
        var order = _cluster.Wire.Received.Select(transaction => transaction.Recipients[0]).ToList();
        Assert.All(small, request => Assert.InRange(order.IndexOf(request.Recipients[0]), 0, 150));
        Assert.Equal(203, order.Count);
    }
}
