using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Orleans.Mail.Transport.Smtp.Certificates;
using Orleans.Mail.Transport.Tests.Support;

namespace Orleans.Mail.Transport.Tests.Smtp;

/// <summary>Certificates that TLSA records vouch for (RFC 7672 §3; reliability CN9).</summary>
public sealed class DaneTests : IDisposable
{
    readonly PrivateAuthority _root = PrivateAuthority.Create();
    readonly PrivateAuthority _middle;

    public DaneTests() => _middle = _root.CreateBelow("Private Middle");

    public static TheoryData<byte, byte, byte> Kinds()
    {
        var kinds = new TheoryData<byte, byte, byte>();
        foreach (var usage in new byte[] { 2, 3 })
            foreach (var selector in new byte[] { 0, 1 })
                foreach (var matchingType in new byte[] { 0, 1, 2 })
                    kinds.Add(usage, selector, matchingType);
        return kinds;
    }

    public void Dispose()
    {
        _middle.Dispose();
        _root.Dispose();
    }

    [Theory(Timeout = Given.Limit)]
    [MemberData(nameof(Kinds))]
    public async Task Match_of_any_kind_is_proof(byte usage, byte selector, byte matchingType)
    {
        using var certificate = _middle.Issue(["mx.peer.test"]);
        var record = Record(usage, selector, matchingType, usage == 3 ? certificate : _middle.Certificate);
        var result = await ConnectAsync(PrivateAuthority.Shown(certificate, _middle.Certificate), record);
        await using var session = result.Session;
        Assert.Null(result.Failure);
        Assert.Equal(TlsProof.Dane, session!.TlsProof);
        Assert.EndsWith("(certificate verified by DANE)", session.Tls, StringComparison.Ordinal);
    }

    [Theory(Timeout = Given.Limit)]
    [MemberData(nameof(Kinds))]
    public void Record_of_another_certificate_does_not_match(byte usage, byte selector, byte matchingType)
    {
        using var certificate = _middle.Issue(["mx.peer.test"]);
        using var other = _root.Issue(["mx.peer.test"]);
        Assert.StartsWith("validation-failure: ", Judge(certificate, Record(usage, selector, matchingType, other)).Fault, StringComparison.Ordinal);
    }

    [Fact(Timeout = Given.Limit)]
    public async Task Mismatch_is_a_failure_without_plaintext()
    {
        using var certificate = _middle.Issue(["mx.peer.test"]);
        var result = await ConnectAsync(PrivateAuthority.Shown(certificate), Record(3, 1, 1, _root.Certificate));
        Assert.Null(result.Session);
        Assert.Equal(SessionFailureKind.Tls, result.Failure!.Kind);
    }

    [Fact(Timeout = Given.Limit)]
    public async Task Name_asked_for_is_the_one_of_the_records()
    {
        using var certificate = _middle.Issue(["real.peer.test"]);
        var asked = "";
        await using var peer = ScriptedPeer.Start(async dialogue =>
        {
            await dialogue.OpenTlsAsync(PrivateAuthority.Shown(certificate));
            asked = dialogue.ServerName;
            await dialogue.WaitForCloseAsync();
        });
        var target = Given.Target(peer.EndPoint, TlsMode.Dane) with { Tlsa = [Record(3, 1, 1, certificate)], CertificateNames = ["real.peer.test", "mx.peer.test"] };
        await using (var session = (await Given.Connector().ConnectAsync(target, TestContext.Current.CancellationToken)).Session) Assert.NotNull(session);
        await peer.ScriptsEndedAsync();
        Assert.Equal("real.peer.test", asked);
    }

    [Theory]
    [InlineData(3, "other.test", 30, null)]
    [InlineData(3, "mx.peer.test", -1, null)]
    [InlineData(2, "other.test", 30, "certificate-host-mismatch")]
    [InlineData(2, "mx.peer.test", -1, "certificate-expired")]
    public void Names_and_dates_count_for_usage_2_only(byte usage, string name, int toDay, string? type)
    {
        using var certificate = _middle.Issue([name], null, -30, toDay);
        foreach (var sent in new X509Certificate2[][] { [_middle.Certificate], [_middle.Certificate, _root.Certificate] })
        {
            var verdict = Judge(certificate, sent, Record(usage, 1, 1, usage == 3 ? certificate : _middle.Certificate));
            Assert.Equal((type is null ? TlsProof.Dane : TlsProof.None, type), (verdict.Proof, verdict.Fault?.Split(':')[0]));
        }
    }

