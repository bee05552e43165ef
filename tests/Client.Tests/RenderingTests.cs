using System.Text;
using Microsoft.Extensions.Time.Testing;
using MimeKit;
using Orleans.Mail.Client.Tests.Support;

namespace Orleans.Mail.Client.Tests;

public sealed class RenderingTests
{
    readonly StubService _service = new();
    readonly FakeTimeProvider _clock = new();

    async Task<SubmitRequest> RequestAsync(MailDraft draft)
    {
        await new MailClient(_service.Factory, new MailClientOptions(), _clock, () => 0.5).SubmitAsync(draft);
        return _service.Batches[^1][^1];
    }

    async Task<MimeMessage> RenderAsync(MailDraft draft) => await MimeMessage.LoadAsync(new MemoryStream((await RequestAsync(draft)).Content));

    async Task<string[]> FaultsAsync(MailDraft draft)
    {
        var failure = await Assert.ThrowsAsync<MailException>(() => RequestAsync(draft));
        Assert.Equal(MailErrorCode.InvalidDraft, failure.Code);
        Assert.Empty(_service.Batches);
        return [.. failure.Faults.Select(fault => fault.Field)];
    }

    static MailDraft Rich() => Given.Simple() with
    {
        To = ["Ann <ann@example.test>", "bob@example.test"],
        Cc = ["cy@example.test", "ann@example.test"],
        Bcc = ["secret@example.test"],
        ReplyTo = ["help@example.test"],
        Subject = "Grüße, 世界",
        Text = "Grüße",
        Html = "<p>Grüße <img src=\"cid:logo\"></p>",
        Attachments = [new("logo.png", [1, 2, 3], ContentId: "logo"), new("Größe.pdf", [4, 5, 6])],
        Headers = new Dictionary<string, string> { ["List-Unsubscribe"] = "<https://example.test/u>" },
        IdempotencyKey = "order-1001",
    };

    [Fact]
    public async Task A_described_draft_has_all_its_fields_and_parts()
    {
        var message = await RenderAsync(Rich());

        Assert.Equal("\"Shop\" <shop@example.test>", message.From.ToString());
        Assert.Equal("Grüße, 世界", message.Subject);
        Assert.Equal("help@example.test", message.ReplyTo.ToString());
        Assert.Equal("Grüße", message.TextBody!.Trim());
        Assert.Contains("cid:logo", message.HtmlBody!, StringComparison.Ordinal);
        Assert.Equal("<https://example.test/u>", message.Headers["List-Unsubscribe"]);
        Assert.Equal("Größe.pdf", Assert.Single(message.Attachments.OfType<MimePart>()).FileName);
        var inline = message.BodyParts.OfType<MimePart>().Single(part => part.ContentId == "logo");
        using var bytes = new MemoryStream();
        await inline.Content!.DecodeToAsync(bytes);
        Assert.Equal([1, 2, 3], bytes.ToArray());
        Assert.Equal(_clock.GetUtcNow(), message.Date);
    }

