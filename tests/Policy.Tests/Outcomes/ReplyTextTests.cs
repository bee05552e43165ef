using System.Text;
using Orleans.Mail.Policy.Outcomes;

namespace Orleans.Mail.Policy.Tests.Outcomes;

/// <summary>A remote chooses every octet of its replies: what is kept of them is short, and nothing that a terminal, a log or a page would obey (reliability S10, S20).</summary>
public sealed class ReplyTextTests
{
    [Theory]
    [InlineData("no\r\n2026-11-24 00:00:00 FATAL gone", "no\n2026-11-24 00:00:00 FATAL gone")]
    [InlineData("a\rb", "ab")]
    [InlineData("\u001b[2J\u001b]0;title\u0007", "?[2J?]0;title?")]
    [InlineData("a\0b\u0008c\u007fd\u0085e\u009bf", "a?b?c?d?e?f")]
    [InlineData("a\u2028b\u2029c", "a?b?c")]
    [InlineData("\u202eevil\u202c \u2066x\u2069 \u200fy\u061cz", "?evil? ?x? ?y?z")]
    [InlineData("\ufffd", "?")]
    [InlineData("{0} {Recipient} %s ${jndi:x}", "{0} {Recipient} %s ${jndi:x}")]
    [InlineData("<img src=x onerror=alert(1)>", "<img src=x onerror=alert(1)>")]
    public void Text_of_a_reply_is_words_and_nothing_else(string raw, string kept) => Assert.Equal(kept, SmtpReply.Create(550, raw).Text);

    [Theory]
    [InlineData("x")]
    [InlineData("\u001b")]
    [InlineData("ü")]
    [InlineData("😀")]
    [InlineData("a😀")]
    [InlineData("\n")]
    public void Text_of_any_length_is_kept_up_to_its_bound_and_is_still_text(string piece)
    {
        var text = SmtpReply.Create(250, string.Concat(Enumerable.Repeat(piece, 1_000_000))).Text;
        Assert.InRange(text.Length, 0, SmtpReply.MaxTextLength);
        Assert.DoesNotContain('\u001b', text);
        // Half of a character would not survive being written.
        Assert.Equal(text, Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text)));
    }

    // An attribute cannot hold half a character.
    [Fact]
    public void Half_of_a_character_is_not_kept() => Assert.Equal("? lone ?", SmtpReply.Create(550, "\ud800 lone \udc00").Text);

    [Theory]
    [InlineData("<marbles@example.com>: user unknown", "Failed text.no-such-user")]
    [InlineData("no.spam@example.com... User unknown", "Failed text.no-such-user")]
    [InlineData("Requested action not taken: <\"greylist me\"@example.com> user not found", "Failed text.no-such-user")]
    [InlineData("<throttled@example.com>: mailbox disabled", "Failed text.mailbox-disabled")]
    [InlineData("<ann@example.com>: refused by our block list", "Deferred text.blocked-source")]
    [InlineData("refused; write to delist-blacklist@example.net", "Deferred text.blocked-source")]
    public void Address_that_a_reply_quotes_says_nothing(string text, string expected)
    {
        var outcome = OutcomeClassifier.Classify(SmtpPhase.RcptTo, SmtpReply.Create(550, text));
        Assert.Equal(expected, $"{outcome.Kind} {outcome.Rule}");
    }

    [Fact]
    public void Enhanced_code_out_of_range_is_text() => Assert.Null(SmtpReply.Create(550, "5.99999999999.1 x").Enhanced);
}
