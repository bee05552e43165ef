using System.Globalization;

namespace Orleans.Mail.Grains.Spool;

/// <summary>How far a walk over all shards has come: a shard, and the id before which it goes on.</summary>
readonly record struct SetPlace(int Shard, string? Before)
{
    /// <summary>The place a text stands for; the start for null.</summary>
    public static SetPlace Parse(string? text)
    {
        if (text is null) return default;
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0 || !int.TryParse(text.AsSpan(0, colon), NumberStyles.None, CultureInfo.InvariantCulture, out var shard)) throw new FormatException("Not a place in a set.");
        var before = text[(colon + 1)..];
        if (before.Length > 0 && !MessageId.TryParse(before, out _)) throw new FormatException("Not a place in a set.");
        return new SetPlace(shard, before.Length == 0 ? null : before);
    }

    /// <summary>The place after a step of this shard that ended at <paramref name="continuation"/>.</summary>
    public SetPlace Next(string? continuation) => continuation is null ? new SetPlace(Shard + 1, null) : this with { Before = continuation };

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Shard}:{Before}");
}
