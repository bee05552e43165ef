using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Orleans.Mail.Grains.Options;

namespace Orleans.Mail.Grains.Tests;

/// <summary>Hours pass when a test says so, and chance always falls in the middle.</summary>
public abstract class ClockedTests : IAsyncDisposable
{
    // A Monday.
    protected static readonly DateTimeOffset Start = new(2026, 7, 6, 6, 0, 0, TimeSpan.Zero);

    readonly FakeTimeProvider _clock = new(Start);
    readonly JumpingClock _wall;

    protected ClockedTests()
    {
        _wall = new JumpingClock(_clock);
        Cluster = new MailCluster { Clock = _wall };
    }

    protected MailCluster Cluster { get; }

    protected DateTimeOffset Now => _wall.GetUtcNow();

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        await Cluster.DisposeAsync();
    }

    /// <summary>A service with the built-in waits, unless the test says otherwise.</summary>
    protected Task StartAsync(Action<DeliveryOptions>? delivery = null, Action<ISiloBuilder>? also = null) => Cluster.StartWithAsync(silo =>
    {
        silo.Services.AddSingleton<Random>(new Middle());
        silo.Services.PostConfigure<SpoolOptions>(options =>
        {
            options.SweepInterval = TimeSpan.FromMilliseconds(100);
            options.SweepGrace = TimeSpan.Zero;
        });
        silo.Services.PostConfigure<DeliveryOptions>(options =>
        {
            options.Backoff = [];
            delivery?.Invoke(options);
        });
        also?.Invoke(silo);
    });

    /// <summary>One connection to each site.</summary>
    protected static void OneSession(ISiloBuilder silo) => silo.Services.PostConfigure<SiteOptions>(sites => sites.MaxSessions = sites.InitialSessions = 1);

    protected void Pass(TimeSpan time) => _clock.Advance(time);

    /// <summary>Somebody sets the clock; timers that run do not notice.</summary>
    protected void SetClockBy(TimeSpan jump) => _wall.Jump += jump;

    protected void PassTo(DateTimeOffset time) => _clock.Advance(time - Now);

    protected async Task<SubmitRequest> SubmitAsync(SubmitRequest request)
    {
        var result = await Cluster.SubmitAsync(request);
        Assert.True(result.Receipt is not null, $"{result.Code}: {string.Join("; ", result.Faults.Select(fault => fault.Problem))}");
        return request;
    }

    protected Task<SubmitRequest> SubmitAsync(string recipient, Priority priority = Priority.Normal) => SubmitAsync(MailCluster.Request(recipient, priority: priority));

    /// <summary>The status once a number of attempts has been made, and none is under way.</summary>
    protected Task<MessageStatus> TriedAsync(MessageId id, int attempts) => WhenAsync(id, status => status.AttemptCount == attempts && status.State != MailState.Delivering, $"attempt {attempts} should have ended");

    protected Task<MessageStatus> FinalAsync(MessageId id) => WhenAsync(id, status => status.IsFinal, "the message should be final");

    /// <summary>For conditions that no event announces.</summary>
    protected async Task<MessageStatus> WhenAsync(MessageId id, Func<MessageStatus, bool> isMet, string what)
    {
        MessageStatus? last = null;
        try
        {
            await MailCluster.UntilAsync(async () => (last = await Cluster.StatusAsync(id)) is not null && isMet(last), what);
        }
        catch (TimeoutException exception)
        {
            throw new TimeoutException($"{what}; at {Now:u} it is: {last}", exception);
        }

        return last!;
    }

    /// <summary>Whatever is due in the shard of a message has been woken: a second later another one, due then, has left.</summary>
    protected async Task SweptAsync(MessageId id)
    {
        var other = MailCluster.Request("sweep@example.net");
        while (other.Id.ShardOf(Shards) != id.ShardOf(Shards)) other = MailCluster.Request("sweep@example.net");
        await SubmitAsync(other with { SendAt = Now.AddSeconds(1) });
        Pass(TimeSpan.FromSeconds(1));
        await FinalAsync(other.Id);
    }

    /// <summary>What was sent to an address, in order.</summary>
    protected List<Transport.SmtpTransaction> SentTo(string recipient) => [.. Cluster.Wire.Received.Where(transaction => transaction.Recipients.Contains(recipient))];

    const int Shards = 4;

    sealed class JumpingClock(TimeProvider steady) : TimeProvider
    {
        long _jump;

        public TimeSpan Jump
        {
            get => TimeSpan.FromTicks(Interlocked.Read(ref _jump));
            set => Interlocked.Exchange(ref _jump, value.Ticks);
        }

        public override long TimestampFrequency => steady.TimestampFrequency;

        public override DateTimeOffset GetUtcNow() => steady.GetUtcNow() + Jump;

        public override long GetTimestamp() => steady.GetTimestamp();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => steady.CreateTimer(callback, state, dueTime, period);
    }

    sealed class Middle : Random
    {
        public override double NextDouble() => 0.5;
    }
}
