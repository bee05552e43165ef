using System.Text.Json;
using Orleans.Mail.Storage;

namespace Orleans.Mail.Grains.Budgets;

/// <summary>What must be known of a budget after a crash.</summary>
/// <param name="Day">The day of the quota.</param>
/// <param name="Reserved">What of the quota may have been used.</param>
/// <param name="LeasedUntil">When the last share ends that may have been given.</param>
/// <param name="HasSentAway">Whether mail may wait outside memory for this limit.</param>
sealed record BudgetRecord(DateOnly Day, int Reserved, DateTimeOffset LeasedUntil, bool HasSentAway = false)
{
    const string Prefix = "budget/";
    const int PageSize = 500;

    static string NameOf(string key) => Prefix + key;

    /// <summary>Keys of all budgets that mail may wait for outside memory.</summary>
    public static async Task<List<string>> ReadSentAwayAsync(ISettingsStore store, CancellationToken cancellationToken)
    {
        var keys = new List<string>();
        string? after = null;
        while (await store.ListAsync(Prefix, after, PageSize, cancellationToken) is { Count: > 0 } page)
        {
            keys.AddRange(page.Where(setting => JsonSerializer.Deserialize<BudgetRecord>(setting.Value.Span)!.HasSentAway).Select(setting => setting.Name[Prefix.Length..]));
            after = page[^1].Name;
        }

        return keys;
    }

    public static async Task<(BudgetRecord? Record, string? Version)> ReadAsync(ISettingsStore store, string key) =>
        await store.ReadAsync(NameOf(key), CancellationToken.None) is { } found
            ? (JsonSerializer.Deserialize<BudgetRecord>(found.Value.Span), found.Version)
            : (null, null);

    /// <summary>Null when somebody else wrote it meanwhile.</summary>
    public Task<string?> WriteAsync(ISettingsStore store, string key, string? version) => store.WriteAsync(NameOf(key), JsonSerializer.SerializeToUtf8Bytes(this), version);
}
