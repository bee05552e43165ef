using System.Security.Cryptography;
using System.Text;
using Orleans.Mail.Transport.Dkim;

namespace Orleans.Mail.Transport.Tests.Dkim;

public sealed class SigningKeyTests
{
    [Fact]
    public void Both_PEM_forms_of_an_RSA_key_are_the_same_key()
    {
        using var rsa = RSA.Create(1024);
        var hash = SHA256.HashData("x"u8);
        var signatures = new[] { rsa.ExportPkcs8PrivateKeyPem(), rsa.ExportRSAPrivateKeyPem(), rsa.ExportPkcs8PrivateKeyPem().Replace("\n", "\\n", StringComparison.Ordinal) }
            .Select(pem => Convert.ToHexString(Parse(pem).Sign(hash)));
        Assert.Single(signatures.Distinct());
    }

    [Fact]
    public void A_short_key_that_is_still_allowed_is_warned_of()
    {
        using var rsa = RSA.Create(1024);
        Assert.Contains("1,024 bits", Parse(rsa.ExportPkcs8PrivateKeyPem()).Warning, StringComparison.Ordinal);
        Assert.Null(Parse(Given.RsaPem).Warning);
        Assert.Null(Parse(Given.Ed25519Pem).Warning);
    }

    [Fact]
    public void Keys_that_receivers_do_not_trust_or_take_are_refused()
    {
        // RFC 8301 §3.2.
        using var small = RSA.Create(512);
        Assert.Contains("less than 1,024 bits", ProblemOf(small.ExportPkcs8PrivateKeyPem()), StringComparison.Ordinal);
        Assert.Contains("less than 1,024 bits", ProblemOf(small.ExportRSAPrivateKeyPem()), StringComparison.Ordinal);
    }

    [Fact]
    public void Other_texts_are_refused_without_repeating_a_word_of_them()
    {
        const string Canary = "Q0FOQVJZQ0FOQVJZ";
        using var curve = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        string[] texts =
        [
            "", Canary, $"-----BEGIN PRIVATE KEY-----\n{Canary}\n-----END PRIVATE KEY-----", $"-----BEGIN RSA PRIVATE KEY-----\n{Canary}\n-----END RSA PRIVATE KEY-----",
            $"-----BEGIN ENCRYPTED PRIVATE KEY-----\n{Canary}\n-----END ENCRYPTED PRIVATE KEY-----", $"-----BEGIN PUBLIC KEY-----\n{Canary}\n-----END PUBLIC KEY-----",
            $"-----BEGIN PRIVATE KEY-----\n{Canary}", curve.ExportPkcs8PrivateKeyPem(), Given.Ed25519Pem[..60] + "\n-----END PRIVATE KEY-----", Given.Ed25519Pem.Replace("MC4", "MC5", StringComparison.Ordinal),
        ];
        foreach (var problem in texts.Select(ProblemOf))
        {
            Assert.NotEmpty(problem);
            Assert.DoesNotContain(Canary, problem, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Many_threads_may_sign_with_one_key_at_once()
    {
        foreach (var pem in new[] { Given.RsaPem, Given.Ed25519Pem })
        {
            var key = Parse(pem);
            var hashes = Enumerable.Range(0, 64).Select(i => SHA256.HashData(Encoding.ASCII.GetBytes($"{i}"))).ToList();
            var alone = hashes.Select(hash => Convert.ToHexString(key.Sign(hash)));
            Assert.Equal(alone, hashes.AsParallel().AsOrdered().WithDegreeOfParallelism(8).Select(hash => Convert.ToHexString(key.Sign(hash))));
        }
    }

    static SigningKey Parse(string pem)
    {
        Assert.True(SigningKey.TryParse(pem, out var key, out var problem), problem);
        return key;
    }

    static string ProblemOf(string text)
    {
        Assert.False(SigningKey.TryParse(text, out _, out var problem));
        return problem;
    }
}
