namespace Orleans.Mail.Submitting;

/// <summary>The answer to one try: a result of the service, or the exception of the call.</summary>
/// <param name="Result">What the service said.</param>
/// <param name="Exception">Why there is no result.</param>
/// <param name="IsLast">There is no time for another try.</param>
/// <param name="WasSent">Whether the request may have left.</param>
readonly record struct SubmitAnswer(SubmitResult? Result, Exception? Exception, bool IsLast = false, bool WasSent = true);

/// <summary>One try of one submission, waiting or under way.</summary>
sealed class PendingSubmit(SubmitRequest request) : TaskCompletionSource<SubmitAnswer>(TaskCreationOptions.RunContinuationsAsynchronously)
{
    int _state;

    public SubmitRequest Request { get; } = request;

    /// <summary>Takes it for sending; false when its caller gave up before.</summary>
    public bool TrySend() => Interlocked.CompareExchange(ref _state, 1, 0) == 0;

    /// <summary>Gives up; true when it was never sent, and never will be.</summary>
    public bool Abandon() => Interlocked.CompareExchange(ref _state, 2, 0) == 0;
}
