using System.Text;
using CsCheck;
using MimeKit;
using Orleans.Mail.Policy.Messages;
using Orleans.Mail.Policy.Notices;
using Orleans.Mail.Policy.Submission;

namespace Orleans.Mail.Policy.Tests.Notices;

/// <summary>Read with MimeKit, which had no part in writing them.</summary>
public sealed class NoticeBuilderTests
{
    static readonly DateTimeOffset Now = Late.Accepted.AddHours(5);
    static readonly byte[] Original = Encoding.UTF8.GetBytes("Message-ID: <one@shop.example>\r\nFrom: orders@shop.example\r\nSubject: Grüße\r\n of ours\r\n\r\nSecret body\r\n");

    static readonly MessageState Failed = Late.With(
        Late.Recipient("ann@a.example", Fate.Bounced, SmtpReply.Create(550, "5.1.1 User unknown"), "invalid-recipient"),
        Late.Recipient("bob@b.example", Fate.Expired, null, "connection"));

    [Fact]
    public void Build_Failure_IsAReportThatOthersCanRead()
    {
        var state = Failed with { Dsn = new(DsnNotify.Failure, EnvelopeId: "order 17") };
        var (request, message) = Build(state, NoticeKinds.Failure);

        Assert.Equal("", request.From);
        Assert.Equal(["orders@shop.example"], request.Recipients);
        Assert.Equal("MAILER-DAEMON@mail.example", Assert.Single(message.From.Mailboxes).Address);
        Assert.Equal("orders@shop.example", Assert.Single(message.To.Mailboxes).Address);
        Assert.Equal("auto-replied", message.Headers["Auto-Submitted"]);
        Assert.Equal("one@shop.example", message.InReplyTo);
        var report = Assert.IsType<MultipartReport>(message.Body);
        Assert.Equal("delivery-status", report.ReportType);
        Assert.Equal(3, report.Count);

        var words = Assert.IsType<TextPart>(report[0]).Text;
        Assert.Contains("ann@a.example", words, StringComparison.Ordinal);
        Assert.Contains("550 5.1.1 User unknown", words, StringComparison.Ordinal);
        Assert.Contains("at the host mx.a.example", words, StringComparison.Ordinal);

        var status = Assert.IsType<MessageDeliveryStatus>(report[1]).StatusGroups;
        Assert.Equal("dns; mail.example", status[0]["Reporting-MTA"]);
        Assert.Equal("order 17", status[0]["Original-Envelope-Id"]);
        Assert.Equal(["rfc822; ann@a.example", "failed", "5.1.1", "dns; mx.a.example", "smtp; 550 5.1.1 User unknown", null], Fields(status[1]));
        Assert.Equal(["rfc822; bob@b.example", "failed", "4.4.7", "dns; mx.a.example", null, null], Fields(status[2]));

        var header = Assert.IsType<TextRfc822Headers>(report[2]);
        Assert.Equal("<one@shop.example>", header.Message!.Headers["Message-ID"]);
        Assert.DoesNotContain("Secret", Encoding.UTF8.GetString(request.Content), StringComparison.Ordinal);
        Assert.True(Ascii.IsValid(request.Content));
    }

    [Fact]
    public void Build_Delay_SaysUntilWhen()
    {
        var (_, message) = Build(Late.Message, NoticeKinds.Delay);
        var status = Assert.IsType<MessageDeliveryStatus>(Assert.IsType<MultipartReport>(message.Body)[1]).StatusGroups;
        Assert.Equal(["rfc822; ann@a.example", "delayed", "4.2.2", "dns; mx.a.example", "smtp; 450 4.2.2 Full", "Sun, 06 Jan 2030 12:00:00 +0000"], Fields(status[1]));
        Assert.Equal("4.0.0", status[2]["Status"]);
    }

    [Fact]
    public void Build_Again_IsTheSameSubmission()
    {
        var notice = Owed(Failed, NoticeKinds.Failure);
        var first = new NoticeBuilder(Late.Settings).Build(Failed, notice, Original, Now);
        var second = new NoticeBuilder(Late.Settings).Build(Failed, notice, Original, Now.AddHours(1));
        Assert.Equal(first.Id, second.Id);
        Assert.Equal(first.ContentDigest, second.ContentDigest);
        Assert.NotEqual(first.Id, new NoticeBuilder(Late.Settings).Build(Failed, notice with { Recipients = [1] }, Original, Now).Id);
        Assert.NotEqual(first.Id, new NoticeBuilder(Late.Settings).Build(Failed, notice with { Kind = NoticeKinds.Delay }, Original, Now).Id);
    }

