using Orleans.Mail.Transport.TlsPolicies;

namespace Orleans.Mail.Transport.Tests.TlsPolicies;

/// <summary>What MTA-STS and DANE demand of a host (reliability CN9, CN10).</summary>
public sealed class TlsDemandTests
{
    static readonly MxHost Host = new(10, "mx1.example.com", []) { IsSecure = true };
    static readonly TlsaRecord Usable = new(3, 1, 1, [.. new byte[32]]);

    [Fact]
    public void Without_policy_and_records_nothing_is_demanded() => Assert.Same(TlsDemand.Opportunistic, TlsDemand.Of(Host, "example.org", null, null));

    [Theory]
    [InlineData(MtaStsMode.Enforce, "mx1.example.com", TlsMode.Verified)]
    [InlineData(MtaStsMode.Enforce, "*.example.com", TlsMode.Verified)]
    [InlineData(MtaStsMode.Enforce, "mx2.example.com", null)]
    [InlineData(MtaStsMode.Testing, "mx2.example.com", TlsMode.Opportunistic)]
    [InlineData(MtaStsMode.None, "mx2.example.com", TlsMode.Opportunistic)]
    public void Enforced_policy_demands_a_verified_host_that_it_names(MtaStsMode mode, string pattern, TlsMode? tls)
    {
        var demand = TlsDemand.Of(Host, "example.org", Policy(mode, pattern), null);
        Assert.Equal(tls, demand?.Mode);
        if (tls is TlsMode.Verified) Assert.Equal(["mx1.example.com"], demand!.CertificateNames);
    }

    [Fact]
    public void Usable_records_demand_a_match_and_names_for_an_issuer()
    {
        var demand = TlsDemand.Of(Host, "example.org", Policy(MtaStsMode.Enforce, "mx2.example.com"), Records("real.example.com", Usable, new(0, 0, 1, [.. new byte[32]])));
        Assert.Equal(TlsMode.Dane, demand?.Mode);
        Assert.Equal(["real.example.com", "mx1.example.com", "example.org"], demand!.CertificateNames);
        Assert.Equal([Usable], demand.Tlsa);
    }

    [Theory]
    [InlineData(0, 0, 1, 32)]
    [InlineData(1, 1, 1, 32)]
    [InlineData(4, 1, 1, 32)]
    [InlineData(3, 2, 1, 32)]
    [InlineData(3, 1, 3, 32)]
    [InlineData(3, 1, 1, 31)]
    [InlineData(3, 1, 1, 0)]
    [InlineData(3, 1, 2, 32)]
    [InlineData(3, 1, 0, 0)]
    public void Records_that_cannot_be_used_demand_TLS_alone(byte usage, byte selector, byte matching, int length)
    {
        var answer = Records(Host.Name, new TlsaRecord(usage, selector, matching, [.. new byte[length]]));
        Assert.Equal(TlsMode.Required, TlsDemand.Of(Host, "example.org", null, answer)?.Mode);
        Assert.Equal(TlsMode.Verified, TlsDemand.Of(Host, "example.org", Policy(MtaStsMode.Enforce, Host.Name), answer)?.Mode);
    }

    [Theory]
    [InlineData(TlsMode.Opportunistic, TlsMode.Required, TlsMode.Required)]
    [InlineData(TlsMode.Opportunistic, TlsMode.Verified, TlsMode.Verified)]
    [InlineData(TlsMode.Opportunistic, TlsMode.None, TlsMode.None)]
    [InlineData(TlsMode.Opportunistic, TlsMode.Opportunistic, TlsMode.Opportunistic)]
    [InlineData(TlsMode.Required, TlsMode.Verified, TlsMode.Verified)]
    [InlineData(TlsMode.Required, TlsMode.None, TlsMode.Required)]
    [InlineData(TlsMode.Verified, TlsMode.None, TlsMode.Verified)]
    [InlineData(TlsMode.Dane, TlsMode.Verified, TlsMode.Dane)]
    public void Operator_may_ask_for_more_and_never_for_less(TlsMode demanded, TlsMode wish, TlsMode tls)
    {
        var demand = new TlsDemand(demanded, [], []).AtLeast(wish, "mx1.example.com");
        Assert.Equal(tls, demand.Mode);
        if (demanded < wish && tls is TlsMode.Verified) Assert.Equal(["mx1.example.com"], demand.CertificateNames);
    }

    [Fact]
    public void Host_whose_records_nobody_can_tell_is_not_used_whatever_MTA_STS_says() =>
        Assert.Null(TlsDemand.Of(Host, "example.org", Policy(MtaStsMode.Enforce, Host.Name), new DaneAnswer(DaneStatus.Unknown, [], Host.Name, default)));

    static MtaStsPolicy Policy(MtaStsMode mode, string pattern) => new("a1", mode, [pattern], TimeSpan.FromDays(1));

    static DaneAnswer Records(string name, params TlsaRecord[] records) => new(DaneStatus.Records, [.. records], name, default);
}
