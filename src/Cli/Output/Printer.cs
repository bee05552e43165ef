using Orleans.Mail.Cli.Simulation;

namespace Orleans.Mail.Cli.Output;

enum OutputFormat
{
    /// <summary>For people; its form may change.</summary>
    Table,

    /// <summary>For programs: one object a line, whose members only ever grow.</summary>
    Json,
}

/// <summary>Writes results to standard output. Talk goes elsewhere.</summary>
abstract class Printer
{
    public static Printer Of(OutputFormat format, TextWriter output) => format is OutputFormat.Json ? new JsonPrinter(output) : new TablePrinter(output);

    public abstract void Write(Submission submission);

    public abstract void Write(MessageStatus status);

    public abstract void Write(IReadOnlyList<MessageStatus> list);

    public abstract void Write(DeliveryEvent item);

    public abstract void Write(MessageId id, CancelResult result);

    /// <summary>One simulation, or two of the same mail under two policies.</summary>
    public abstract void Write(IReadOnlyList<SimulatedRun> runs);

    public abstract void Write(MessageId id, ChangeAnswer answer);

    public abstract void Write(SetResult result);

    public abstract void Write(IReadOnlyList<StandingOrder> orders);

    public abstract void Write(IReadOnlyList<Suppression> suppressions);
}
