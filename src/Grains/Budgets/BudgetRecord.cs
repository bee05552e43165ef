using System.Text.Json;
using Orleans.Mail.Storage;

namespace Orleans.Mail.Grains.Budgets;

/// <summary>What must be known of a budget after a crash.</summary>
/// <param name="Day">The day of the quota.</param>
/// <param name="Reserved">What of the quota may have been used.</param>
/// <param name="LeasedUntil">When the last share ends that may have been given.</param>
sealed record BudgetRecord(DateOnly Day, int Reserved, DateTimeOffset LeasedUntil)
{
    static string NameOf(string key) => $"budget/{key}";

    public static async Task<(BudgetRecord? Record, string? Version)> ReadAsync(ISettingsStore store, string key) =>
        await store.ReadAsync(NameOf(key), CancellationToken.None) is { } found
            ? (JsonSerializer.Deserialize<BudgetRecord>(found.Value.Span), found.Version)
            : (null, null);

    /// <summary>Null when somebody else wrote it meanwhile.</summary>
    public Task<string?> WriteAsync(ISettingsStore store, string key, string? version) => store.WriteAsync(NameOf(key), JsonSerializer.SerializeToUtf8Bytes(this), version);
}
