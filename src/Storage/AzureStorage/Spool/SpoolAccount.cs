using System.Globalization;
using Azure;
using Azure.Core;
using Azure.Data.Tables;
using Azure.Identity;
using Azure.Storage.Blobs;

namespace Orleans.Mail.Storage.AzureStorage.Spool;

/// <summary>The table and the container of a spool. Reads are repeated by the client; writes are not, since their outcome has to be known.</summary>
sealed class SpoolAccount
{
    public SpoolAccount(AzureSpoolOptions options, TimeProvider clock)
    {
        Options = options;
        Clock = clock;
        Reading = Table(options.TableName, options.MaxRetries);
        Writing = Table(options.TableName, 0);
        var blobs = new BlobClientOptions();
        Apply(blobs, "content", options.MaxRetries);
        options.ConfigureBlobs?.Invoke(blobs);
        var blobService = string.IsNullOrWhiteSpace(options.ConnectionString) ? new BlobServiceClient(options.BlobEndpoint!, Identity(), blobs) : new BlobServiceClient(options.ConnectionString, blobs);
        Contents = blobService.GetBlobContainerClient(options.ContainerName);
    }

    public AzureSpoolOptions Options { get; }

    public TimeProvider Clock { get; }

    public TableClient Reading { get; }

    public TableClient Writing { get; }

    public BlobContainerClient Contents { get; }

    /// <summary>Waits before the repetition of this number, from 1: longer where the service asks for it.</summary>
    public Task PauseAsync(int repetition, Exception? refusal = null)
    {
        var wait = Options.RetryDelay * (1L << Math.Min(repetition - 1, 20));
        if (refusal is RequestFailedException failure && failure.GetRawResponse()?.Headers.TryGetValue("Retry-After", out var asked) == true
            && int.TryParse(asked, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && TimeSpan.FromSeconds(seconds) > wait) wait = TimeSpan.FromSeconds(seconds);
        return Task.Delay(wait < Options.MaxRetryDelay ? wait : Options.MaxRetryDelay, Clock, CancellationToken.None);
    }

    /// <summary>Carries out a read or an idempotent write, with faults as callers of the spool know them.</summary>
    public static async Task<T> CallAsync<T>(Func<Task<T>> call, CancellationToken cancellationToken)
    {
        try
        {
            return await call().ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception error) when (IsFailure(error))
        {
            throw ForCallers(error, outcomeKnown: true);
        }
    }

    public static bool IsFailure(Exception error) => error is RequestFailedException or OperationCanceledException or AggregateException or IOException or AuthenticationFailedException;

    public static int StatusOf(Exception error) => error switch
    {
        RequestFailedException failure => failure.Status,
        AggregateException { InnerExceptions: [.., var last] } => StatusOf(last),
        _ => 0,
    };

    /// <summary>The exception for callers. Texts name statuses, never content.</summary>
    public static SpoolUnavailableException ForCallers(Exception error, bool outcomeKnown)
    {
        if (error is SpoolUnavailableException known && known.OutcomeKnown == outcomeKnown) return known;
        var status = StatusOf(error);
        var fault = status switch
        {
            429 or 500 or 503 => SpoolFault.Busy,
            401 or 403 => SpoolFault.ReadOnly,
            _ => SpoolFault.Io,
        };
        return new SpoolUnavailableException(fault, outcomeKnown, $"The spool on Azure cannot be used ({fault}, {(status == 0 ? "no answer" : $"status {status}")}).", error);
    }

    /// <summary>A table of the account, with so many repetitions of a call.</summary>
    public TableClient Table(string name, int retries)
    {
        var settings = new TableClientOptions();
        Apply(settings, name == Options.TableName ? "spool" : "settings", retries);
        Options.ConfigureTables?.Invoke(settings);
        return string.IsNullOrWhiteSpace(Options.ConnectionString)
            ? new TableClient(Options.TableEndpoint!, name, Identity(), settings)
            : new TableClient(Options.ConnectionString, name, settings);
    }

    void Apply(ClientOptions settings, string what, int retries)
    {
        settings.Retry.Mode = RetryMode.Exponential;
        settings.Retry.Delay = Options.RetryDelay;
        settings.Retry.MaxDelay = Options.MaxRetryDelay;
        settings.Retry.NetworkTimeout = Options.TryTimeout;
        settings.Retry.MaxRetries = retries;
        settings.AddPolicy(new RequestCounting(what), HttpPipelinePosition.PerRetry);
        settings.AddPolicy(new BrokenConnections(), HttpPipelinePosition.PerRetry);
    }

    TokenCredential Identity() => Options.Credential ?? new DefaultAzureCredential(new DefaultAzureCredentialOptions { ManagedIdentityClientId = Options.ManagedIdentityClientId });
}
