using System.Text;
using Orleans.Mail.Policy.Submission;

namespace Orleans.Mail.Policy.Tests.Submission;

public sealed class WishRulesTests
{
    static readonly DateTimeOffset Now = new(2030, 1, 1, 12, 0, 0, TimeSpan.Zero);
    static readonly SendWindow Morning = new(new TimeOnly(8, 0), new TimeOnly(12, 0), "Europe/Berlin");

    static readonly SubmitRequest Good = new()
    {
        Id = MessageId.FromKey("shop", "order-1"),
        Tenant = "shop",
        IdempotencyKey = "order-1",
        From = "orders@shop.example",
        Recipients = ["Ann@Example.ORG", "bob@example.org"],
        Content = Encoding.ASCII.GetBytes("From: orders@shop.example\r\nSubject: hi\r\n\r\nbody\r\n"),
    };

    [Fact]
    public void Parse_Wishes_AreKept()
    {
        var dsn = new DsnRequest(DsnNotify.Failure | DsnNotify.Delay, true, "order 17+=");
        var parsed = SubmissionParser.Parse(
            Good with
            {
                DoubtWait = TimeSpan.FromDays(7),
                Notices = NoticeKinds.Failure | NoticeKinds.Delay,
                Dsn = dsn,
                RequireTls = true,
                Window = Morning,
                RecipientTimeZones = new() { ["Ann@example.org"] = "Asia/Tokyo" },
                Route = "relay-2.backup",
            },
            SubmissionLimits.Default,
            Now).Submission!;

        Assert.Equal(
            (TimeSpan.FromDays(7), NoticeKinds.Failure | NoticeKinds.Delay, dsn, true, Morning, "relay-2.backup"),
            (parsed.DoubtWait, parsed.Notices, parsed.Dsn, parsed.RequireTls, parsed.Window, parsed.Route));
        Assert.Equal((Mailbox.Parse("Ann@example.org"), "Asia/Tokyo"), (Assert.Single(parsed.TimeZones).Key, parsed.TimeZones.Values.Single()));
    }

    public static TheoryData<string, string> Faults => [.. Broken.Select(broken => (broken.Name, broken.Field))];

    static readonly (string Name, string Field, SubmitRequest Request)[] Broken =
    [
        ("negative doubt wait", "doubtWait", Good with { DoubtWait = TimeSpan.FromTicks(-1) }),
        ("long doubt wait", "doubtWait", Good with { DoubtWait = TimeSpan.FromDays(7.1) }),
        ("doubt wait of one that stops", "doubtWait", Good with { Doubt = DoubtPolicy.Stop, DoubtWait = TimeSpan.FromHours(1) }),
        ("unknown notices", "notices", Good with { Notices = (NoticeKinds)4 }),
        ("unknown notify", "dsn.notify", Good with { Dsn = new((DsnNotify)8) }),
        ("empty envelope id", "dsn.envelopeId", Good with { Dsn = new(DsnNotify.Never, EnvelopeId: "") }),
        ("long envelope id", "dsn.envelopeId", Good with { Dsn = new(DsnNotify.Never, EnvelopeId: new string('x', 101)) }),
        ("envelope id with a line end", "dsn.envelopeId", Good with { Dsn = new(DsnNotify.Never, EnvelopeId: "a\r\nRCPT TO:<x@y.example>") }),
        ("envelope id of other letters", "dsn.envelopeId", Good with { Dsn = new(DsnNotify.Never, EnvelopeId: "ü") }),
        ("unknown zone", "window.timeZone", Good with { Window = Morning with { TimeZone = "Mars/Olympus" } }),
        ("no zone", "window.timeZone", Good with { Window = Morning with { TimeZone = null! } }),
        ("short window", "window", Good with { Window = Morning with { Until = Morning.From.AddMinutes(14) } }),
        ("unknown day", "window.days", Good with { Window = Morning with { Days = [(DayOfWeek)7] } }),
        ("eight days", "window.days", Good with { Window = Morning with { Days = new DayOfWeek[8] } }),
        ("window after the expiry", "window", Good with { Window = Morning, ExpiresAt = Now.AddHours(3) }),
        ("zone of a stranger", "recipientTimeZones", Good with { Window = Morning, RecipientTimeZones = new() { ["eve@example.org"] = "Asia/Tokyo" } }),
        ("unknown zone of a recipient", "recipientTimeZones", Good with { Window = Morning, RecipientTimeZones = new() { ["bob@example.org"] = "../Tokyo" } }),
        ("zone without a window", "recipientTimeZones", Good with { RecipientTimeZones = new() { ["bob@example.org"] = "Asia/Tokyo" } }),
        ("empty route", "route", Good with { Route = "" }),
        ("long route", "route", Good with { Route = new string('r', 65) }),
        ("route of other characters", "route", Good with { Route = "a b" }),
        ("loop", "content", Good with { Content = Encoding.ASCII.GetBytes("From: orders@shop.example\r\n" + string.Concat(Enumerable.Repeat("received: by x\r\n", 101)) + "\r\n") }),
    ];

    [Theory, MemberData(nameof(Faults))]
    public void Parse_BrokenWish_IsOneFaultOfItsField(string name, string field)
    {
        var result = SubmissionParser.Parse(Broken.Single(broken => broken.Name == name).Request, SubmissionLimits.Default, Now);
        Assert.Null(result.Submission);
        Assert.Equal(field, Assert.Single(result.Faults).Field);
    }

    [Fact]
    public void Parse_HundredReceivedFields_AreNoLoop() =>
        Assert.Empty(SubmissionParser.Parse(Good with { Content = Encoding.ASCII.GetBytes("From: orders@shop.example\r\n" + string.Concat(Enumerable.Repeat("Received: by x\r\n", 100)) + "\r\n") }, SubmissionLimits.Default, Now).Faults);
}
