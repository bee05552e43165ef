using System.Text;
using Azure.Data.Tables;

namespace Orleans.Mail.Storage.AzureStorage.Settings;

/// <summary>
/// Where a setting lies. A key of Azure holds neither <c>/</c> nor <c>#</c>, and 512 characters at most, so a name is written six bits at a character,
/// in an alphabet whose order is that of its values, and a long one goes on in the second key. The order of the rows is then the order of the names.
/// </summary>
readonly record struct SettingKey(string Partition, string Row)
{
    const string Alphabet = "-0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz";
    const int PartitionLength = 480;

    public static SettingKey Of(string name) => Of(Encoding.UTF8.GetBytes(name));

    /// <summary>A query for all rows of names that begin with <paramref name="prefix"/> from <paramref name="after"/> on; it may give a few others too.</summary>
    public static string Range(string prefix, string? after)
    {
        var first = Of(after is not null && string.CompareOrdinal(after, prefix) > 0 ? after : prefix).Partition;
        if (prefix.Length == 0) return TableClient.CreateQueryFilter($"PartitionKey ge {first}");
        var next = Encoding.UTF8.GetBytes(prefix);
        // No octet of UTF-8 is the last one, so there is always a next.
        next[^1]++;
        return TableClient.CreateQueryFilter($"PartitionKey ge {first} and PartitionKey le {Of(next).Partition}");
    }

    static SettingKey Of(ReadOnlySpan<byte> name)
    {
        var text = new StringBuilder(name.Length * 4 / 3 + 2);
        var bits = 0;
        var held = 0;
        foreach (var octet in name)
        {
            bits = (bits << 8) | octet;
            for (held += 8; held >= 6; held -= 6) text.Append(Alphabet[(bits >> (held - 6)) & 63]);
        }

        if (held > 0) text.Append(Alphabet[(bits << (6 - held)) & 63]);
        var all = text.ToString();
        // Neither key is ever empty.
        return all.Length <= PartitionLength ? new SettingKey("n" + all, "n") : new SettingKey("n" + all[..PartitionLength], "n" + all[PartitionLength..]);
    }
}
