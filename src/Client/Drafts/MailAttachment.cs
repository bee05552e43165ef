namespace Orleans.Mail;

/// <summary>A file that goes with a message.</summary>
/// <param name="Name">File name, without a path.</param>
/// <param name="Content">Its octets.</param>
/// <param name="ContentType">Such as <c>application/pdf</c>; null to tell it from the name.</param>
/// <param name="ContentId">For an image that the HTML shows as <c>cid:…</c>; null for an ordinary attachment.</param>
public sealed record MailAttachment(string Name, byte[] Content, string? ContentType = null, string? ContentId = null)
{
    public static async Task<MailAttachment> FromFileAsync(string path, string? contentType = null, CancellationToken cancellationToken = default) =>
        new(Path.GetFileName(path), await File.ReadAllBytesAsync(path, cancellationToken).ConfigureAwait(false), contentType);

    public static async Task<MailAttachment> FromStreamAsync(string name, Stream stream, string? contentType = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(stream);
        using var buffer = new MemoryStream();
        await stream.CopyToAsync(buffer, cancellationToken).ConfigureAwait(false);
        return new MailAttachment(name, buffer.ToArray(), contentType);
    }
}
