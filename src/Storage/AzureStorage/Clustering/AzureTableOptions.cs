using Azure.Core;
using Azure.Data.Tables;
using Azure.Identity;

namespace Orleans.Mail.Storage.AzureStorage.Clustering;

/// <summary>Where a table of the cluster is, and how patient its calls are. One of the four ways to reach it is given.</summary>
public abstract class AzureTableOptions
{
    /// <summary>Name of the table; it is made when it is not there.</summary>
    public abstract string TableName { get; set; }

    /// <summary>Connection string of the storage account. Default: none.</summary>
    public string? ConnectionString { get; set; }

    /// <summary>
    /// Address of the account's tables, such as <c>https://account.table.core.windows.net</c>, reached by the identity of the process;
    /// with a shared access signature in its query, by that. Default: none.
    /// </summary>
    public Uri? ServiceUri { get; set; }

    /// <summary>Client id of the user-assigned identity. Default: none, the identity that the platform gives.</summary>
    public string? ManagedIdentityClientId { get; set; }

    /// <summary>
    /// A client made elsewhere, with settings of its own. It wins over the other ways. Where it repeats requests itself, a write of the membership
    /// whose answer was lost counts as refused; the cluster then reads the table and goes on. Default: none.
    /// </summary>
    public TableServiceClient? Client { get; set; }

    /// <summary>How often a call that found the service busy or out of reach is made again. Default: 3.</summary>
    public int MaxRetries { get; set; } = 3;

    /// <summary>Wait before the first repetition; each further wait is twice as long. Default: 200 ms.</summary>
    public TimeSpan RetryDelay { get; set; } = TimeSpan.FromMilliseconds(200);

    /// <summary>How long one try may take. Default: 5 seconds.</summary>
    public TimeSpan TryTimeout { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a call with all its repetitions may take. Default: 20 seconds.</summary>
    public TimeSpan CallTimeout { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>Last word on the settings of the client that is made here. Default: none.</summary>
    public Action<TableClientOptions>? ConfigureClient { get; set; }

    internal IEnumerable<string> Faults()
    {
        if (TableName is not { Length: >= 3 and <= 63 } || !char.IsAsciiLetter(TableName[0]) || !TableName.All(char.IsAsciiLetterOrDigit))
            yield return $"{nameof(TableName)} must be 3 to 63 letters and digits, the first a letter.";
        if (Client is null && string.IsNullOrWhiteSpace(ConnectionString) && ServiceUri is null)
            yield return $"one of {nameof(ConnectionString)}, {nameof(ServiceUri)} or {nameof(Client)} must be given.";
        if (ServiceUri is { IsAbsoluteUri: false }) yield return $"{nameof(ServiceUri)} must be a URL, such as https://account.table.core.windows.net.";
        if (MaxRetries is < 0 or > 20) yield return $"{nameof(MaxRetries)} must be from 0 to 20.";
        if (RetryDelay <= TimeSpan.Zero) yield return $"{nameof(RetryDelay)} must be a time span greater than zero, such as 00:00:00.200.";
        if (TryTimeout <= TimeSpan.Zero) yield return $"{nameof(TryTimeout)} must be a time span greater than zero, such as 00:00:05.";
        if (CallTimeout < TryTimeout) yield return $"{nameof(CallTimeout)} must be at least {nameof(TryTimeout)}.";
    }

    /// <summary>The account's tables. Without retries of the client, the caller knows that a refusal answers the only request there was.</summary>
    internal TableServiceClient OpenService(bool retries = true)
    {
        if (Client is not null) return Client;
        var settings = new TableClientOptions();
        settings.Retry.Mode = RetryMode.Exponential;
        settings.Retry.Delay = RetryDelay;
        settings.Retry.MaxDelay = TryTimeout;
        settings.Retry.NetworkTimeout = TryTimeout;
        settings.Retry.MaxRetries = retries ? MaxRetries : 0;
        settings.AddPolicy(new RequestCounting(this is AzureMembershipOptions ? "membership" : "reminders"), HttpPipelinePosition.PerRetry);
        settings.AddPolicy(new BrokenConnections(), HttpPipelinePosition.PerRetry);
        ConfigureClient?.Invoke(settings);
        if (!string.IsNullOrWhiteSpace(ConnectionString)) return new TableServiceClient(ConnectionString, settings);
        var isSigned = ServiceUri!.Query.Contains("sig=", StringComparison.Ordinal);
        return isSigned ? new TableServiceClient(ServiceUri, settings) : new TableServiceClient(ServiceUri, Identity(), settings);
    }

    DefaultAzureCredential Identity() => new(new DefaultAzureCredentialOptions { ManagedIdentityClientId = ManagedIdentityClientId });
}

/// <summary>Where the members of the cluster are written. For silos, and for clients that look for gateways.</summary>
public sealed class AzureMembershipOptions : AzureTableOptions
{
    /// <summary>Name of the table. Default: <c>OrleansSiloInstances</c>.</summary>
    public override string TableName { get; set; } = "OrleansSiloInstances";
}

/// <summary>Where reminders are kept.</summary>
public sealed class AzureReminderOptions : AzureTableOptions
{
    /// <summary>Name of the table. Default: <c>OrleansReminders</c>.</summary>
    public override string TableName { get; set; } = "OrleansReminders";
}
