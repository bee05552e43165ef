using System.Collections.Frozen;

namespace Orleans.Mail.Policy.Outcomes;

/// <summary>What an enhanced status code means, by its subject and detail (RFC 3463 §3, RFC 5248, 7293, 7372, 7505).</summary>
/// <param name="Category">One of <see cref="Categories"/>.</param>
/// <param name="Scope">What the code is about.</param>
/// <param name="CanFail">Whether a 5yz with it is permanent.</param>
readonly record struct EnhancedRule(string Category, FailureScope Scope, bool CanFail);

/// <summary>The codes that say something definite, and what is left when only the subject does.</summary>
static class EnhancedRules
{
    static readonly FrozenDictionary<(int Subject, int Detail), EnhancedRule> Definite = new Dictionary<(int, int), EnhancedRule>
    {
        [(1, 1)] = new(Categories.InvalidRecipient, FailureScope.Recipient, true),
        [(1, 2)] = new(Categories.InvalidRecipient, FailureScope.Recipient, true),
        [(1, 3)] = new(Categories.InvalidRecipient, FailureScope.Recipient, true),
        [(1, 4)] = new(Categories.InvalidRecipient, FailureScope.Recipient, true),
        [(1, 6)] = new(Categories.InvalidRecipient, FailureScope.Recipient, true),
        [(1, 7)] = new(Categories.PolicyRejected, FailureScope.Sender, true),
        [(1, 8)] = new(Categories.PolicyRejected, FailureScope.Sender, true),
        [(1, 10)] = new(Categories.NoMailService, FailureScope.Recipient, true),
        // A full mailbox is emptied one day, whatever class the remote gives it.
        [(2, 2)] = new(Categories.MailboxFull, FailureScope.Recipient, false),
        [(2, 3)] = new(Categories.TooLarge, FailureScope.Recipient, true),
        [(3, 1)] = new(Categories.RemoteTrouble, FailureScope.Host, false),
        [(3, 2)] = new(Categories.RemoteTrouble, FailureScope.Host, false),
        [(3, 3)] = new(Categories.MissingExtension, FailureScope.Message, true),
        [(3, 4)] = new(Categories.TooLarge, FailureScope.Message, true),
        [(3, 5)] = new(Categories.RemoteTrouble, FailureScope.Host, false),
        // Syntax and sequence are between us and the remote; the recipient has no part in them.
        [(5, 1)] = new(Categories.Protocol, FailureScope.Host, false),
        [(5, 2)] = new(Categories.Protocol, FailureScope.Host, false),
        [(5, 3)] = new(Categories.TooManyRecipients, FailureScope.Message, false),
        [(5, 4)] = new(Categories.Protocol, FailureScope.Host, false),
        [(5, 5)] = new(Categories.Protocol, FailureScope.Host, false),
        [(6, 7)] = new(Categories.MissingExtension, FailureScope.Message, true),
        [(6, 9)] = new(Categories.MissingExtension, FailureScope.Message, true),
        [(7, 10)] = new(Categories.Tls, FailureScope.Host, false),
        [(7, 13)] = new(Categories.MailboxUnavailable, FailureScope.Recipient, true),
        [(7, 17)] = new(Categories.InvalidRecipient, FailureScope.Recipient, true),
        [(7, 18)] = new(Categories.InvalidRecipient, FailureScope.Recipient, true),
        [(7, 20)] = new(Categories.PolicyRejected, FailureScope.Sender, true),
        [(7, 21)] = new(Categories.PolicyRejected, FailureScope.Sender, true),
        [(7, 22)] = new(Categories.PolicyRejected, FailureScope.Sender, true),
        [(7, 23)] = new(Categories.PolicyRejected, FailureScope.Sender, true),
        [(7, 24)] = new(Categories.PolicyRejected, FailureScope.Sender, false),
        [(7, 25)] = new(Categories.BlockedSource, FailureScope.Source, false),
        [(7, 26)] = new(Categories.PolicyRejected, FailureScope.Sender, true),
        [(7, 27)] = new(Categories.PolicyRejected, FailureScope.Sender, true),
        [(7, 28)] = new(Categories.RateLimited, FailureScope.Site, false),
        [(7, 30)] = new(Categories.Tls, FailureScope.Message, true),
    }.ToFrozenDictionary();

    public static EnhancedRule? FindDefinite(EnhancedStatus status) =>
        Definite.TryGetValue((status.Subject, status.Detail), out var rule) ? rule : null;

    /// <summary>What the subject alone says (RFC 3463 §3.1); null for "other or undefined" (X.0.Z) and unknown subjects.</summary>
    public static EnhancedRule? FindSubject(EnhancedStatus status) => status.Subject switch
    {
        1 => new(Categories.InvalidRecipient, FailureScope.Recipient, true),
        2 => new(Categories.MailboxUnavailable, FailureScope.Recipient, true),
        3 => new(Categories.RemoteTrouble, FailureScope.Recipient, true),
        4 => new(Categories.RemoteTrouble, FailureScope.Recipient, true),
        6 => new(Categories.ContentRejected, FailureScope.Message, true),
        // "Not now, by policy" without further words is greylisting in practice.
        7 when status.Class == 4 => new(Categories.Greylisted, FailureScope.Recipient, false),
        7 => new(Categories.PolicyRejected, FailureScope.Message, true),
        _ => null,
    };
}
