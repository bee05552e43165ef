using System.Net;
using CsCheck;
using Orleans.Mail.Policy.Routing;

namespace Orleans.Mail.Policy.Tests.Routing;

/// <summary>Where a hostile name must not lead (reliability S8).</summary>
public sealed class AddressGuardTests
{
    [Theory]
    [InlineData("0.0.0.0")]
    [InlineData("0.1.2.3")]
    [InlineData("10.0.0.1")]
    [InlineData("100.64.0.1")]
    [InlineData("100.127.255.255")]
    [InlineData("127.0.0.1")]
    [InlineData("127.255.255.254")]
    [InlineData("168.63.129.16")]
    [InlineData("169.254.169.254")]
    [InlineData("172.16.0.1")]
    [InlineData("172.31.255.255")]
    [InlineData("192.0.0.8")]
    [InlineData("192.0.2.1")]
    [InlineData("192.88.99.1")]
    [InlineData("192.168.1.1")]
    [InlineData("198.18.0.1")]
    [InlineData("198.19.255.255")]
    [InlineData("198.51.100.7")]
    [InlineData("203.0.113.7")]
    [InlineData("224.0.0.1")]
    [InlineData("239.255.255.255")]
    [InlineData("240.0.0.1")]
    [InlineData("255.255.255.255")]
    [InlineData("::")]
    [InlineData("::1")]
    [InlineData("100::1")]
    [InlineData("2001:0:4136:e378:8000:63bf:3fff:fdd2")]
    [InlineData("2001:db8::1")]
    [InlineData("3fff::1")]
    [InlineData("64:ff9b:1::7f00:1")]
    [InlineData("64:ff9b:1:a::808:808")]
    [InlineData("fc00::1")]
    [InlineData("fd00:ec2::254")]
    [InlineData("fe80::1")]
    [InlineData("fe80::1%2")]
    [InlineData("fec0::1")]
    [InlineData("ff02::1")]
    [InlineData("::ffff:127.0.0.1")]
    [InlineData("::ffff:169.254.169.254")]
    [InlineData("::127.0.0.1")]
    [InlineData("::10.1.2.3")]
    [InlineData("64:ff9b::7f00:1")]
    [InlineData("64:ff9b::a9fe:a9fe")]
    [InlineData("2002:7f00:1::")]
    [InlineData("2002:a9fe:a9fe::1")]
    public void Address_off_the_open_Internet_is_refused(string address) => Assert.False(AddressGuard.Strict.Allows(IPAddress.Parse(address)));

    [Theory]
    [InlineData("1.1.1.1")]
    [InlineData("9.255.255.255")]
    [InlineData("11.0.0.0")]
    [InlineData("100.63.255.255")]
    [InlineData("100.128.0.0")]
    [InlineData("168.63.129.15")]
    [InlineData("172.15.255.255")]
    [InlineData("172.32.0.0")]
    [InlineData("192.0.1.1")]
    [InlineData("198.20.0.0")]
    [InlineData("223.255.255.255")]
    [InlineData("2a00:1450:4013:c00::1a")]
    [InlineData("2001:4860::1")]
    [InlineData("::ffff:8.8.8.8")]
    [InlineData("64:ff9b::808:808")]
    [InlineData("2002:808:808::1")]
    public void Address_of_the_open_Internet_is_allowed(string address) => Assert.True(AddressGuard.Strict.Allows(IPAddress.Parse(address)));

    [Theory]
    [InlineData("127.0.0.1", true)]
    [InlineData("::ffff:127.0.0.1", true)]
    [InlineData("fd12::25", true)]
    [InlineData("127.0.0.2", false)]
    [InlineData("fd13::25", false)]
    public void Configuration_allows_single_networks(string address, bool isAllowed) =>
        Assert.Equal(isAllowed, new AddressGuard([IPNetwork.Parse("127.0.0.1/32"), IPNetwork.Parse("fd12::/16")], []).Allows(IPAddress.Parse(address)));

    [Fact]
    public void Own_address_is_refused_in_every_form_unless_allowed()
    {
        IPAddress own = IPAddress.Parse("8.8.8.8"), mapped = IPAddress.Parse("::ffff:8.8.8.8");
        var guard = new AddressGuard([], [own]);
        Assert.False(guard.Allows(own));
        Assert.False(guard.Allows(mapped));
        Assert.True(guard.IsOwn(mapped));
        Assert.False(guard.IsOwn(IPAddress.Parse("8.8.4.4")));
        var open = new AddressGuard([IPNetwork.Parse("8.8.8.8/32")], [own]);
        Assert.True(open.Allows(own));
        Assert.False(open.IsOwn(own));
    }

    [Fact]
    public void Form_that_carries_an_address_is_judged_as_the_address() =>
        Gen.UInt.Sample(number =>
        {
            var bytes = BitConverter.GetBytes(number);
            var plain = new IPAddress(bytes);
            byte[] none = new byte[10];
            IPAddress[] forms =
            [
                plain.MapToIPv6(),
                new([0, 0x64, 0xff, 0x9b, .. none[..8], .. bytes]),
                new([.. none, 0, 0, .. bytes]),
                new([0x20, 0x02, .. bytes, .. none]),
            ];
            return forms.All(form => AddressGuard.Strict.Allows(form) == AddressGuard.Strict.Allows(plain));
        });
}
