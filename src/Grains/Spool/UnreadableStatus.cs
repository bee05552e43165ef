namespace Orleans.Mail.Grains.Spool;

/// <summary>What can be said of a message whose record cannot be read.</summary>
static class UnreadableStatus
{
    public static MessageStatus Of(MessageId id) => new()
    {
        Id = id,
        Tenant = "",
        State = MailState.Quarantined,
        AcceptedAt = DateTimeOffset.UnixEpoch,
        WaitReason = "Set aside: its stored record cannot be read.",
    };
}
