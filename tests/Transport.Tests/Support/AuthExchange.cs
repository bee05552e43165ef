using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

namespace Orleans.Mail.Transport.Tests.Support;

/// <summary>The relay's side of AUTH, up to its verdict.</summary>
static class AuthExchange
{
    /// <summary>Whether who is there knows the secret.</summary>
    public static async Task<bool> AcceptAsync(Dialogue dialogue, string mechanism, string user, string secret)
    {
        var words = (await dialogue.ExpectAsync($"AUTH {mechanism}")).Split(' ');
        var first = words.Length > 2 ? Text(words[2]) : "";
        return mechanism switch
        {
            "PLAIN" => first == $"\0{user}\0{secret}",
            "XOAUTH2" => first == $"user={user}\u0001auth=Bearer {secret}\u0001\u0001",
            "LOGIN" => await AskAsync(dialogue, "Username:") == user & await AskAsync(dialogue, "Password:") == secret,
            "CRAM-MD5" => await AskAsync(dialogue, "<1@peer>") == $"{user} {CramMd5("<1@peer>", secret)}",
            _ => await ScramAsync(dialogue, mechanism == "SCRAM-SHA-1" ? HashAlgorithmName.SHA1 : HashAlgorithmName.SHA256, first, secret),
        };
    }

    // RFC 5802 §3.
    static async Task<bool> ScramAsync(Dialogue dialogue, HashAlgorithmName hash, string first, string secret)
    {
        var bare = first["n,,".Length..];
        var nonce = bare[(bare.IndexOf("r=", StringComparison.Ordinal) + 2)..] + "peer";
        var salt = Encoding.ASCII.GetBytes("salt of the peer");
        var challenge = $"r={nonce},s={Convert.ToBase64String(salt)},i=4096";
        var answer = await AskAsync(dialogue, challenge);
        var withoutProof = answer[..answer.IndexOf(",p=", StringComparison.Ordinal)];
        var message = Encoding.UTF8.GetBytes($"{bare},{challenge},{withoutProof}");
        var size = hash == HashAlgorithmName.SHA1 ? 20 : 32;
        var salted = Rfc2898DeriveBytes.Pbkdf2(secret, salt, 4096, hash, size);
        var clientKey = CryptographicOperations.HmacData(hash, salted, "Client Key"u8.ToArray());
        var signature = CryptographicOperations.HmacData(hash, CryptographicOperations.HashData(hash, clientKey), message);
        var proof = Convert.ToBase64String([.. clientKey.Zip(signature, static (left, right) => (byte)(left ^ right))]);
        if (answer != $"{withoutProof},p={proof}") return false;
        var serverKey = CryptographicOperations.HmacData(hash, salted, "Server Key"u8.ToArray());
        await AskAsync(dialogue, $"v={Convert.ToBase64String(CryptographicOperations.HmacData(hash, serverKey, message))}");
        return true;
    }

    static async Task<string> AskAsync(Dialogue dialogue, string challenge)
    {
        await dialogue.SayAsync($"334 {Convert.ToBase64String(Encoding.UTF8.GetBytes(challenge))}\r\n");
        return Text(await dialogue.ReadLineAsync());
    }

    [SuppressMessage("Security", "CA5351", Justification = "The mechanism is MD5.")]
    static string CramMd5(string challenge, string secret) =>
        Convert.ToHexStringLower(HMACMD5.HashData(Encoding.UTF8.GetBytes(secret), Encoding.UTF8.GetBytes(challenge)));

    static string Text(string base64) => Encoding.UTF8.GetString(Convert.FromBase64String(base64));
}
