namespace Orleans.Mail;

/// <summary>Where a message, or one recipient of it, stands. Open set: a newer service may name states that an older client does not know.</summary>
[GenerateSerializer, Immutable, Alias("mail.v1.MailState")]
public readonly record struct MailState([property: Id(0)] string Name)
{
    /// <summary>Owned by the service, waiting for its first attempt.</summary>
    public static MailState Accepted { get; } = new("Accepted");

    /// <summary>Owned by the service, not to be sent yet.</summary>
    public static MailState Scheduled { get; } = new("Scheduled");

    /// <summary>An attempt is under way.</summary>
    public static MailState Delivering { get; } = new("Delivering");

    /// <summary>Tried, to be tried again.</summary>
    public static MailState Deferred { get; } = new("Deferred");

    /// <summary>Final: the receiving host took it.</summary>
    public static MailState Delivered { get; } = new("Delivered");

    /// <summary>Final: permanently refused.</summary>
    public static MailState Bounced { get; } = new("Bounced");

    /// <summary>Final: not delivered before its expiry.</summary>
    public static MailState Expired { get; } = new("Expired");

    /// <summary>Final: cancelled by its sender.</summary>
    public static MailState Cancelled { get; } = new("Cancelled");

    /// <summary>Final: the address is on the suppression list.</summary>
    public static MailState Suppressed { get; } = new("Suppressed");

    /// <summary>Final: the receiver may have it or not, and the doubt policy says stop.</summary>
    public static MailState Uncertain { get; } = new("Uncertain");

    /// <summary>Final for a message whose recipients ended differently.</summary>
    public static MailState Mixed { get; } = new("Mixed");

    /// <summary>Set aside: its record cannot be read. Nothing is sent until an operator acts.</summary>
    public static MailState Quarantined { get; } = new("Quarantined");

    /// <summary>Those above: what this version may name, and a user ask for.</summary>
    public static IReadOnlyList<MailState> Known { get; } = [Accepted, Scheduled, Delivering, Deferred, Delivered, Bounced, Expired, Cancelled, Suppressed, Uncertain, Mixed, Quarantined];

    /// <summary>The known state of that name, in any case; null when there is none.</summary>
    public static MailState? Find(string name)
    {
        foreach (var state in Known)
            if (string.Equals(state.Name, name, StringComparison.OrdinalIgnoreCase))
                return state;
        return null;
    }

    /// <summary>Whether nothing more will happen by itself.</summary>
    public bool IsFinal => this != Accepted && this != Scheduled && this != Delivering && this != Deferred && this != Quarantined;

    public override string ToString() => Name;
}
