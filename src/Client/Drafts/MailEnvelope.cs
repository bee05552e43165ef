namespace Orleans.Mail;

/// <summary>Whom the receiving hosts are told, apart from what the header says (RFC 5321 §2.3.1). Bare addresses.</summary>
/// <param name="From">MAIL FROM; empty for the null sender.</param>
/// <param name="Recipients">RCPT TO.</param>
public sealed record MailEnvelope(string From, IReadOnlyList<string> Recipients);
