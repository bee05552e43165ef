using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Orleans.Mail.Transport.Dkim;

/// <summary>What every signature of one message shares.</summary>
sealed class SignatureField(HeaderFields fields, DateTimeOffset now, TimeSpan? lifetime)
{
    const string Name = "DKIM-Signature";
    const int LineLength = 72;

    readonly (string Names, ArrayBufferWriter<byte> Form) _header = SignedFields.Of(fields);
    readonly string _bodyHash = Convert.ToBase64String(RelaxedForm.HashBody(fields.Body));

    /// <summary>The whole field with its line end (RFC 6376 §3.5). There is no l=: what follows the signed part would be anyone's.</summary>
    public string Write(DomainKey signer)
    {
        var unsigned = Unsigned(signer);
        var own = new ArrayBufferWriter<byte>(unsigned.Length + Name.Length);
        RelaxedForm.AppendField(own, Encoding.ASCII.GetBytes(Name), Encoding.ASCII.GetBytes(unsigned));
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(_header.Form.WrittenSpan);
        hash.AppendData(own.WrittenSpan);
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        hash.GetHashAndReset(digest);
        var signature = Convert.ToBase64String(signer.Key.Sign(digest));
        var field = new StringBuilder(Name, Name.Length + unsigned.Length + signature.Length + 32).Append(':').Append(unsigned);
        for (var at = 0; at < signature.Length; at += LineLength)
            field.Append(at == 0 ? "" : "\r\n\t").Append(signature, at, Math.Min(LineLength, signature.Length - at));
        return field.Append("\r\n").ToString();
    }

    // All after the name's colon, with an empty b=.
    string Unsigned(DomainKey signer)
    {
        var seconds = now.ToUnixTimeSeconds();
        var value = new StringBuilder(512);
        value.Append(CultureInfo.InvariantCulture, $" v=1; a={signer.Key.Algorithm}; c=relaxed/relaxed;\r\n\td={signer.Domain};\r\n\ts={signer.Selector}; t={seconds}");
        if (lifetime is { } life) value.Append(CultureInfo.InvariantCulture, $"; x={seconds + (long)life.TotalSeconds}");
        value.Append(";\r\n\th=");
        var column = 3;
        foreach (var name in _header.Names.Split(':'))
        {
            if (column > 3) value.Append(':');
            if (column + name.Length > LineLength)
            {
                value.Append("\r\n\t ");
                column = 4;
            }

            value.Append(name);
            column += name.Length + 1;
        }

        return value.Append(CultureInfo.InvariantCulture, $";\r\n\tbh={_bodyHash};\r\n\tb=").ToString();
    }
}
