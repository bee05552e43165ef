using System.Security.Cryptography;
using System.Text;

namespace Orleans.Mail.Policy.Shaping;

/// <summary>Names of limits that sites share. One budget each, in the whole cluster.</summary>
public static class BudgetKeys
{
    /// <summary>A tenant, or one campaign of it.</summary>
    public static string OfSender(string tenant, string? campaign) => (campaign is null ? $"tenant:{tenant}" : $"campaign:{tenant}/{campaign}").ToLowerInvariant();

    public static string OfDomain(string domain) => $"domain:{domain}".ToLowerInvariant();

    public static string OfSource(string source) => $"source:{source}";

    /// <summary>A provider counts sessions by the address that they come from.</summary>
    public static string OfProvider(string provider, string? source) => source is null ? $"provider:{provider}" : $"provider:{provider}#{source}";

    /// <summary>What a tenant's senders get in notices.</summary>
    public static string OfNotices(string tenant) => $"notices:{tenant}".ToLowerInvariant();

    /// <summary>What is limited, and its name.</summary>
    public static (string Kind, string Name) Split(string key)
    {
        var colon = key.IndexOf(':', StringComparison.Ordinal);
        return (key[..colon], key[(colon + 1)..]);
    }

    /// <summary>The name under which messages wait that were sent away because a limit is used up.</summary>
    public static string WaitName(string key)
    {
        var name = WaitPrefix + key;
        return name.Length <= MaxWaitName ? name : name[..(MaxWaitName - HashLength)] + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(name)));
    }

    public static bool IsWait(string? waitsFor) => waitsFor?.StartsWith(WaitPrefix, StringComparison.Ordinal) == true;

    // What the spool's index takes.
    const int MaxWaitName = 200;
    const int HashLength = 64;
    const string WaitPrefix = "limit:";
}
