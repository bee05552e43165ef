namespace Orleans.Mail.Policy.Tests.Submission;

/// <summary>Addresses beyond ASCII, and those that only look like others: one canonical form, or a refusal.</summary>
public sealed class AddressTests
{
    [Theory]
    [InlineData("пример@пример.рф", "пример@xn--e1afmkfd.xn--p1ai")]
    [InlineData("a@ПРИМЕР.РФ", "a@xn--e1afmkfd.xn--p1ai")]
    [InlineData("a@XN--E1AFMKFD.xn--p1ai", "a@xn--e1afmkfd.xn--p1ai")]
    [InlineData("a@EXÁMPLE.com", "a@xn--exmple-qta.com")]
    [InlineData("a@straße.example", "a@xn--strae-oqa.example")]
    [InlineData("a@strasse.example", "a@strasse.example")]
    [InlineData("a@\uFF45xample\uFF0Ecom", "a@example.com")]
    [InlineData("a@example\u3002com", "a@example.com")]
    // The Kelvin sign is a K.
    [InlineData("a@\u212A.example", "a@k.example")]
    [InlineData("a@उदाहरण.परीक्षा", "a@xn--p1b6ci4b4b3a.xn--11b5bs3a9aj6g")]
    // Of two scripts: another domain than the one it looks like, shown as A-labels.
    [InlineData("a@\u0430pple.com", "a@xn--pple-43d.com")]
    // Encoded words are of header text; in an address they are what they are.
    [InlineData("=?utf-8?q?=41=42?=@d.example", "=?utf-8?q?=41=42?=@d.example")]
    [InlineData("A\u0301@d.example", "A\u0301@d.example")]
    public void An_address_has_one_form(string address, string expected) => Assert.Equal(expected, Mailbox.Parse(address).ToString());

    [Theory]
    [InlineData("a@\ud800x.example")]
    [InlineData("\ud800@x.example")]
    [InlineData("a@xn--99999999999.example")]
    [InlineData("a@xn--a-\u00e9.example")]
    [InlineData("a@=?utf-8?q?example.com?=")]
    [InlineData("a@ex\u200dample.example")]
    [InlineData("a@ex\u202eample.example")]
    [InlineData("a@x\u00ad.example")]
    [InlineData("a@\u2603.example")]
    [InlineData("a@\ufb01n.example")]
    [InlineData("a@\ud835\udc1a.example")]
    [InlineData("a@x\u2044y.example")]
    [InlineData("a@\uff0dx.example")]
    [InlineData("a\u202eb@x.example")]
    [InlineData("a\u2066b@x.example")]
    [InlineData("a@[127.0.0.1]")]
    [InlineData("a@127.0.0.1")]
    [InlineData("a@\uff11\uff12\uff17.0.0.\uff11")]
    [InlineData("a\0b@x.example")]
    [InlineData("a\r\nRCPT TO:<b@x.example>@x.example")]
    public void An_address_without_one_certain_form_is_refused(string address)
    {
        Assert.False(Mailbox.TryParse(address, out _, out var problem));
        Assert.DoesNotContain("example", problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(64, 4, true)]
    [InlineData(65, 4, false)]
    [InlineData(1, 252, true)]
    [InlineData(1, 253, false)]
    [InlineData(1, 256, false)]
    [InlineData(64, 189, true)]
    [InlineData(64, 190, false)]
    public void An_address_has_as_many_octets_as_a_path_may_carry(int local, int domain, bool isTaken)
    {
        var labels = string.Join('.', Enumerable.Repeat(new string('d', 49), 6));
        Assert.Equal(isTaken, Mailbox.TryParse($"{new string('a', local)}@{labels[^domain..].Trim('.').PadLeft(domain, 'e')}", out _, out _));
    }

    // Where the runtime can compose it is composed, elsewhere refused; it never becomes another domain.
    [Theory]
    [InlineData("a@exa\u0301mple.com", "a@xn--exmple-qta.com")]
    public void A_decomposed_domain_is_composed_or_refused(string address, string composed) =>
        Assert.True(!Mailbox.TryParse(address, out var mailbox, out _) || mailbox.ToString() == composed);
}