    [Fact]
    public void Build_SenderOfOtherLetters_IsInUtf8()
    {
        var state = Failed with { From = "bücher@shop.example", Recipients = Failed.Recipients.SetItem(0, Failed.Recipients[0] with { Address = "änn@a.example" }) };
        var text = Encoding.UTF8.GetString(Build(state, NoticeKinds.Failure).Request.Content);
        Assert.Contains("To: <bücher@shop.example>", text, StringComparison.Ordinal);
        Assert.Contains("Content-Type: message/global-delivery-status", text, StringComparison.Ordinal);
        Assert.Contains("Content-Type: message/global-headers", text, StringComparison.Ordinal);
        Assert.Contains("Final-Recipient: utf-8; änn@a.example", text, StringComparison.Ordinal);
        Assert.Contains("Subject: Grüße", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Build_RecipientOfOtherLetters_IsWrittenByNumbersForASenderOfAscii()
    {
        var state = Failed with { Recipients = Failed.Recipients.SetItem(0, Failed.Recipients[0] with { Address = "ä+n=n@a.example" }) };
        var (request, message) = Build(state, NoticeKinds.Failure);
        Assert.True(Ascii.IsValid(request.Content));
        var status = Assert.IsType<MessageDeliveryStatus>(Assert.IsType<MultipartReport>(message.Body)[1]).StatusGroups;
        Assert.Equal(@"utf-8; \x{E4}\x{2B}n\x{3D}n@a.example", status[1]["Final-Recipient"]);
    }

    [Theory]
    [InlineData(550, "4.1.1 Odd", null, "5.0.0")]
    [InlineData(550, "No", null, "5.0.0")]
    [InlineData(0, null, "mx.null", "5.1.10")]
    [InlineData(450, "4.7.1 Said earlier", "mx.null", "5.1.10")]
    [InlineData(450, "4.7.1 Said now", "enhanced.4.7.*", "4.7.1")]
    [InlineData(0, null, "failure.missing-requiretls", "5.7.30")]
    [InlineData(399, "5.1.1 No refusal", null, "5.0.0")]
    [InlineData(600, "5.1.1 No refusal", null, "5.0.0")]
    public void Status_IsTheRemotesWhereItAgrees_ElseOurs(int code, string? text, string? rule, string expected)
    {
        var state = Late.With(Late.Recipient("ann@a.example", Fate.Bounced, code == 0 ? null : SmtpReply.Create(code, text), "unknown", rule));
        var status = Assert.IsType<MessageDeliveryStatus>(Assert.IsType<MultipartReport>(Build(state, NoticeKinds.Failure).Message.Body)[1]).StatusGroups;
        Assert.Equal(expected, status[1]["Status"]);
    }

    [Theory]
    [InlineData(Fate.Bounced, "no-mail-service", false, "5.1.2")]
    [InlineData(Fate.Bounced, "too-large", false, "5.3.4")]
    [InlineData(Fate.Bounced, "missing-extension", false, "5.6.7")]
    [InlineData(Fate.Bounced, "missing-extension", true, "5.7.30")]
    [InlineData(Fate.Bounced, "unknown", true, "5.0.0")]
    [InlineData(Fate.Expired, "too-large", false, "4.4.7")]
    public void Status_WithoutAReply_FollowsFromWhatHappened(Fate fate, string category, bool requiresTls, string expected) =>
        Assert.Equal(expected, DeliveryReport.StatusOf(Late.Recipient("ann@a.example", fate, null, category), NoticeKinds.Failure, requiresTls).ToString());

    [Fact]
    public void Report_NamesItsReporterItsTimesAndNoHostThatIsNone()
    {
        var attempts = Late.Message.History;
        var state = Failed with { History = [attempts[0] with { Duration = null }, attempts[0] with { Number = 2, StartedAt = Now.AddHours(-1), Host = new string('h', 256), Outcomes = [attempts[0].Outcomes[1]] }] };
        var request = new NoticeBuilder(Late.Settings with { ReportingHost = "out.mail.example" }).Build(state, Owed(state, NoticeKinds.Failure), Original, Now);
        var status = Assert.IsType<MessageDeliveryStatus>(Assert.IsType<MultipartReport>(MimeMessage.Load(new MemoryStream(request.Content)).Body)[1]).StatusGroups;
        Assert.Equal(["dns; out.mail.example", "Tue, 01 Jan 2030 12:00:00 +0000", null], [status[0]["Reporting-MTA"], status[0]["Arrival-Date"], status[0]["Original-Envelope-Id"]]);
        Assert.Equal(["dns; mx.a.example", "Tue, 01 Jan 2030 12:01:00 +0000"], [status[1]["Remote-MTA"], status[1]["Last-Attempt-Date"]]);
        Assert.Equal([null, "Tue, 01 Jan 2030 16:00:02 +0000"], [status[2]["Remote-MTA"], status[2]["Last-Attempt-Date"]]);
        Assert.True(DeliveryReport.IsHost(new string('h', 255)));
        Assert.False(DeliveryReport.IsHost(""));
    }

    [Fact]
    public void Settings_without_sense_are_refused_and_those_at_a_bound_are_taken()
    {
        NoticeSettings[] bad = [Late.Settings with { DelayAfter = TimeSpan.Zero }, Late.Settings with { MaxHeaderBytes = -1 }, Late.Settings with { MaxReplyLength = -1 }];
        Assert.All(bad, settings => Assert.Throws<ArgumentException>(() => new NoticeBuilder(settings)));
        _ = new NoticeBuilder(Late.Settings with { DelayAfter = TimeSpan.FromTicks(1), MaxHeaderBytes = 0, MaxReplyLength = 0 });
    }

    [Fact]
    public void Build_AnyReplyHostAndHeader_StaysOneSoundReport()
    {
        var hostile = Gen.OneOf(Gen.String, Gen.String["\r\n-=_:ab. \0\u2028ü"], Gen.Const(new string('x', 5_000)), Gen.Const("a\r\n\r\n--=_0\r\nBcc: x@y.example"));
        Gen.Select(hostile, hostile, Gen.Int[0, 999], Gen.Bool).Sample((reply, host, code, isUtf8) =>
        {
            var state = Late.With(Late.Recipient("ann@a.example", Fate.Bounced, new SmtpReply(code, reply))) with
            {
                From = isUtf8 ? "bücher@shop.example" : "orders@shop.example",
                History = [Late.Message.History[0] with { Host = host }],
            };
            var request = new NoticeBuilder(Late.Settings).Build(state, Owed(state, NoticeKinds.Failure), Original, Now);
            var parsed = SubmissionParser.Parse(request, new SubmissionLimits(), Now);
            Assert.Empty(parsed.Faults);
            var message = MimeMessage.Load(new MemoryStream(request.Content));
            Assert.Equal(3, Assert.IsType<MultipartReport>(message.Body).Count);
            Assert.Null(message.Headers["Bcc"]);
            if (!isUtf8) Assert.Equal(2, Assert.IsType<MessageDeliveryStatus>(((MultipartReport)message.Body)[1]).StatusGroups.Count);
        }, iter: 2_000);
    }

    [Fact]
    public void Build_HugeOriginal_TakesOnlyWholeLinesOfItsHeader()
    {
        var header = string.Concat(Enumerable.Range(0, 5_000).Select(i => $"X-Field-{i}: {new string('y', 60)}\r\n"));
        var request = new NoticeBuilder(Late.Settings).Build(Failed, Owed(Failed, NoticeKinds.Failure), Encoding.ASCII.GetBytes(header + "\r\nbody"), Now);
        Assert.InRange(request.Content.Length, 15_000, 20_000);
        Assert.Empty(SubmissionParser.Parse(request, new SubmissionLimits(), Now).Faults);
    }

    [Theory]
    [InlineData("not a domain", null)]
    [InlineData("", null)]
    [InlineData("mail.example", "a\r\nb")]
    public void Settings_that_would_break_a_header_are_refused(string domain, string? host) =>
        Assert.Throws<ArgumentException>(() => new NoticeBuilder(new NoticeSettings { Domain = domain, ReportingHost = host }));

    static (SubmitRequest Request, MimeMessage Message) Build(MessageState state, NoticeKinds kind)
    {
        var request = new NoticeBuilder(Late.Settings).Build(state, Owed(state, kind), Original, Now);
        Assert.Empty(SubmissionParser.Parse(request, new SubmissionLimits(), Now).Faults);
        return (request, MimeMessage.Load(new MemoryStream(request.Content)));
    }

    static Notice Owed(MessageState state, NoticeKinds kind)
    {
        var owed = NoticePolicy.Owed(state, Late.Settings, Now)!;
        Assert.Equal(kind, owed.Kind);
        return owed;
    }

    static string?[] Fields(HeaderList group) =>
        [group["Final-Recipient"], group["Action"], group["Status"], group["Remote-MTA"], group["Diagnostic-Code"], group["Will-Retry-Until"]];
}
