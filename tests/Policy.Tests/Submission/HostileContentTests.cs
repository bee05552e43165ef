using System.Diagnostics;
using System.Text;
using Orleans.Mail.Policy.Submission;

namespace Orleans.Mail.Policy.Tests.Submission;

/// <summary>Content made to hurt whoever reads it: refused by its header, or handed on unread, in a time that follows from its size alone.</summary>
public sealed class HostileContentTests
{
    const string Header = "From: a@sender.example\r\n";

    // Far above what any of these takes, far below what reading their parts would.
    static readonly TimeSpan Limit = TimeSpan.FromMinutes(1);

    public static TheoryData<string> Names => [.. Bombs.Keys];

    static readonly Dictionary<string, Func<byte[]>> Bombs = new()
    {
        ["10,000 nested parts"] = () => Octets(Header + "Content-Type: multipart/mixed; boundary=b0\r\n\r\n" + string.Concat(Enumerable.Range(0, 10_000).Select(i => $"--b{i}\r\nContent-Type: multipart/mixed; boundary=b{i + 1}\r\n\r\n"))),
        ["a million empty parts"] = () => Octets(Header + "Content-Type: multipart/mixed; boundary=b\r\n\r\n" + string.Concat(Enumerable.Repeat("--b\r\n\r\n", 1_000_000))),
        ["an empty boundary"] = () => Octets(Header + "Content-Type: multipart/mixed; boundary=\"\"\r\n\r\n" + string.Concat(Enumerable.Repeat("--\r\n\r\n", 10_000))),
        ["a boundary of 900"] = () => Octets(Header + $"Content-Type: multipart/mixed;\r\n boundary={new string('b', 900)}\r\n\r\nx\r\n"),
        ["2,000 messages in messages"] = () => Octets(Header + string.Concat(Enumerable.Repeat("Content-Type: message/rfc822\r\n\r\n", 2000)) + "\r\n"),
        ["20 MB of base64"] = () => Octets(Header + "Content-Transfer-Encoding: base64\r\n\r\n" + string.Concat(Enumerable.Repeat(new string('A', 76) + "\r\n", 256_000))),
        ["12 million empty lines"] = () => Octets(Header + "\r\n" + string.Concat(Enumerable.Repeat("\r\n", 12_000_000))),
    };

    [Theory]
    [MemberData(nameof(Names))]
    public void A_body_is_never_read_into(string name)
    {
        var content = Bombs[name]();
        var started = Stopwatch.GetTimestamp();
        var parsed = Parse(content).Submission;
        Assert.InRange(Stopwatch.GetElapsedTime(started), TimeSpan.Zero, Limit);
        Assert.Same(content, parsed!.Content);
    }

    [Theory]
    [InlineData("a:\r\n", 1_000_000, "1,000 lines")]
    [InlineData("List-Id: x\r\n", 1_000_000, "1,000 lines")]
    [InlineData(" x\r\n", 1_000_000, "1,000 lines")]
    public void A_header_beyond_its_caps_is_refused_at_once(string line, int count, string problem)
    {
        var content = Octets(Header + string.Concat(Enumerable.Repeat(line, count)) + "\r\n");
        var started = Stopwatch.GetTimestamp();
        Assert.Contains(problem, Assert.Single(Parse(content).Faults).Problem, StringComparison.Ordinal);
        Assert.InRange(Stopwatch.GetElapsedTime(started), TimeSpan.Zero, Limit);
    }

    [Theory]
    [InlineData("From: a@sender.example\r\nFROM: b@sender.example\r\n", "more than one From")]
    [InlineData("From: a@sender.example\r\nSubject: x\r\nfrom:\r\n b@sender.example\r\n", "more than one From")]
    [InlineData("From: a@sender.example\r\nsubject: x\r\nSubject: y\r\n", "more than one Subject")]
    [InlineData("From: a@sender.example\r\nDate: x\r\nDate: y\r\nDate: z\r\n", "more than one Date")]
    [InlineData("From: a@sender.example\r\nMessage-Id: x\r\nMessage-ID: y\r\n", "more than one Message-ID")]
    [InlineData("From: a@sender.example\r\nTo: x\r\nTo: y\r\n", "more than one To")]
    [InlineData("From: a@sender.example\r\nReply-To: x\r\nReply-To: y\r\n", "more than one Reply-To")]
    [InlineData("From: a@sender.example\r\nContent-Type: text/plain\r\nContent-type: text/html\r\n", "more than one Content-Type")]
    [InlineData("Subject: x\r\n", "no From field")]
    [InlineData("Subject: x\r\n From: a@sender.example\r\n", "no From field")]
    [InlineData("Subject: x\r\n\r\nFrom: a@sender.example\r\n", "no From field")]
    [InlineData("X-From: a@sender.example\r\nFrom-X: y\r\n", "no From field")]
    public void A_field_that_may_be_there_once_is_there_once(string header, string problem) =>
        Assert.Contains(problem, Assert.Single(Parse(Octets(header + "\r\nbody\r\n")).Faults).Problem, StringComparison.Ordinal);

    [Fact]
    public void Fields_that_may_come_again_do() =>
        Assert.Empty(Parse(Octets(Header + "Received: x\r\nReceived: y\r\nComments: x\r\nComments: y\r\nKeywords: x\r\nKeywords: y\r\nX-A: x\r\nX-A: y\r\n\r\nFrom: in the body\r\nFrom: again\r\n")).Faults);

    [Theory]
    [InlineData(998, true)]
    [InlineData(999, false)]
    [InlineData(1000, false)]
    [InlineData(10_000_000, false)]
    public void Lines_have_998_octets_in_header_and_body(int octets, bool isTaken)
    {
        Assert.Equal(isTaken, Parse(Octets(Header + "\r\n" + new string('x', octets) + "\r\n")).Submission is not null);
        Assert.Equal(isTaken, Parse(Octets(Header + "X: " + new string('x', octets - 3) + "\r\n\r\n")).Submission is not null);
    }

    [Theory]
    [InlineData("Subject: a\0b\r\n\r\n")]
    [InlineData("\r\na\0b\r\n")]
    [InlineData("\r\n\0")]
    public void Nul_is_refused(string rest) => Assert.Contains("NUL", Assert.Single(Parse(Octets(Header + rest)).Faults).Problem, StringComparison.Ordinal);

    static ParseResult Parse(byte[] content) => SubmissionParser.Parse(
        new SubmitRequest { Id = MessageId.FromKey("t", "k"), Tenant = "t", IdempotencyKey = "k", From = "", Recipients = ["a@example.org"], Content = content },
        SubmissionLimits.Default,
        DateTimeOffset.UnixEpoch.AddYears(60));

    static byte[] Octets(string text) => Encoding.Latin1.GetBytes(text);
}
