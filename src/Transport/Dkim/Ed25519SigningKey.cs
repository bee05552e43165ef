using System.Formats.Asn1;
using System.Security.Cryptography.Pkcs;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Math.EC.Rfc8032;

namespace Orleans.Mail.Transport.Dkim;

/// <summary>Ed25519-SHA256 (RFC 8463 §3): PureEdDSA over the hash.</summary>
sealed class Ed25519SigningKey : SigningKey
{
    readonly byte[] _seed;
    readonly byte[] _publicKey;

    Ed25519SigningKey(byte[] seed)
    {
        _seed = seed;
        _publicKey = new Ed25519PrivateKeyParameters(seed).GeneratePublicKey().GetEncoded();
    }

    public override string Algorithm => "ed25519-sha256";

    // RFC 8410 §7: an octet string within the octet string.
    public static Ed25519SigningKey FromPkcs8(byte[] octets) =>
        new(AsnDecoder.ReadOctetString(Pkcs8PrivateKeyInfo.Decode(octets, out _).PrivateKeyBytes.Span, AsnEncodingRules.DER, out _));

    public override byte[] Sign(ReadOnlySpan<byte> hash)
    {
        var message = hash.ToArray();
        var signature = new byte[Ed25519.SignatureSize];
        Ed25519.Sign(_seed, 0, _publicKey, 0, message, 0, message.Length, signature, 0);
        return signature;
    }
}
