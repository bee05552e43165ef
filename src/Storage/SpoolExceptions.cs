namespace Orleans.Mail.Storage;

/// <summary>Why the store cannot be used.</summary>
public enum SpoolFault : byte
{
    /// <summary>No space is left on the device.</summary>
    Full,

    /// <summary>Another process holds the file.</summary>
    Busy,

    /// <summary>The device reported an error.</summary>
    Io,

    /// <summary>The file or its folder cannot be written.</summary>
    ReadOnly,

    /// <summary>The file is not what this program wrote.</summary>
    Corrupt,

    /// <summary>The store was closed.</summary>
    Closed,
}

/// <summary>The store cannot be used right now. Callers pause; they never guess. It travels between silos with what it says: without its own serializer <see cref="OutcomeKnown"/> would arrive as true.</summary>
[GenerateSerializer, Alias("mail.v1.SpoolUnavailable")]
public class SpoolUnavailableException : Exception
{
    public SpoolUnavailableException() : this(SpoolFault.Io, true, "The spool is unavailable.") { }

    public SpoolUnavailableException(string message) : this(SpoolFault.Io, true, message) { }

    public SpoolUnavailableException(string message, Exception innerException) : this(SpoolFault.Io, true, message, innerException) { }

    public SpoolUnavailableException(SpoolFault fault, bool outcomeKnown, string message, Exception? innerException = null) : base(message, innerException)
    {
        Fault = fault;
        OutcomeKnown = outcomeKnown;
    }

    [Id(0)]
    public SpoolFault Fault { get; }

    /// <summary>True when certainly nothing was stored.</summary>
    [Id(1)]
    public bool OutcomeKnown { get; }
}

/// <summary>The shard was opened by somebody else: this opening must do nothing more.</summary>
public sealed class SpoolFencedException : Exception
{
    public SpoolFencedException() : base("The shard has another writer.") { }

    public SpoolFencedException(string message) : base(message) { }

    public SpoolFencedException(string message, Exception innerException) : base(message, innerException) { }
}

/// <summary>Stored octets are damaged. The message they belong to is set aside; others go on.</summary>
public sealed class SpoolCorruptException : Exception
{
    public SpoolCorruptException() : base("Stored data is damaged.") { }

    public SpoolCorruptException(string message) : base(message) { }

    public SpoolCorruptException(string message, Exception innerException) : base(message, innerException) { }
}
