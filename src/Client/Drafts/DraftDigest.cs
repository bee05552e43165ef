using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Orleans.Mail.Drafts;

/// <summary>
/// SHA-256 over what a draft says: its fields and its envelope, but not the date that the client fills in. So the same draft is the same
/// submission in whatever process and at whatever time it is rendered.
/// </summary>
static class DraftDigest
{
    // Changes when two drafts that were the same become different, or the other way round.
    const string Version = "draft-1";

    public static byte[] Of(MailDraft draft, MailEnvelope envelope)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Text(hash, Version);
        Text(hash, envelope.From);
        Texts(hash, envelope.Recipients);
        Text(hash, draft.From);
        Texts(hash, draft.To);
        Texts(hash, draft.Cc);
        Texts(hash, draft.ReplyTo);
        Text(hash, draft.Subject);
        Text(hash, draft.Text);
        Text(hash, draft.Html);
        Number(hash, draft.Date?.UtcTicks ?? -1);
        Number(hash, draft.Headers.Count);
        foreach (var (name, value) in draft.Headers.OrderBy(header => header.Key, StringComparer.Ordinal))
        {
            Text(hash, name);
            Text(hash, value);
        }

        Number(hash, draft.Attachments.Count);
        foreach (var attachment in draft.Attachments)
        {
            Text(hash, attachment.Name);
            Text(hash, attachment.ContentType);
            Text(hash, attachment.ContentId);
            Number(hash, attachment.Content.Length);
            hash.AppendData(attachment.Content);
        }

        Promises(hash, draft);
        return hash.GetHashAndReset();
    }

    // What receiving hosts are told beside the addresses is part of the envelope. Only where it is asked for: a draft without keeps its digest.
    static void Promises(IncrementalHash hash, MailDraft draft)
    {
        if (draft.RequireTls) Text(hash, "requiretls");
        if (draft.Dsn is not { } dsn) return;
        Text(hash, "dsn");
        Number(hash, (long)dsn.Notify);
        Number(hash, dsn.ReturnFull ? 1 : 0);
        Text(hash, dsn.EnvelopeId);
    }

    static void Texts(IncrementalHash hash, IReadOnlyList<string> texts)
    {
        Number(hash, texts.Count);
        foreach (var text in texts) Text(hash, text);
    }

    // Each with its length before it, so that no two lists of fields look alike.
    static void Text(IncrementalHash hash, string? text)
    {
        if (text is null)
        {
            Number(hash, -1);
            return;
        }

        var bytes = Encoding.UTF8.GetBytes(text);
        Number(hash, bytes.Length);
        hash.AppendData(bytes);
    }

    static void Number(IncrementalHash hash, long number)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteInt64BigEndian(bytes, number);
        hash.AppendData(bytes);
    }
}
