using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Time.Testing;

namespace Orleans.Mail.Support.Tests;

public sealed class FaultProxyTests : IAsyncDisposable
{
    const int Limit = 60_000;
    const string Text = "0123456789";

    readonly EchoServer _server = new();

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    [Fact(Timeout = Limit)]
    public async Task Without_faults_everything_arrives_and_ends_in_order()
    {
        await using var proxy = Start(LinkFaults.None);
        using var client = await ConnectAsync(proxy);
        var large = new byte[1 << 20];
        new Random(1).NextBytes(large);
        var writing = SendAsync(client, large);
        Assert.Equal(large, (await ReadToEndAsync(client)).Octets);
        await writing;
        Assert.Equal(SocketError.Success, (await _server.Connection).End);
        Assert.Equal(1, proxy.ConnectionCount);
    }

    [Theory(Timeout = Limit)]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(7)]
    public async Task Close_lets_exactly_so_many_octets_through_and_ends_both_sides_in_order(int octets)
    {
        await using var proxy = Start(new LinkFaults { FromServer = new FlowFaults { EndAfter = octets } });
        using var client = await ConnectAsync(proxy);
        await client.SendAsync(Octets(Text));
        var (read, end) = await ReadToEndAsync(client);
        client.Shutdown(SocketShutdown.Both);
        Assert.Equal((Text[..octets], SocketError.Success), (Encoding.ASCII.GetString(read), end));
        Assert.Equal(SocketError.Success, (await _server.Connection).End);
    }

    [Fact(Timeout = Limit)]
    public async Task Close_on_the_way_in_keeps_the_rest_from_the_server()
    {
        await using var proxy = Start(new LinkFaults { FromClient = new FlowFaults { EndAfter = 4 } });
        using var client = await ConnectAsync(proxy);
        await client.SendAsync(Octets(Text));
        Assert.Equal(Octets("0123"), (await _server.Connection).Heard);
    }

    [Fact(Timeout = Limit)]
    public async Task Reset_is_told_to_both_sides()
    {
        await using var proxy = Start(new LinkFaults { FromClient = new FlowFaults { EndAfter = 3, End = FlowEnd.Reset } });
        using var client = await ConnectAsync(proxy);
        await client.SendAsync(Octets(Text));
        Assert.Equal(SocketError.ConnectionReset, (await ReadToEndAsync(client)).End);
        Assert.Equal(SocketError.ConnectionReset, (await _server.Connection).End);
    }

    [Fact(Timeout = Limit)]
    public async Task Half_close_ends_one_direction_and_the_other_goes_on()
    {
        await using var proxy = Start(new LinkFaults { FromServer = new FlowFaults { EndAfter = 2, End = FlowEnd.HalfClose } });
        using var client = await ConnectAsync(proxy);
        await client.SendAsync(Octets(Text));
        Assert.Equal(Octets("01"), (await ReadToEndAsync(client)).Octets);
        await SendAsync(client, Octets(Text));
        Assert.Equal((Text + Text, SocketError.Success), (Encoding.ASCII.GetString((await _server.Connection).Heard), (await _server.Connection).End));
    }

    [Fact(Timeout = Limit)]
    public async Task Black_hole_says_nothing_and_ends_nothing()
    {
        await using (var proxy = Start(new LinkFaults { FromClient = new FlowFaults { EndAfter = 5, End = FlowEnd.BlackHole } }))
        {
            using var client = await ConnectAsync(proxy);
            await client.SendAsync(Octets(Text));
            await client.SendAsync(Octets(Text));
            Assert.False(client.Poll(TimeSpan.FromMilliseconds(50), SelectMode.SelectRead), "Something came out of the black hole.");
            Assert.False(_server.Connection.IsCompleted);
        }

        Assert.Equal(Octets("01234"), (await _server.Connection).Heard);
    }

    [Fact(Timeout = Limit)]
    public async Task One_octet_is_corrupted_and_no_other()
    {
        await using var proxy = Start(new LinkFaults { FromClient = new FlowFaults { CorruptAt = 6, PieceBytes = 4 } });
        using var client = await ConnectAsync(proxy);
        await SendAsync(client, Octets(Text));
        var expected = Octets(Text);
        expected[6] ^= 0xFF;
        Assert.Equal(expected, (await ReadToEndAsync(client)).Octets);
    }

    [Fact(Timeout = Limit)]
    public async Task Drip_takes_its_delay_for_each_piece()
    {
        var time = new FakeTimeProvider();
        var start = time.GetUtcNow();
        await using var proxy = FaultProxy.Start(_server.EndPoint, _ => new LinkFaults { FromServer = new FlowFaults { Delay = TimeSpan.FromSeconds(5), PieceBytes = 1 } }, time);
        using var client = await ConnectAsync(proxy);
        await SendAsync(client, Octets("abc"));
        var reading = ReadToEndAsync(client);
        while (!reading.IsCompleted)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        Assert.Equal(Octets("abc"), (await reading).Octets);
        Assert.True(time.GetUtcNow() - start >= TimeSpan.FromSeconds(15));
    }

    [Fact(Timeout = Limit)]
    public async Task Each_connection_has_its_own_script()
    {
        await using var proxy = FaultProxy.Start(_server.EndPoint, number => number == 0 ? new LinkFaults { FromServer = new FlowFaults { EndAfter = 1, End = FlowEnd.Reset } } : LinkFaults.None);
        using (var first = await ConnectAsync(proxy))
        {
            await SendAsync(first, Octets("abc"));
            Assert.Equal(SocketError.ConnectionReset, (await ReadToEndAsync(first)).End);
        }

        using var second = await ConnectAsync(proxy);
        Assert.Equal(2, proxy.ConnectionCount);
    }

    FaultProxy Start(LinkFaults faults) => FaultProxy.Start(_server.EndPoint, _ => faults);

    static byte[] Octets(string text) => Encoding.ASCII.GetBytes(text);

    static async Task<Socket> ConnectAsync(FaultProxy proxy)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(proxy.EndPoint, TestContext.Current.CancellationToken);
        return socket;
    }

    /// <summary>All of it, and the end.</summary>
    static async Task SendAsync(Socket client, byte[] octets)
    {
        for (var sent = 0; sent < octets.Length;) sent += await client.SendAsync(octets.AsMemory(sent), TestContext.Current.CancellationToken);
        client.Shutdown(SocketShutdown.Send);
    }

    static async Task<(byte[] Octets, SocketError End)> ReadToEndAsync(Socket client)
    {
        var octets = new MemoryStream();
        var buffer = new byte[4096];
        try
        {
            while (await client.ReceiveAsync(buffer, TestContext.Current.CancellationToken) is > 0 and var count) octets.Write(buffer, 0, count);
            return (octets.ToArray(), SocketError.Success);
        }
        catch (SocketException exception)
        {
            return (octets.ToArray(), exception.SocketErrorCode);
        }
    }
}
