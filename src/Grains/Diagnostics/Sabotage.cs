namespace Orleans.Mail.Grains.Diagnostics;

/// <summary>
/// Promises that a test build breaks (<c>-p:Sabotage=…</c>), to show that the crash tests notice. All false in every other build.
/// </summary>
static class Sabotage
{
    /// <summary>Receipts do not wait for the commit.</summary>
    public static bool ReceiptBeforeCommit =>
#if SABOTAGE_RECEIPT
        true;
#else
        false;
#endif

    /// <summary>Attempts are not committed before their first octet.</summary>
    public static bool NoWriteAhead =>
#if SABOTAGE_WRITEAHEAD
        true;
#else
        false;
#endif

    /// <summary>Sites hand every ticket out twice. Harmless while the fence holds.</summary>
    public static bool DoubleTickets =>
#if SABOTAGE_TICKETS || SABOTAGE_FENCE
        true;
#else
        false;
#endif

    /// <summary>A second attempt of a message at a site is not refused while one is open.</summary>
    public static bool NoFence =>
#if SABOTAGE_FENCE
        true;
#else
        false;
#endif
}
