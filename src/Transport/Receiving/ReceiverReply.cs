using System.Text;

namespace Orleans.Mail.Transport.Receiving;

/// <summary>What becomes of the connection.</summary>
public enum ConnectionFate : byte
{
    Keep,

    /// <summary>Closed in place of the reply.</summary>
    DropBeforeReply,

    /// <summary>Closed behind the reply.</summary>
    DropAfterReply,
}

/// <summary>An answer, or the lack of one.</summary>
/// <param name="Code">Three digits.</param>
/// <param name="Text">Text; newlines make further lines.</param>
public sealed record ReceiverReply(int Code, string Text)
{
    public static readonly ReceiverReply Greeting = new(220, "localhost ESMTP");

    public static readonly ReceiverReply Ok = new(250, "2.0.0 Ok");

    /// <summary>No answer; the connection ends.</summary>
    public static readonly ReceiverReply Drop = new(0, "") { Connection = ConnectionFate.DropBeforeReply };

    /// <summary>No answer; the connection stays open until the client gives up.</summary>
    public static readonly ReceiverReply Silence = new(0, "") { Delay = Timeout.InfiniteTimeSpan };

    /// <summary>How long the answer is held back.</summary>
    public TimeSpan Delay { get; init; }

    public ConnectionFate Connection { get; init; }

    /// <summary>Octets sent in place of code and text, for what no receiver should ever say.</summary>
    public ReadOnlyMemory<byte>? Raw { get; init; }

    public bool IsPositive => Code / 100 == 2;

    internal ReadOnlyMemory<byte> ToBytes()
    {
        if (Raw is { } raw) return raw;
        var lines = Text.Split('\n');
        var result = new StringBuilder();
        for (var i = 0; i < lines.Length; i++) result.Append(Code).Append(i + 1 < lines.Length ? '-' : ' ').Append(lines[i]).Append("\r\n");
        return Encoding.UTF8.GetBytes(result.ToString());
    }
}
