using DnsClient;
using DnsClient.Protocol;

namespace Orleans.Mail.Transport.Resolving;

enum DnsStatus : byte
{
    Records,
    NoData,
    NoName,
    Failed,
}

/// <summary>One question's answer. That there is no name, that a name has no such record, and that nobody knows, are three things.</summary>
sealed record DnsAnswer(DnsStatus Status, IReadOnlyList<DnsResourceRecord> Records, string? Detail = null)
{
    public static async Task<DnsAnswer> AskAsync(LookupClient client, string name, QueryType type, CancellationToken cancellationToken)
    {
        try
        {
            var response = await client.QueryAsync(name, type, QueryClass.IN, cancellationToken).ConfigureAwait(false);
            if (response.Header.ResponseCode == DnsHeaderResponseCode.NotExistentDomain) return new DnsAnswer(DnsStatus.NoName, []);
            if (response.HasError) return new DnsAnswer(DnsStatus.Failed, [], $"The name service answered {response.Header.ResponseCode}.");
            var records = response.Answers.Where(record => (int)record.RecordType == (int)type).ToArray();
            return new DnsAnswer(records.Length > 0 ? DnsStatus.Records : DnsStatus.NoData, records);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            return new DnsAnswer(DnsStatus.Failed, [], "The name service did not answer in time.");
        }
        catch (Exception exception)
        {
            // Any: what the parser makes of an unreadable answer has no bound in kind, and an answer must not end a delivery.
            return new DnsAnswer(DnsStatus.Failed, [], exception is DnsResponseException failure ? $"The name service failed: {failure.Code}." : $"The name service failed: {exception.GetType().Name}.");
        }
    }
}
