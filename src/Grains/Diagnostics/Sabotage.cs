namespace Orleans.Mail.Grains.Diagnostics;

/// <summary>
/// Promises that a test build (<c>-p:Sabotage=true</c>) breaks when <c>ORLEANS_MAIL_BREAK</c> names them, to show that the crash tests notice. All false in every other build.
/// </summary>
static class Sabotage
{
    /// <summary>Receipts do not wait for the commit.</summary>
    public static bool ReceiptBeforeCommit { get; } = Breaks("RECEIPT");

    /// <summary>Attempts are not committed before their first octet.</summary>
    public static bool NoWriteAhead { get; } = Breaks("WRITEAHEAD");

    /// <summary>Sites hand every ticket out twice. Harmless while the fence holds.</summary>
    public static bool DoubleTickets { get; } = Breaks("TICKETS") || Breaks("FENCE");

    /// <summary>A second attempt of a message at a site is not refused while one is open.</summary>
    public static bool NoFence { get; } = Breaks("FENCE");

#if SABOTAGE
    static bool Breaks(string promise) => Environment.GetEnvironmentVariable("ORLEANS_MAIL_BREAK") == promise;
#else
    static bool Breaks(string promise) => promise.Length == 0;
#endif
}
