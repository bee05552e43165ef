using Microsoft.Extensions.Configuration;
using Orleans.Mail.Grains.Domains;
using Orleans.Mail.Grains.Options;
using Orleans.Mail.Policy.Shaping;

namespace Orleans.Mail.Grains.Tests;

/// <summary>What configuration says of providers.</summary>
public sealed class ShapingOptionsTests
{
    [Fact]
    public void Mail_hosts_make_a_provider_of_their_own_or_belong_to_a_known_one()
    {
        var table = new ShapingTable(Read("ProviderHosts:Hoster:0=mx.hoster.example", "ProviderHosts:gmx:0=mx.sister.example", "Providers:hoster:MaxSessions=4", "Rules:0:Id=slow", "Rules:0:Provider=hoster", "Rules:0:For=01:00:00", "Rules:0:MaxSessions=1", "Rules:0:Category=rate-limited"));
        Assert.Equal(("hoster", 4), Resolve("a.mx.hoster.example"));
        Assert.Equal(("gmx", 4), Resolve("mx.sister.example"));
        Assert.Equal(("gmx", 4), Resolve("mx00.gmx.net"));
        Assert.Equal((null, 20), Resolve("mxhoster.example"));
        Assert.Contains(table.RulesFor("hoster"), rule => rule.Id == "slow");
        Assert.DoesNotContain(table.RulesFor("gmx"), rule => rule.Id == "slow");

        (string?, int) Resolve(string host) => table.Resolve("site", [host]) is var limits ? (limits.Provider, limits.MaxSessions) : default;
    }

    [Theory]
    [InlineData("Provider hoster: .hoster.example is no host name suffix", "ProviderHosts:hoster:0=.hoster.example")]
    [InlineData("Mail host suffix google.com belongs to both google and hoster", "ProviderHosts:hoster:0=google.com")]
    [InlineData("Limits are set for provider hoster, which is not in the table", "Providers:hoster:MaxSessions=4")]
    public void What_is_wrong_is_told(string fault, params string[] settings) =>
        Assert.Contains(ShapingTable.Validate(Read(settings)), found => found.StartsWith(fault, StringComparison.Ordinal));

    static ShapingData Read(params string[] settings)
    {
        var values = settings.Select(setting => setting.Split('=', 2)).Select(pair => KeyValuePair.Create<string, string?>(pair[0], pair[1]));
        var options = new ConfigurationBuilder().AddInMemoryCollection(values).Build().Get<ShapingOptions>()!;
        return SiteShaping.DataOf(options, new SiteOptions(), new DeliveryOptions());
    }
}
