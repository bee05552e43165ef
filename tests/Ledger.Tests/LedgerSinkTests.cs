using System.Net.Sockets;
using System.Text;

namespace Orleans.Mail.Ledger.Tests;

public sealed class LedgerSinkTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("ledger-").FullName;

    string LedgerPath => Path.Combine(_folder, "received");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_copy_is_in_the_ledger_before_the_end_of_data_is_answered()
    {
        var mail = new MailGenerator(new MailShape { MostRecipients = 5 }, DateTimeOffset.UnixEpoch).Next(3);
        await using var sink = Sink("");
        using var sender = await Sender.ConnectAsync(sink);

        Assert.StartsWith("250", await sender.SendAsync(mail), StringComparison.Ordinal);

        var lines = Received();
        Assert.Equal(mail.Recipients, lines.Select(line => line.Recipient));
        Assert.All(lines, line => Assert.Equal((mail.Id, mail.Sha256, (long)mail.Content.Length, SinkPhase.Taken), (line.Id, line.Sha256, line.Octets, line.Phase)));
    }

    [Fact]
    public async Task A_cut_after_the_end_of_data_leaves_a_copy_without_an_answer()
    {
        var mail = new MailGenerator(new MailShape(), DateTimeOffset.UnixEpoch).Next(1);
        await using var sink = Sink("drop-after-dot=1");
        using var sender = await Sender.ConnectAsync(sink);

        Assert.Null(await sender.SendAsync(mail));

        Assert.All(Received(), line => Assert.Equal(SinkPhase.TakenUnanswered, line.Phase));
        Assert.Equal(mail.Recipients.Length, sink.Report.Unanswered);
    }

    [Fact]
    public async Task A_cut_before_the_end_of_data_leaves_nothing()
    {
        var mail = new MailGenerator(new MailShape(), DateTimeOffset.UnixEpoch).Next(1);
        await using var sink = Sink("drop-before-dot=1");
        using var sender = await Sender.ConnectAsync(sink);

        Assert.Null(await sender.SendAsync(mail));

        Assert.Empty(Received());
    }

    [Theory]
    [InlineData("dot4xx=1", "451", 1)]
    [InlineData("rcpt4xx=1", "554", 0)]
    [InlineData("rcpt5xx=1", "554", 0)]
    public async Task A_refusal_is_answered_and_never_counts_as_a_copy(string script, string code, int noted)
    {
        var mail = new MailGenerator(new MailShape { MostRecipients = 1 }, DateTimeOffset.UnixEpoch).Next(1);
        await using var sink = Sink(script);
        using var sender = await Sender.ConnectAsync(sink);

        Assert.StartsWith(code, await sender.SendAsync(mail), StringComparison.Ordinal);

        Assert.Equal(noted, Received().Count(line => line.Phase == SinkPhase.Refused));
        Assert.Equal(0, sink.Report.Copies);
    }

    [Fact]
    public async Task Sessions_over_the_limit_are_turned_away_and_counted()
    {
        await using var sink = new LedgerSink(0, LedgerPath, new FaultDice(FaultShares.None, 1), TimeProvider.System, concurrent: 2);
        using var one = await Sender.ConnectAsync(sink);
        using var two = await Sender.ConnectAsync(sink);
        using var three = await Sender.ConnectAsync(sink);

        Assert.StartsWith("220", two.Greeting, StringComparison.Ordinal);
        Assert.StartsWith("421", three.Greeting, StringComparison.Ordinal);
        Assert.Equal((3, 1), (sink.Report.MaxConcurrentSessions, sink.Report.TurnedAway));
    }

    [Fact]
    public async Task What_a_submitter_sends_through_a_faulty_sink_passes_the_checker()
    {
        var generator = new MailGenerator(new MailShape(), DateTimeOffset.UnixEpoch);
        var submitted = Path.Combine(_folder, "submitted");
        var ended = new List<EventLine>();
        await using (var sink = Sink("rcpt5xx=0.05,dot4xx=0.05,drop-after-dot=0.05,drop-before-dot=0.05"))
        await using (var ledger = new DurableLines<SubmittedLine>(submitted, LedgerJson.Default.SubmittedLine))
        {
            var submitter = new Submitter(generator, ledger, mail => DeliverAsync(sink, mail, ended), TimeProvider.System);
            var totals = await submitter.RunAsync(new SubmitterPace { Messages = 300, Concurrent = 8 }, CancellationToken.None);
            Assert.Equal(300, totals.Accepted);
            Assert.True(sink.Report.Unanswered > 0, "The script should have cut some sessions.");
        }

        var report = LedgerChecker.Check(LineFile.Read(submitted, LedgerJson.Default.SubmittedLine), Received(), ended);
        Assert.True(report.IsClean, report.ToTable());
        Assert.True(report.ExplainedDuplicates > 0);
        Assert.True(report.Ended > 0);
    }

    /// <summary>The simplest sender that keeps its promises: tries until answered, and says when it does not know.</summary>
    static async Task<SubmitOutcome> DeliverAsync(LedgerSink sink, LedgerMail mail, List<EventLine> events)
    {
        while (true)
        {
            using var sender = await Sender.ConnectAsync(sink);
            var answer = await sender.SendAsync(mail);
            lock (events)
            {
                foreach (var recipient in sender.RefusedForGood) events.Add(new EventLine(mail.Id, "Bounced", DateTimeOffset.UnixEpoch, recipient));
                if (answer is null) events.AddRange(mail.Recipients.Select(recipient => new EventLine(mail.Id, "Uncertain", DateTimeOffset.UnixEpoch, recipient)));
            }

            if (answer is not null && answer[0] != '4') return SubmitOutcome.Accepted;
            lock (events) events.RemoveAll(line => line.Id == mail.Id && line.Type == "Bounced");
        }
    }

    LedgerSink Sink(string script) => new(0, LedgerPath, new FaultDice(FaultShares.Parse(script), 1), TimeProvider.System);

    ReceivedLine[] Received() => [.. LineFile.Read(LedgerPath, LedgerJson.Default.ReceivedLine)];

    /// <summary>A bare SMTP client.</summary>
    sealed class Sender : IDisposable
    {
        readonly TcpClient _client;
        readonly StreamReader _replies;

        Sender(TcpClient client)
        {
            _client = client;
            _client.NoDelay = true;
            _replies = new StreamReader(_client.GetStream(), Encoding.ASCII);
        }

        public string Greeting { get; private set; } = "";

        public List<string> RefusedForGood { get; } = [];

        public static async Task<Sender> ConnectAsync(LedgerSink sink)
        {
            var client = new TcpClient();
            await client.ConnectAsync(sink.EndPoint);
            var sender = new Sender(client);
            sender.Greeting = await sender._replies.ReadLineAsync() ?? "";
            return sender;
        }

        /// <summary>The reply to the end of data, or to DATA where that was refused; null when the connection was lost.</summary>
        public async Task<string?> SendAsync(LedgerMail mail)
        {
            try
            {
                await AskAsync("EHLO test");
                await AskAsync($"MAIL FROM:<{mail.From}>");
                foreach (var recipient in mail.Recipients)
                    if ((await AskAsync($"RCPT TO:<{recipient}>"))?[0] == '5')
                        RefusedForGood.Add(recipient);
                var go = await AskAsync("DATA");
                if (go?.StartsWith("354", StringComparison.Ordinal) != true) return go;
                await WriteAsync(Stuff(mail.Content));
                return await AskAsync(".");
            }
            catch (IOException)
            {
                return null;
            }
        }

        public void Dispose()
        {
            _replies.Dispose();
            _client.Dispose();
        }

        static byte[] Stuff(byte[] content) => Encoding.Latin1.GetBytes(("\r\n" + Encoding.Latin1.GetString(content)).Replace("\r\n.", "\r\n..", StringComparison.Ordinal)[2..]);

        async Task<string?> AskAsync(string command)
        {
            await WriteAsync(Encoding.ASCII.GetBytes(command + "\r\n"));
            string? line;
            do line = await _replies.ReadLineAsync();
            while (line is { Length: > 3 } && line[3] == '-');
            return line;
        }

        ValueTask WriteAsync(byte[] octets) => _client.GetStream().WriteAsync(octets);
    }
}
