using MailKit.Net.Smtp;

namespace Orleans.Mail.Transport.Smtp;

/// <summary>What the remote offered in its last EHLO reply; nothing after HELO.</summary>
sealed record SmtpExtensions(bool HasPipelining, bool HasEightBitMime, bool HasSmtpUtf8, bool HasSize, long MaxSize)
{
    public static SmtpExtensions Of(SmtpClient client) => new(
        client.Capabilities.HasFlag(SmtpCapabilities.Pipelining),
        client.Capabilities.HasFlag(SmtpCapabilities.EightBitMime),
        client.Capabilities.HasFlag(SmtpCapabilities.UTF8),
        client.Capabilities.HasFlag(SmtpCapabilities.Size),
        client.MaxSize);

    /// <summary>Why a transaction cannot be had here at all; null when it can. Octets are never sent where they were not offered a place.</summary>
    public SessionFailure? Refuse(SmtpTransaction transaction)
    {
        if (transaction.NeedsSmtpUtf8 && !HasSmtpUtf8) return Missing("SMTPUTF8");
        if (transaction.NeedsEightBitMime && !HasEightBitMime) return Missing("8BITMIME");
        // RFC 1870 §4: 0 is no fixed limit.
        if (HasSize && MaxSize > 0 && transaction.Content.Length > MaxSize)
            return new SessionFailure(SmtpPhase.MailFrom, SessionFailureKind.TooLargeForRemote, null, $"The remote takes {MaxSize} octets, the message has {transaction.Content.Length}.");
        return null;
    }

    static SessionFailure Missing(string extension) =>
        new(SmtpPhase.MailFrom, SessionFailureKind.MissingExtension, null, $"The remote does not offer {extension}, which the message needs.");
}
