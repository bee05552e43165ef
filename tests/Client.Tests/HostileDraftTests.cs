using System.Text;
using Microsoft.Extensions.Time.Testing;
using MimeKit;
using Orleans.Mail.Client.Tests.Support;

namespace Orleans.Mail.Client.Tests;

/// <summary>Text of somebody else's choosing in the fields of a draft starts no field, ends no header and names no recipient.</summary>
public sealed class HostileDraftTests
{
    static readonly string[] Breakers = ["x\r\nBcc: v@v.example", "x\nBcc: v@v.example", "x\rBcc: v@v.example", "x\r\n\r\nbody", "x\n ", "x\0", "x\u001b[2J", "x\u007f"];

    static readonly Dictionary<string, (Func<string, MailDraft> Draft, string Field)> Places = new()
    {
        ["subject"] = (text => Given.Simple() with { Subject = text }, "Subject"),
        ["from"] = (text => Given.Simple() with { From = $"{text} <shop@example.test>" }, "From"),
        ["to"] = (text => Given.Simple() with { To = [$"{text} <ann@example.test>"] }, "To[0]"),
        ["cc"] = (text => Given.Simple() with { Cc = [$"{text}@example.test"] }, "Cc[0]"),
        ["reply to"] = (text => Given.Simple() with { ReplyTo = [$"\"{text}\" <ann@example.test>"] }, "ReplyTo[0]"),
        ["header value"] = (text => Given.Simple() with { Headers = new Dictionary<string, string> { ["X-A"] = text } }, "Headers[X-A]"),
        ["header name"] = (text => Given.Simple() with { Headers = new Dictionary<string, string> { [text] = "x" } }, "Headers"),
        ["attachment name"] = (text => Given.Simple() with { Attachments = [new(text, [1])] }, "Attachments[0]"),
        ["content id"] = (text => Given.Simple() with { Attachments = [new("a.png", [1], ContentId: text)] }, "Attachments[0]"),
    };

    readonly StubService _service = new();

    public static TheoryData<string> PlaceNames => [.. Places.Keys];

    [Theory]
    [MemberData(nameof(PlaceNames))]
    public async Task Line_ends_and_controls_are_refused_with_their_field_and_without_their_text(string place)
    {
        foreach (var text in Breakers)
        {
            var failure = await Assert.ThrowsAsync<MailException>(() => SubmitAsync(Places[place].Draft(text)));
            Assert.Contains(Places[place].Field, failure.Faults.Select(fault => fault.Field));
            Assert.DoesNotContain("v.example", failure.ToString(), StringComparison.Ordinal);
        }

        Assert.Empty(_service.Batches);
    }

    [Theory]
    [InlineData("")]
    [InlineData("X:Y")]
    [InlineData("X Y")]
    [InlineData("Grüße")]
    [InlineData("From")]
    [InlineData("bcc")]
    [InlineData("Content-Type")]
    public async Task A_name_that_is_no_field_name_or_is_not_the_callers_is_refused(string name) =>
        await Assert.ThrowsAsync<MailException>(() => SubmitAsync(Given.Simple() with { Headers = new Dictionary<string, string> { [name] = "x" } }));

    [Theory]
    [InlineData("__proto__")]
    [InlineData("$where")]
    [InlineData("X-{0}")]
    public async Task An_odd_name_that_is_a_field_name_is_just_a_name(string name) =>
        Assert.Equal("x", (await RenderAsync(Given.Simple() with { Headers = new Dictionary<string, string> { [name] = "x" } })).Headers[name]);

    // Not ASCII's line ends, yet ends of lines to some readers.
    [Theory]
    [InlineData("x\u0085Bcc: v@v.example")]
    [InlineData("x\u2028Bcc: v@v.example")]
    [InlineData("x\u2029Bcc: v@v.example")]
    [InlineData("x\ud800y")]
    [InlineData("=?utf-8?q?x=0D=0ABcc:_v=40v.example?=")]
    [InlineData("=?utf-8?q?x?=\t=?utf-8?q?y?=")]
    public async Task Other_text_is_one_field_of_plain_ASCII(string text)
    {
        var message = await RenderAsync(Given.Simple() with { Subject = text, Headers = new Dictionary<string, string> { ["X-A"] = text } });
        var header = Encoding.Latin1.GetString(_service.Batches[^1][^1].Content).Split("\r\n\r\n")[0];
        Assert.True(Ascii.IsValid(header));
        Assert.Empty(message.Bcc);
        Assert.DoesNotContain("\r\nBcc", header, StringComparison.OrdinalIgnoreCase);
        Assert.Single(message.Headers, field => field.Id == HeaderId.Subject);
    }

    [Fact]
    public async Task A_long_value_is_folded_into_lines_that_may_be_sent()
    {
        foreach (var text in new[] { new string('x', 1_000_000), string.Concat(Enumerable.Repeat("word ", 200_000)) })
        {
            await SubmitAsync(Given.Simple() with { Subject = text });
            // Large content is submitted alone.
            Assert.All(Encoding.Latin1.GetString(_service.Alone[^1].Content).Split("\r\n"), line => Assert.InRange(line.Length, 0, 998));
        }
    }

    Task<Submission> SubmitAsync(MailDraft draft) => new MailClient(_service.Factory, new MailClientOptions(), new FakeTimeProvider(), () => 0.5).SubmitAsync(draft);

    async Task<MimeMessage> RenderAsync(MailDraft draft)
    {
        await SubmitAsync(draft);
        return await MimeMessage.LoadAsync(new MemoryStream(_service.Batches[^1][^1].Content));
    }
}
