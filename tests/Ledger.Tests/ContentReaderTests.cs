using System.Security.Cryptography;
using System.Text;

namespace Orleans.Mail.Ledger.Tests;

public sealed class ContentReaderTests
{
    [Theory]
    [InlineData("a\r\n.\r\n", "a\r\n")]
    [InlineData(".\r\n", "")]
    [InlineData("..\r\n.\r\n", ".\r\n")]
    [InlineData("...x\r\n.\r\n", "..x\r\n")]
    [InlineData("a\n.\nb\r\n.\r\n", "a\n.\nb\r\n")]
    [InlineData("a\r.\rb\r\n.\r\n", "a\r.\rb\r\n")]
    [InlineData("a\r\r\n.\r\n", "a\r\r\n")]
    [InlineData("a\r\n.\rb\r\n.\r\n", "a\r\n\rb\r\n")]
    public void Content_ends_at_CRLF_dot_CRLF_only_however_the_wire_cuts_it(string wire, string content)
    {
        for (var cut = 0; cut <= wire.Length; cut++)
        {
            using var reader = new ContentReader();
            reader.Start();
            var octets = Encoding.ASCII.GetBytes(wire + "QUIT\r\n");
            var ended = reader.Read(octets.AsSpan(0, cut), out var used);
            if (!ended) ended = reader.Read(octets.AsSpan(used), out var more) && (used += more) > 0;

            Assert.True(ended);
            Assert.Equal(wire.Length, used);
            Assert.Equal(content.Length, reader.Octets);
            Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(content))), reader.Sha256);
        }
    }

    [Fact]
    public void The_id_is_read_from_the_headers_only()
    {
        using var reader = new ContentReader();
        reader.Start();
        Assert.True(reader.Read("X-Ledger-Id: one\r\nX-Ledger-Attempt: 7\r\n\r\nX\r\n.\r\n"u8, out _));
        Assert.Equal(("one", "7"), (reader.Id, reader.Attempt));

        reader.Start();
        Assert.True(reader.Read("Subject: x\r\n\r\nX-Ledger-Id: two\r\n.\r\n"u8, out _));
        Assert.Null(reader.Id);
    }
}
