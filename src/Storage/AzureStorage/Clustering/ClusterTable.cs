using System.Runtime.ExceptionServices;
using Azure;
using Azure.Data.Tables;
using Azure.Identity;

namespace Orleans.Mail.Storage.AzureStorage.Clustering;

/// <summary>
/// One table of the cluster. A call ends within its time limit, with the table's answer or with an exception: silence and refusal are never
/// taken for an empty table.
/// </summary>
sealed class ClusterTable(AzureTableOptions options, TimeProvider clock)
{
    // Azure takes so many rows in one transaction.
    public const int MaxTransactionRows = 100;

    readonly TableClient _table = options.OpenService().GetTableClient(options.TableName);
    readonly TableClient _single = options.OpenService(retries: false).GetTableClient(options.TableName);

    public string Name => options.TableName;

    public int MaxRetries => options.MaxRetries;

    /// <summary>Rows of a page; for tests. Azure decides when there is none.</summary>
    public int? PageRows { get; init; }

    /// <summary>The row has been changed, removed or made by another in the meantime.</summary>
    public static bool IsRefused(RequestFailedException failure) => failure.Status is 409 or 412 or 404 && !IsWithoutTable(failure);

    public Task CreateAsync(CancellationToken cancellationToken) => CallAsync(token => _table.CreateIfNotExistsAsync(token), cancellationToken);

    /// <summary>Rows that a filter finds, and how many pages they came in.</summary>
    public Task<(List<TableEntity> Rows, int Pages)> QueryAsync(string filter, CancellationToken cancellationToken) => CallAsync(async token =>
    {
        var rows = new List<TableEntity>();
        var pages = 0;
        await foreach (var page in _table.QueryAsync<TableEntity>(filter, PageRows, cancellationToken: token).AsPages().ConfigureAwait(false))
        {
            pages++;
            rows.AddRange(page.Values);
        }

        return (rows, pages);
    }, cancellationToken);

    /// <summary>A row, or null when the table has no such row.</summary>
    public Task<TableEntity?> FindAsync(string partition, string row, CancellationToken cancellationToken) => CallAsync<TableEntity?>(async token =>
    {
        try
        {
            // Not the call that does without an exception: it says the same of a missing row and of a missing table.
            return (await _table.GetEntityAsync<TableEntity>(partition, row, cancellationToken: token).ConfigureAwait(false)).Value;
        }
        catch (RequestFailedException failure) when (failure.Status == 404 && !IsWithoutTable(failure))
        {
            return null;
        }
    }, cancellationToken);

    /// <summary>Stores a row, whatever was there before. Answers its tag.</summary>
    public Task<string> StoreAsync(TableEntity row, CancellationToken cancellationToken) =>
        CallAsync(async token => Tag(await _table.UpsertEntityAsync(row, TableUpdateMode.Replace, token).ConfigureAwait(false)), cancellationToken);

    /// <summary>Changes the given columns of a row that exists.</summary>
    public Task MergeAsync(TableEntity row, CancellationToken cancellationToken) =>
        CallAsync(token => _table.UpdateEntityAsync(row, ETag.All, TableUpdateMode.Merge, token), cancellationToken);

    /// <summary>Removes a row that has this tag. False when it has another, or is not there.</summary>
    public Task<bool> RemoveAsync(string partition, string row, ETag tag, CancellationToken cancellationToken) => CallAsync(async token =>
    {
        try
        {
            var response = await _table.DeleteEntityAsync(partition, row, tag, token).ConfigureAwait(false);
            if (!response.IsError) return true;
            var failure = new RequestFailedException(response);
            return IsRefused(failure) ? false : throw failure;
        }
        catch (RequestFailedException failure) when (IsRefused(failure))
        {
            return false;
        }
    }, cancellationToken);

    /// <summary>Applies all or nothing, in one request. A refusal is thrown as <see cref="RequestFailedException"/>; after any other exception the outcome is unknown.</summary>
    public Task TransactAsync(IEnumerable<TableTransactionAction> actions, CancellationToken cancellationToken) =>
        CallAsync(token => _single.SubmitTransactionAsync(actions, token), cancellationToken);

    /// <summary>Waits before the repetition of a write of this number, from 1.</summary>
    public Task PauseAsync(int repetition, CancellationToken cancellationToken) =>
        Task.Delay(options.RetryDelay * Math.Pow(2, repetition - 1), clock, cancellationToken);

    async Task<T> CallAsync<T>(Func<CancellationToken, Task<T>> call, CancellationToken cancellationToken)
    {
        using var late = new CancellationTokenSource(options.CallTimeout, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellationToken);
        try
        {
            return await call(either.Token).ConfigureAwait(false);
        }
        catch (RequestFailedException failure) when (IsRefused(failure))
        {
            throw;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception failure) when (failure is RequestFailedException or OperationCanceledException or AggregateException or IOException or AuthenticationFailedException)
        {
            // Of several tries the last tells most.
            var cause = failure is AggregateException { InnerExceptions: [.., var last] } ? last : failure;
            if (cause is RequestFailedException refusal && IsRefused(refusal)) ExceptionDispatchInfo.Capture(refusal).Throw();
            throw new OrleansException($"The table {Name} cannot be used: {Describe(cause)}.", cause);
        }
    }

    static string Describe(Exception failure) => failure switch
    {
        RequestFailedException { Status: > 0 } answer => $"status {answer.Status} {answer.ErrorCode}",
        OperationCanceledException => "no answer in time",
        AuthenticationFailedException => "the identity gets no token",
        _ => "it is out of reach",
    };

    static bool IsWithoutTable(RequestFailedException failure) => failure.ErrorCode is "TableNotFound" or "TableBeingDeleted";

    static string Tag(Response response) => (response.Headers.ETag ?? throw new OrleansException("A stored row came without its tag.")).ToString();
}
