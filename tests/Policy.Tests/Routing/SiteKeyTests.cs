using CsCheck;
using Orleans.Mail.Policy.Routing;

namespace Orleans.Mail.Policy.Tests.Routing;

public sealed class SiteKeyTests
{
    static readonly string[] Google = ["gmail-smtp-in.l.google.com", "alt1.gmail-smtp-in.l.google.com", "alt2.gmail-smtp-in.l.google.com"];

    [Fact]
    public void Site_of_one_host_is_its_name() => Assert.Equal("mx.example.com", SiteKey.OfNames(["MX.example.com."]).Value);

    [Fact]
    public void Site_of_several_hosts_shows_the_shortest_name_and_the_number_of_the_others() =>
        Assert.Matches(@"^gmail-smtp-in\.l\.google\.com\+2~[0-9a-f]{16}$", SiteKey.OfNames(Google).Value);

    [Fact]
    public void Site_is_that_of_the_hosts_named_and_not_of_those_found()
    {
        var all = new MxAnswer(MxStatus.Hosts, [new MxHost(10, "a.test", [])], DateTimeOffset.MaxValue) { Names = ["a.test", "b.test"] };
        Assert.Equal(SiteKey.OfNames(["b.test", "a.test"]), SiteKey.Of("example.org", all));
        Assert.Equal("a.test", SiteKey.Of("example.org", all with { Names = [] }).Value);
    }

    [Theory]
    [InlineData(MxStatus.TemporaryFailure)]
    [InlineData(MxStatus.NoSuchDomain)]
    [InlineData(MxStatus.NullMx)]
    [InlineData(MxStatus.LoopsBack)]
    public void Domain_without_hosts_is_a_site_of_its_own(MxStatus status) =>
        Assert.Equal("example.org", SiteKey.Of("Example.org", new MxAnswer(status, [], DateTimeOffset.MaxValue) { Names = ["a.test"] }).Value);

    [Fact]
    public void Order_case_and_repetition_make_no_difference() =>
        Gen.Shuffle(Google).Sample(names => SiteKey.OfNames([.. names, names[0].ToUpperInvariant() + "."]) == SiteKey.OfNames(Google));

    [Fact]
    public void Different_sets_have_different_short_and_plain_names() =>
        Gen.Select(Names, Names).Sample((one, other) =>
        {
            var (key, otherKey) = (SiteKey.OfNames(one), SiteKey.OfNames(other));
            var areSame = one.Select(Canonical).ToHashSet().SetEquals(other.Select(Canonical));
            return areSame == (key == otherKey) && new[] { key, otherKey }.All(site => site.Value.Length <= SiteKey.MaxLength && site.Value.All(c => char.IsAsciiLetterOrDigit(c) || "._-+~".Contains(c)));
        });

    static Gen<string[]> Names => Gen.String[Gen.Char["abA.-+~ "], 1, 3].Select(name => "a" + name).Array[1, 3].Select(names => names.Append(new string('x', names.Length * 60)).ToArray());

    static string Canonical(string name) => name.TrimEnd('.').ToLowerInvariant();
}
