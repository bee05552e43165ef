using System.Collections.Frozen;

namespace Orleans.Mail.Policy.Outcomes;

/// <summary>Names of categories: stable, lower case, shown to users and used in metric tags.</summary>
public static class Categories
{
    public const string Delivered = "delivered";
    public const string InvalidRecipient = "invalid-recipient";
    public const string MailboxFull = "mailbox-full";
    public const string MailboxUnavailable = "mailbox-unavailable";
    public const string Greylisted = "greylisted";
    public const string RateLimited = "rate-limited";
    public const string BlockedSource = "blocked-source";

    /// <summary>The sender's address or domain, or its SPF, DKIM or DMARC, is not accepted.</summary>
    public const string SenderRejected = "sender-rejected";

    public const string ContentRejected = "content-rejected";
    public const string PolicyRejected = "policy-rejected";

    /// <summary>Our credentials were not accepted, or credentials are wanted that we have not.</summary>
    public const string AuthenticationRequired = "authentication";

    public const string Dns = "dns";
    public const string NoMailService = "no-mail-service";

    /// <summary>The name service leads to addresses only that must not be contacted, such as loopback or private ones.</summary>
    public const string ForbiddenAddress = "forbidden-address";

    public const string Connection = "connection";
    public const string Tls = "tls";
    public const string Protocol = "protocol";
    public const string TooLarge = "too-large";
    public const string MissingExtension = "missing-extension";
    public const string TooManyRecipients = "too-many-recipients";
    public const string RemoteTrouble = "remote-trouble";
    public const string Expired = "expired";
    public const string InDoubt = "in-doubt";
    public const string Suppressed = "suppressed";
    public const string Cancelled = "cancelled";
    public const string FailedByOperator = "failed-by-operator";
    public const string OwnFault = "own-fault";
    public const string Unknown = "unknown";

    /// <summary>Every one of them.</summary>
    public static FrozenSet<string> All { get; } = FrozenSet.ToFrozenSet(
    [
        Delivered, InvalidRecipient, MailboxFull, MailboxUnavailable, Greylisted, RateLimited, BlockedSource, SenderRejected, ContentRejected, PolicyRejected,
        AuthenticationRequired, Dns, NoMailService, ForbiddenAddress, Connection, Tls, Protocol, TooLarge, MissingExtension, TooManyRecipients, RemoteTrouble,
        Expired, InDoubt, Suppressed, Cancelled, FailedByOperator, OwnFault, Unknown,
    ]);
}