    [Fact]
    public async Task Every_recipient_is_in_the_envelope_once_and_blind_ones_only_there()
    {
        var request = await RequestAsync(Rich());

        Assert.Equal(["ann@example.test", "bob@example.test", "cy@example.test", "secret@example.test"], request.Recipients);
        Assert.Equal("shop@example.test", request.From);
        Assert.DoesNotContain("secret", Encoding.UTF8.GetString(request.Content), StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("bcc", Encoding.UTF8.GetString(request.Content), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_second_rendering_elsewhere_and_later_is_the_same_but_for_its_date()
    {
        var first = await RequestAsync(Rich());
        _clock.Advance(TimeSpan.FromDays(1));
        var second = await RequestAsync(Rich());

        Assert.Equal(first.Id, second.Id);
        Assert.Equal(first.ContentDigest, second.ContentDigest);
        Assert.NotNull(first.ContentDigest);
        var differing = Lines(first).Zip(Lines(second)).Where(pair => pair.First != pair.Second).Select(pair => pair.First.Split(':')[0]);
        Assert.Equal(["Date"], differing);
        Assert.Equal(Lines(first).Length, Lines(second).Length);
    }

    public static TheoryData<string> Changes => [.. ChangedDrafts.Keys];

    static Dictionary<string, Func<MailDraft, MailDraft>> ChangedDrafts => new()
    {
        ["From"] = draft => draft with { From = "Other <shop@example.test>" },
        ["To"] = draft => draft with { To = ["eve@example.test"] },
        ["Cc"] = draft => draft with { Cc = [] },
        ["Bcc"] = draft => draft with { Bcc = [] },
        ["ReplyTo"] = draft => draft with { ReplyTo = [] },
        ["Subject"] = draft => draft with { Subject = "Other" },
        ["Text"] = draft => draft with { Text = "Other" },
        ["Html"] = draft => draft with { Html = null },
        ["Text and Html swapped"] = draft => draft with { Text = draft.Html, Html = draft.Text },
        ["Attachment content"] = draft => draft with { Attachments = [draft.Attachments[0] with { Content = [9] }, draft.Attachments[1]] },
        ["Attachment order"] = draft => draft with { Attachments = [.. draft.Attachments.Reverse()] },
        ["Headers"] = draft => draft with { Headers = new Dictionary<string, string> { ["List-Unsubscribe"] = "<https://example.test/v>" } },
        ["Date"] = draft => draft with { Date = DateTimeOffset.UnixEpoch },
        ["RequireTls"] = draft => draft with { RequireTls = true },
        ["Dsn"] = draft => draft with { Dsn = new DsnRequest(DsnNotify.Never) },
        ["Envelope"] = draft => draft with { Envelope = new MailEnvelope("", ["ann@example.test"]) },
    };

    [Theory, MemberData(nameof(Changes))]
    public async Task Whatever_a_draft_says_counts_for_its_digest(string change)
    {
        var first = await RequestAsync(Rich());
        var second = await RequestAsync(ChangedDrafts[change](Rich()));

        Assert.NotEqual(first.ContentDigest, second.ContentDigest);
    }

    [Fact]
    public async Task Rendered_octets_obey_the_limits_of_the_wire()
    {
        var content = (await RequestAsync(Rich() with { Text = new string('x', 5000) + "\nGrüße\n.\n", Subject = string.Concat(Enumerable.Repeat("lang ", 300)) })).Content;
        var text = Encoding.Latin1.GetString(content);

        // RFC 5321 §2.3.8 and §4.5.3.1.6, RFC 5322 §2.1.1.
        Assert.DoesNotContain('\n', text.Replace("\r\n", "", StringComparison.Ordinal));
        Assert.DoesNotContain('\r', text.Replace("\r\n", "", StringComparison.Ordinal));
        Assert.All(text.Split("\r\n"), line => Assert.InRange(line.Length, 0, 998));
        Assert.All(content, octet => Assert.InRange(octet, (byte)0, (byte)127));
        Assert.EndsWith("\r\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ready_octets_are_handed_over_as_they_are()
    {
        var octets = Encoding.Latin1.GetBytes("Subject: x\r\n\r\n\xFF\r\n");

        var request = await RequestAsync(MailDraft.FromEml(octets, "", "ann@example.test") with { IdempotencyKey = "k" });

        Assert.Same(octets, request.Content);
        Assert.Equal("", request.From);
        Assert.Null(request.ContentDigest);
    }

    [Fact]
    public async Task A_mime_message_gives_content_and_envelope_without_blind_recipients()
    {
        using var message = new MimeMessage { Subject = "s", Body = new TextPart("plain") { Text = "t" } };
        message.From.Add(MailboxAddress.Parse("shop@example.test"));
        message.To.Add(MailboxAddress.Parse("ann@example.test"));
        message.Bcc.Add(MailboxAddress.Parse("secret@example.test"));

        var request = await RequestAsync(MailDraft.FromMime(message));

        Assert.Equal(["ann@example.test", "secret@example.test"], request.Recipients);
        Assert.DoesNotContain("secret", Encoding.UTF8.GetString(request.Content), StringComparison.Ordinal);
    }

    [Fact]
    public async Task All_faults_are_told_at_once_and_nothing_is_sent()
    {
        var draft = new MailDraft
        {
            From = "shop@example.test\r\nX-Evil: 1",
            To = ["nobody", ""],
            Subject = "x\r\nBcc: all@example.test",
            Headers = new Dictionary<string, string> { ["X-A"] = "a\nb", ["Content-Type"] = "text/html", ["Bad Name"] = "x" },
            Attachments = [new("a\nb", [1]), new("c", [1], "not a type")],
            IdempotencyKey = "",
            ExpiresAfter = TimeSpan.Zero,
        };

        Assert.Equal(
            ["IdempotencyKey", "ExpiresAfter", "Subject", "Headers[X-A]", "Headers[Content-Type]", "Headers", "Attachments[0]", "Attachments[1]", "From", "To[0]", "To[1]", "To"],
            await FaultsAsync(draft));
    }

    [Fact]
    public async Task An_empty_draft_names_what_is_missing() => Assert.Equal(["From", "Text", "To"], await FaultsAsync(new MailDraft()));

    [Fact]
    public async Task A_ready_message_takes_no_descriptive_fields() => Assert.Equal(["Content"], await FaultsAsync(Given.Eml() with { Subject = "x" }));

    [Fact]
    public async Task Content_beyond_the_limit_never_leaves()
    {
        var client = new MailClient(_service.Factory, new MailClientOptions { MaxContentBytes = 1024 }, _clock, () => 0.5);

        Assert.Equal(MailErrorCode.TooLarge, (await Assert.ThrowsAsync<MailException>(() => client.SubmitAsync(Given.Eml(size: 1025)))).Code);
        Assert.Empty(_service.Batches);
    }

    [Fact]
    public async Task Treatment_travels_with_the_request()
    {
        var request = await RequestAsync(Given.Eml() with
        {
            Tenant = "shop",
            Priority = Priority.High,
            Campaign = "spring",
            Tags = ["a", "b"],
            Metadata = new Dictionary<string, string> { ["order"] = "1" },
            SendAt = DateTimeOffset.UnixEpoch,
            ExpiresAfter = TimeSpan.FromMinutes(10),
            Doubt = DoubtPolicy.Stop,
        });

        Assert.Equal(("shop", Priority.High, "spring", DoubtPolicy.Stop), (request.Tenant, request.Priority, request.Campaign, request.Doubt));
        Assert.Equal(["a", "b"], request.Tags);
        Assert.Equal("1", request.Metadata!["order"]);
        Assert.Equal((DateTimeOffset.UnixEpoch, _clock.GetUtcNow().AddMinutes(10)), (request.SendAt, request.ExpiresAt));
    }

    [Fact]
    public async Task Wishes_travel_with_the_request()
    {
        var window = new SendWindow(new TimeOnly(8, 0), new TimeOnly(20, 0), "Europe/Berlin");
        var dsn = new DsnRequest(DsnNotify.Failure, ReturnFull: true, "order 17");
        var request = await RequestAsync(Given.Eml() with
        {
            DoubtWait = TimeSpan.FromHours(1),
            Notices = NoticeKinds.Failure,
            Dsn = dsn,
            RequireTls = true,
            Window = window,
            RecipientTimeZones = new Dictionary<string, string> { ["ann@example.test"] = "Asia/Tokyo" },
            Route = "backup",
        });

        Assert.Equal((TimeSpan.FromHours(1), NoticeKinds.Failure, dsn, true, window, "backup"), (request.DoubtWait, request.Notices, request.Dsn, request.RequireTls, request.Window, request.Route));
        Assert.Equal("Asia/Tokyo", request.RecipientTimeZones!["ann@example.test"]);
    }

    [Fact]
    public async Task Wishes_that_contradict_each_other_are_told_before_anything_is_sent()
    {
        var draft = Given.Eml() with { Doubt = DoubtPolicy.Stop, DoubtWait = TimeSpan.FromHours(-1), RecipientTimeZones = new Dictionary<string, string>() };
        var exception = await Assert.ThrowsAsync<MailException>(() => RequestAsync(draft));
        Assert.Equal(["DoubtWait", "DoubtWait", "RecipientTimeZones"], exception.Faults.Select(fault => fault.Field));
    }

    static string[] Lines(SubmitRequest request) => Encoding.UTF8.GetString(request.Content).Split("\r\n");
}
