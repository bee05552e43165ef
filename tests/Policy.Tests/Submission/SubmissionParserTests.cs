using System.Text;
using CsCheck;
using Orleans.Mail.Policy.Submission;

namespace Orleans.Mail.Policy.Tests.Submission;

public sealed class SubmissionParserTests
{
    static readonly DateTimeOffset Now = new(2030, 1, 1, 12, 0, 0, TimeSpan.Zero);

    static readonly SubmitRequest Good = new()
    {
        Id = MessageId.FromKey("shop", "order-1"),
        Tenant = "shop",
        IdempotencyKey = "order-1",
        From = "orders@shop.example",
        Recipients = ["Ann@Example.ORG"],
        Content = Octets("From: orders@shop.example\r\nSubject: hi\r\n\r\nbody\r\n"),
    };

    [Fact]
    public void Parse_GoodRequest_HasEverything()
    {
        var request = Good with { Campaign = "spring sale", Tags = ["a", "ü"], Metadata = new() { ["order"] = "17" }, Doubt = DoubtPolicy.Stop, TraceParent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01" };

        var parsed = Accept(request);

        Assert.Equal("Ann@example.org", Assert.Single(parsed.Recipients).ToString());
        Assert.Equal("orders@shop.example", parsed.From!.ToString());
        Assert.Same(request.Content, parsed.Content);
        Assert.Equal((request.Campaign, request.Tags, request.Metadata, request.Doubt, request.TraceParent), (parsed.Campaign, parsed.Tags, parsed.Metadata, parsed.Doubt, parsed.TraceParent));
        Assert.False(parsed.NeedsEightBitMime);
        Assert.False(parsed.NeedsSmtpUtf8);
        Assert.Null(parsed.SendAt);
    }

    [Fact]
    public void Parse_EmptySender_IsTheNullSender() => Assert.Null(Accept(Good with { From = "" }).From);

    [Fact]
    public void Parse_SameRecipientAgain_IsKeptOnceWithItsLocalPartsCase() =>
        Assert.Equal(
            ["Ann@example.org", "ann@example.org", "b@example.org"],
            Accept(Good with { Recipients = ["Ann@Example.ORG", "Ann@example.org", "ann@example.org", "b@EXAMPLE.org", "b@example.org"] }).Recipients.Select(recipient => recipient.ToString()));

    [Theory]
    [InlineData(Priority.Normal, 5 * 24)]
    [InlineData(Priority.High, 6)]
    [InlineData(Priority.Bulk, 72)]
    public void Parse_NoExpiry_TakesThePrioritysFromTheSendTime(Priority priority, int hours)
    {
        Assert.Equal(Now.AddHours(hours), Accept(Good with { Priority = priority }).ExpiresAt);
        Assert.Equal(Now.AddDays(30).AddHours(hours), Accept(Good with { Priority = priority, SendAt = Now.AddDays(30) }).ExpiresAt);
    }

    [Fact]
    public void Parse_SendTimeInThePast_IsAtOnce() => Assert.Null(Accept(Good with { SendAt = Now.AddDays(-1) }).SendAt);

    [Fact]
    public void Parse_Times_AreKeptInUtc()
    {
        var parsed = Accept(Good with { SendAt = Now.AddHours(1).ToOffset(TimeSpan.FromHours(9)), ExpiresAt = Now.AddHours(2).ToOffset(TimeSpan.FromHours(-5)) });
        Assert.Equal((Now.AddHours(1), TimeSpan.Zero), (parsed.SendAt!.Value, parsed.SendAt.Value.Offset));
        Assert.Equal((Now.AddHours(2), TimeSpan.Zero), (parsed.ExpiresAt, parsed.ExpiresAt.Offset));
    }

    [Theory]
    [InlineData("From: b", "From: b\r\n\r\n")]
    [InlineData("From: b\r\n", "From: b\r\n\r\n")]
    [InlineData("From: b\r\n\r\n", "From: b\r\n\r\n")]
    [InlineData("From: b\r\n\r\nx", "From: b\r\n\r\nx\r\n")]
    [InlineData("From: b\r\n c\r\n\r\n.\r\n..\r\n", "From: b\r\n c\r\n\r\n.\r\n..\r\n")]
    public void Parse_Content_IsCompletedAndElseUntouched(string content, string expected) =>
        Assert.Equal(expected, Encoding.Latin1.GetString(Accept(Good with { Content = Octets(content) }).Content));

    [Theory]
    [InlineData("From: b\r\n\r\nü\r\n", true, false)]
    [InlineData("From: ü\r\n\r\n\r\n", true, true)]
    [InlineData("From: b\r\n\r\nu\r\n", false, false)]
    public void Parse_OctetsAbove127_NeedExtensions(string content, bool eightBit, bool smtpUtf8)
    {
        var parsed = Accept(Good with { Content = Encoding.UTF8.GetBytes(content) });
        Assert.Equal((eightBit, smtpUtf8), (parsed.NeedsEightBitMime, parsed.NeedsSmtpUtf8));
    }

    [Fact]
    public void Parse_AddressBeyondAscii_NeedsSmtpUtf8()
    {
        Assert.True(Accept(Good with { Recipients = ["пример@example.org"] }).NeedsSmtpUtf8);
        Assert.True(Accept(Good with { From = "пример@example.org" }).NeedsSmtpUtf8);
        Assert.False(Accept(Good with { Recipients = ["ann@пример.example"] }).NeedsSmtpUtf8);
    }

    [Fact]
    public void Parse_BrokenTraceParent_IsIgnored() => Assert.Null(Accept(Good with { TraceParent = "00-xyz\r\n" }).TraceParent);

    [Fact]
    public void Parse_ManyFaults_AreAllReported()
    {
        var result = SubmissionParser.Parse(
            Good with
            {
                Id = default,
                IdempotencyKey = null,
                Tenant = "a b",
                From = "nobody",
                Recipients = ["ok@example.org", "bad", "a\r\nRCPT TO:<v@v>@example.org"],
                Content = Octets("From: b\r\n\r\nx\ny\rz\0"),
                Priority = (Priority)9,
                Doubt = (DoubtPolicy)9,
                ExpiresAt = Now.AddHours(-1),
                Campaign = "a\nb",
                Tags = [""],
                Metadata = new() { ["k"] = "v\n" },
            },
            SubmissionLimits.Default,
            Now);

        Assert.Null(result.Submission);
        Assert.Equal(MailErrorCode.InvalidDraft, result.Code);
        Assert.Equal(
            ["campaign", "content", "content", "content", "doubt", "expiresAt", "from", "id", "metadata", "priority", "recipients[1]", "recipients[2]", "tags[0]", "tenant"],
            result.Faults.Select(fault => fault.Field).Order(StringComparer.Ordinal));
    }

    public static TheoryData<string, SubmitRequest> Refused => new()
    {
        { "tenant", Good with { Tenant = "" } },
        { "tenant", Good with { Tenant = new string('t', 65) } },
        { "tenant", Good with { Tenant = "a/b" } },
        { "idempotencyKey", Good with { IdempotencyKey = "" } },
        { "idempotencyKey", Good with { IdempotencyKey = new string('k', 257) } },
        { "idempotencyKey", Good with { IdempotencyKey = "a\r\nb" } },
        { "id", Good with { IdempotencyKey = "order-2" } },
        { "id", Good with { IdempotencyKey = null, Id = default } },
        { "from", Good with { From = null! } },
        { "from", Good with { From = "<a@example.org>" } },
        { "recipients", Good with { Recipients = [] } },
        { "recipients", Good with { Recipients = null! } },
        { "recipients[0]", Good with { Recipients = [null!] } },
        { "recipients[0]", Good with { Recipients = ["a\0@example.org"] } },
        { "recipients[0]", Good with { Recipients = ["a@example.org>SIZE=1"] } },
        { "recipients[0]", Good with { Recipients = [new string('a', 65) + "@example.org"] } },
        { "recipients[1]", Good with { Recipients = ["a@example.org", "a@example.org\r\n"] } },
        { "recipients", Good with { Recipients = [.. Enumerable.Range(0, 1001).Select(i => $"a{i}@example.org")] } },
        { "campaign", Good with { Campaign = new string('c', 129) } },
        { "campaign", Good with { Campaign = "a\u2028b" } },
        { "tags", Good with { Tags = [.. Enumerable.Range(0, 11).Select(i => $"t{i}")] } },
        { "tags[0]", Good with { Tags = [new string('t', 65)] } },
        { "tags[0]", Good with { Tags = ["\ud800"] } },
        { "metadata", Good with { Metadata = Enumerable.Range(0, 65).ToDictionary(i => $"k{i}", i => "") } },
        { "metadata", Good with { Metadata = new() { ["k"] = new string('v', 4096) } } },
        { "metadata", Good with { Metadata = new() { [""] = "v" } } },
        { "expiresAt", Good with { ExpiresAt = Now } },
        { "expiresAt", Good with { SendAt = Now.AddHours(2), ExpiresAt = Now.AddHours(1) } },
        { "expiresAt", Good with { ExpiresAt = DateTimeOffset.MaxValue } },
        { "sendAt", Good with { SendAt = DateTimeOffset.MaxValue } },
        { "contentDigest", Good with { ContentDigest = new byte[31] } },
    };

    [Theory]
    [MemberData(nameof(Refused), DisableDiscoveryEnumeration = true)]
    public void Parse_OneFault_IsRefusedWithItsField(string field, SubmitRequest request)
    {
        var result = SubmissionParser.Parse(request, SubmissionLimits.Default, Now);
        Assert.Equal(field, Assert.Single(result.Faults).Field);
        Assert.Equal(MailErrorCode.InvalidDraft, result.Code);
    }

    [Fact]
    public void Parse_AtEachLimit_IsAccepted()
    {
        var key = new string('k', 256);
        var tenant = new string('t', 64);
        var parsed = Accept(Good with
        {
            Id = MessageId.FromKey(tenant, key),
            Tenant = tenant,
            IdempotencyKey = key,
            Recipients = [.. Enumerable.Range(0, 1000).Select(i => $"a{i}@example.org")],
            Campaign = new string('c', 128),
            Tags = [.. Enumerable.Range(0, 10).Select(i => new string((char)('a' + i), 64))],
            Metadata = Enumerable.Range(0, 64).ToDictionary(i => $"k{i:00}", i => new string('v', 61)),
            ExpiresAt = Now.AddTicks(1),
            Content = Octets("From: b\r\n\r\n" + new string('x', 998)),
        });
        Assert.Equal(1000, parsed.Recipients.Length);
    }

    [Fact]
    public void Parse_MoreFaultsThanListed_AreCounted()
    {
        var result = SubmissionParser.Parse(Good with { Recipients = [.. Enumerable.Repeat("bad", 500)] }, SubmissionLimits.Default, Now);
        Assert.Equal(101, result.Faults.Length);
        Assert.StartsWith("400 ", result.Faults[^1].Problem, StringComparison.Ordinal);
    }

    [Fact]
    public void No_fault_repeats_a_value() =>
        Gen.String[Gen.Char.AlphaNumeric, 12, 20].Sample(canary =>
        {
            var bad = canary + "\r\n";
            var request = new SubmitRequest
            {
                Id = default,
                Tenant = bad,
                IdempotencyKey = bad,
                From = bad,
                Recipients = [bad, canary, $"{canary}@{canary}@", $"\"{canary}"],
                Content = Octets($"{canary}\r\n\r\n{canary}\n"),
                Campaign = bad,
                Tags = [bad],
                Metadata = new() { [bad] = bad },
            };
            return SubmissionParser.Parse(request, SubmissionLimits.Default, Now).Faults
                .All(fault => !fault.Problem.Contains(canary, StringComparison.OrdinalIgnoreCase) && !fault.Field.Contains(canary, StringComparison.OrdinalIgnoreCase));
        });

    static ParsedSubmission Accept(SubmitRequest request)
    {
        var result = SubmissionParser.Parse(request, SubmissionLimits.Default, Now);
        Assert.Empty(result.Faults);
        Assert.Equal(MailErrorCode.None, result.Code);
        return result.Submission!;
    }

    static byte[] Octets(string text) => Encoding.Latin1.GetBytes(text);
}
