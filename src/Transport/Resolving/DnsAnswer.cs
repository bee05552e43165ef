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
    const int MaxAliases = 16;

    /// <summary>The name at the end of the aliases, without trailing dot; null where the name asked for is none.</summary>
    public string? CanonicalName { get; init; }

    /// <summary>The shortest time that a part of the answer holds.</summary>
    public TimeSpan Ttl { get; init; } = TimeSpan.MaxValue;

    /// <summary>The resolver validated the answer (RFC 4035 §3.2.3).</summary>
    public bool IsSecure { get; init; }

    public static DnsAnswer Failure(string detail) => new(DnsStatus.Failed, [], detail);

    /// <summary>Reads a response to a question. What it holds about other names, or beside the chain of aliases, was not asked for and counts for nothing.</summary>
    public static DnsAnswer Read(IDnsQueryResponse response, string name, QueryType type)
    {
        if (response.Questions is not [var question] || question.QuestionType != type || !IsSame(question.QueryName, name))
            return Failure("The name service answered another question.");
        var isSecure = response.Header.IsAuthenticData;
        if (response.Header.ResponseCode == DnsHeaderResponseCode.NotExistentDomain) return new DnsAnswer(DnsStatus.NoName, []) { IsSecure = isSecure };
        if (response.HasError) return Failure($"The name service answered {response.Header.ResponseCode}.");
        var (owner, ttl) = (name, TimeSpan.MaxValue);
        for (var aliases = 0; aliases <= MaxAliases; aliases++)
        {
            var ofOwner = response.Answers.Where(record => IsSame(record.DomainName, owner)).ToArray();
            var records = ofOwner.Where(record => (int)record.RecordType == (int)type).ToArray();
            var alias = ofOwner.OfType<CNameRecord>().FirstOrDefault();
            if (records.Length > 0 || alias is null)
            {
                return new DnsAnswer(records.Length > 0 ? DnsStatus.Records : DnsStatus.NoData, records)
                {
                    CanonicalName = aliases > 0 ? owner.TrimEnd('.') : null,
                    Ttl = records.Select(TtlOf).Append(ttl).Min(),
                    IsSecure = isSecure,
                };
            }

            owner = alias.CanonicalName.Value;
            if (TtlOf(alias) < ttl) ttl = TtlOf(alias);
        }

        return Failure("The name is an alias of too many others, or of itself.");
    }

    static bool IsSame(DnsString name, string other) => string.Equals(name.Value.TrimEnd('.'), other.TrimEnd('.'), StringComparison.OrdinalIgnoreCase);

    // RFC 2181 §8: a TTL with its highest bit set is zero.
    static TimeSpan TtlOf(DnsResourceRecord record) => TimeSpan.FromSeconds(Math.Max(record.InitialTimeToLive, 0));
}
