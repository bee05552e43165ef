using System.Globalization;

namespace Orleans.Mail.Support;

/// <summary>Postfix's <c>smtp-sink</c>: takes mail and forgets it, counting.</summary>
public sealed class SmtpSink : ChildProcess
{
    long _messages;

    SmtpSink(string program, int port, IEnumerable<string> arguments) : base(program, arguments) => Port = port;

    public int Port { get; }

    /// <summary>How many messages were received with their end of data.</summary>
    public long Messages => Interlocked.Read(ref _messages);

    /// <param name="program">Path of smtp-sink.</param>
    /// <param name="options">Further options, such as <c>-r RCPT</c>.</param>
    public static async Task<SmtpSink> StartAsync(string program, params string[] options)
    {
        var port = FreePort.Next();
        // -c writes the counters at every end of data; -4 because everything here is on 127.0.0.1. It refuses to run as root without -u.
        string[] user = Environment.UserName == "root" ? ["-u", "nobody"] : [];
        var sink = new SmtpSink(program, port, [.. user, "-4", "-c", .. options, $"127.0.0.1:{port}", "1024"]);
        await FreePort.WaitForListenerAsync(port, TimeSpan.FromSeconds(10));
        return sink;
    }

    /// <summary>Waits until so many messages have come in since the start.</summary>
    /// <exception cref="TimeoutException">None came for <paramref name="patience"/>.</exception>
    public async Task WaitForAsync(long messages, TimeSpan patience)
    {
        var (seen, since) = (Messages, TimeProvider.System.GetTimestamp());
        while (Messages < messages)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System);
            if (Messages != seen) (seen, since) = (Messages, TimeProvider.System.GetTimestamp());
            else if (TimeProvider.System.GetElapsedTime(since) > patience)
                throw new TimeoutException($"{seen} of {messages} messages arrived, and none for {patience}.");
        }
    }

    protected override void OnLine(string line)
    {
        var start = line.LastIndexOf("mesg=", StringComparison.Ordinal);
        if (start >= 0 && long.TryParse(line.AsSpan(start + 5).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var count))
            Interlocked.Exchange(ref _messages, count);
    }
}
