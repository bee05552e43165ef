namespace Orleans.Mail;

/// <summary>Which live messages are meant; null members do not restrict.</summary>
[GenerateSerializer, Immutable, Alias("mail.v1.MessageSelection")]
public sealed record MessageSelection
{
    [Id(0)] public string? Tenant { get; init; }

    [Id(1)] public string? Campaign { get; init; }

    /// <summary>With an open recipient that was last tried at this site, or whose domain has this name.</summary>
    [Id(2)] public string? Site { get; init; }

    /// <summary>With an open recipient whose last attempt ended so, such as <c>greylisted</c>.</summary>
    [Id(3)] public string? Category { get; init; }

    [Id(4)] public MailState? State { get; init; }

    [Id(5)] public string? Tag { get; init; }
}

/// <summary>How far a change of a set has come.</summary>
[GenerateSerializer, Immutable, Alias("mail.v1.SetResult")]
public sealed record SetResult
{
    /// <summary>Live messages that the selection meant.</summary>
    [Id(0)] public long Matched { get; init; }

    [Id(1)] public long Changed { get; init; }

    /// <summary>Had an attempt under way.</summary>
    [Id(2)] public long TooLate { get; init; }

    /// <summary>Became final meanwhile, could not be changed so, or could not be reached.</summary>
    [Id(3)] public long Refused { get; init; }

    /// <summary>Where the next call goes on; null when all shards were gone through.</summary>
    [Id(4)] public string? Continuation { get; init; }

    public static SetResult operator +(SetResult left, SetResult right) => new()
    {
        Matched = left.Matched + right.Matched,
        Changed = left.Changed + right.Changed,
        TooLate = left.TooLate + right.TooLate,
        Refused = left.Refused + right.Refused,
        Continuation = right.Continuation,
    };

    /// <summary>As the operator.</summary>
    public static SetResult Add(SetResult left, SetResult right) => left + right;
}
