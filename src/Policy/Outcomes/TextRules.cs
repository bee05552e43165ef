using System.Buffers;
using System.Text.RegularExpressions;

namespace Orleans.Mail.Policy.Outcomes;

/// <summary>A rule that reads the words of a reply. It only decides what code and enhanced code leave open.</summary>
/// <param name="Id">Stable name, shown to operators.</param>
/// <param name="Category">One of <see cref="Categories"/>.</param>
/// <param name="Scope">What the words are about.</param>
/// <param name="CanFail">Whether a 5yz with these words is permanent; false where the words say that it is not about this message, or not for ever.</param>
/// <param name="Words">Any of them, in any case.</param>
public sealed record TextRule(string Id, string Category, FailureScope Scope, bool CanFail, params string[] Words)
{
    readonly SearchValues<string> _search = SearchValues.Create(Words, StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether the words are tokens, which stand alone: inside a longer word, such as a queue id, they mean nothing.</summary>
    public bool IsWhole { get; init; }

    public bool Matches(string text) => text.AsSpan().ContainsAny(_search) && (!IsWhole || Words.Any(word => StandsAlone(text, word)));

    static bool StandsAlone(string text, string word)
    {
        for (var at = 0; (at = text.IndexOf(word, at, StringComparison.OrdinalIgnoreCase)) >= 0; at++)
        {
            var end = at + word.Length;
            if ((at == 0 || !char.IsAsciiLetterOrDigit(text[at - 1])) && (end == text.Length || !char.IsAsciiLetterOrDigit(text[end]))) return true;
        }

        return false;
    }
}

/// <summary>The rules, as data: the first that matches wins, so the more telling words come first.</summary>
public static partial class TextRules
{
    public static IReadOnlyList<TextRule> All { get; } =
    [
        .. ProviderRules.All,
        new("text.greylist", Categories.Greylisted, FailureScope.Recipient, false,
            "greylist", "graylist", "grey-list", "gray-list", "grey list", "gray list", "postgrey"),
        new("text.too-many-recipients", Categories.TooManyRecipients, FailureScope.Message, false,
            "too many recipients", "too many rcpt", "maximum number of recipients"),
        // One busy mailbox, not the site.
        new("text.recipient-rate", Categories.RateLimited, FailureScope.Recipient, false,
            "receiving mail at a rate", "receiving mail too quickly", "receiving too much mail"),
        // What we send as a whole is counted, by the address we send from or the account at a relay.
        new("text.source-rate", Categories.RateLimited, FailureScope.Source, false,
            "unusual rate", "limited due to ip", "ip frequency limited", "sending limit", "sending quota", "daily limit", "hourly limit", "daily quota",
            "hourly quota"),
        new("text.rate", Categories.RateLimited, FailureScope.Site, false,
            "rate limit", "rate-limit", "ratelimit", "too many messages", "too many connections", "too many mails", "too many emails",
            "too much mail", "throttl", "too fast", "slow down", "sending rate", "at a rate", "messages per", "connections per",
            "concurrent connection", "simultaneous connection", "mail flood", "frequency limit", "550 rate", "server busy", "server is busy"),
        new("text.malware", Categories.ContentRejected, FailureScope.Message, true,
            "virus", "malware", "phishing", "dangerous attachment", "attachment type", "attachment is not allowed", "prohibited attachment",
            "blocked for security", "security issue", "executable"),
        // A refusal of the address we send from says nothing about the recipient: another source, or a delisting, gets through.
        new("text.blocked-source", Categories.BlockedSource, FailureScope.Source, false,
            "spamhaus", "spamcop", "barracudacentral", "abusix", "sorbs", "dnsbl", "rbl", "blacklist", "black list", "blocklist", "block list",
            "denylist", "deny list", "blocked using", "listed at", "listed in", "listed by", "reputation", "banned sending ip", "banned ip",
            "sending ip", "sender ip", "your ip", "ip address", "client host", "client address", "reverse dns", "rdns", "ptr record",
            "cannot find your hostname", "dial-up", "dynamic ip"),
        new("text.sender-authentication", Categories.SenderRejected, FailureScope.Sender, true,
            "dmarc", "dkim", "spf ", "spf-", "spf:", "sender policy framework", "unauthenticated", "not authenticated"),
        new("text.relay", Categories.PolicyRejected, FailureScope.Recipient, true,
            "relay access denied", "relaying denied", "not permitted to relay", "unable to relay", "relay not permitted", "relaying not allowed",
            "we do not relay", "not a local"),
        new("text.spam", Categories.ContentRejected, FailureScope.Message, true,
            "spam", "junk mail", "unsolicited", "bulk mail", "content reject", "content filter", "content denied"),
        new("text.size", Categories.TooLarge, FailureScope.Message, true,
            "message size", "message too large", "message is too large", "message too big", "message is too big", "message exceeds", "size limit",
            "maximum size", "file size"),
        new("text.mailbox-full", Categories.MailboxFull, FailureScope.Recipient, false,
            "mailbox full", "mailbox is full", "mailfolder is full", "inbox is full", "full mailbox", "over quota", "overquota", "over the quota",
            "quota exceeded", "exceeded quota", "exceeds quota", "quota is full", "storage allocation", "exceeded storage", "out of storage",
            "not enough space", "no space"),
        // Before "not for ever": a 5yz that itself says "try again" is not unmistakable.
        new("text.temporary", Categories.RemoteTrouble, FailureScope.Recipient, false,
            "try again", "try later", "retry later", "please retry", "temporar", "come back later"),
        new("text.blocked", Categories.BlockedSource, FailureScope.Source, false, "blocked"),
        new("text.no-such-user", Categories.InvalidRecipient, FailureScope.Recipient, true,
            "user unknown", "unknown user", "no such user", "no such mailbox", "no such recipient", "no such address", "not exist", "mailbox not found",
            "user not found", "recipient not found", "address not found", "unknown recipient", "unknown address", "unknown mailbox",
            "unknown local", "invalid recipient", "invalid mailbox", "invalid address", "no mailbox", "not a valid", "not known here",
            "unrouteable", "unroutable", "recipient rejected", "address rejected"),
        new("text.mailbox-disabled", Categories.MailboxUnavailable, FailureScope.Recipient, true,
            "disabled", "inactive", "suspended", "deactivated", "expired account", "mailbox unavailable", "no longer"),
        new("text.authentication", Categories.AuthenticationRequired, FailureScope.Source, false,
            "authentication required", "must authenticate", "starttls command first", "must issue a starttls"),
    ];

    /// <summary>The first rule that matches.</summary>
    public static TextRule? Find(string text)
    {
        if (text.Length == 0) return null;
        // The recipient is not the remote's word: no such user as marbles@ names no block list, and whoever chooses a local part chooses no rule.
        var words = text.Contains('@') ? LocalPart().Replace(text, "@") : text;
        foreach (var rule in All)
            if (rule.Matches(words))
                return rule;
        return null;
    }

    // Where replies quote the address they are about: in angle brackets (RFC 5321 §4.1.2), or as the first word. Elsewhere it is one to write to.
    [GeneratedRegex(@"<[^<>]*@|^[^\s<>]+@")]
    private static partial Regex LocalPart();
}
