namespace Orleans.Mail.Transport;

/// <summary>Content that passed the submission rules: CRLF line ends, an empty line between header and body.</summary>
/// <param name="Id">Names the message in a Message-ID, where one is missing and wanted.</param>
/// <param name="Tenant">Who sends: chooses keys and rules.</param>
/// <param name="Content">Never changed in place.</param>
public readonly record struct ContentToFinish(MessageId Id, string Tenant, byte[] Content);

/// <summary>What is stored and sent, or why the message may not leave.</summary>
public readonly record struct FinishedContent
{
    FinishedContent(byte[]? content, SubmitFault? fault) => (Content, Fault) = (content, fault);

    /// <summary>Octets to store and to send at every attempt: the accepted ones, with fields before them. Null when there is a fault.</summary>
    public byte[]? Content { get; }

    /// <summary>Why the submission is to be refused; null when it is not.</summary>
    public SubmitFault? Fault { get; }

    public static FinishedContent Of(byte[] content) => new(content, null);

    public static FinishedContent Refused(string problem) => new(null, new SubmitFault("content", problem));
}

/// <summary>
/// Gives content the fields that only the service can give: a missing Date and Message-ID where the tenant wants it, then DKIM signatures.
/// Done once, before the first commit, so that every attempt sends the same octets.
/// </summary>
public interface IContentFinisher
{
    ValueTask<FinishedContent> FinishAsync(ContentToFinish content, CancellationToken cancellationToken);
}
