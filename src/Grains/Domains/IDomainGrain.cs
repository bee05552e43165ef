namespace Orleans.Mail.Grains.Domains;

/// <summary>A receiving site: the queue in front of it and the right to talk to it. Key: the site.</summary>
[Alias("mail.v1.IDomainGrain")]
interface IDomainGrain : IGrainWithStringKey
{
    /// <summary>Puts tickets into the queue. Those for which there is no room are refused from the end, with the time to come again.</summary>
    [Alias("Enqueue")]
    Task<EnqueueAnswer> EnqueueAsync(Ticket[] tickets);

    /// <summary>A session tells how its last tickets went, renews or asks for its lease, and gets its next tickets.</summary>
    [Alias("Next")]
    Task<SessionOrders> NextAsync(SessionReport report);

    /// <summary>A session has ended.</summary>
    [Alias("Release")]
    Task ReleaseAsync(SessionReport report);
}

/// <summary>"This message has recipients due at this site."</summary>
[GenerateSerializer, Immutable, Alias("mail.v1.Ticket")]
readonly record struct Ticket(
    [property: Id(0)] MessageId Message,
    [property: Id(1)] Priority Priority,
    [property: Id(2)] string Tenant,
    [property: Id(3)] string? Campaign);

/// <summary>What became of tickets.</summary>
/// <param name="Taken">How many of them, from the first, were taken.</param>
/// <param name="Queued">How many tickets the site's queue holds now.</param>
/// <param name="BusyUntil">When the first of the others should come again.</param>
/// <param name="Spacing">How much later each further one should.</param>
[GenerateSerializer, Immutable, Alias("mail.v1.EnqueueAnswer")]
readonly record struct EnqueueAnswer(
    [property: Id(0)] int Taken,
    [property: Id(1)] int Queued,
    [property: Id(2)] DateTimeOffset? BusyUntil,
    [property: Id(3)] TimeSpan Spacing);

/// <summary>What became of one ticket, as far as the site is concerned.</summary>
[GenerateSerializer, Alias("mail.v1.TicketResult")]
enum TicketResult : byte
{
    /// <summary>The site answered, whatever it said.</summary>
    Talked = 0,

    /// <summary>The site could not be talked to.</summary>
    Trouble = 1,

    /// <summary>There was nothing to send.</summary>
    Void = 2,
}

/// <summary>A session's call home.</summary>
[GenerateSerializer, Immutable, Alias("mail.v1.SessionReport")]
sealed record SessionReport(
    [property: Id(0)] Guid Session,
    [property: Id(1)] FinishedTicket[] Finished,
    [property: Id(2)] int Want);

[GenerateSerializer, Immutable, Alias("mail.v1.FinishedTicket")]
readonly record struct FinishedTicket([property: Id(0)] MessageId Message, [property: Id(1)] TicketResult Result);

/// <summary>The answer: tickets, or nothing now, or the end.</summary>
/// <param name="Tickets">To be attempted, in this order.</param>
/// <param name="Close">There is no lease for this session: it should quit.</param>
[GenerateSerializer, Immutable, Alias("mail.v1.SessionOrders")]
sealed record SessionOrders([property: Id(0)] Ticket[] Tickets, [property: Id(1)] bool Close);
