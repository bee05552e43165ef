using System.Text;

namespace Orleans.Mail.Transport.Tests.Dkim;

public sealed class ContentAuthorsTests
{
    [Theory]
    [InlineData("From: ann@shop.example", "ann@shop.example")]
    [InlineData("From: \"bob@bank.example\" <ann@shop.example>", "ann@shop.example")]
    [InlineData("from:\r\n Ann <ann@shop.example>,\r\n\tBob <bob@bank.example>", "ann@shop.example bob@bank.example")]
    [InlineData("From: =?utf-8?q?=3Cbob=40bank.example=3E?= <ann@shop.example>", "ann@shop.example")]
    [InlineData("From: Staff: ann@shop.example, bob@bank.example;", "ann@shop.example bob@bank.example")]
    [InlineData("From: Ann", "")]
    [InlineData("From: <ann@shop.example> <bob@bank.example>", "ann@shop.example bob@bank.example")]
    [InlineData("From: ann@shop.example\r\nFrom: bob@bank.example", "")]
    [InlineData("Sender: ann@shop.example", "")]
    public void Addresses_of_the_one_From_field_are_found_or_none(string header, string addresses) =>
        Assert.Equal(addresses, string.Join(' ', ContentAuthors.Of(Encoding.UTF8.GetBytes($"To: x@example.net\r\n{header}\r\nSubject: s\r\n\r\nFrom: body@evil.example\r\n"))));
}
