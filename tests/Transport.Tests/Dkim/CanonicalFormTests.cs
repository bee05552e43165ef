using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using Orleans.Mail.Transport.Dkim;

namespace Orleans.Mail.Transport.Tests.Dkim;

public sealed class CanonicalFormTests
{
    [Theory]
    // RFC 6376 §3.4.5.
    [InlineData("A", " X\r\n", "a:X")]
    [InlineData("B ", " Y\t\r\n\tZ  \r\n", "b:Y Z")]
    [InlineData("Subject", "\r\n", "subject:")]
    [InlineData("Subject", " \r\n \t\r\n", "subject:")]
    [InlineData("TO", "a:b , c\r\n\t d\r\n", "to:a:b , c d")]
    public void AppendField_GivesTheRelaxedForm(string name, string value, string expected)
    {
        var form = new ArrayBufferWriter<byte>();
        RelaxedForm.AppendField(form, Encoding.ASCII.GetBytes(name), Encoding.ASCII.GetBytes(value));
        Assert.Equal(expected, Encoding.ASCII.GetString(form.WrittenSpan));
    }

    [Theory]
    // RFC 6376 §3.4.5.
    [InlineData(" C \r\nD \t E\r\n\r\n\r\n", " C\r\nD E\r\n")]
    [InlineData("", "")]
    [InlineData("\r\n\r\n", "")]
    [InlineData(" \t\r\n", "")]
    [InlineData("a", "a\r\n")]
    [InlineData("a\tb\r\n \r\n\tc", "a b\r\n\r\n c\r\n")]
    public void HashBody_IsOfTheRelaxedForm(string body, string expected) =>
        Assert.Equal(SHA256.HashData(Encoding.ASCII.GetBytes(expected)), RelaxedForm.HashBody(Encoding.ASCII.GetBytes(body)));

    [Fact]
    public void HashBody_AnyBody_IsThatOfAPlainReading()
    {
        var random = new Random(7);
        for (var i = 0; i < 2000; i++)
        {
            var body = string.Concat(Enumerable.Range(0, random.Next(3000)).Select(_ => " \t ab\r"[random.Next(6)])).Replace("\r", "\r\n", StringComparison.Ordinal);
            Assert.Equal(SHA256.HashData(Encoding.ASCII.GetBytes(Plain(body))), RelaxedForm.HashBody(Encoding.ASCII.GetBytes(body)));
        }
    }

    [Fact]
    public void Sign_VectorOfRfc8463_GivesItsSignature()
    {
        const string Field = " v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n d=football.example.com; i=@football.example.com;\r\n q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n subject : date : message-id : from : subject : date;\r\n"
            + " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n b=";
        var fields = HeaderFields.Of(Encoding.ASCII.GetBytes("From: Joe SixPack <joe@football.example.com>\r\nTo: Suzie Q <suzie@shopping.example.net>\r\nSubject: Is dinner ready?\r\nDate: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n"
            + "Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n\r\nHi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n"));
        var form = new ArrayBufferWriter<byte>();
        foreach (var name in new[] { "From", "To", "Subject", "Date", "Message-ID" })
        {
            var field = Assert.Single(fields.Named(name));
            RelaxedForm.AppendField(form, fields.Name(field), fields.Value(field));
            form.Write("\r\n"u8);
        }

        RelaxedForm.AppendField(form, "DKIM-Signature"u8, Encoding.ASCII.GetBytes(Field));
        Assert.True(SigningKey.TryParse(Given.Ed25519Pem, out var key, out _));
        Assert.Equal("2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=", Convert.ToBase64String(RelaxedForm.HashBody(fields.Body)));
        Assert.Equal("/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11BusFa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==", Convert.ToBase64String(key.Sign(SHA256.HashData(form.WrittenSpan))));
    }

    static string Plain(string body)
    {
        var lines = body.Split("\r\n").Select(line => string.Join(' ', line.TrimEnd(' ', '\t').Split([' ', '\t']).Aggregate(new List<string>(), Collapse))).ToList();
        while (lines.Count > 0 && lines[^1].Length == 0) lines.RemoveAt(lines.Count - 1);
        return string.Concat(lines.Select(line => line + "\r\n"));
    }

    // An empty word between two others is a second space; one at the start of a line is its leading space.
    static List<string> Collapse(List<string> words, string word)
    {
        if (word.Length > 0 || words.Count == 0) words.Add(word);
        return words;
    }
}
