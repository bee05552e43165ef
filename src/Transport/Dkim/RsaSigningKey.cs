using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;

namespace Orleans.Mail.Transport.Dkim;

/// <summary>RSA-SHA256 (RFC 6376 §3.3.2). An RSA object is used by one thread at a time, so there are as many as there were threads at once.</summary>
sealed class RsaSigningKey : SigningKey
{
    readonly ConcurrentQueue<RSA> _idle = new();
    readonly RSAParameters _parameters;

    RsaSigningKey(RSA key)
    {
        _parameters = key.ExportParameters(includePrivateParameters: true);
        Bits = key.KeySize;
        _idle.Enqueue(key);
    }

    public int Bits { get; }

    public override string Algorithm => "rsa-sha256";

    public override string? Warning => Bits < 2048 ? string.Create(CultureInfo.InvariantCulture, $"has {Bits:N0} bits; RFC 8301 asks for 2,048") : null;

    public static RsaSigningKey FromPkcs1(byte[] octets) => Import(key => key.ImportRSAPrivateKey(octets, out _));

    public static RsaSigningKey FromPkcs8(byte[] octets) => Import(key => key.ImportPkcs8PrivateKey(octets, out _));

    public override byte[] Sign(ReadOnlySpan<byte> hash)
    {
        if (!_idle.TryDequeue(out var key)) key = RSA.Create(_parameters);
        var signature = key.SignHash(hash, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        _idle.Enqueue(key);
        return signature;
    }

    static RsaSigningKey Import(Action<RSA> import)
    {
        var key = RSA.Create();
        try
        {
            import(key);
            return new RsaSigningKey(key);
        }
        catch
        {
            key.Dispose();
            throw;
        }
    }
}
