using System.Buffers;
using System.Globalization;
using Microsoft.Extensions.Options;

namespace Orleans.Mail.Transport.Dkim;

/// <summary>Judges the section itself; the keys it points to are judged when they are read.</summary>
sealed class DkimOptionsValidator(IEnumerable<IDkimKeyProvider> providers) : IValidateOptions<DkimOptions>
{
    static readonly SearchValues<char> SelectorCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._");

    public ValidateOptionsResult Validate(string? name, DkimOptions options)
    {
        var problems = new OptionProblems(DkimOptions.Section);
        problems.InRange(options.RefreshAfter, TimeSpan.FromSeconds(1), TimeSpan.FromDays(1));
        // RFC 6376 §3.5: a message waits for days here and at its receivers, and must still verify.
        if (options.SignatureLifetime is { } lifetime) problems.InRange(lifetime, TimeSpan.FromDays(7), TimeSpan.FromDays(366), nameof(options.SignatureLifetime));
        foreach (var domain in options.RequiredDomains)
            problems.Require(domain == DkimOptions.Any || IsDomain(domain), nameof(options.RequiredDomains), "has an entry that is no domain; write domains, or * for all.");
        for (var i = 0; i < options.Signings.Count; i++)
            Check(options.Signings[i], string.Create(CultureInfo.InvariantCulture, $"{nameof(options.Signings)}:{i}:"), problems);
        var doubles = options.Signings.GroupBy(signing => $"{signing.Selector}._domainkey.{signing.Domain}", StringComparer.OrdinalIgnoreCase).Where(group => group.Count() > 1);
        foreach (var twice in doubles) problems.Require(false, nameof(options.Signings), $"has {twice.Key} more than once; name its tenants in one entry.");
        return problems.ToResult();
    }

    void Check(DkimSigningOptions signing, string key, OptionProblems problems)
    {
        problems.Require(IsDomain(signing.Domain), key + nameof(signing.Domain), "is no domain; set the domain that publishes the key.");
        problems.Require(IsSelector(signing.Selector), key + nameof(signing.Selector), "is no selector; set labels of letters, digits, hyphens and underscores, such as s2026.");
        string?[] sources = [signing.KeyFile, signing.KeyVariable, signing.KeyName];
        problems.Require(sources.Count(source => !string.IsNullOrEmpty(source)) == 1, key + nameof(signing.KeyFile), "is not the one source of the key; set one of KeyFile, KeyVariable and KeyName.");
        problems.Require(string.IsNullOrEmpty(signing.KeyName) || providers.Any(), key + nameof(signing.KeyName), "needs a key provider; register an IDkimKeyProvider, or set KeyFile or KeyVariable.");
    }

    static bool IsDomain(string? domain) => domain is not null && Mailbox.TryParseDomain(domain, out _, out _);

    static bool IsSelector(string? selector) =>
        selector is { Length: > 0 and <= 190 } && !selector.AsSpan().ContainsAnyExcept(SelectorCharacters) && selector.Split('.').All(label => label.Length is > 0 and <= 63);
}
