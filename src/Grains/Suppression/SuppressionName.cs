using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Orleans.Mail.Grains.Suppression;

/// <summary>The name under which an address is kept. Addresses are compared without case: no receiver that matters tells cases apart.</summary>
static class SuppressionName
{
    public const string Prefix = "suppression/";

    public static string Of(string? tenant, string address) => PrefixOf(tenant) + address.ToLowerInvariant();

    /// <summary>What the names of one tenant's addresses begin with, or of everybody's.</summary>
    public static string PrefixOf(string? tenant) => tenant is null ? $"{Prefix}all/" : $"{Prefix}tenant/{tenant}/";

    /// <summary>Stands for a name in memory. Two names with one hash only cost a look into the store.</summary>
    public static ulong HashOf(string name)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(name), hash);
        return BinaryPrimitives.ReadUInt64LittleEndian(hash);
    }
}
