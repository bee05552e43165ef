using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Mail.Grains.Options;
using Orleans.Mail.Transport;
using Orleans.Mail.Transport.Receiving;

namespace Orleans.Mail.Grains.Tests;

/// <summary>What a site teaches by its answers, over real connections: the pace that it bears, and the sessions.</summary>
public sealed class LearnedSiteTests : IAsyncDisposable
{
    readonly MailCluster _cluster = new();
    readonly PickySite _site = new();
    SmtpReceiver? _receiver;

    public async ValueTask DisposeAsync()
    {
        await _cluster.DisposeAsync();
        if (_receiver is not null) await _receiver.DisposeAsync();
    }

    [Fact]
    public async Task A_site_that_calls_us_too_fast_is_served_at_its_pace_and_never_left_alone()
    {
        const int PerSecond = 10;
        const int Count = 150;
        _site.PerSecond = PerSecond;
        await StartAsync();
        await SubmitAsync(Count);
        // All events are read at each look: not before there is something to see.
        await MailCluster.UntilAsync(() => _site.Taken.Count == Count, "all should have been taken");
        await MailCluster.UntilAsync(async () => (await _cluster.EventsAsync()).Count(item => item.Type == EventType.Delivered) == Count, "all should have been delivered");
        var taken = _site.Taken.Order().ToList();
        // With its burst it could take them in 14 seconds.
        Assert.InRange(taken[^1] - taken[0], TimeSpan.FromSeconds(12), TimeSpan.FromMinutes(1));
        // What sessions had in hand when the first word came was refused too; from then on only a try above the pace is.
        var refused = _site.Refused.Order().ToList();
        Assert.InRange(refused.Count(at => at > refused[0] + TimeSpan.FromSeconds(2)), 1, Count / 5);
        // It rests for up to a quarter of a minute where all is refused; a site that is left alone is left for a whole one.
        Assert.InRange(taken.Zip(taken.Skip(1), (one, next) => next - one).Max(), TimeSpan.Zero, TimeSpan.FromSeconds(40));
    }

    [Fact]
    public async Task The_pace_that_fell_grows_again_as_the_site_takes_more()
    {
        _site.PerSecond = 10;
        _site.LimitUntil = TimeSpan.FromSeconds(1);
        await StartAsync();
        await SubmitAsync(250);
        await MailCluster.UntilAsync(() => _site.Taken.Count == 250, "all should have been taken");
        var refusedAt = _site.Refused.Max();
        var later = _site.Taken.Where(at => at > refusedAt).ToList();
        var seconds = later.Select(at => (int)(at - refusedAt).TotalSeconds).CountBy(second => second).ToDictionary();
        // The flood is over at once; from there it grows by a tenth a second.
        var first = Enumerable.Range(0, 3).Max(second => seconds.GetValueOrDefault(second));
        Assert.InRange(first, 1, 60);
        Assert.True(seconds.Values.Max() > first * 1.3, $"in each second: {string.Join(", ", seconds.OrderBy(entry => entry.Key).Select(entry => entry.Value))}");
    }

    /// <summary>A refusal comes at once, and a site that is far away has not yet talked to any other session then. All three sessions end after 100 messages, at about the same time.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(300)]
    public async Task A_site_that_refuses_sessions_above_its_number_is_held_to_it_and_nothing_is_deferred(int greetsAfterMilliseconds)
    {
        const int Count = 400;
        _site.Delay = TimeSpan.FromMilliseconds(5);
        _site.GreetsAfter = TimeSpan.FromMilliseconds(greetsAfterMilliseconds);
        await StartAsync(new ReceiverOptions { MaxSessions = 3 });
        await SubmitAsync(Count);
        await MailCluster.UntilAsync(() => _site.Taken.Count == Count, "all should have been taken");
        Assert.DoesNotContain(await _cluster.EventsAsync(), item => item.Type == EventType.Deferred);
        // Five at first, and one in a hundred sessions that went well is tried above the level.
        Assert.InRange(_receiver!.SessionCount - _site.Sessions, 1, 12);
    }

    Task<MailCluster> StartAsync(ReceiverOptions? options = null)
    {
        _receiver = SmtpReceiver.Start(options ?? new ReceiverOptions(), _site, TimeProvider.System);
        return _cluster.StartWithAsync(silo =>
        {
            // The real one, which the scripted one was laid over.
            silo.Services.Add(silo.Services.First(service => service.ServiceType == typeof(ISmtpConnector)));
            silo.Services.PostConfigure<DeliveryOptions>(delivery => delivery.Routes["*"] = $"127.0.0.1:{_receiver.EndPoint.Port}");
        });
    }

    Task<SubmitRequest[]> SubmitAsync(int count) => _cluster.SubmitManyAsync(count, i => MailCluster.Request($"r{i}@example.com"));

    sealed class PickySite : IReceiverBehavior
    {
        const int Burst = 10;

        readonly Lock _lock = new();
        readonly long _start = TimeProvider.System.GetTimestamp();
        TimeSpan? _refusedAt;
        double _owed;
        TimeSpan _at;
        int _sessions;

        public int? PerSecond { get; set; }

        /// <summary>Since it first refused.</summary>
        public TimeSpan LimitUntil { get; set; } = TimeSpan.MaxValue;

        public TimeSpan Delay { get; set; }

        public TimeSpan GreetsAfter { get; set; }

        public ConcurrentQueue<TimeSpan> Taken { get; } = new();

        public ConcurrentQueue<TimeSpan> Refused { get; } = new();

        public int Sessions => Volatile.Read(ref _sessions);

        public ReceiverReply OnConnect(ReceiverContext context)
        {
            Interlocked.Increment(ref _sessions);
            return ReceiverReply.Greeting with { Delay = GreetsAfter };
        }

        public ReceiverReply OnEndOfData(ReceiverContext context, ReceivedMail mail)
        {
            lock (_lock)
            {
                var now = TimeProvider.System.GetElapsedTime(_start);
                _owed = Math.Max(0, _owed - (now - _at).TotalSeconds * (PerSecond ?? 0));
                _at = now;
                if (PerSecond is not null && _owed + 1 > Burst && now - (_refusedAt ??= now) < LimitUntil)
                {
                    Refused.Enqueue(now);
                    return new ReceiverReply(450, "4.7.0 Too many messages, slow down");
                }

                _owed++;
                Taken.Enqueue(now);
                return ReceiverReply.Ok with { Delay = Delay };
            }
        }
    }
}
