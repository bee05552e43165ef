using System.Net;
using CsCheck;
using Orleans.Mail.Policy.Routing;

namespace Orleans.Mail.Policy.Tests.Routing;

public sealed class RoutePolicyTests
{
    [Fact]
    public void Order_Preferences_LowestFirst() =>
        Assert.Equal(["10.0.0.1", "10.0.0.2", "10.0.0.3"], Order(Host(20, "b", "10.0.0.2"), Host(30, "c", "10.0.0.3"), Host(5, "a", "10.0.0.1")));

    [Fact]
    public void Order_EqualPreference_IsShuffledAndTakesTurns()
    {
        MxHost[] hosts = [Host(10, "a", "10.0.0.1", "10.0.0.2"), Host(10, "b", "10.0.1.1", "10.0.1.2")];

        Assert.Equal(["10.0.1.1", "10.0.0.1", "10.0.1.2", "10.0.0.2"], Order(hosts, 0));
        Assert.Equal(["10.0.0.1", "10.0.1.1", "10.0.0.2", "10.0.1.2"], Order(hosts, 0.99));
    }

    [Fact]
    public void Order_BothFamilies_Alternate() =>
        Assert.Equal(["2001:db8::1", "10.0.0.1", "2001:db8::2", "10.0.0.2"], Order(Host(10, "a", "10.0.0.1", "10.0.0.2", "2001:db8::1", "2001:db8::2")));

    [Fact]
    public void Order_ManyAddresses_KeepsOneForTheNextPreference() =>
        Assert.Equal(
            ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.1.1"],
            Order(Host(10, "a", [.. Enumerable.Range(1, 9).Select(i => $"10.0.0.{i}")]), Host(20, "b", "10.0.1.1", "10.0.1.2")));

    [Fact]
    public void Order_OneFamily_IsChosenBeforeTheCut() =>
        Assert.Equal(
            ["10.0.1.1"],
            RoutePolicy.Order(
                Answer([Host(10, "a", [.. Enumerable.Range(1, 9).Select(i => $"2001:db8::{i}")]), Host(20, "b", "2001:db8:1::1", "10.0.1.1")]), () => 0.99, System.Net.Sockets.AddressFamily.InterNetwork)
                .Select(hop => hop.Address.ToString()));

    [Fact]
    public void Order_AvoidedAddresses_ComeLastWhateverTheirPreference()
    {
        var answer = Answer([Host(10, "a", "10.0.0.1", "10.0.0.2"), Host(20, "b", "10.0.1.1", "10.0.1.2"), Host(30, "c", "10.0.2.1")]);
        string[] avoided = ["10.0.0.1", "10.0.0.2", "10.0.1.1"];
        Assert.Equal(
            ["10.0.1.2", "10.0.2.1", "10.0.0.1", "10.0.0.2", "10.0.1.1"],
            RoutePolicy.Order(answer, () => 0.99, null, address => avoided.Contains(address.ToString())).Select(hop => hop.Address.ToString()));
    }

    [Fact]
    public void Order_SameAddressTwice_IsTriedOnce() =>
        Assert.Equal(["10.0.0.1"], Order(Host(10, "a", "10.0.0.1"), Host(20, "b", "10.0.0.1")));

    [Fact]
    public void Order_HostWithoutAddress_IsSkipped() => Assert.Equal(["10.0.0.1"], Order(Host(5, "none"), Host(10, "a", "10.0.0.1")));

    [Fact]
    public void Order_NoHosts_IsEmpty() =>
        Assert.Empty(RoutePolicy.Order(new MxAnswer(MxStatus.TemporaryFailure, default, DateTimeOffset.MaxValue), () => 0));

    [Fact]
    public void Order_AnyAnswer_IsBoundedDistinctAndByPreference() =>
        Gen.Select(Gen.Select(Gen.Int[0, 3], Gen.Int[0, 40].Array[0, 8]).Array[0, 8], Gen.Double[0, 1]).Sample((hosts, chance) =>
        {
            var answer = Answer([.. hosts.Select((host, i) => Host(host.Item1, $"h{i}", [.. host.Item2.Select(n => n % 2 == 0 ? $"10.0.0.{n}" : $"2001:db8::{n}")]))]);
            var hops = RoutePolicy.Order(answer, () => chance);
            return hops.Count <= RoutePolicy.MaxAddresses
                && (hops.Count > 0 || answer.Hosts.All(host => host.Addresses.IsEmpty))
                && hops.Select(hop => hop.Address).Distinct().Count() == hops.Count
                && hops.Zip(hops.Skip(1)).All(pair => pair.First.Preference <= pair.Second.Preference);
        });

    static IEnumerable<string> Order(params MxHost[] hosts) => Order(hosts, 0.99);

    static IEnumerable<string> Order(MxHost[] hosts, double chance) => RoutePolicy.Order(Answer(hosts), () => chance).Select(hop => hop.Address.ToString());

    static MxAnswer Answer(MxHost[] hosts) => new(MxStatus.Hosts, [.. hosts], DateTimeOffset.MaxValue);

    static MxHost Host(int preference, string name, params string[] addresses) => new(preference, name, [.. addresses.Select(IPAddress.Parse)]);
}
