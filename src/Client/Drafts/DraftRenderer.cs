using System.Security.Cryptography;
using System.Text;
using MimeKit;

namespace Orleans.Mail.Drafts;

/// <summary>Renders a described draft. Message-ID and boundaries follow from the id and the draft, so that a second rendering differs in its Date only.</summary>
static class DraftRenderer
{
    public static byte[] Render(MailDraft draft, DraftAddresses addresses, MessageId id, byte[] digest, DateTimeOffset now)
    {
        using var message = new MimeMessage
        {
            Subject = draft.Subject ?? "",
            Date = draft.Date ?? now,
            MessageId = $"{id.ToString().ToLowerInvariant()}@{addresses.From!.Domain}",
            Body = Body(draft),
        };
        message.From.Clear();
        message.From.Add(addresses.From);
        message.To.AddRange(addresses.To);
        message.Cc.AddRange(addresses.Cc);
        message.ReplyTo.AddRange(addresses.ReplyTo);
        foreach (var (name, value) in draft.Headers) message.Headers.Replace(name, value);
        SetBoundaries(message, digest);
        message.Prepare(EncodingConstraint.SevenBit);
        return MimeText.Write(message, addresses.Shown.Any(mailbox => !Ascii.IsValid(mailbox.Address)));
    }

    static MimeEntity Body(MailDraft draft)
    {
        var builder = new BodyBuilder { TextBody = draft.Text, HtmlBody = draft.Html };
        foreach (var attachment in draft.Attachments)
            (attachment.ContentId is null ? builder.Attachments : builder.LinkedResources).Add(Part(attachment));
        return builder.ToMessageBody();
    }

    static MimePart Part(MailAttachment attachment)
    {
        var type = attachment.ContentType ?? MimeTypes.GetMimeType(attachment.Name);
        var part = new MimePart(ContentType.Parse(type))
        {
            Content = new MimeContent(new MemoryStream(attachment.Content, writable: false)),
            ContentTransferEncoding = ContentEncoding.Base64,
            ContentDisposition = new ContentDisposition(attachment.ContentId is null ? ContentDisposition.Attachment : ContentDisposition.Inline),
            FileName = attachment.Name,
        };
        if (attachment.ContentId is not null) part.ContentId = attachment.ContentId;
        return part;
    }

    // A boundary must not occur in a part. As a hash of the parts it cannot be written into one of them beforehand.
    static void SetBoundaries(MimeMessage message, byte[] digest)
    {
        var number = 0;
        var seed = new byte[digest.Length + 1];
        digest.CopyTo(seed, 0);
        var parts = new MimeIterator(message);
        while (parts.MoveNext())
        {
            if (parts.Current is not Multipart multipart) continue;
            seed[^1] = (byte)number++;
            multipart.Boundary = $"=_{Convert.ToHexStringLower(SHA256.HashData(seed).AsSpan(0, 15))}";
        }
    }
}
