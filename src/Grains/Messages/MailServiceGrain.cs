using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Concurrency;
using Orleans.Mail.Grains.Options;
using Orleans.Mail.Grains.Spool;
using Orleans.Mail.Storage;

namespace Orleans.Mail.Grains.Messages;

/// <summary>The door: spreads a batch over its message grains, on the silo that the client happens to talk to.</summary>
[GrainType("mail-service"), StatelessWorker, Reentrant]
sealed partial class MailServiceGrain(SpoolShards shards, IOptions<DeliveryOptions> delivery, TimeProvider clock, ILogger<MailServiceGrain> log) : Grain, IMailServiceGrain
{
    static readonly string Version = typeof(MailServiceGrain).Assembly.GetName().Version?.ToString(3) ?? "";

    // A call ends well before its caller's patience does.
    static readonly TimeSpan SetStep = TimeSpan.FromSeconds(5);

    public Task<SubmitResult[]> SubmitManyAsync(SubmitRequest[] requests) => Task.WhenAll(requests.Select(SubmitAsync));

    public Task<ServiceDescription> DescribeAsync() =>
        Task.FromResult(new ServiceDescription(shards.Count, delivery.Value.Mode.ToString(), Version));

    public async Task<SetResult> ApplyAsync(MessageSelection selection, MessageChange change, string? continuation)
    {
        var place = SetPlace.Parse(continuation);
        var total = new SetResult();
        var started = clock.GetTimestamp();
        while (place.Shard < shards.Count)
        {
            total += await GrainFactory.GetGrain<ISpoolGrain>(place.Shard).ApplyAsync(selection, change, place.Before);
            place = place.Next(total.Continuation);
            // Small shards share a call; a large one takes several.
            if (total.Continuation is not null || clock.GetElapsedTime(started) >= SetStep) break;
        }

        return total with { Continuation = place.Shard < shards.Count ? place.ToString() : null };
    }

    // One submission's trouble must not hide the receipts of the others.
    async Task<SubmitResult> SubmitAsync(SubmitRequest request)
    {
        try
        {
            return await GrainFactory.GetGrain<IMessageGrain>(request.Id.ToString()).SubmitAsync(request);
        }
        catch (SpoolUnavailableException)
        {
            return SubmitResult.Refused(MailErrorCode.SpoolUnavailable);
        }
        catch (Exception exception)
        {
            LogSubmitFailed(request.Id, exception);
            // Its answer may have been lost after the commit.
            return SubmitResult.Refused(MailErrorCode.Unreachable);
        }
    }

    [LoggerMessage(1201, LogLevel.Warning, "Message {Id}: its submission failed; the caller was asked to repeat it.")]
    partial void LogSubmitFailed(MessageId id, Exception exception);
}
