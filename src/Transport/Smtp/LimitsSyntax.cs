using System.Globalization;

namespace Orleans.Mail.Transport.Smtp;

/// <summary>The argument of LIMITS (RFC 9422 §4): names with values. What we do not know, or is written otherwise, is as if it were not there; of a name that comes twice the first counts.</summary>
static class LimitsSyntax
{
    public static RemoteLimits Parse(string argument)
    {
        var seen = new Dictionary<string, int?>(StringComparer.OrdinalIgnoreCase);
        foreach (var word in argument.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            var equals = word.IndexOf('=', StringComparison.Ordinal);
            if (equals > 0) seen.TryAdd(word[..equals], Number(word.AsSpan(equals + 1)));
        }

        return new RemoteLimits(seen.GetValueOrDefault("MAILMAX"), seen.GetValueOrDefault("RCPTMAX"), seen.GetValueOrDefault("RCPTDOMAINMAX"), null);
    }

    /// <summary>One to six digits, the first of which is not 0.</summary>
    static int? Number(ReadOnlySpan<char> value) =>
        value.Length is >= 1 and <= 6 && value[0] != '0' && int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
