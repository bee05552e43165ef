using Orleans.Mail.Transport.TlsPolicies;

namespace Orleans.Mail.Transport.Tests.TlsPolicies;

public sealed class MtaStsSyntaxTests
{
    const string Good = "version: STSv1\r\nmode: enforce\r\nmx: MX1.example.com\r\nmx: *.example.net\r\nmax_age: 604800\r\n";

    [Theory]
    [InlineData("20160831085700Z", "v=STSv1; id=20160831085700Z;")]
    [InlineData("a1", "v=STSv1;id=a1")]
    [InlineData("a1", "v=STSv1 ; id=a1 ")]
    [InlineData("a1", "v=STSv1; ext=x; id=a1", "v=spf1 -all")]
    [InlineData(null, "v=STSv1; id=a1", "v=STSv1; id=a1")]
    [InlineData(null, "v=STSv1;")]
    [InlineData(null, "v=STSv1; id=")]
    [InlineData(null, "v=STSv1; id=a-1")]
    [InlineData(null, "v=STSv1; id=a1; id=a2")]
    [InlineData(null, "v=STSv1; id=012345678901234567890123456789012")]
    [InlineData(null, "v=STSv2; id=a1")]
    [InlineData(null, "V=STSv1; id=a1")]
    [InlineData(null, "id=a1; v=STSv1")]
    [InlineData(null, "")]
    [InlineData(null)]
    public void Announcement_is_one_record_with_one_id(string? id, params string[] texts) =>
        Assert.Equal(id, MtaStsSyntax.FindId(texts));

    [Fact]
    public void Announcement_of_any_length_is_read_or_refused_in_no_time()
    {
        Assert.Equal("a1", MtaStsSyntax.FindId(["v=STSv1; id=a1; x=" + new string('y', 65_000)]));
        Assert.Null(MtaStsSyntax.FindId(["v=STSv1; id=" + new string('a', 65_000)]));
        Assert.Null(MtaStsSyntax.FindId(["v=STSv1" + string.Concat(Enumerable.Repeat(";", 65_000))]));
        Assert.Null(MtaStsSyntax.FindId([.. Enumerable.Repeat("v=STSv1; id=a1", 4_000)]));
    }

    [Fact]
    public void Policy_is_read()
    {
        Assert.True(MtaStsSyntax.TryParsePolicy(Good, "a1", out var policy));
        Assert.Equal(("a1", MtaStsMode.Enforce, TimeSpan.FromDays(7)), (policy.Id, policy.Mode, policy.MaxAge));
        Assert.Equal(["mx1.example.com", "*.example.net"], policy.Mx);
    }

    [Theory]
    [InlineData("version:STSv1\nmode:testing\nmx:a.test\nmax_age:1", MtaStsMode.Testing)]
    [InlineData("version: STSv1\nmode: none\nmax_age: 0", MtaStsMode.None)]
    [InlineData("version: STSv1\nmode: enforce\nmode: none\nmx: a.test\nfuture: x: y\n\nmax_age: 31557600\n", MtaStsMode.Enforce)]
    public void Policy_may_look_like_this(string text, MtaStsMode mode)
    {
        Assert.True(MtaStsSyntax.TryParsePolicy(text, "a1", out var policy));
        Assert.Equal(mode, policy.Mode);
    }

    [Theory]
    [InlineData("")]
    [InlineData("<html>not found</html>")]
    [InlineData("version: STSv2\nmode: enforce\nmx: a.test\nmax_age: 1")]
    [InlineData("mode: enforce\nmx: a.test\nmax_age: 1")]
    [InlineData("version: STSv1\nmx: a.test\nmax_age: 1")]
    [InlineData("version: STSv1\nmode: strict\nmx: a.test\nmax_age: 1")]
    [InlineData("version: STSv1\nmode: enforce\nmax_age: 1")]
    [InlineData("version: STSv1\nmode: enforce\nmx: a.test")]
    [InlineData("version: STSv1\nmode: enforce\nmx: a.test\nmax_age: -1")]
    [InlineData("version: STSv1\nmode: enforce\nmx: a.test\nmax_age: 31557601")]
    [InlineData("version: STSv1\nmode: enforce\nmx: a.test\nmax_age: 99999999999")]
    [InlineData("version: STSv1\nmode: enforce\nmx: *\nmax_age: 1")]
    [InlineData("version: STSv1\nmode: enforce\nmx: *.*.test\nmax_age: 1")]
    [InlineData("version: STSv1\nmode: enforce\nmx: a*.test\nmax_age: 1")]
    [InlineData("version: STSv1\nmode: enforce\nmx: .test\nmax_age: 1")]
    [InlineData("version: STSv1\nmode: enforce\nmx: 192.0.2.1\nmax_age: 1")]
    [InlineData("version: STSv1\nmode: enforce\nmx: a.test\nmax_age: 1\n: x")]
    public void What_breaks_a_rule_is_no_policy(string text) => Assert.False(MtaStsSyntax.TryParsePolicy(text, "a1", out _));

    [Theory]
    [InlineData("mx1.example.com", true)]
    [InlineData("MX1.example.com.", true)]
    [InlineData("mx2.example.com", false)]
    [InlineData("a.example.net", true)]
    [InlineData("a.b.example.net", false)]
    [InlineData("example.net", false)]
    [InlineData(".example.net", false)]
    [InlineData("a.example.net.evil.test", false)]
    public void Wildcard_stands_for_one_label(string host, bool isAllowed)
    {
        Assert.True(MtaStsSyntax.TryParsePolicy(Good, "a1", out var policy));
        Assert.Equal(isAllowed, policy.Allows(host));
    }
}
