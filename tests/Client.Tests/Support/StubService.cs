using System.Collections.Concurrent;

namespace Orleans.Mail.Client.Tests.Support;

/// <summary>The service's submitting side without a cluster: records calls and answers as told.</summary>
sealed class StubService
{
    readonly ConcurrentQueue<SubmitRequest[]> _batches = new();
    readonly ConcurrentQueue<SubmitRequest> _alone = new();
    int _inFlight;
    int _maxInFlight;

    /// <summary>What a batch call answers.</summary>
    public Func<SubmitRequest[], Task<SubmitResult[]>> OnBatch { get; set; } = requests => Task.FromResult(Array.ConvertAll(requests, Accept));

    /// <summary>What a call for one message answers.</summary>
    public Func<SubmitRequest, Task<SubmitResult>> OnAlone { get; set; } = request => Task.FromResult(Accept(request));

    public SubmitRequest[][] Batches => [.. _batches];

    public SubmitRequest[] Alone => [.. _alone];

    public int MaxInFlight => _maxInFlight;

    public IGrainFactory Factory => Stub.Of<IGrainFactory>((method, _) =>
        method.GetGenericArguments()[0] == typeof(IMailServiceGrain)
            ? Stub.Of<IMailServiceGrain>((_, arguments) => BatchAsync((SubmitRequest[])arguments[0]!))
            : Stub.Of<IMessageGrain>((_, arguments) => AloneAsync((SubmitRequest)arguments[0]!)));

    public static SubmitResult Accept(SubmitRequest request) =>
        SubmitResult.Accepted(new SubmitReceipt(request.Id, DateTimeOffset.UnixEpoch, false));

    async Task<SubmitResult[]> BatchAsync(SubmitRequest[] requests)
    {
        _batches.Enqueue(requests);
        var inFlight = Interlocked.Increment(ref _inFlight);
        for (var seen = _maxInFlight; inFlight > seen && Interlocked.CompareExchange(ref _maxInFlight, inFlight, seen) != seen;) seen = _maxInFlight;
        try
        {
            return await OnBatch(requests);
        }
        finally
        {
            Interlocked.Decrement(ref _inFlight);
        }
    }

    Task<SubmitResult> AloneAsync(SubmitRequest request)
    {
        _alone.Enqueue(request);
        return OnAlone(request);
    }
}
