using MimeKit;
using Orleans.Mail.Drafts;

namespace Orleans.Mail;

/// <summary>
/// A message to be handed over: either described by simple fields, from which the client renders it once, or ready
/// (<see cref="FromMime"/>, <see cref="FromEml"/>). Everything else says how the service shall treat it.
/// </summary>
public sealed record MailDraft
{
    /// <summary>Author, as <c>ann@example.test</c> or <c>Ann &lt;ann@example.test&gt;</c>; the envelope sender too, unless <see cref="Envelope"/> says otherwise.</summary>
    public string? From { get; init; }

    public IReadOnlyList<string> To { get; init; } = [];

    public IReadOnlyList<string> Cc { get; init; } = [];

    /// <summary>Recipients that no other recipient learns of: in the envelope only.</summary>
    public IReadOnlyList<string> Bcc { get; init; } = [];

    public IReadOnlyList<string> ReplyTo { get; init; } = [];

    public string? Subject { get; init; }

    public string? Text { get; init; }

    public string? Html { get; init; }

    public IReadOnlyList<MailAttachment> Attachments { get; init; } = [];

    /// <summary>Further header fields, such as <c>List-Unsubscribe</c>.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();

    /// <summary>The Date field; null for the moment of the first submission. Two submissions under one key do not differ by it.</summary>
    public DateTimeOffset? Date { get; init; }

    /// <summary>Sender and recipients as the receiving hosts are told; null for those of the fields.</summary>
    public MailEnvelope? Envelope { get; init; }

    /// <summary>The ready message; null for one described by fields.</summary>
    public byte[]? Content { get; private init; }

    /// <summary>Who sends; null for <see cref="MailClientOptions.Tenant"/>.</summary>
    public string? Tenant { get; init; }

    /// <summary>
    /// The caller's own name for this message, such as <c>order-1001/confirmation</c>: submitting it again, from any process at any time,
    /// is the same submission. Without one, only the retries inside one call are.
    /// </summary>
    public string? IdempotencyKey { get; init; }

    public Priority Priority { get; init; }

    /// <summary>A label shared by a group of messages.</summary>
    public string? Campaign { get; init; }

    public IReadOnlyList<string> Tags { get; init; } = [];

    public IReadOnlyDictionary<string, string>? Metadata { get; init; }

    /// <summary>Not to be sent before; null for at once.</summary>
    public DateTimeOffset? SendAt { get; init; }

    /// <summary>Not to be tried after; null for the service's default.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>The same, from the moment of submission: a code that is worthless after ten minutes need not arrive later.</summary>
    public TimeSpan? ExpiresAfter { get; init; }

    /// <summary>What to do when it cannot be known whether the receiver took it.</summary>
    public DoubtPolicy Doubt { get; init; }

    /// <summary>With <see cref="DoubtPolicy.Retry"/>: how long to wait before it is sent again after a doubt; null for the ordinary backoff.</summary>
    public TimeSpan? DoubtWait { get; init; }

    /// <summary>Notices by mail to the envelope sender; null for the service's default. Events tell the same in any case.</summary>
    public NoticeKinds? Notices { get; init; }

    /// <summary>Delivery status notifications asked of receiving hosts; null for none.</summary>
    public DsnRequest? Dsn { get; init; }

    /// <summary>Only over authenticated TLS, on every hop that keeps the promise (RFC 8689); else it is not delivered.</summary>
    public bool RequireTls { get; init; }

    /// <summary>Hours in which it may be sent; null for any.</summary>
    public SendWindow? Window { get; init; }

    /// <summary>IANA time zones of recipients, by bare address: the window is taken in theirs.</summary>
    public IReadOnlyDictionary<string, string>? RecipientTimeZones { get; init; }

    /// <summary>Name of the route to take; null for the one that the service's rules choose.</summary>
    public string? Route { get; init; }

    /// <summary>
    /// A message built with MimeKit, written down now. Its Bcc field is left out. Message-ID, Date and boundaries belong to its content:
    /// under an idempotency key a second submission must carry the same ones.
    /// </summary>
    /// <param name="message">The message.</param>
    /// <param name="envelope">Null to take the addresses of the header.</param>
    public static MailDraft FromMime(MimeMessage message, MailEnvelope? envelope = null)
    {
        ArgumentNullException.ThrowIfNull(message);
        envelope ??= new MailEnvelope(
            (message.Sender ?? message.From.Mailboxes.FirstOrDefault())?.Address ?? "",
            [.. message.To.Mailboxes.Concat(message.Cc.Mailboxes).Concat(message.Bcc.Mailboxes).Select(mailbox => mailbox.Address).Distinct(StringComparer.Ordinal)]);
        return new MailDraft { Content = MimeText.Write(message), Envelope = envelope };
    }

    /// <summary>A message in its final form, kept octet by octet: a signature of the caller stays valid. The array is not copied; leave it unchanged.</summary>
    public static MailDraft FromEml(byte[] content, string from, params IEnumerable<string> recipients)
    {
        ArgumentNullException.ThrowIfNull(content);
        ArgumentNullException.ThrowIfNull(from);
        ArgumentNullException.ThrowIfNull(recipients);
        return new MailDraft { Content = content, Envelope = new MailEnvelope(from, [.. recipients]) };
    }

    // Drafts are logged by accident; addresses and content are not for logs.
    public override string ToString() => Content is null ? "draft" : $"draft of {Content.Length} octets";
}
