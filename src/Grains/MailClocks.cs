namespace Orleans.Mail.Grains;

/// <summary>Keys of the clocks that the service uses.</summary>
public static class MailClocks
{
    /// <summary>The clock of due times, expiry, leases and events. Registered by <c>AddMailGrains</c>; tests replace it.</summary>
    public const string Service = "Orleans.Mail";
}
