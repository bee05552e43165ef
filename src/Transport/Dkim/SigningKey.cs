using System.Diagnostics.CodeAnalysis;
using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.Pkcs;

namespace Orleans.Mail.Transport.Dkim;

/// <summary>A private key that signs. Any number of threads may use it at a time.</summary>
abstract class SigningKey
{
    // RFC 8410 §3.
    const string Ed25519 = "1.3.101.112";

    /// <summary>Value of a= (RFC 8301 §3.1, RFC 8463 §3).</summary>
    public abstract string Algorithm { get; }

    /// <summary>Something to tell the operator about the key; null when there is nothing.</summary>
    public virtual string? Warning => null;

    /// <param name="hash">SHA-256 of the header's canonical form.</param>
    public abstract byte[] Sign(ReadOnlySpan<byte> hash);

    /// <summary>A key out of PEM text, PKCS#8 or PKCS#1. What is wrong is told without a word of the text, since it may be half a key.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out SigningKey? key, [NotNullWhen(false)] out string? problem)
    {
        key = null;
        // An environment variable often has no room for line ends.
        text = text.Replace("\\n", "\n", StringComparison.Ordinal);
        if (!PemEncoding.TryFind(text, out var place)) return Fail("holds no PEM block; write a private key as PEM", out problem);
        try
        {
            var octets = Convert.FromBase64String(text[place.Base64Data]);
            switch (text[place.Label])
            {
                case "RSA PRIVATE KEY":
                    return IsUsable(RsaSigningKey.FromPkcs1(octets), out key, out problem);
                case "PRIVATE KEY" when Pkcs8PrivateKeyInfo.Decode(octets, out _).AlgorithmId.Value == Ed25519:
                    return IsUsable(Ed25519SigningKey.FromPkcs8(octets), out key, out problem);
                case "PRIVATE KEY":
                    return IsUsable(RsaSigningKey.FromPkcs8(octets), out key, out problem);
                case "ENCRYPTED PRIVATE KEY":
                    return Fail("is encrypted; store it without a passphrase, readable by the service only", out problem);
                default:
                    return Fail("is not a private key; write the private half as PEM, PKCS#8 or PKCS#1", out problem);
            }
        }
        catch (Exception exception) when (exception is CryptographicException or AsnContentException or FormatException or ArgumentException)
        {
            return Fail("is no RSA or Ed25519 private key that can be read", out problem);
        }
    }

    static bool IsUsable(SigningKey parsed, [NotNullWhen(true)] out SigningKey? key, [NotNullWhen(false)] out string? problem)
    {
        key = null;
        // RFC 8301 §3.2: signers must not use less than 1,024 bits; verifiers need not take more than 4,096.
        if (parsed is RsaSigningKey { Bits: < 1024 }) return Fail("is an RSA key of less than 1,024 bits, which no receiver trusts; make one of 2,048", out problem);
        if (parsed is RsaSigningKey { Bits: > 4096 }) return Fail("is an RSA key of more than 4,096 bits, which receivers need not take; make one of 2,048", out problem);
        (key, problem) = (parsed, null);
        return true;
    }

    static bool Fail(string reason, out string problem)
    {
        problem = reason;
        return false;
    }
}
