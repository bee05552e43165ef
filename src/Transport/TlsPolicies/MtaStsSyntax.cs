using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace Orleans.Mail.Transport.TlsPolicies;

/// <summary>The texts of MTA-STS (RFC 8461 §3). What breaks a rule is no policy at all, so that nothing is made of half of one.</summary>
static class MtaStsSyntax
{
    const int MaxIdLength = 32;
    const int MaxPatterns = 1000;
    const int MaxAgeSeconds = 31_557_600;

    /// <summary>The id that a domain's TXT records announce; null unless exactly one of them is of MTA-STS, and right (§3.1).</summary>
    public static string? FindId(IEnumerable<string> texts)
    {
        var announcements = texts.Where(text => text.Split(';')[0].TrimEnd() == "v=STSv1").Take(2).ToArray();
        if (announcements.Length != 1) return null;
        var ids = announcements[0].Split(';').Skip(1).Select(field => field.Trim()).Where(field => field.StartsWith("id=", StringComparison.Ordinal)).Select(field => field[3..].Trim()).ToArray();
        return ids is [{ Length: > 0 and <= MaxIdLength } id] && id.All(char.IsAsciiLetterOrDigit) ? id : null;
    }

    /// <summary>Reads a policy (§3.2). Of a key that is there twice the first counts, except that <c>mx</c> may be there often; unknown keys are passed over.</summary>
    public static bool TryParsePolicy(string text, string id, [NotNullWhen(true)] out MtaStsPolicy? policy)
    {
        policy = null;
        var fields = new Dictionary<string, string>(StringComparer.Ordinal);
        var patterns = ImmutableArray.CreateBuilder<string>();
        foreach (var line in text.Split('\n').Select(line => line.TrimEnd('\r').Trim(' ', '\t')).Where(line => line.Length > 0))
        {
            var colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon <= 0) return false;
            var (key, value) = (line[..colon].TrimEnd(), line[(colon + 1)..].Trim(' ', '\t'));
            if (key == "mx") patterns.Add(value.ToLowerInvariant());
            else fields.TryAdd(key, value);
        }

        if (fields.GetValueOrDefault("version") != "STSv1" || ModeOf(fields.GetValueOrDefault("mode")) is not { } mode) return false;
        if (!int.TryParse(fields.GetValueOrDefault("max_age"), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) || seconds > MaxAgeSeconds) return false;
        if (patterns.Count > MaxPatterns || !patterns.All(IsPattern) || (patterns.Count == 0 && mode != MtaStsMode.None)) return false;
        policy = new MtaStsPolicy(id, mode, patterns.ToImmutable(), TimeSpan.FromSeconds(seconds));
        return true;
    }

    static MtaStsMode? ModeOf(string? text) => text switch
    {
        "none" => MtaStsMode.None,
        "testing" => MtaStsMode.Testing,
        "enforce" => MtaStsMode.Enforce,
        _ => null,
    };

    static bool IsPattern(string text)
    {
        var name = text.StartsWith("*.", StringComparison.Ordinal) ? text[2..] : text;
        return name.Length <= 253 && Uri.CheckHostName(name) == UriHostNameType.Dns && !name.EndsWith('.');
    }
}
