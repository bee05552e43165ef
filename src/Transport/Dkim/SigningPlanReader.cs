using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Globalization;
using Microsoft.Extensions.Logging;

namespace Orleans.Mail.Transport.Dkim;

/// <summary>What a reading of the options and of all their keys gave: a plan, or every fault.</summary>
readonly record struct PlanReading(SigningPlan? Plan, ImmutableArray<string> Faults);

/// <summary>Fetches the keys that options point to and makes a plan of them.</summary>
sealed partial class SigningPlanReader(IEnumerable<IDkimKeyProvider> providers, ILogger<SigningPlanReader> log)
{
    readonly record struct KeyText(string Text, string? Fault)
    {
        public static KeyText None(string fault) => new("", fault);
    }

    /// <param name="options">The section as it is now.</param>
    /// <param name="warns">Whether weaknesses are logged: at the first reading, not once a minute.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public async Task<PlanReading> ReadAsync(DkimOptions options, bool warns, CancellationToken cancellationToken)
    {
        var keys = ImmutableArray.CreateBuilder<DomainKey>(options.Signings.Count);
        var faults = ImmutableArray.CreateBuilder<string>();
        for (var i = 0; i < options.Signings.Count; i++)
        {
            var signing = options.Signings[i];
            var (text, fault) = await FetchAsync(signing, cancellationToken).ConfigureAwait(false);
            SigningKey? key = null;
            if (fault is not null || !SigningKey.TryParse(text, out key, out fault))
            {
                faults.Add(string.Create(CultureInfo.InvariantCulture, $"{DkimOptions.Section}:Signings:{i} ({signing.Selector}._domainkey.{signing.Domain}): the key {fault}."));
                continue;
            }

            var ready = new DomainKey(SigningPlan.Canonical(signing.Domain), signing.Selector, signing.Tenants.ToFrozenSet(StringComparer.Ordinal), key);
            if (warns) Warn(signing, ready);
            keys.Add(ready);
        }

        return new PlanReading(faults.Count == 0 ? new SigningPlan(options, keys.DrainToImmutable()) : null, faults.DrainToImmutable());
    }

    async ValueTask<KeyText> FetchAsync(DkimSigningOptions signing, CancellationToken cancellationToken)
    {
        try
        {
            if (!string.IsNullOrEmpty(signing.KeyFile)) return new KeyText(await File.ReadAllTextAsync(signing.KeyFile, cancellationToken).ConfigureAwait(false), null);
            if (!string.IsNullOrEmpty(signing.KeyVariable))
                return Environment.GetEnvironmentVariable(signing.KeyVariable) is { Length: > 0 } value ? new KeyText(value, null) : KeyText.None("is not there: the environment variable of KeyVariable is not set");
            foreach (var provider in providers) return new KeyText(await provider.ReadAsync(signing.KeyName!, cancellationToken).ConfigureAwait(false), null);
            return KeyText.None("has no source; set KeyFile, KeyVariable or KeyName");
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            // A provider's words may hold what it was given, so only the kind of trouble is told.
            return KeyText.None($"could not be read ({exception.GetType().Name}); check that it is there and that the service may read it");
        }
    }

    void Warn(DkimSigningOptions signing, DomainKey ready)
    {
        if (ready.Key.Warning is { } weakness) LogWeakKey(ready.RecordName, weakness);
        if (!string.IsNullOrEmpty(signing.KeyFile) && !OperatingSystem.IsWindows() && File.GetUnixFileMode(signing.KeyFile).HasFlag(UnixFileMode.OtherRead)) LogOpenFile(ready.RecordName);
    }

    [LoggerMessage(1, LogLevel.Warning, "The DKIM key {Record} {Weakness}.")]
    partial void LogWeakKey(string record, string weakness);

    [LoggerMessage(2, LogLevel.Warning, "The file of the DKIM key {Record} may be read by every user of this machine; take that right away (chmod o-r).")]
    partial void LogOpenFile(string record);
}
