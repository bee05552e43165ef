using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Orleans.Mail.Transport.Tests.Receiving;

/// <summary>A client without manners.</summary>
sealed class ReceiverClient : IDisposable
{
    readonly TcpClient _client = new() { NoDelay = true };
    StreamReader _reader = StreamReader.Null;

    public static async Task<ReceiverClient> ConnectAsync(IPEndPoint endPoint)
    {
        var client = new ReceiverClient();
        await client._client.ConnectAsync(endPoint, TestContext.Current.CancellationToken);
        client._reader = new StreamReader(client._client.GetStream(), Encoding.Latin1);
        return client;
    }

    public Task SayAsync(string text) => _client.GetStream().WriteAsync(Encoding.Latin1.GetBytes(text)).AsTask();

    /// <summary>The last line of a reply; empty when the connection is closed.</summary>
    public async Task<string> ReplyAsync()
    {
        try
        {
            while (await _reader.ReadLineAsync(TestContext.Current.CancellationToken) is { } line)
                if (line.Length < 4 || line[3] != '-')
                    return line;
        }
        catch (IOException)
        {
            // A reset is a close, too.
        }

        return "";
    }

    public async Task<string> AskAsync(string text)
    {
        await SayAsync(text);
        return await ReplyAsync();
    }

    public void Dispose()
    {
        _reader.Dispose();
        _client.Dispose();
    }
}
