using Orleans.Mail.Grains.Domains;

namespace Orleans.Mail.Grains.Delivery;

/// <summary>A ticket that waits outside memory.</summary>
/// <param name="Ticket">The ticket.</param>
/// <param name="ComesBack">When, by itself.</param>
/// <param name="WaitsFor">What calls it back sooner; null for nothing.</param>
readonly record struct AwayTicket(Ticket Ticket, DateTimeOffset ComesBack, string? WaitsFor = null);
