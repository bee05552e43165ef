using System.Collections.Immutable;
using System.Text;
using Microsoft.Extensions.Options;
using MimeKit.Utils;

namespace Orleans.Mail.Transport.Dkim;

/// <summary>Completes the header where that is wanted, then signs. All of it stands before the accepted octets, which stay as they are.</summary>
sealed class ContentFinisher(SigningPlans plans, IOptions<HeaderOptions> header, TimeProvider clock) : IContentFinisher
{
    public async ValueTask<FinishedContent> FinishAsync(ContentToFinish content, CancellationToken cancellationToken)
    {
        var plan = await plans.CurrentAsync(cancellationToken).ConfigureAwait(false);
        var completes = header.Value.CompleteFor.Any(tenant => tenant == DkimOptions.Any || tenant == content.Tenant);
        if (plan.IsEmpty && !completes) return FinishedContent.Of(content.Content);
        var fields = HeaderFields.Of(content.Content);
        var domains = FromDomains.Of(fields);
        var now = clock.GetUtcNow();
        var octets = completes ? Complete(content, fields, domains, now) : content.Content;
        return Sign(octets, octets == content.Content ? fields : HeaderFields.Of(octets), content.Tenant, domains, plan, now);
    }

    // Both follow from the message alone, but for the time.
    static byte[] Complete(ContentToFinish content, HeaderFields fields, ImmutableArray<string> domains, DateTimeOffset now)
    {
        var added = new StringBuilder();
        if (!fields.Has("Date")) added.Append("Date: ").Append(DateUtils.FormatDate(now)).Append("\r\n");
        if (!fields.Has("Message-ID") && !domains.IsEmpty) added.Append("Message-ID: <").Append(content.Id).Append('@').Append(domains[0]).Append(">\r\n");
        return Prepend(added.ToString(), content.Content);
    }

    static FinishedContent Sign(byte[] octets, HeaderFields fields, string tenant, ImmutableArray<string> domains, SigningPlan plan, DateTimeOffset now)
    {
        var signers = new List<DomainKey>(2);
        var isCovered = !domains.IsEmpty;
        foreach (var domain in domains)
        {
            var keys = plan.For(tenant, domain);
            isCovered &= !keys.IsEmpty;
            signers.AddRange(keys.Except(signers));
        }

        if (!isCovered && plan.IsRequired(tenant, domains))
            return FinishedContent.Refused("has a From domain that is to be signed (DKIM), and this tenant has no key for it; send from a domain that has one, or add it to OrleansMail:Dkim:Signings");
        if (signers.Count == 0) return FinishedContent.Of(octets);
        var field = new SignatureField(fields, now, plan.SignatureLifetime);
        return FinishedContent.Of(Prepend(string.Concat(signers.Select(field.Write)), octets));
    }

    static byte[] Prepend(string ascii, byte[] octets)
    {
        if (ascii.Length == 0) return octets;
        var result = new byte[ascii.Length + octets.Length];
        Encoding.ASCII.GetBytes(ascii, result);
        octets.CopyTo(result, ascii.Length);
        return result;
    }
}
