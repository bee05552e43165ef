using System.Text.Json.Serialization;

namespace Orleans.Mail.Ledger;

/// <summary>What the checker found, counted in recipients (one address of one message).</summary>
public sealed record LedgerReport
{
    /// <summary>Submissions with a receipt, in messages.</summary>
    public long Messages { get; init; }

    /// <summary>Recipients the service gave a receipt for.</summary>
    public long Accepted { get; init; }

    /// <summary>Of the accepted: arrived at the sink at least once.</summary>
    public long Delivered { get; init; }

    /// <summary>Of the accepted: did not arrive, and an event says so for good.</summary>
    public long Ended { get; init; }

    /// <summary>Of the accepted: neither, and visibly waiting.</summary>
    public long Queued { get; init; }

    /// <summary>Of the accepted: none of these. A violation.</summary>
    public long Lost { get; init; }

    /// <summary>Of the lost: those that an event calls delivered.</summary>
    public long FalselyDelivered { get; init; }

    /// <summary>Arrived without a receipt, after a submission whose outcome the submitter does not know.</summary>
    public long Recovered { get; init; }

    /// <summary>Arrived though nobody submitted it, or though it was refused. A violation.</summary>
    public long Unexpected { get; init; }

    /// <summary>Copies beyond the first.</summary>
    public long Duplicates { get; init; }

    /// <summary>Of the duplicates: those an Uncertain event accounts for, one each.</summary>
    public long ExplainedDuplicates { get; init; }

    /// <summary>Of the duplicates: the others. A violation.</summary>
    public long UnexplainedDuplicates { get; init; }

    /// <summary>Copies whose content is not what was submitted. A violation.</summary>
    public long Altered { get; init; }

    /// <summary>Recipients with more than one final event. A violation.</summary>
    public long Contradicted { get; init; }

    /// <summary>Uncertain events, whether a duplicate followed or not.</summary>
    public long Uncertain { get; init; }

    [JsonPropertyName("ok")]
    public bool IsClean => Lost + Unexpected + UnexplainedDuplicates + Altered + Contradicted == 0;

    /// <summary>Some of the violations, to start looking from.</summary>
    public string[]? Examples { get; init; }

    /// <summary>The figures as a table for people.</summary>
    public string ToTable()
    {
        (string Name, long Count, bool MustBeZero)[] rows =
        [
            ("messages accepted", Messages, false), ("recipients accepted", Accepted, false), ("delivered", Delivered, false),
            ("ended otherwise", Ended, false), ("visibly queued", Queued, false), ("recovered", Recovered, false),
            ("uncertain events", Uncertain, false), ("duplicates", Duplicates, false), ("duplicates explained", ExplainedDuplicates, false),
            ("LOST", Lost, true), ("UNEXPLAINED DUPLICATES", UnexplainedDuplicates, true), ("UNEXPECTED", Unexpected, true),
            ("ALTERED", Altered, true), ("CONTRADICTED", Contradicted, true),
        ];
        var lines = rows.Select(row => $"{row.Name,-24}{row.Count,12}{(row.MustBeZero && row.Count > 0 ? "  <- must be 0" : "")}");
        return string.Join(Environment.NewLine, lines.Concat((Examples ?? []).Select(example => "  " + example)));
    }
}