    [Fact]
    public void Root_above_the_middle_may_be_the_anchor()
    {
        using var certificate = _middle.Issue(["mx.peer.test"]);
        Assert.Equal(TlsProof.Dane, Judge(certificate, Record(2, 0, 1, _root.Certificate)).Proof);
    }

    [Fact]
    public void Anchor_out_of_date_holds_nothing()
    {
        using var old = _root.CreateBelow("Old Middle", -1);
        using var certificate = old.Issue(["mx.peer.test"]);
        Assert.StartsWith("certificate-expired: ", Judge(certificate, [old.Certificate], Record(2, 1, 1, old.Certificate)).Fault, StringComparison.Ordinal);
    }

    [Fact]
    public void Signature_of_an_impostor_does_not_reach_the_anchor()
    {
        // Says it was issued by the anchor, and was not.
        using var impostor = _root.CreateBelow("Private Middle");
        using var certificate = impostor.Issue(["mx.peer.test"]);
        foreach (var sent in new X509Certificate2[][] { [_middle.Certificate], [_middle.Certificate, _root.Certificate], [impostor.Certificate, _middle.Certificate] })
        {
            var verdict = Judge(certificate, sent, Record(2, 1, 1, _middle.Certificate));
            Assert.Equal(TlsProof.None, verdict.Proof);
            Assert.NotNull(verdict.Fault);
        }
    }

    [Theory]
    [InlineData(0, 1, 1, 32)]
    [InlineData(1, 1, 1, 32)]
    [InlineData(4, 1, 1, 32)]
    [InlineData(3, 2, 1, 32)]
    [InlineData(3, 1, 3, 32)]
    [InlineData(3, 1, 1, 0)]
    [InlineData(3, 1, 1, 3)]
    [InlineData(3, 1, 1, 31)]
    [InlineData(3, 1, 2, 32)]
    [InlineData(3, 0, 0, 0)]
    [InlineData(2, 0, 0, 0)]
    public void Record_that_cannot_be_used_is_as_if_there_were_none(byte usage, byte selector, byte matchingType, int length)
    {
        using var certificate = _middle.Issue(["mx.peer.test"]);
        var verdict = Judge(certificate, new TlsaRecord(usage, selector, matchingType, [.. new byte[length]]));
        Assert.StartsWith("tlsa-invalid: ", verdict.Fault, StringComparison.Ordinal);
    }

    [Fact]
    public void One_match_among_many_records_is_enough()
    {
        using var certificate = _middle.Issue([]);
        var records = new[] { new TlsaRecord(0, 1, 1, [.. new byte[32]]), Record(3, 1, 1, _root.Certificate), Record(3, 0, 2, certificate) };
        Assert.Equal(TlsProof.Dane, Judge(certificate, records).Proof);
    }

    CertificateVerdict Judge(X509Certificate2 certificate, params TlsaRecord[] records) => Judge(certificate, [_middle.Certificate, _root.Certificate], records);

    CertificateVerdict Judge(X509Certificate2 certificate, X509Certificate2[] sent, params TlsaRecord[] records)
    {
        var target = Given.Target(new(0, 25), TlsMode.Dane) with { Tlsa = records };
        using var chain = new X509Chain();
        chain.ChainPolicy.ExtraStore.AddRange(sent);
        var check = new CertificateCheck(target, [], TimeProvider.System);
        Assert.Equal(check.Accept(this, certificate, chain, SslPolicyErrors.RemoteCertificateChainErrors), check.Verdict.Fault is null);
        return check.Verdict;
    }

    static async Task<ConnectResult> ConnectAsync(SslStreamCertificateContext shown, params TlsaRecord[] records)
    {
        await using var peer = ScriptedPeer.Start(async dialogue =>
        {
            await dialogue.OpenTlsAsync(shown);
            await dialogue.WaitForCloseAsync();
        });
        var result = await Given.Connector().ConnectAsync(Given.Target(peer.EndPoint, TlsMode.Dane) with { Tlsa = records }, TestContext.Current.CancellationToken);
        Assert.Equal(1, peer.ConnectionCount);
        return result;
    }

    static TlsaRecord Record(byte usage, byte selector, byte matchingType, X509Certificate2 certificate)
    {
        var selected = selector == 0 ? certificate.RawData : certificate.PublicKey.ExportSubjectPublicKeyInfo();
        return new TlsaRecord(usage, selector, matchingType, [.. matchingType switch { 0 => selected, 1 => SHA256.HashData(selected), _ => SHA512.HashData(selected) }]);
    }
}
