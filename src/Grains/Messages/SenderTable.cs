using System.Collections.Frozen;
using Orleans.Mail.Grains.Options;
using Orleans.Mail.Policy.Submission;
using Orleans.Mail.Transport;

namespace Orleans.Mail.Grains.Messages;

/// <summary>The names under which each tenant may send, kept up to date while the silo runs. A tenant without a list may send under any.</summary>
sealed class SenderTable : IDisposable
{
    readonly SoundOptions<TenantLimits> _tenants;
    readonly string? _noticeSender;
    FrozenDictionary<string, SenderList> _lists;

    public SenderTable(SoundOptions<TenantLimits> tenants, NoticeOptions notices)
    {
        _tenants = tenants;
        _noticeSender = notices.Domain is { } domain ? Policy.Notices.NoticeBuilder.SenderAt(domain) : null;
        _lists = Read();
        tenants.Changed += Change;
    }

    /// <summary>Everything that a submission says to be and its tenant is not.</summary>
    public IEnumerable<SubmitFault> Refuse(ParsedSubmission submission)
    {
        if (!Volatile.Read(ref _lists).TryGetValue(submission.Tenant, out var list)) return [];
        var authors = ContentAuthors.Of(submission.Content);
        // The service's own notices go under the name of the tenant whose mail they tell of.
        return submission.From is null && _noticeSender is not null && authors is [var author] && author == _noticeSender ? [] : list.Faults(submission.From, authors);
    }

    public void Dispose() => _tenants.Changed -= Change;

    void Change() => Volatile.Write(ref _lists, Read());

    FrozenDictionary<string, SenderList> Read() => _tenants.Current.Where(tenant => tenant.Value.Senders.Count > 0)
        .Select(tenant => SenderList.TryParse(tenant.Value.Senders, out var list, out _) ? KeyValuePair.Create(tenant.Key, list) : throw new FormatException("A list of senders was not validated."))
        .ToFrozenDictionary(StringComparer.OrdinalIgnoreCase);
}
