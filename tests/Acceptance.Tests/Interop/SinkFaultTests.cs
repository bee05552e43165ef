using System.Text;
using Orleans.Mail.Acceptance.Tests.Rig;
using Orleans.Mail.Support;

namespace Orleans.Mail.Acceptance.Tests.Interop;

/// <summary>Postfix's <c>smtp-sink</c> misbehaving at every stage: what one attempt comes to.</summary>
public sealed class SinkFaultTests(ITestOutputHelper output)
{
    static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    // -f refuses for good, -r until asked again, -q hangs up without a word, -Q with 421. -e, -8, -p, -N, -P offer less; -W and -H are slow; -A ends inside content.
    static readonly (string Option, string Stage, EventType Result)[] Cases =
    [
        ("", "", EventType.Delivered),
        ("-e", "", EventType.Delivered),
        ("-8", "", EventType.Delivered),
        ("-p", "", EventType.Delivered),
        ("-N", "", EventType.Delivered),
        ("-P", "", EventType.Delivered),
        ("-m", "1", EventType.Delivered),
        ("-W", "MAIL:1", EventType.Delivered),
        ("-W", ".:1", EventType.Delivered),
        ("-H", "1", EventType.Delivered),
        ("-A", "0", EventType.Bounced),
        ("-f", "EHLO", EventType.Delivered),
        ("-f", "MAIL", EventType.Bounced),
        ("-f", "RCPT", EventType.Bounced),
        ("-f", "DATA", EventType.Bounced),
        ("-f", ".", EventType.Bounced),
        ("-r", "MAIL", EventType.Deferred),
        ("-r", "RCPT", EventType.Deferred),
        ("-r", "DATA", EventType.Deferred),
        ("-r", ".", EventType.Deferred),
        ("-r", "CONNECT", EventType.Deferred),
        ("-q", "CONNECT", EventType.Deferred),
        ("-q", "EHLO", EventType.Deferred),
        ("-q", "MAIL", EventType.Deferred),
        ("-q", "RCPT", EventType.Deferred),
        ("-q", "DATA", EventType.Deferred),
        ("-q", ".", EventType.Uncertain),
        ("-Q", "MAIL", EventType.Deferred),
        ("-Q", "RCPT", EventType.Deferred),
        ("-Q", "DATA", EventType.Deferred),
        ("-Q", ".", EventType.Deferred),
    ];

    [Fact]
    public async Task Every_fault_at_every_stage_comes_to_what_it_means()
    {
        var program = Peer.Require("smtp-sink");
        var sinks = new List<SmtpSink>();
        try
        {
            foreach (var (option, stage, _) in Cases) sinks.Add(await SmtpSink.StartAsync(program, Options(option, stage)));
            await using var silo = await LiveSilo.StartAsync([.. sinks.Select((sink, number) => (DomainOf(number), sink.Port))]);
            var results = await Task.WhenAll(Cases.Select((_, number) => FirstResultAsync(silo.Mail, number)));

            foreach (var (item, result) in Cases.Zip(results)) output.WriteLine($"{item.Option,-3} {item.Stage,-8} {result}");
            Assert.Equal(Cases.Select(item => $"{item.Option} {item.Stage}: {item.Result}"), Cases.Zip(results, (item, result) => $"{item.Option} {item.Stage}: {result}"));
        }
        finally
        {
            foreach (var sink in sinks) await sink.DisposeAsync();
        }
    }

    static string[] Options(string option, string stage) => option switch
    {
        "" => [],
        "-f" => ["-f", stage, "-B", "550 5.7.1 not here"],
        "-r" => ["-r", stage, "-b", "451 4.3.0 not now"],
        // Its delays put the replies of a group out of order.
        "-W" => ["-p", option, stage],
        _ when stage.Length == 0 => [option],
        _ => [option, stage],
    };

    static string DomainOf(int number) => $"case{number}.test";

    static async Task<EventType> FirstResultAsync(MailClient mail, int number)
    {
        var content = Encoding.ASCII.GetBytes("From: <a@sender.test>\r\nTo: <b@case.test>\r\nSubject: interop\r\n\r\nHello.\r\n");
        var submission = await mail.SubmitAsync(MailDraft.FromEml(content, "a@sender.test", $"b@{DomainOf(number)}"));
        using var late = new CancellationTokenSource(Limit);
        await foreach (var item in mail.SubscribeAsync(new EventFilter { MessageId = submission.Id }, EventPosition.Start, late.Token))
            if (item.Type != EventType.Accepted && item.Type != EventType.Attempting)
                return item.Type;
        throw new TimeoutException($"Case {number}: nothing came of it.");
    }
}
