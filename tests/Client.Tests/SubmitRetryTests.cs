using Microsoft.Extensions.Time.Testing;
using Orleans.Mail.Client.Tests.Support;
using Orleans.Runtime.Messaging;
using Orleans.Storage;

namespace Orleans.Mail.Client.Tests;

public sealed class SubmitRetryTests
{
    readonly StubService _service = new();
    readonly FakeTimeProvider _clock = new();

    MailClient Client() => new(_service.Factory, new MailClientOptions(), _clock, () => 0.5);

    Task<MailException> FailureAsync(MailDraft draft) => _clock.PassingTimeAsync(Assert.ThrowsAsync<MailException>(() => Client().SubmitAsync(draft)));

    public static TheoryData<string, MailErrorCode, bool, bool> Mapping => new()
    {
        { nameof(TimeoutException), MailErrorCode.Unreachable, true, false },
        { nameof(SiloUnavailableException), MailErrorCode.Unreachable, true, false },
        { nameof(OrleansMessageRejectionException), MailErrorCode.Unreachable, true, false },
        { nameof(ConnectionFailedException), MailErrorCode.Unreachable, true, false },
        { nameof(GatewayTooBusyException), MailErrorCode.Busy, true, true },
        { nameof(LimitExceededException), MailErrorCode.Busy, true, true },
        { nameof(InconsistentStateException), MailErrorCode.SpoolUnavailable, true, false },
        { nameof(ServiceUnavailableException), MailErrorCode.SpoolUnavailable, true, false },
        { nameof(ObjectDisposedException), MailErrorCode.Unreachable, false, false },
        { nameof(InvalidOperationException), MailErrorCode.Unknown, false, false },
    };

    static Exception Make(string name) => name switch
    {
        nameof(TimeoutException) => new TimeoutException(),
        nameof(SiloUnavailableException) => new SiloUnavailableException(),
        nameof(OrleansMessageRejectionException) => (Exception)Activator.CreateInstance(typeof(OrleansMessageRejectionException), System.Reflection.BindingFlags.Instance | System.Reflection.BindingFlags.NonPublic | System.Reflection.BindingFlags.Public, null, ["rejected"], null)!,
        nameof(ConnectionFailedException) => new ConnectionFailedException("failed"),
        nameof(GatewayTooBusyException) => new GatewayTooBusyException(),
        nameof(LimitExceededException) => new LimitExceededException(),
        nameof(InconsistentStateException) => new InconsistentStateException("lost"),
        nameof(ServiceUnavailableException) => new ServiceUnavailableException(),
        nameof(ObjectDisposedException) => new ObjectDisposedException("host"),
        _ => new InvalidOperationException(),
    };

    [Theory, MemberData(nameof(Mapping))]
    public async Task Each_failure_of_a_call_is_told_for_what_it_is(string exception, MailErrorCode code, bool isTransient, bool outcomeKnown)
    {
        _service.OnBatch = _ => throw Make(exception);

        var failure = await FailureAsync(Given.Eml() with { IdempotencyKey = "k" });

        Assert.Equal((code, isTransient, outcomeKnown), (failure.Code, failure.IsTransient, failure.OutcomeKnown));
        Assert.Equal(MessageId.FromKey("default", "k"), failure.Id);
        Assert.IsType(Make(exception).GetType(), failure.InnerException);
        Assert.Equal(isTransient, _service.Batches.Length > 1);
    }

    [Fact]
    public async Task Retries_carry_the_same_id_and_end_with_the_receipt()
    {
        _service.OnBatch = requests => _service.Batches.Length < 4 ? throw new TimeoutException() : Task.FromResult(Array.ConvertAll(requests, request =>
            SubmitResult.Accepted(new SubmitReceipt(request.Id, DateTimeOffset.UnixEpoch, WasDuplicate: true))));

        var submission = await _clock.PassingTimeAsync(Client().SubmitAsync(Given.Eml()));

        Assert.Equal(4, _service.Batches.Length);
        Assert.All(_service.Batches, batch => Assert.Equal(submission.Id, batch[0].Id));
        // It is the client's own try that was found.
        Assert.False(submission.WasDuplicate);
    }

    [Fact]
    public async Task A_duplicate_of_a_key_is_told()
    {
        _service.OnBatch = requests => Task.FromResult(Array.ConvertAll(requests, request => SubmitResult.Accepted(new SubmitReceipt(request.Id, DateTimeOffset.UnixEpoch, WasDuplicate: true))));

        Assert.True((await Client().SubmitAsync(Given.Eml() with { IdempotencyKey = "k" })).WasDuplicate);
    }

