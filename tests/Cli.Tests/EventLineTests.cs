using Orleans.Mail.Cli.Output;

namespace Orleans.Mail.Cli.Tests;

/// <summary>How an event reads.</summary>
public sealed class EventLineTests
{
    static readonly DeliveryEvent Deferred = new()
    {
        MessageId = MessageId.FromKey("t", "k"),
        Type = EventType.Deferred,
        At = new DateTimeOffset(2026, 1, 1, 12, 0, 0, TimeZoneInfo.Local.GetUtcOffset(new DateTime(2026, 1, 1, 12, 0, 0))),
        Tenant = "t",
        Recipient = "ann@example.test",
        Attempt = 2,
        Reply = SmtpReply.Create(452, "4.2.2 Mailbox full"),
        Category = "mailbox-full",
        NextAttemptAt = new DateTimeOffset(2026, 1, 1, 12, 0, 15, TimeZoneInfo.Local.GetUtcOffset(new DateTime(2026, 1, 1, 12, 0, 0))),
    };

    [Fact]
    public void Line_tells_time_type_attempt_recipient_reply_category_and_next() =>
        Assert.Equal("12:00:00  Deferred    attempt 2  ann@example.test  452 4.2.2 Mailbox full  (mailbox-full)  next in 15 s", EventLine.Of(Deferred));

    [Fact]
    public void Line_leaves_out_what_is_absent() =>
        Assert.Equal("12:00:00  Accepted", EventLine.Of(new DeliveryEvent { MessageId = Deferred.MessageId, Type = EventType.Accepted, At = Deferred.At, Tenant = "t" }));

    [Fact]
    public void Reply_of_many_lines_becomes_one_short_line()
    {
        var text = EventLine.Short(SmtpReply.Create(550, "5.7.1 " + string.Join('\n', Enumerable.Repeat("A long explanation of a policy", 10))));
        Assert.DoesNotContain('\n', text);
        Assert.Equal(70, text.Length);
        Assert.EndsWith("…", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(-5, "0 s")]
    [InlineData(15, "15 s")]
    [InlineData(300, "5 min")]
    [InlineData(7200, "2 h")]
    public void Span_is_told_in_the_unit_that_fits(int seconds, string expected) => Assert.Equal(expected, EventLine.Span(TimeSpan.FromSeconds(seconds)));
}
