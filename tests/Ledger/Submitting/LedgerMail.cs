namespace Orleans.Mail.Ledger;

/// <summary>A generated message, ready to be submitted. Its id is also a good idempotency key.</summary>
public sealed record LedgerMail(string Id, string From, string[] Recipients, byte[] Content, string Sha256);
