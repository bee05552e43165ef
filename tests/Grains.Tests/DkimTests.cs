using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Orleans.Mail.Transport.Dkim;

namespace Orleans.Mail.Grains.Tests;

/// <summary>Signed once, at submission, by the key of the sender's domain and tenant.</summary>
public sealed class DkimTests : ClockedTests
{
    static readonly string[] Keys = [Key(), Key()];
    string _selector = "one";

    static string Key()
    {
        using var key = RSA.Create(2048);
        return key.ExportPkcs8PrivateKeyPem();
    }

    Task StartAsync() => StartAsync(also: silo =>
    {
        silo.Services.AddSingleton<IDkimKeyProvider>(new KeysOfTest());
        silo.Services.PostConfigure<DkimOptions>(dkim =>
        {
            dkim.Signings.Add(new DkimSigningOptions { Domain = "example.com", Selector = _selector, KeyName = "0", Tenants = ["t"] });
            dkim.Signings.Add(new DkimSigningOptions { Domain = "example.com", Selector = "theirs", KeyName = "1", Tenants = ["u"] });
            dkim.Signings.Add(new DkimSigningOptions { Domain = "example.org", Selector = "org", KeyName = "1" });
            dkim.RequiredDomains.Add("example.net");
        });
    });

    static SubmitRequest From(string from, string tenant = "t") => MailCluster.Request("ann@example.com") with
    {
        Tenant = tenant,
        Content = Encoding.ASCII.GetBytes($"From: {from}\r\nSubject: test\r\nDate: Mon, 6 Jul 2026 06:00:00 +0000\r\nMessage-ID: <1@example.com>\r\n\r\nHello.\r\n"),
    };

    static string[] Signatures(ReadOnlyMemory<byte> content) =>
        [.. Encoding.ASCII.GetString(content.Span).Replace("\r\n\t", "", StringComparison.Ordinal).Replace("\r\n ", "", StringComparison.Ordinal).Replace(" ", "", StringComparison.Ordinal).Split("\r\n").Where(line => line.StartsWith("DKIM-Signature:", StringComparison.Ordinal))];

    [Fact]
    public async Task Every_attempt_sends_the_octets_of_the_first_even_when_the_keys_have_changed()
    {
        await StartAsync();
        Cluster.Wire.Answer = transaction => ScriptedWire.Refuse(transaction, 451, "4.3.0 Local trouble");
        var request = await SubmitAsync(From("sender@example.com"));
        var status = await TriedAsync(request.Id, 1);
        PassTo(status.NextAttemptAt!.Value);
        status = await TriedAsync(request.Id, 2);
        _selector = "two";
        await Cluster.RestartAsync();
        Cluster.Wire.Answer = ScriptedWire.Accept;
        PassTo(status.NextAttemptAt!.Value);
        await FinalAsync(request.Id);

        var sent = SentTo("ann@example.com");
        Assert.Equal(3, sent.Count);
        Assert.All(sent, transaction => Assert.Equal(sent[0].Content.ToArray(), transaction.Content.ToArray()));
        Assert.Contains("s=one;", Assert.Single(Signatures(sent[0].Content)), StringComparison.Ordinal);
        // What was accepted stands behind the signature, as it was.
        Assert.True(sent[0].Content.Span.EndsWith(request.Content));
        // Submitted again under its id it is the same message, although it would be signed otherwise now.
        Assert.True((await Cluster.SubmitAsync(request)).Receipt!.WasDuplicate);
    }

    [Theory]
    [InlineData("sender@example.com", "t", "d=example.com;s=one;")]
    [InlineData("sender@example.com", "u", "d=example.com;s=theirs;")]
    [InlineData("sender@sub.example.com", "t", "d=example.com;s=one;")]
    [InlineData("sender@example.org", "t", "d=example.org;s=org;")]
    [InlineData("sender@example.com", "v", null)]
    [InlineData("sender@other.example.edu", "t", null)]
    public async Task The_key_follows_from_the_From_domain_and_the_tenant(string from, string tenant, string? expected)
    {
        await StartAsync();
        await FinalAsync((await SubmitAsync(From(from, tenant))).Id);
        var signatures = Signatures(Assert.Single(SentTo("ann@example.com")).Content);
        if (expected is null) Assert.Empty(signatures);
        else Assert.Contains(expected, Assert.Single(signatures), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_domain_that_is_to_be_signed_and_has_no_key_is_refused_at_submission()
    {
        await StartAsync();
        var request = From("sender@example.net");
        var result = await Cluster.SubmitAsync(request);
        Assert.Equal(MailErrorCode.InvalidDraft, result.Code);
        Assert.Contains("OrleansMail:Dkim:Signings", Assert.Single(result.Faults).Problem, StringComparison.Ordinal);
        Assert.Null(await Cluster.StatusAsync(request.Id));
    }

    sealed class KeysOfTest : IDkimKeyProvider
    {
        public ValueTask<string> ReadAsync(string keyName, CancellationToken cancellationToken) => new(Keys[keyName[0] - '0']);
    }
}
