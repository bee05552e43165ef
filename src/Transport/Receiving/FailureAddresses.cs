using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;

namespace Orleans.Mail.Transport.Receiving;

/// <summary>
/// Addresses that fail on purpose, under names that no one can own (RFC 6761 §6.2), so that every fate of a mail can be seen without a remote:
/// <c>any@delivered.test</c> is taken; <c>any@deferred.test</c> is taken at the second attempt, <c>any+3@deferred.test</c> at the third;
/// <c>any@421.test</c>, <c>any@452-4.2.2.test</c>, <c>any@550-5.1.1.test</c> are answered with that code, as are <c>452-4.2.2@4xx.test</c> and <c>550-5.1.1@5xx.test</c>; <c>any@timeout.test</c> is never answered;
/// <c>any@drop-after-data.test</c> takes the mail and loses the connection in place of the first answer; <c>any@slow-60s.test</c> is answered after that time.
/// Elsewhere a <c>+label</c> changes nothing. Everything else is taken. <c>nullmx.test</c> and <c>nxdomain.test</c> are <see cref="CaptureResolver"/>'s.
/// </summary>
public sealed partial class FailureAddresses(CaptureStore store) : IReceiverBehavior
{
    /// <summary>Most addresses whose attempts are counted at a time; past it, counting starts anew.</summary>
    const int MaxCounted = 10_000;

    readonly ConcurrentDictionary<string, int> _attempts = new(StringComparer.OrdinalIgnoreCase);
    readonly ConcurrentDictionary<string, bool> _dropped = new();

    public ReceiverReply OnRecipient(ReceiverContext context, string recipient)
    {
        var at = recipient.LastIndexOf('@');
        if (at < 0) return ReceiverReply.Ok;
        var (local, domain) = (recipient[..at], recipient[(at + 1)..].ToLowerInvariant());
        return domain switch
        {
            "deferred.test" => Greylist(recipient, local),
            "4xx.test" => Coded(local, '4') ?? new ReceiverReply(450, "4.2.0 Deferred on purpose"),
            "5xx.test" => Coded(local, '5') ?? new ReceiverReply(550, "5.1.1 Refused on purpose"),
            "timeout.test" => ReceiverReply.Silence,
            _ when CodedDomain().Match(domain) is { Success: true } coded => Coded(coded.Groups[1].Value, domain[0]) ?? ReceiverReply.Ok,
            _ when SlowDomain().Match(domain) is { Success: true } slow => ReceiverReply.Ok with { Delay = TimeSpan.FromSeconds(int.Parse(slow.Groups[1].ValueSpan, CultureInfo.InvariantCulture)) },
            _ => ReceiverReply.Ok,
        };
    }

    public ReceiverReply OnEndOfData(ReceiverContext context, ReceivedMail mail)
    {
        store.Add(mail);
        if (!mail.Recipients.Any(recipient => recipient.EndsWith("@drop-after-data.test", StringComparison.OrdinalIgnoreCase))) return ReceiverReply.Ok;
        if (_dropped.Count >= MaxCounted) _dropped.Clear();
        return _dropped.TryAdd(KeyOf(mail), true) ? ReceiverReply.Drop : ReceiverReply.Ok;
    }

    // The count goes when the mail comes in, so that the next mail to the same address is deferred again.
    ReceiverReply Greylist(string recipient, string local)
    {
        if (_attempts.Count >= MaxCounted) _attempts.Clear();
        var label = local.IndexOf('+', StringComparison.Ordinal);
        var wanted = label >= 0 && int.TryParse(local.AsSpan(label + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 ? number : 2;
        if (_attempts.AddOrUpdate(recipient, 1, static (_, count) => count + 1) < wanted) return new ReceiverReply(451, "4.7.1 Greylisted, try again later");
        _attempts.TryRemove(recipient, out _);
        return ReceiverReply.Ok;
    }

    static ReceiverReply? Coded(string local, char @class)
    {
        var match = CodedLocalPart().Match(local);
        if (!match.Success || local[0] != @class) return null;
        var enhanced = match.Groups[2].Success && match.Groups[2].Value[0] == @class ? match.Groups[2].Value : $"{@class}.0.0";
        return new ReceiverReply(int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture), $"{enhanced} As the address asks");
    }

    // Content never changes between attempts, so it tells whether this is the same mail again.
    static string KeyOf(ReceivedMail mail)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(mail.Content.Span);
        foreach (var recipient in mail.Recipients) hash.AppendData(Encoding.UTF8.GetBytes(recipient));
        return Convert.ToHexString(hash.GetHashAndReset());
    }

    [GeneratedRegex(@"^([45]\d\d)(?:-(\d\.\d{1,3}\.\d{1,3}))?(?:\+.*)?$", RegexOptions.CultureInvariant)]
    private static partial Regex CodedLocalPart();

    [GeneratedRegex(@"^([45]\d\d(?:-\d\.\d{1,3}\.\d{1,3})?)\.test$", RegexOptions.CultureInvariant)]
    private static partial Regex CodedDomain();

    [GeneratedRegex(@"^slow-(\d{1,4})s\.test$", RegexOptions.CultureInvariant)]
    private static partial Regex SlowDomain();
}
