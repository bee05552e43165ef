using Orleans.Mail.Client.Tests.Support;

namespace Orleans.Mail.Client.Tests;

public sealed class SubmitBatchingTests
{
    readonly StubService _service = new();
    readonly TaskCompletionSource _open = new(TaskCreationOptions.RunContinuationsAsynchronously);

    MailClient Client(MailClientOptions? options = null) => new(_service.Factory, options ?? new MailClientOptions(), TimeProvider.System, () => 0.5);

    void HoldCalls() => _service.OnBatch = async requests =>
    {
        await _open.Task;
        return Array.ConvertAll(requests, StubService.Accept);
    };

    [Fact]
    public async Task A_single_draft_goes_at_once_in_a_call_of_its_own()
    {
        var submission = await Client().SubmitAsync(Given.Eml());

        Assert.Equal(submission.Id, Assert.Single(Assert.Single(_service.Batches)).Id);
    }

    [Fact]
    public async Task Drafts_that_come_while_all_calls_are_under_way_travel_together()
    {
        HoldCalls();
        var client = Client(new MailClientOptions { MaxBatchesInFlight = 1 });
        var first = client.SubmitAsync(Given.Eml());
        await Wait.UntilAsync(() => _service.Batches.Length == 1, "the first call");
        var rest = Enumerable.Range(0, 50).Select(_ => client.SubmitAsync(Given.Eml())).ToArray();
        Assert.Single(_service.Batches);
        _open.SetResult();
        await Task.WhenAll([first, .. rest]);

        Assert.Equal([1, 50], _service.Batches.Select(batch => batch.Length));
        Assert.Equal(rest.Select(task => task.Result.Id), _service.Batches[1].Select(request => request.Id));
    }

    [Fact]
    public async Task No_batch_exceeds_its_drafts_or_octets()
    {
        HoldCalls();
        var client = Client(new MailClientOptions { MaxBatchesInFlight = 1 });
        var first = client.SubmitAsync(Given.Eml());
        await Wait.UntilAsync(() => _service.Batches.Length == 1, "the first call");
        var small = Enumerable.Range(0, 600).Select(_ => client.SubmitAsync(Given.Eml())).ToArray();
        var large = Enumerable.Range(0, 25).Select(_ => client.SubmitAsync(Given.Eml(size: 200 * 1024))).ToArray();
        _open.SetResult();
        await Task.WhenAll([first, .. small, .. large]);

        Assert.All(_service.Batches, batch => Assert.InRange(batch.Length, 1, 256));
        Assert.All(_service.Batches, batch => Assert.InRange(batch.Sum(request => request.Content.Length), 1, 2 * 1024 * 1024));
        Assert.Equal(626, _service.Batches.Sum(batch => batch.Length));
        // 1, 256, 256, 88 small with 9 large, 10 large, 6 large.
        Assert.Equal(6, _service.Batches.Length);
    }

    [Fact]
    public async Task A_draft_above_256_KiB_goes_alone_to_its_message()
    {
        var submission = await Client().SubmitAsync(Given.Eml(size: 256 * 1024 + 1));

        Assert.Empty(_service.Batches);
        Assert.Equal(submission.Id, Assert.Single(_service.Alone).Id);
    }

    [Fact]
    public async Task Never_more_calls_are_under_way_than_allowed()
    {
        _service.OnBatch = async requests =>
        {
            await Task.Yield();
            return Array.ConvertAll(requests, StubService.Accept);
        };
        var client = Client();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(async () =>
        {
            for (var i = 0; i < 200; i++) await client.SubmitAsync(Given.Eml());
        })));

        Assert.Equal(1600, _service.Batches.Sum(batch => batch.Length));
        Assert.InRange(_service.MaxInFlight, 1, 4);
    }

    [Fact]
    public async Task A_request_the_call_stumbles_over_does_not_fail_the_others()
    {
        HoldCalls();
        var client = Client(new MailClientOptions { MaxBatchesInFlight = 1 });
        var first = client.SubmitAsync(Given.Eml());
        await Wait.UntilAsync(() => _service.Batches.Length == 1, "the first call");
        var rest = Enumerable.Range(0, 3).Select(i => client.SubmitAsync(Given.Eml(recipient: i == 1 ? "poison@example.test" : "ann@example.test"))).ToArray();
        _service.OnBatch = _ => throw new InvalidCastException("poison");
        _service.OnAlone = request => request.Recipients[0].StartsWith("poison", StringComparison.Ordinal) ? throw new InvalidCastException("poison") : Task.FromResult(StubService.Accept(request));
        _open.SetResult();

        await first;
        await rest[0];
        var failure = await Assert.ThrowsAsync<MailException>(() => rest[1]);
        await rest[2];
        Assert.Equal(MailErrorCode.Unknown, failure.Code);
        Assert.Equal(3, _service.Alone.Length);
    }

    [Fact]
    public async Task Submissions_wait_while_too_many_octets_are_pending()
    {
        HoldCalls();
        var client = Client(new MailClientOptions { MaxPendingBytes = 64 * 1024 });
        var inside = Enumerable.Range(0, 3).Select(_ => client.SubmitAsync(Given.Eml(size: 20_000))).ToArray();
        await Wait.UntilAsync(() => _service.Batches.Sum(batch => batch.Length) == 3, "three calls");
        var outside = client.SubmitAsync(Given.Eml(size: 20_000));
        using var cancelled = new CancellationTokenSource();
        var givenUp = client.SubmitAsync(Given.Eml(size: 20_000), cancelled.Token);
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => givenUp);
        Assert.Equal(3, _service.Batches.Sum(batch => batch.Length));
        _open.SetResult();
        await Task.WhenAll([.. inside, outside]);

        Assert.Equal(4, _service.Batches.Sum(batch => batch.Length));
    }

    [Fact]
    public async Task A_draft_larger_than_all_the_room_still_goes()
    {
        await Client(new MailClientOptions { MaxPendingBytes = 64 * 1024 }).SubmitAsync(Given.Eml(size: 100_000));

        Assert.Single(_service.Batches);
    }

    [Fact]
    public async Task A_submission_cancelled_while_it_waits_is_never_sent()
    {
        HoldCalls();
        var client = Client(new MailClientOptions { MaxBatchesInFlight = 1 });
        var first = client.SubmitAsync(Given.Eml());
        await Wait.UntilAsync(() => _service.Batches.Length == 1, "the first call");
        using var cancelled = new CancellationTokenSource();
        var givenUp = client.SubmitAsync(Given.Eml(), cancelled.Token);
        var last = client.SubmitAsync(Given.Eml());
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => givenUp);
        _open.SetResult();

        Assert.Equal([(await first).Id, (await last).Id], _service.Batches.SelectMany(batch => batch).Select(request => request.Id));
    }

    [Fact]
    public async Task Many_drafts_are_answered_in_their_order()
    {
        var submissions = await Client().SubmitManyAsync(Enumerable.Range(0, 300).Select(i => Given.Eml() with { IdempotencyKey = $"n{i}" }));

        Assert.Equal(Enumerable.Range(0, 300).Select(i => MessageId.FromKey("default", $"n{i}")), submissions.Select(submission => submission.Id));
    }
}
