using System.Net;
using System.Runtime.CompilerServices;
using System.Text;
using Microsoft.Extensions.Options;
using Orleans.Mail.Transport.Smtp.Certificates;

namespace Orleans.Mail.Transport;

/// <summary>Collects every problem of a section, each with its key and the remedy.</summary>
sealed class OptionProblems(string section)
{
    readonly List<string> _problems = [];

    public void InRange(TimeSpan value, TimeSpan min, TimeSpan max, [CallerArgumentExpression(nameof(value))] string key = "")
    {
        if (value < min || value > max) _problems.Add($"{Name(key)} is {value}; set it between {min} and {max}.");
    }

    public void InRange(int value, int min, int max, [CallerArgumentExpression(nameof(value))] string key = "")
    {
        if (value < min || value > max) _problems.Add($"{Name(key)} is {value}; set it between {min} and {max}.");
    }

    public void Require(bool condition, string key, string remedy)
    {
        if (!condition) _problems.Add($"{section}:{key} {remedy}");
    }

    public ValidateOptionsResult ToResult() => _problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(_problems);

    string Name(string expression) => $"{section}:{expression[(expression.LastIndexOf('.') + 1)..]}";
}

sealed class TransportOptionsValidator : IValidateOptions<TransportOptions>
{
    static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    public ValidateOptionsResult Validate(string? name, TransportOptions options)
    {
        var problems = new OptionProblems(TransportOptions.Section);
        problems.Require(options.LocalDomain is null || IsName(options.LocalDomain), nameof(options.LocalDomain), "is no host name; set the name that the sending address resolves to, in letters, digits and hyphens.");
        problems.InRange(options.ConnectTimeout, Second, Hour);
        problems.InRange(options.GreetingTimeout, Second, Hour);
        problems.InRange(options.EhloTimeout, Second, Hour);
        problems.InRange(options.TlsTimeout, Second, Hour);
        problems.InRange(options.AuthTimeout, Second, Hour);
        problems.InRange(options.MailFromTimeout, Second, Hour);
        problems.InRange(options.RecipientTimeout, Second, Hour);
        problems.InRange(options.DataTimeout, Second, Hour);
        problems.InRange(options.ContentBlockTimeout, Second, Hour);
        problems.InRange(options.MinContentRate, 1, 1024 * 1024 * 1024);
        problems.InRange(options.EndOfDataTimeout, Second, Hour);
        problems.InRange(options.QuitTimeout, TimeSpan.FromMilliseconds(1), TimeSpan.FromSeconds(30));
        problems.InRange(options.MaxReplyLineBytes, 512, 64 * 1024);
        problems.InRange(options.MaxReplyBytes, options.MaxReplyLineBytes, 1024 * 1024);
        problems.InRange(options.MaxReplyLines, 16, 10_000);
        foreach (var file in options.TrustedRoots)
            problems.Require(TrustedRootFiles.IsGood(file), nameof(options.TrustedRoots), $"has '{file}'; name a file that can be read and holds certificates in PEM.");
        problems.InRange(options.DeadAddressMemory, TimeSpan.Zero, TimeSpan.FromDays(1));
        problems.InRange(options.MaxDeadAddresses, 1, 1_000_000);
        problems.InRange(options.BrokenTlsMemory, TimeSpan.Zero, TimeSpan.FromDays(1));
        problems.InRange(options.MaxBrokenTlsHosts, 1, 1_000_000);
        problems.InRange(options.SeenTlsMemory, TimeSpan.Zero, TimeSpan.FromDays(366));
        problems.InRange(options.MaxSeenTlsHosts, 1, 1_000_000);
        problems.InRange(options.MaxRecipientsPerTransaction, 1, 1000);
        problems.InRange(options.MaxTransactionsPerAttempt, 1, 1000);
        return problems.ToResult();
    }

    // RFC 5321 §4.1.2: EHLO has no place for an underscore, and none for other scripts without SMTPUTF8. An address is said as a literal.
    static bool IsName(string text) => IPAddress.TryParse(text, out _) || (Ascii.IsValid(text) && Mailbox.TryParseDomain(text, out _, out _));
}

sealed class ResolverOptionsValidator : IValidateOptions<ResolverOptions>
{
    public ValidateOptionsResult Validate(string? name, ResolverOptions options)
    {
        var problems = new OptionProblems(ResolverOptions.Section);
        foreach (var server in options.NameServers)
            problems.Require(IPEndPoint.TryParse(server, out _), nameof(options.NameServers), $"has '{server}'; write an address, or an address and a port.");
        problems.InRange(options.QueryTimeout, TimeSpan.FromMilliseconds(100), TimeSpan.FromMinutes(1));
        problems.InRange(options.SilentServerMemory, TimeSpan.Zero, TimeSpan.FromHours(1));
        problems.InRange(options.ResolveTimeout, options.QueryTimeout, TimeSpan.FromMinutes(2));
        problems.InRange(options.MaxHosts, 1, 100);
        problems.InRange(options.MaxQueries, 2, 200);
        problems.InRange(options.MaxAddressesPerHost, 2, 100);
        problems.InRange(options.MinTtl, TimeSpan.Zero, options.MaxTtl);
        problems.InRange(options.MaxTtl, TimeSpan.FromSeconds(1), TimeSpan.FromDays(7));
        problems.InRange(options.NegativeTtl, TimeSpan.FromSeconds(1), TimeSpan.FromDays(1));
        problems.InRange(options.TemporaryFailureTtl, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1));
        problems.InRange(options.MaxCachedDomains, 1, 10_000_000);
        foreach (var network in options.AllowedAddresses)
            problems.Require(IPNetwork.TryParse(network, out _), nameof(options.AllowedAddresses), $"has '{network}'; write a network such as 10.1.0.0/16, with no bits beyond its length.");
        foreach (var address in options.OwnAddresses)
            problems.Require(IPAddress.TryParse(address, out _), nameof(options.OwnAddresses), $"has '{address}'; write an address.");
        var isNear = options.NameServers.Count > 0 && options.NameServers.All(server => IPEndPoint.TryParse(server, out var endPoint) && IPAddress.IsLoopback(endPoint.Address));
        problems.Require(!options.UseDane || isNear, nameof(options.UseDane), "is on; set NameServers to a validating resolver on this machine, such as 127.0.0.1, or turn it off.");
        return problems.ToResult();
    }
}
