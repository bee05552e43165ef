using Microsoft.Extensions.Time.Testing;
using Orleans.Mail.Client.Tests.Support;

namespace Orleans.Mail.Client.Tests;

/// <summary>Calls that are repeated until they are answered.</summary>
public sealed class CallRetryTests
{
    static readonly MessageId Id = MessageId.FromKey("default", "k");

    readonly FakeTimeProvider _clock = new();

    [Fact]
    public async Task Busy_after_a_lost_answer_leaves_the_outcome_unknown()
    {
        var failure = await FailureAsync(attempt => attempt == 1 ? new TimeoutException() : new GatewayTooBusyException());

        Assert.Equal((MailErrorCode.Busy, true, false), (failure.Code, failure.IsTransient, failure.OutcomeKnown));
    }

    [Fact]
    public async Task A_service_that_is_busy_all_the_time_did_nothing()
    {
        var failure = await FailureAsync(_ => new GatewayTooBusyException());

        Assert.Equal((MailErrorCode.Busy, true, true), (failure.Code, failure.IsTransient, failure.OutcomeKnown));
    }

    [Fact]
    public async Task A_store_that_refused_every_time_did_nothing()
    {
        var failure = await FailureAsync(_ => new ServiceUnavailableException { OutcomeKnown = true });

        Assert.Equal((MailErrorCode.SpoolUnavailable, true, true), (failure.Code, failure.IsTransient, failure.OutcomeKnown));
    }

    Task<MailException> FailureAsync(Func<int, Exception> failing)
    {
        var attempts = 0;
        var message = Stub.Of<IMessageGrain>((_, _) => Task.FromException<CancelResult>(failing(++attempts)));
        var client = new MailClient(Stub.Of<IGrainFactory>((_, _) => message), new MailClientOptions(), _clock, () => 0.5);
        return _clock.PassingTimeAsync(Assert.ThrowsAsync<MailException>(() => client.CancelAsync(Id, "a test")));
    }
}
