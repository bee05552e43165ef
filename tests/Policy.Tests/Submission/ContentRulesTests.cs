using System.Globalization;
using System.Text;
using CsCheck;
using Orleans.Mail.Policy.Submission;

namespace Orleans.Mail.Policy.Tests.Submission;

public sealed class ContentRulesTests
{
    static readonly DateTimeOffset Now = new(2030, 1, 1, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("a\n.\nMAIL FROM:<x@y>\r\n")]
    [InlineData("a\n.\rMAIL FROM:<x@y>\r\n")]
    [InlineData("a\r.\nMAIL FROM:<x@y>\r\n")]
    [InlineData("a\r.\rMAIL FROM:<x@y>\r\n")]
    [InlineData("a\n.\r\nMAIL FROM:<x@y>\r\n")]
    [InlineData("a\r.\r\nMAIL FROM:<x@y>\r\n")]
    [InlineData("a\r\n.\r\r\nMAIL FROM:<x@y>\r\n")]
    [InlineData("a\r\r\n.\r\r\nMAIL FROM:<x@y>\r\n")]
    [InlineData("a\r\n\0.\r\nMAIL FROM:<x@y>\r\n")]
    [InlineData("a\r\n.\nMAIL FROM:<x@y>\r\n")]
    [InlineData("a\n\n.\r\nMAIL FROM:<x@y>\r\n")]
    [InlineData("a\r")]
    [InlineData("a\n")]
    public void Stray_line_ends_that_smuggle_are_refused_with_their_place(string body)
    {
        var content = "From: b\r\n\r\n" + body;
        var place = Enumerable.Range(0, content.Length).First(i => content[i] == '\0'
            || (content[i] == '\r' && (i + 1 == content.Length || content[i + 1] != '\n'))
            || (content[i] == '\n' && content[i - 1] != '\r'));

        Assert.Contains(Faults(content), fault => fault.Field == "content" && fault.Problem.Contains($"octet {place.ToString(CultureInfo.InvariantCulture)};", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("\r\n.\r\nMAIL FROM:<x@y>\r\n")]
    [InlineData("..\r\n.\r\n...\r\n")]
    [InlineData("\u0085.\u0085\r\n")]
    [InlineData("")]
    public void Dots_and_eight_bit_octets_are_content(string body) => Assert.Empty(Faults("From: b\r\n\r\n" + body));

    [Theory]
    [InlineData(" folded first\r\n\r\n", "starts with a folded line")]
    [InlineData("From someone Mon Jan 1\r\nA: b\r\n\r\n", "without a field name")]
    [InlineData("From a: b\r\n\r\n", "character other than printable")]
    [InlineData("Subject : b\r\n\r\n", "character other than printable")]
    [InlineData("Sübject: b\r\n\r\n", "character other than printable")]
    [InlineData("From: b\r\nno colon here\r\n\r\n", "without a field name")]
    [InlineData(": b\r\n\r\n", "without a field name")]
    [InlineData("From: b\r\n \r\nBcc: x\r\n\r\n", "only white space")]
    [InlineData("\r\nbody\r\n", "has no header")]
    [InlineData("From: \u00fc\r\n\r\n", "neither ASCII nor UTF-8")]
    public void Malformed_header_is_refused(string content, string problem) =>
        Assert.Contains(problem, Assert.Single(Faults(content)).Problem, StringComparison.Ordinal);

    [Fact]
    public void Header_over_its_caps_is_refused()
    {
        Assert.Empty(Faults("From: b\r\n" + string.Concat(Enumerable.Repeat("A: b\r\n", 999))));
        Assert.Contains("1,000 lines", Assert.Single(Faults("From: b\r\n" + string.Concat(Enumerable.Repeat("A: b\r\n", 1000)))).Problem, StringComparison.Ordinal);
        var line = "A: " + new string('x', 900) + "\r\n";
        Assert.Contains("262,144 octets", Assert.Single(Faults(string.Concat(Enumerable.Repeat(line, 300)))).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Line_over_998_octets_is_refused_with_its_start()
    {
        Assert.Empty(Faults("From: b\r\n\r\n" + new string('x', 998) + "\r\n"));
        Assert.Contains("octet 11;", Assert.Single(Faults("From: b\r\n\r\n" + new string('x', 999) + "\r\n")).Problem, StringComparison.Ordinal);
        Assert.Contains("octet 11;", Assert.Single(Faults("From: b\r\n\r\n" + new string('x', 1_000_000))).Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Content_over_its_limit_is_too_large()
    {
        var limits = new SubmissionLimits { MaxContentBytes = 20 };
        Assert.Equal(MailErrorCode.None, Parse(new byte[20].Select((_, i) => (byte)"From: b\r\n\r\nxxxxxxxxxx\r\n"[i]).ToArray(), limits).Code);
        Assert.Equal(MailErrorCode.TooLarge, Parse(new byte[21], limits).Code);
    }

    [Fact]
    public void Empty_content_is_refused() => Assert.Equal("content", Assert.Single(Faults("")).Field);

    [Fact]
    public void Content_is_refused_exactly_when_a_plain_reading_says_so()
    {
        var octet = Gen.OneOf([Gen.Const((byte)'\r'), Gen.Const((byte)'\n'), Gen.Const((byte)'a'), Gen.Const((byte)'.'), Gen.Const((byte)200), Gen.Const((byte)0)]);
        octet.Array[0, 40].Sample(
            body =>
            {
                var text = "From: b\r\n\r\n" + Encoding.Latin1.GetString(body);
                var rest = text.Replace("\r\n", "", StringComparison.Ordinal);
                var isSound = !rest.Contains('\r', StringComparison.Ordinal) && !rest.Contains('\n', StringComparison.Ordinal) && !rest.Contains('\0', StringComparison.Ordinal);
                var result = Parse(Encoding.Latin1.GetBytes(text), SubmissionLimits.Default);
                if (!isSound) return result.Submission is null;
                var sent = Encoding.Latin1.GetString(result.Submission!.Content);
                return sent.EndsWith("\r\n", StringComparison.Ordinal) && (sent == text || sent == text + "\r\n")
                    && result.Submission.NeedsEightBitMime == body.Contains((byte)200);
            },
            iter: 20_000);
    }

    [Fact]
    public void Any_octets_are_judged_without_an_exception() =>
        Gen.Byte.Array[0, 3000].Sample(octets => Parse(octets, SubmissionLimits.Default) is { } result && (result.Submission is null) != (result.Faults.Length == 0));

    static SubmitFault[] Faults(string content) => Parse(Encoding.Latin1.GetBytes(content), SubmissionLimits.Default).Faults;

    static ParseResult Parse(byte[] content, SubmissionLimits limits) => SubmissionParser.Parse(
        new SubmitRequest { Id = MessageId.FromKey("t", "k"), Tenant = "t", IdempotencyKey = "k", From = "", Recipients = ["a@example.org"], Content = content },
        limits,
        Now);
}