    [Fact]
    public async Task A_call_that_never_ends_fails_after_the_time_limit_with_unknown_outcome()
    {
        _service.OnBatch = _ => new TaskCompletionSource<SubmitResult[]>().Task;
        var started = _clock.GetUtcNow();

        var failure = await FailureAsync(Given.Eml());

        Assert.Equal((MailErrorCode.Unreachable, true, false), (failure.Code, failure.IsTransient, failure.OutcomeKnown));
        Assert.InRange(_clock.GetUtcNow() - started, TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(32));
        // Tried again while there was time: the gateway of the first try may have died.
        Assert.Equal(3, _service.Batches.Length);
        Assert.Single(_service.Batches.Select(batch => batch[0].Id).Distinct());
    }

    [Fact]
    public async Task A_draft_that_never_left_is_known_not_to_be_accepted()
    {
        _service.OnBatch = _ => new TaskCompletionSource<SubmitResult[]>().Task;
        var client = new MailClient(_service.Factory, new MailClientOptions { MaxBatchesInFlight = 1, AttemptTimeout = TimeSpan.FromMinutes(1) }, _clock, () => 0.5);
        var first = Assert.ThrowsAsync<MailException>(() => client.SubmitAsync(Given.Eml()));
        await Wait.UntilAsync(() => _service.Batches.Length == 1, "the first call");

        var second = await _clock.PassingTimeAsync(Assert.ThrowsAsync<MailException>(() => client.SubmitAsync(Given.Eml())));

        Assert.True(second.OutcomeKnown);
        Assert.False((await first).OutcomeKnown);
    }

    [Fact]
    public async Task Busy_after_a_lost_answer_leaves_the_outcome_unknown()
    {
        _service.OnBatch = requests => _service.Batches.Length == 1 ? throw new TimeoutException() : Task.FromResult(Array.ConvertAll(requests, _ => SubmitResult.Refused(MailErrorCode.Busy)));

        var failure = await FailureAsync(Given.Eml());

        Assert.Equal((MailErrorCode.Busy, false), (failure.Code, failure.OutcomeKnown));
    }

    [Fact]
    public async Task The_wait_the_service_asks_for_is_kept()
    {
        var times = new List<DateTimeOffset>();
        _service.OnBatch = requests =>
        {
            times.Add(_clock.GetUtcNow());
            return Task.FromResult(Array.ConvertAll(requests, request => times.Count == 1 ? SubmitResult.Refused(MailErrorCode.Busy) with { RetryAfter = TimeSpan.FromSeconds(10) } : StubService.Accept(request)));
        };

        await _clock.PassingTimeAsync(Client().SubmitAsync(Given.Eml()));

        Assert.InRange(times[1] - times[0], TimeSpan.FromSeconds(10), TimeSpan.FromSeconds(11));
    }

    [Fact]
    public async Task A_wait_beyond_the_time_limit_fails_at_once()
    {
        _service.OnBatch = requests => Task.FromResult(Array.ConvertAll(requests, _ => SubmitResult.Refused(MailErrorCode.Busy) with { RetryAfter = TimeSpan.FromMinutes(5) }));

        var failure = await Assert.ThrowsAsync<MailException>(() => Client().SubmitAsync(Given.Eml()));

        Assert.Equal((MailErrorCode.Busy, true, true, TimeSpan.FromMinutes(5)), (failure.Code, failure.IsTransient, failure.OutcomeKnown, failure.RetryAfter));
        Assert.Single(_service.Batches);
    }

    [Theory]
    [InlineData(MailErrorCode.Busy, true)]
    [InlineData(MailErrorCode.SpoolUnavailable, false)]
    [InlineData(MailErrorCode.Unreachable, false)]
    public async Task A_transient_refusal_is_retried_and_tells_whether_something_may_be_stored(MailErrorCode code, bool outcomeKnown)
    {
        _service.OnBatch = requests => Task.FromResult(Array.ConvertAll(requests, _ => SubmitResult.Refused(code)));

        var failure = await FailureAsync(Given.Eml());

        Assert.Equal((code, true, outcomeKnown), (failure.Code, failure.IsTransient, failure.OutcomeKnown));
        Assert.True(_service.Batches.Length > 1);
    }

    [Theory]
    [InlineData(MailErrorCode.InvalidDraft)]
    [InlineData(MailErrorCode.TooLarge)]
    [InlineData(MailErrorCode.IdempotencyConflict)]
    public async Task A_verdict_on_the_draft_is_not_retried(MailErrorCode code)
    {
        SubmitFault[] faults = [new("To[0]", "has no @"), new("Content", "has a bare line feed")];
        _service.OnBatch = requests => Task.FromResult(Array.ConvertAll(requests, _ => SubmitResult.Refused(code, faults)));

        var failure = await Assert.ThrowsAsync<MailException>(() => Client().SubmitAsync(Given.Eml()));

        Assert.Equal((code, false, true), (failure.Code, failure.IsTransient, failure.OutcomeKnown));
        Assert.Equal(faults, failure.Faults);
        Assert.Single(_service.Batches);
    }
}
