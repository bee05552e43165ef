using System.Collections.Frozen;
using System.Globalization;

namespace Orleans.Mail.Policy.Outcomes;

/// <summary>What an enhanced status code means, by its subject and detail (RFC 3463 §3, RFC 5248, 7293, 7372, 7505).</summary>
/// <param name="Subject">Second number of the code.</param>
/// <param name="Detail">Third number; null for a rule of what is left of a subject.</param>
/// <param name="Category">One of <see cref="Categories"/>.</param>
/// <param name="Scope">What the code is about.</param>
/// <param name="CanFail">Whether a 5yz with it is permanent.</param>
/// <param name="Class">First number of the code; null for either of 4 and 5.</param>
public sealed record EnhancedRule(int Subject, int? Detail, string Category, FailureScope Scope, bool CanFail, int? Class = null)
{
    /// <summary>Stable name, shown to operators.</summary>
    public string Id { get; } = $"enhanced.{Text(Class, "x")}.{Text(Subject, "*")}.{Text(Detail, "*")}";

    static string Text(int? number, string any) => number?.ToString(CultureInfo.InvariantCulture) ?? any;
}

/// <summary>The codes that say something definite, and what is left when only the subject does.</summary>
public static class EnhancedRules
{
    public static IReadOnlyList<EnhancedRule> All { get; } =
    [
        new(1, 1, Categories.InvalidRecipient, FailureScope.Recipient, true),
        new(1, 2, Categories.InvalidRecipient, FailureScope.Recipient, true),
        new(1, 3, Categories.InvalidRecipient, FailureScope.Recipient, true),
        new(1, 4, Categories.InvalidRecipient, FailureScope.Recipient, true),
        new(1, 6, Categories.InvalidRecipient, FailureScope.Recipient, true),
        new(1, 7, Categories.SenderRejected, FailureScope.Sender, true),
        new(1, 8, Categories.SenderRejected, FailureScope.Sender, true),
        new(1, 10, Categories.NoMailService, FailureScope.Recipient, true),
        // A full mailbox is emptied one day, whatever class the remote gives it.
        new(2, 2, Categories.MailboxFull, FailureScope.Recipient, false),
        new(2, 3, Categories.TooLarge, FailureScope.Recipient, true),
        new(3, 1, Categories.RemoteTrouble, FailureScope.Host, false),
        new(3, 2, Categories.RemoteTrouble, FailureScope.Host, false),
        new(3, 3, Categories.MissingExtension, FailureScope.Message, true),
        new(3, 4, Categories.TooLarge, FailureScope.Message, true),
        new(3, 5, Categories.RemoteTrouble, FailureScope.Host, false),
        // Syntax and sequence are between us and the remote; the recipient has no part in them.
        new(5, 1, Categories.Protocol, FailureScope.Host, false),
        new(5, 2, Categories.Protocol, FailureScope.Host, false),
        new(5, 3, Categories.TooManyRecipients, FailureScope.Message, false),
        new(5, 4, Categories.Protocol, FailureScope.Host, false),
        new(5, 5, Categories.Protocol, FailureScope.Host, false),
        new(6, 7, Categories.MissingExtension, FailureScope.Message, true),
        new(6, 9, Categories.MissingExtension, FailureScope.Message, true),
        // RFC 4954 §6, RFC 5248: credentials of ours.
        new(7, 8, Categories.AuthenticationRequired, FailureScope.Source, false),
        new(7, 9, Categories.AuthenticationRequired, FailureScope.Source, false),
        new(7, 10, Categories.Tls, FailureScope.Host, false),
        new(7, 11, Categories.AuthenticationRequired, FailureScope.Source, false),
        new(7, 12, Categories.AuthenticationRequired, FailureScope.Source, false),
        new(7, 13, Categories.MailboxUnavailable, FailureScope.Recipient, true),
        new(7, 17, Categories.InvalidRecipient, FailureScope.Recipient, true),
        new(7, 18, Categories.InvalidRecipient, FailureScope.Recipient, true),
        new(7, 20, Categories.SenderRejected, FailureScope.Sender, true),
        new(7, 21, Categories.SenderRejected, FailureScope.Sender, true),
        new(7, 22, Categories.SenderRejected, FailureScope.Sender, true),
        new(7, 23, Categories.SenderRejected, FailureScope.Sender, true),
        new(7, 24, Categories.SenderRejected, FailureScope.Sender, false),
        new(7, 25, Categories.BlockedSource, FailureScope.Source, false),
        new(7, 26, Categories.SenderRejected, FailureScope.Sender, true),
        new(7, 27, Categories.SenderRejected, FailureScope.Sender, true),
        new(7, 28, Categories.RateLimited, FailureScope.Source, false),
        new(7, 30, Categories.Tls, FailureScope.Message, true),

        // RFC 3463 §3.1: what the subject alone says. X.0.Z, "other or undefined", says nothing.
        new(1, null, Categories.InvalidRecipient, FailureScope.Recipient, true),
        new(2, null, Categories.MailboxUnavailable, FailureScope.Recipient, true),
        new(3, null, Categories.RemoteTrouble, FailureScope.Recipient, true),
        new(4, null, Categories.RemoteTrouble, FailureScope.Recipient, true),
        new(6, null, Categories.ContentRejected, FailureScope.Message, true),
        // "Not now, by policy" without further words is greylisting in practice.
        new(7, null, Categories.Greylisted, FailureScope.Recipient, false, 4),
        new(7, null, Categories.PolicyRejected, FailureScope.Message, true, 5),
    ];

    static readonly FrozenDictionary<(int? Class, int Subject, int? Detail), EnhancedRule> ByCode = All.ToFrozenDictionary(rule => (rule.Class, rule.Subject, rule.Detail));

    public static EnhancedRule? FindDefinite(EnhancedStatus status) => ByCode.GetValueOrDefault((null, status.Subject, status.Detail));

    /// <summary>What the subject alone says; null for unknown subjects.</summary>
    public static EnhancedRule? FindSubject(EnhancedStatus status) =>
        ByCode.GetValueOrDefault((status.Class, status.Subject, null)) ?? ByCode.GetValueOrDefault((null, status.Subject, null));
}
