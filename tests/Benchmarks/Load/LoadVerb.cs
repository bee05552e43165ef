using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.Json;

namespace Orleans.Mail.Benchmarks.Load;

/// <summary>The hidden verb <c>load</c>: the client's own process. Submits finished messages and follows the feed.</summary>
sealed class LoadVerb(IMailClient mail, byte[] content, IReadOnlyList<string> domains, int concurrent) : IDisposable
{
    readonly FeedWatch _watch = new();
    int _number;

    public static async Task<int> RunAsync(Arguments arguments)
    {
        var gateway = new IPEndPoint(IPAddress.Loopback, arguments.Number("gateway", 30_000));
        await using var mail = await MailClient.ConnectAsync(
            client => client.UseStaticClustering(gateway).Configure<Orleans.Configuration.ClusterOptions>(cluster => (cluster.ClusterId, cluster.ServiceId) = ("orleans-mail", "orleans-mail")),
            options => options.SubmitTimeout = TimeSpan.FromMinutes(5));
        var domains = Enumerable.Range(0, arguments.Number("domains", 4)).Select(number => $"d{number}.test").ToArray();
        using var load = new LoadVerb(mail, Content(arguments.Number("size", 4096)), domains, arguments.Number("concurrent", 1024));
        Answer(new LoadAnswer());
        while (await Console.In.ReadLineAsync() is { } line)
        {
            try
            {
                Answer(await load.DoAsync(JsonSerializer.Deserialize(line, LoadJson.Default.LoadRequest)!));
            }
            catch (Exception exception) when (exception is MailException or TimeoutException or FormatException)
            {
                Answer(new LoadAnswer { Error = exception.Message });
            }
        }

        return 0;
    }

    public void Dispose() => _watch.Dispose();

    async Task<LoadAnswer> DoAsync(LoadRequest request)
    {
        switch (request.Verb)
        {
            case "watch":
                await _watch.StartAsync(mail, () => mail.SubmitAsync(MailDraft.FromEml(content, "bench@sender.test", $"marker@{domains[0]}")));
                return new LoadAnswer();
            case "submit":
                return await SubmitAsync(request);
            case "delivered":
                await _watch.WaitForAsync(EventType.Delivered, request.Messages);
                var (p50, p99) = _watch.DeliveryPercentiles();
                return new LoadAnswer { P50Ms = p50, P99Ms = p99 };
            case "deferred":
                await _watch.WaitForAsync(EventType.Deferred, request.Messages);
                return new LoadAnswer();
            case "lateness":
                await _watch.WaitForLatenessAsync(request.Messages);
                var (late50, late99) = _watch.LatenessPercentiles();
                return new LoadAnswer { P50Ms = late50, P99Ms = late99 };
            default:
                throw new FormatException($"'{request.Verb}' is not a request.");
        }
    }

    async Task<LoadAnswer> SubmitAsync(LoadRequest request)
    {
        using var places = new SemaphoreSlim(concurrent);
        var refused = 0;
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < request.Messages; i++)
        {
            if (request.MessagesPerSecond > 0)
            {
                var ahead = TimeSpan.FromSeconds(i / request.MessagesPerSecond) - Stopwatch.GetElapsedTime(start);
                if (ahead > TimeSpan.FromMilliseconds(1)) await Task.Delay(ahead, TimeProvider.System);
            }

            await places.WaitAsync();
            _ = SubmitOneAsync(_number++);
        }

        for (var i = 0; i < concurrent; i++) await places.WaitAsync();
        return new LoadAnswer { FirstSubmit = start, LastReceipt = Stopwatch.GetTimestamp(), Refused = refused };

        async Task SubmitOneAsync(int number)
        {
            var began = Stopwatch.GetTimestamp();
            try
            {
                var submission = await mail.SubmitAsync(MailDraft.FromEml(content, "bench@sender.test", $"r{number}@{domains[number % domains.Count]}"));
                _watch.Submitted(submission.Id, began);
            }
            catch (MailException)
            {
                Interlocked.Increment(ref refused);
            }
            finally
            {
                places.Release();
            }
        }
    }

    /// <summary>A plain message whose body has the size, as smtp-source's have.</summary>
    static byte[] Content(int bodyBytes)
    {
        var text = new StringBuilder("From: <bench@sender.test>\r\nTo: <someone@d.test>\r\nSubject: a benchmark\r\nDate: Thu, 01 Jan 2026 00:00:00 +0000\r\nMessage-ID: <bench@sender.test>\r\n\r\n");
        var end = text.Length + bodyBytes;
        while (text.Length + 80 <= end) text.Append('X', 78).Append("\r\n");
        if (end - text.Length >= 2) text.Append('X', end - text.Length - 2).Append("\r\n");
        return Encoding.ASCII.GetBytes(text.ToString());
    }

    static void Answer(LoadAnswer answer)
    {
        Console.Out.WriteLine(JsonSerializer.Serialize(answer, LoadJson.Default.LoadAnswer));
        Console.Out.Flush();
    }
}
