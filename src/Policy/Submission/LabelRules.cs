using System.Buffers;
using System.Globalization;
using System.Text;

namespace Orleans.Mail.Policy.Submission;

/// <summary>Rules of tenant, key, campaign, tags, metadata: text that is stored, compared and shown, and sent to no remote.</summary>
static class LabelRules
{
    static readonly SearchValues<char> NameCharacters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-");
    static readonly SearchValues<char> LowerHex = SearchValues.Create("0123456789abcdef");

    public static void CheckTenant(string? tenant, SubmissionLimits limits, FaultList faults)
    {
        if (string.IsNullOrEmpty(tenant)) faults.Add("tenant", "is empty; name the tenant that sends");
        else if (tenant.Length > limits.MaxTenantLength) faults.Add("tenant", $"is longer than {limits.MaxTenantLength} characters");
        else if (tenant.AsSpan().ContainsAnyExcept(NameCharacters)) faults.Add("tenant", "has a character other than A-Z, a-z, 0-9, dot, hyphen and underscore");
    }

    public static void CheckRoute(string? route, SubmissionLimits limits, FaultList faults)
    {
        if (route is null) return;
        if (route.Length == 0) faults.Add("route", "is empty; leave it out for the route that the rules choose");
        else if (route.Length > limits.MaxRouteLength) faults.Add("route", $"is longer than {limits.MaxRouteLength} characters");
        else if (route.AsSpan().ContainsAnyExcept(NameCharacters)) faults.Add("route", "has a character other than A-Z, a-z, 0-9, dot, hyphen and underscore");
    }

    public static void CheckText(string field, string? text, int maxLength, FaultList faults)
    {
        if (string.IsNullOrEmpty(text)) faults.Add(field, "is empty; leave it out or name it");
        else if (text.Length > maxLength) faults.Add(field, $"is longer than {maxLength} characters");
        else if (!IsPrintable(text)) faults.Add(field, "has a control character, a line end or broken Unicode; remove it");
    }

    public static void CheckTags(string[]? tags, SubmissionLimits limits, FaultList faults)
    {
        if (tags is null) return;
        if (tags.Length > limits.MaxTags) faults.Add("tags", $"are more than {limits.MaxTags}");
        for (var i = 0; i < Math.Min(tags.Length, limits.MaxTags); i++) CheckText($"tags[{i}]", tags[i], limits.MaxTagLength, faults);
    }

    public static void CheckMetadata(Dictionary<string, string>? metadata, SubmissionLimits limits, FaultList faults)
    {
        if (metadata is null) return;
        if (metadata.Count > limits.MaxMetadataEntries) faults.Add("metadata", $"has more than {limits.MaxMetadataEntries} entries");
        long total = 0;
        foreach (var (name, value) in metadata) total += Encoding.UTF8.GetByteCount(name) + Encoding.UTF8.GetByteCount(value ?? "");
        if (total > limits.MaxMetadataBytes) faults.Add("metadata", $"is larger than {FaultList.Number(limits.MaxMetadataBytes)} octets in total; keep it in your own store and refer to it");
        else if (metadata.Any(entry => entry.Key.Length == 0 || entry.Value is null || !IsPrintable(entry.Key) || !IsPrintable(entry.Value)))
            faults.Add("metadata", "has an entry with an empty name, no value, a control character, a line end or broken Unicode");
    }

    /// <summary>W3C Trace Context §3.2.2, version 00.</summary>
    public static bool IsTraceParent(string? text) =>
        text is { Length: 55 } && text[2] == '-' && text[35] == '-' && text[52] == '-'
        && !text.AsSpan(0, 2).ContainsAnyExcept(LowerHex) && !text.AsSpan(3, 32).ContainsAnyExcept(LowerHex)
        && !text.AsSpan(36, 16).ContainsAnyExcept(LowerHex) && !text.AsSpan(53, 2).ContainsAnyExcept(LowerHex);

    static bool IsPrintable(string text)
    {
        if (Ascii.IsValid(text)) return text.AsSpan().IndexOfAnyExceptInRange(' ', '~') < 0;
        foreach (var rune in text.EnumerateRunes())
            if (rune == Rune.ReplacementChar || Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator)
                return false;
        return true;
    }
}
