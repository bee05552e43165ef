using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Orleans.Mail.Transport.Dkim;

namespace Orleans.Mail.Transport.Tests.Dkim;

/// <summary>Keys, options and finishers of the tests. The keys are made here and serve nothing else.</summary>
static class Given
{
    public const string Domain = "sender.example";

    // RFC 8463 appendix A.2: the private key of "brisbane" in PKCS#8.
    public const string Ed25519Pem = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n-----END PRIVATE KEY-----\n";
    public const string Ed25519PublicKey = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";

    static readonly Lazy<RSA> Rsa = new(() => RSA.Create(2048));

    public static string RsaPem => Rsa.Value.ExportPkcs8PrivateKeyPem();

    public static string RsaRecord => $"v=DKIM1; k=rsa; p={Convert.ToBase64String(Rsa.Value.ExportSubjectPublicKeyInfo())}";

    public static string Ed25519Record => $"v=DKIM1; k=ed25519; p={Ed25519PublicKey}";

    public static DateTimeOffset Now { get; } = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    public static DkimSigningOptions Signing(string domain, string selector, string keyName, params string[] tenants) =>
        new() { Domain = domain, Selector = selector, KeyName = keyName, Tenants = [.. tenants] };

    /// <summary>Both kinds of key for <see cref="Domain"/>.</summary>
    public static DkimOptions Both() => new() { Signings = [Signing(Domain, "rsa", "rsa"), Signing(Domain, "ed", "ed")] };

    public static ServiceProvider Services(DkimOptions options, HeaderOptions? header = null, TimeProvider? clock = null, ILoggerProvider? log = null, IDkimKeyProvider? keys = null)
    {
        var services = new ServiceCollection().AddLogging(logging => logging.AddProvider(log ?? NullLoggerProvider.Instance));
        services.AddSingleton(keys ?? new HeldKeys());
        services.AddSingleton(clock ?? new FixedClock());
        services.AddMailDkim();
        services.AddSingleton<IOptionsMonitor<DkimOptions>>(provider => new GivenOptions(options, provider.GetServices<IValidateOptions<DkimOptions>>()));
        services.AddSingleton(Options.Create(header ?? new HeaderOptions()));
        return services.BuildServiceProvider();
    }

    public static async Task<FinishedContent> FinishAsync(string content, DkimOptions? options = null, HeaderOptions? header = null, string tenant = "shop")
    {
        await using var services = Services(options ?? Both(), header);
        return await FinishAsync(services, Encoding.Latin1.GetBytes(content), tenant);
    }

    public static ValueTask<FinishedContent> FinishAsync(IServiceProvider services, byte[] content, string tenant = "shop") =>
        services.GetRequiredService<IContentFinisher>().FinishAsync(new ContentToFinish(MessageId.FromKey(tenant, "k"), tenant, content), TestContext.Current.CancellationToken);

    /// <summary>Signing domain and selector of each signature.</summary>
    public static string[] Signers(FinishedContent finished) =>
        [.. MimeKit.MimeMessage.Load(new MemoryStream(finished.Content!)).Headers.Where(field => field.Field == "DKIM-Signature").Select(field => $"{Tag(field.Value, "s")}._domainkey.{Tag(field.Value, "d")}")];

    public static string? Tag(string? signature, string name) =>
        (signature ?? "").Split(';').Select(tag => tag.Trim().Split('=', 2)).Where(tag => tag[0] == name).Select(tag => string.Concat(tag[1].Where(character => !char.IsWhiteSpace(character)))).SingleOrDefault();

    sealed class FixedClock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => Now;
    }
}

/// <summary>A vault with two keys, and whatever a test puts there.</summary>
sealed class HeldKeys : IDkimKeyProvider
{
    public Dictionary<string, string> Keys { get; } = new() { ["rsa"] = Given.RsaPem, ["ed"] = Given.Ed25519Pem };

    public Exception? Failure { get; set; }

    public ValueTask<string> ReadAsync(string keyName, CancellationToken cancellationToken) =>
        Failure is null ? ValueTask.FromResult(Keys[keyName]) : ValueTask.FromException<string>(Failure);
}

/// <summary>Options that a test may change while they are in use; judged when they are read.</summary>
sealed class GivenOptions(DkimOptions options, IEnumerable<IValidateOptions<DkimOptions>> validators) : IOptionsMonitor<DkimOptions>
{
    public DkimOptions CurrentValue
    {
        get
        {
            string[] failures = [.. validators.SelectMany(validator => validator.Validate(null, options).Failures ?? [])];
            return failures.Length == 0 ? options : throw new OptionsValidationException(DkimOptions.Section, typeof(DkimOptions), failures);
        }
    }

    public DkimOptions Get(string? name) => CurrentValue;

    public IDisposable? OnChange(Action<DkimOptions, string?> listener) => null;
}
