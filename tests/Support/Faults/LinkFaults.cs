namespace Orleans.Mail.Support;

/// <summary>What goes wrong on one connection, each direction for itself.</summary>
public sealed record LinkFaults
{
    public static LinkFaults None { get; } = new();

    public FlowFaults FromClient { get; init; } = FlowFaults.None;

    public FlowFaults FromServer { get; init; } = FlowFaults.None;
}

/// <summary>What goes wrong in one direction. Octets are counted from the start of the connection.</summary>
public sealed record FlowFaults
{
    public static FlowFaults None { get; } = new();

    /// <summary>Wait before each piece goes on.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>Most octets that go on at once; with a delay, a drip. Null for as they come.</summary>
    public int? PieceBytes { get; init; }

    /// <summary>Number, from 0, of an octet whose bits arrive inverted.</summary>
    public long? CorruptAt { get; init; }

    /// <summary>After so many octets <see cref="End"/> happens; with 0 as soon as the connection stands. Null for never.</summary>
    public long? EndAfter { get; init; }

    /// <summary>How it ends.</summary>
    public FlowEnd End { get; init; }
}

/// <summary>How a connection ends before its time.</summary>
public enum FlowEnd : byte
{
    /// <summary>Both sides read an orderly end, behind all that went on before.</summary>
    Close,

    /// <summary>Both sides get a reset.</summary>
    Reset,

    /// <summary>This direction ends in order, the other goes on.</summary>
    HalfClose,

    /// <summary>Everything is swallowed from here on, in both directions, and nobody is told.</summary>
    BlackHole,
}
