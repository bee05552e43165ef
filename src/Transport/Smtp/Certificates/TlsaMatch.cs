using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Orleans.Mail.Transport.Smtp.Certificates;

/// <summary>Certificates against TLSA records (RFC 6698 §2.1, RFC 7672 §3.1).</summary>
static class TlsaMatch
{
    const byte TrustAnchor = 2;
    const byte EndEntity = 3;

    /// <summary>RFC 7672 §3.1.3: usages 0 and 1 cannot be used for SMTP; nor what we do not know.</summary>
    public static bool IsUsable(TlsaRecord record) =>
        record is { Usage: TrustAnchor or EndEntity, Selector: 0 or 1, MatchingType: 0 or 1 or 2 } && record.Data.Length == (record.MatchingType switch
        {
            1 => SHA256.HashSizeInBytes,
            2 => SHA512.HashSizeInBytes,
            _ => Math.Max(1, record.Data.Length),
        });

    /// <summary>RFC 7672 §3.1.1: the certificate, or its key, is the one; names and dates are of no matter.</summary>
    public static bool IsEndEntity(X509Certificate2 certificate, IEnumerable<TlsaRecord> records) =>
        records.Any(record => record.Usage == EndEntity && Matches(certificate, record));

    /// <summary>RFC 7672 §3.1.2: the certificate is an issuer that is vouched for.</summary>
    public static bool IsTrustAnchor(X509Certificate2 certificate, IEnumerable<TlsaRecord> records) =>
        records.Any(record => record.Usage == TrustAnchor && Matches(certificate, record));

    static bool Matches(X509Certificate2 certificate, TlsaRecord record)
    {
        var selected = record.Selector == 0 ? certificate.RawDataMemory.Span : PublicKeyOf(certificate).Span;
        return record.MatchingType switch
        {
            0 => selected.SequenceEqual(record.Data.AsSpan()),
            1 => SHA256.HashData(selected).AsSpan().SequenceEqual(record.Data.AsSpan()),
            2 => SHA512.HashData(selected).AsSpan().SequenceEqual(record.Data.AsSpan()),
            _ => false,
        };
    }

    /// <summary>SubjectPublicKeyInfo with the very octets it has in the certificate (RFC 5280 §4.1), whatever its algorithm.</summary>
    static ReadOnlyMemory<byte> PublicKeyOf(X509Certificate2 certificate)
    {
        var fields = new AsnReader(certificate.RawDataMemory, AsnEncodingRules.DER).ReadSequence().ReadSequence();
        if (fields.PeekTag().HasSameClassAndValue(new Asn1Tag(TagClass.ContextSpecific, 0))) fields.ReadEncodedValue();
        // Serial number, signature algorithm, issuer, validity, subject.
        for (var i = 0; i < 5; i++) fields.ReadEncodedValue();
        return fields.ReadEncodedValue();
    }
}
