using System.Text;
using Orleans.Mail.Acceptance.Tests.Interop;
using Orleans.Mail.Acceptance.Tests.Rig;
using Orleans.Mail.Support;

namespace Orleans.Mail.Acceptance.Tests.Scenarios;

/// <summary>How many connections a receiver sees, and what becomes of kept ones (reliability SD9, RL1).</summary>
public sealed class ConnectionTests(ITestOutputHelper output)
{
    const string Domain = "many.test";
    static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_receiver_never_sees_more_connections_than_the_window_and_each_is_used_again()
    {
        await using var sink = new CountedSink("slow=0.1,slow-ms=20");
        await using var silo = await LiveSilo.StartWithAsync([("Sites:InitialSessions", "5"), ("Sites:MaxSessions", "5")], (Domain, sink.Port));
        var submissions = await Task.WhenAll(Enumerable.Range(0, 500).Select(number => silo.Mail.SubmitAsync(Draft($"r{number}@{Domain}"))));
        foreach (var submission in submissions) Assert.Equal(MailState.Delivered, (await submission.WaitAsync(Limit)).State);

        output.WriteLine($"{sink.Report}");
        Assert.Equal(5, sink.Report.MaxConcurrentSessions);
        Assert.InRange(sink.Report.Sessions, 5, 25);
        Assert.All(sink.Copies().Values, copies => Assert.Equal(1, copies));
    }

    [Fact]
    public async Task A_kept_connection_that_Postfix_closed_meanwhile_costs_no_deferral()
    {
        var program = PostfixInstance.Require();
        await using var postfix = await PostfixInstance.StartAsync(program, new PostfixSettings { KeptDomains = [Domain], Parameters = ["smtpd_timeout = 1s"] });
        await using var silo = await LiveSilo.StartWithAsync([("Delivery:ConnectionIdle", "00:01:00")], (Domain, postfix.Port));
        for (var number = 1; number <= 3; number++)
        {
            var status = await (await silo.Mail.SubmitAsync(Draft($"r{number}@{Domain}"))).WaitAsync(Limit);
            Assert.Equal((MailState.Delivered, 1), (status.State, status.AttemptCount));
            await LoggedAsync(postfix.LogPath, "timeout after", number);
        }

        Assert.Equal(3, (await KeptMail.ReadAsync(postfix.MaildirPath, 3, Limit)).Count);
    }

    static async Task LoggedAsync(string path, string words, int times)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (File.ReadLines(path).Count(line => line.Contains(words, StringComparison.Ordinal)) < times)
        {
            if (TimeProvider.System.GetElapsedTime(start) > Limit) throw new TimeoutException($"'{words}' was not logged {times} times.");
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        }
    }

    static MailDraft Draft(string recipient) => MailDraft.FromEml(
        Encoding.ASCII.GetBytes($"X-Ledger-Id: {recipient}\r\nFrom: <a@sender.test>\r\nTo: <{recipient}>\r\nSubject: many\r\nDate: Thu, 01 Jan 2026 00:00:00 +0000\r\nMessage-ID: <{recipient}>\r\n\r\nHello.\r\n"),
        "a@sender.test",
        recipient);
}
