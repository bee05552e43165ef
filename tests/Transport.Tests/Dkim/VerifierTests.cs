using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using MimeKit;
using MimeKit.Cryptography;
using Org.BouncyCastle.Crypto;
using Org.BouncyCastle.Crypto.Parameters;
using Org.BouncyCastle.Security;
using Orleans.Mail.Support;

namespace Orleans.Mail.Transport.Tests.Dkim;

/// <summary>Verifiers that nobody here wrote agree that every signature is good, and that a changed message's are not.</summary>
public sealed partial class VerifierTests : IDisposable
{
    const int GeneratedCount = 300;
    const int Signatures = 2;

    readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("dkim-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public async Task OpenDkim_agrees()
    {
        var program = Peer.Require("opendkim");
        var (keys, messages) = await WriteAsync();
        var configuration = Path.Combine(_folder.FullName, "opendkim.conf");
        await File.WriteAllTextAsync(configuration, $"Mode v\nTestPublicKeys {keys}\n", TestContext.Current.CancellationToken);
        var files = Directory.GetFiles(messages).Order(StringComparer.Ordinal).ToList();
        var counts = new Dictionary<string, int>();
        foreach (var file in files)
        {
            var (_, output) = await RunAsync(program, "-vv", "-x", configuration, "-t", file);
            var results = SignatureResult().Matches(output);
            counts[Path.GetFileName(file)] = results.All(result => result.Groups[1].Value == "pass") ? results.Count : -1;
        }

        AssertAllAgree(counts);
    }

    [Fact]
    public async Task Dkimpy_agrees()
    {
        // The one that Debian's packages belong to, whatever else is called python3.
        const string Program = "/usr/bin/python3";
        if (!File.Exists(Program)) Peer.Missing("Debian's python3 is not installed.");
        var (keys, messages) = await WriteAsync();
        var (code, output) = await RunAsync(Program, Script("verify.py"), keys, messages);
        if (code == 3) Peer.Missing("'python3-dkim' or 'python3-nacl' is not installed.");
        AssertAllAgree(Counts(output));
    }

    [Fact]
    public async Task Mailauth_agrees()
    {
        var program = Peer.Require("node");
        if (!Directory.Exists(Script("node_modules/mailauth"))) Peer.Missing("'npm ci --prefix tests/Verifiers' was not run.");
        var (keys, messages) = await WriteAsync();
        var (_, output) = await RunAsync(program, Script("verify.js"), keys, messages);
        AssertAllAgree(Counts(output));
    }

    [Fact]
    public async Task MimeKit_agrees()
    {
        var (_, messages) = await WriteAsync();
        var verifier = new DkimVerifier(new HeldPublicKeys());
        var counts = new Dictionary<string, int>();
        foreach (var file in Directory.GetFiles(messages))
        {
            var message = await MimeMessage.LoadAsync(file, TestContext.Current.CancellationToken);
            var signatures = message.Headers.Where(field => field.Id == HeaderId.DkimSignature).ToList();
            counts[Path.GetFileName(file)] = signatures.All(signature => verifier.Verify(message, signature, TestContext.Current.CancellationToken)) ? signatures.Count : -1;
        }

        AssertAllAgree(counts);
    }

    static void AssertAllAgree(Dictionary<string, int> counts)
    {
        Assert.True(counts.Count > GeneratedCount, $"Only {counts.Count} messages were judged.");
        var expected = counts.Keys.ToDictionary(file => file, file => file.StartsWith("bad", StringComparison.Ordinal) ? -1 : Signatures);
        Assert.Empty(counts.Where(pair => pair.Value != expected[pair.Key]).Select(pair => $"{pair.Key}: {pair.Value}"));
    }

    async Task<(string Keys, string Messages)> WriteAsync()
    {
        var keys = Path.Combine(_folder.FullName, "keys");
        await File.WriteAllTextAsync(keys, $"rsa._domainkey.{Given.Domain} {Given.RsaRecord}\ned._domainkey.{Given.Domain} {Given.Ed25519Record}\n");
        var messages = _folder.CreateSubdirectory("messages").FullName;
        await using var services = Given.Services(Given.Both());
        var all = SignedMail.All(GeneratedCount, seed: 20260301);
        for (var i = 0; i < all.Count; i++)
        {
            var finished = await Given.FinishAsync(services, all[i]);
            Assert.True(finished.Content.AsSpan().EndsWith(all[i]), "The accepted octets are not what follows the added fields.");
            await File.WriteAllBytesAsync(Path.Combine(messages, string.Create(CultureInfo.InvariantCulture, $"good{i:000}.eml")), finished.Content!);
        }

        foreach (var (name, octets) in Changed(await SignedAsync(services))) await File.WriteAllBytesAsync(Path.Combine(messages, $"bad-{name}.eml"), Encoding.Latin1.GetBytes(octets));
        return (keys, messages);
    }

    static async Task<string> SignedAsync(IServiceProvider services) =>
        Encoding.Latin1.GetString((await Given.FinishAsync(services, "From: a@sender.example\r\nDate: Sun, 1 Mar 2026 12:00:00 +0000\r\nSubject: one\r\n\r\nbody\r\n"u8.ToArray())).Content!);

    // What over-signing is for: fields that were not there when it was signed.
    static IEnumerable<(string Name, string Octets)> Changed(string signed) =>
    [
        ("body", signed.Replace("body", "Body", StringComparison.Ordinal)),
        ("more", signed + "more\r\n"),
        ("subject", signed.Replace("Subject: one", "Subject: two", StringComparison.Ordinal)),
        ("second-subject", signed.Replace("Subject: one", "Subject: two\r\nSubject: one", StringComparison.Ordinal)),
        ("added-to", signed.Replace("Subject: one", "To: b@c.example\r\nSubject: one", StringComparison.Ordinal)),
        ("added-reply-to", signed.Replace("Subject: one", "Reply-To: b@c.example\r\nSubject: one", StringComparison.Ordinal)),
        ("second-date", signed.Replace("Subject: one", "Date: Sun, 1 Mar 2026 13:00:00 +0000\r\nSubject: one", StringComparison.Ordinal)),
    ];

    static Dictionary<string, int> Counts(string output) =>
        output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ')).ToDictionary(words => words[0], words => int.Parse(words[1], CultureInfo.InvariantCulture));

    static string Script(string name)
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "Orleans.Mail.sln"))) folder = folder.Parent;
        return Path.Combine(folder.FullName, "tests", "Verifiers", name);
    }

    static async Task<(int Code, string Output)> RunAsync(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await errors;
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (process.ExitCode, output);
    }

    [GeneratedRegex(@"\tdkim=(\w+)")]
    private static partial Regex SignatureResult();

    sealed class HeldPublicKeys : IDkimPublicKeyLocator
    {
        static readonly AsymmetricKeyParameter Rsa = PublicKeyFactory.CreateKey(Convert.FromBase64String(Given.RsaRecord[(Given.RsaRecord.IndexOf("p=", StringComparison.Ordinal) + 2)..]));
        static readonly AsymmetricKeyParameter Ed25519 = new Ed25519PublicKeyParameters(Convert.FromBase64String(Given.Ed25519PublicKey));

        public AsymmetricKeyParameter LocatePublicKey(string methods, string domain, string selector, CancellationToken cancellationToken = default) => selector == "rsa" ? Rsa : Ed25519;

        public Task<AsymmetricKeyParameter> LocatePublicKeyAsync(string methods, string domain, string selector, CancellationToken cancellationToken = default) =>
            Task.FromResult(LocatePublicKey(methods, domain, selector, cancellationToken));
    }
}
