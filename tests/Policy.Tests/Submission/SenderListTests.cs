using Orleans.Mail.Policy.Submission;

namespace Orleans.Mail.Policy.Tests.Submission;

public sealed class SenderListTests
{
    static readonly SenderList List = SenderList.TryParse(["shop.example", ".news.example", "Ann@Other.Example", "пример.рф"], out var list, out _) ? list : throw new InvalidOperationException();

    [Theory]
    [InlineData("any@shop.example", true)]
    [InlineData("any@SHOP.example", true)]
    [InlineData("any@sub.shop.example", false)]
    [InlineData("any@notshop.example", false)]
    [InlineData("any@a.b.news.example", true)]
    [InlineData("any@news.example", false)]
    [InlineData("any@badnews.example", false)]
    [InlineData("ann@other.example", true)]
    [InlineData("bob@other.example", false)]
    [InlineData("any@xn--e1afmkfd.xn--p1ai", true)]
    [InlineData("any@пример.рф", true)]
    [InlineData("shop.example", false)]
    [InlineData("@shop.example", false)]
    [InlineData("any@shop.example@evil.example", false)]
    public void Allows_AnAddress_WhenItsDomainOrItselfIsThere(string address, bool isAllowed) => Assert.Equal(isAllowed, List.Allows(address));

    [Fact]
    public void Faults_EverySenderThatIsNone_IsSaidWithoutItsValue()
    {
        var faults = List.Faults(Mailbox.Parse("ceo@bank.example"), ["any@shop.example", "cfo@bank.example"]).ToArray();
        Assert.Equal(["from", "content"], faults.Select(fault => fault.Field));
        Assert.All(faults, fault => Assert.Contains("OrleansMail:Tenants:{tenant}:Senders", fault.Problem, StringComparison.Ordinal));
        Assert.All(faults, fault => Assert.DoesNotContain("bank.example", fault.Problem, StringComparison.Ordinal));
    }

    [Fact]
    public void Faults_NullSenderAndOwnAuthors_AreNone() => Assert.Empty(List.Faults(null, ["any@shop.example", "ann@other.example"]));

    [Fact]
    public void Faults_AuthorsThatCannotBeTold_IsOne() => Assert.Equal("content", Assert.Single(List.Faults(null, [])).Field);

    [Theory]
    [InlineData("")]
    [InlineData(".")]
    [InlineData("@shop.example")]
    [InlineData("*.shop.example")]
    [InlineData("shop example")]
    [InlineData("a b@shop.example")]
    public void TryParse_WhatIsNeitherDomainNorAddress_IsRefusedWithTheReason(string entry)
    {
        Assert.False(SenderList.TryParse(["good.example", entry], out _, out var problem));
        Assert.NotEmpty(problem);
    }
}
