using System.Text;

namespace Orleans.Mail.Ledger.Tests;

public sealed class MailGeneratorTests
{
    [Fact]
    public void The_nth_message_of_a_seed_is_always_the_same()
    {
        var one = new MailGenerator(new MailShape { Seed = 4 }, DateTimeOffset.UnixEpoch).Next(17);
        var two = new MailGenerator(new MailShape { Seed = 4 }, DateTimeOffset.UnixEpoch).Next(17);
        var other = new MailGenerator(new MailShape { Seed = 5 }, DateTimeOffset.UnixEpoch).Next(17);

        Assert.Equal(one.Sha256, two.Sha256);
        Assert.NotEqual(one.Sha256, other.Sha256);
    }

    [Fact]
    public void Every_message_is_valid_on_the_wire()
    {
        var generator = new MailGenerator(new MailShape(), DateTimeOffset.UnixEpoch);
        for (var number = 0; number < 500; number++)
        {
            var text = Encoding.Latin1.GetString(generator.Next(number).Content);
            Assert.EndsWith("\r\n", text, StringComparison.Ordinal);
            var bare = text.Replace("\r\n", "", StringComparison.Ordinal);
            Assert.DoesNotContain('\r', bare);
            Assert.DoesNotContain('\n', bare);
            Assert.True(text.Split("\r\n").Max(line => line.Length) <= 998, $"Message {number} has a line over 998 octets.");
        }
    }
}
