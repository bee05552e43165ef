namespace Orleans.Mail.Transport.Smtp.Certificates;

/// <summary>What a check of a certificate came to.</summary>
/// <param name="Proof">What vouches for it.</param>
/// <param name="Fault">Why the connection must end: a result type of RFC 8460 §4.3, and words; null when it may go on.</param>
readonly record struct CertificateVerdict(TlsProof Proof, string? Fault)
{
    public static CertificateVerdict NotChecked { get; } = new(TlsProof.None, null);

    public static CertificateVerdict Absent { get; } = new(TlsProof.None, "validation-failure: the remote showed no certificate");

    public static CertificateVerdict NotTrusted { get; } = new(TlsProof.None, "certificate-not-trusted: no chain leads to a trusted root");

    public static CertificateVerdict Expired { get; } = new(TlsProof.None, "certificate-expired: a certificate is not valid at this time");

    public static CertificateVerdict HostMismatch { get; } = new(TlsProof.None, "certificate-host-mismatch: the certificate is for other names");

    public static CertificateVerdict NoUsableTlsa { get; } = new(TlsProof.None, "tlsa-invalid: no TLSA record is usable");

    public static CertificateVerdict NoTlsaMatch { get; } = new(TlsProof.None, "validation-failure: no TLSA record matches the certificate");

    public static CertificateVerdict Invalid(string status) => new(TlsProof.None, $"validation-failure: the chain does not hold ({status})");
}
