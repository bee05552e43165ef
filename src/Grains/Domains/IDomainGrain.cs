using Orleans.Mail.Grains.Messages;

namespace Orleans.Mail.Grains.Domains;

/// <summary>A receiving site: the queue in front of it and the right to talk to it. Key: the site, and the source address where one is chosen.</summary>
[Alias("mail.v1.IDomainGrain")]
interface IDomainGrain : IGrainWithStringKey
{
    /// <summary>Puts tickets into the queue. Those for which there is no room are refused from the end, with the time to come again.</summary>
    /// <param name="tickets">All of this site.</param>
    /// <param name="hosts">Its mail hosts: they tell whose site it is. Empty where they are not known.</param>
    [Alias("Enqueue")]
    Task<EnqueueAnswer> EnqueueAsync(Ticket[] tickets, string[] hosts);

    /// <summary>A session tells how its last tickets went, renews or asks for its lease, and gets its next tickets.</summary>
    [Alias("Next")]
    Task<SessionOrders> NextAsync(SessionReport report);

    /// <summary>A session found no host to talk to. The answer names the tickets whose attempt this was: none while other sessions talk.</summary>
    [Alias("ConnectFailed")]
    Task<Ticket[]> ConnectFailedAsync(Guid session, Verdict verdict);

    /// <summary>A session has ended.</summary>
    [Alias("Release")]
    Task ReleaseAsync(SessionReport report);

    /// <summary>Where a ticket stands, and how the site is served.</summary>
    [Alias("Locate"), Orleans.Concurrency.AlwaysInterleave]
    Task<TicketPlace> LocateAsync(MessageId message, string destination);
}

/// <summary>A ticket's place and its site.</summary>
/// <param name="Ahead">Tickets that go before it; -1 when it does not stand here.</param>
/// <param name="Queued">Tickets in the queue.</param>
/// <param name="PerSecond">Messages that the site takes in a second, measured; 0 while unknown.</param>
/// <param name="DeadUntil">When a site that could not be talked to is tried again.</param>
/// <param name="SuspendedUntil">When a site that is left alone for its answers is tried again.</param>
/// <param name="SuspendedFor">The category of those answers.</param>
/// <param name="Holds">What keeps the ticket here beside those that go before it.</param>
[GenerateSerializer, Immutable, Alias("mail.v1.TicketPlace")]
sealed record TicketPlace(
    [property: Id(0)] int Ahead,
    [property: Id(1)] int Queued,
    [property: Id(2)] double PerSecond,
    [property: Id(3)] DateTimeOffset? DeadUntil,
    [property: Id(4)] DateTimeOffset? SuspendedUntil,
    [property: Id(5)] string? SuspendedFor,
    [property: Id(6)] PlaceHold[]? Holds);

/// <summary>A limit that a whole queue waits for.</summary>
[GenerateSerializer, Alias("mail.v1.PlaceHoldKind")]
enum PlaceHoldKind : byte
{
    /// <summary>All sessions of the site's window are in use.</summary>
    SiteSessions = 0,

    /// <summary>The provider's sessions are in use, here and at its other sites.</summary>
    ProviderSessions = 1,

    SiteRate = 2,

    SiteConnections = 3,

    LearnedPace = 4,

    SourceRate = 5,

    SourceWarmup = 6,
}

/// <summary>A limit that keeps a ticket in its queue.</summary>
/// <param name="Kind">Which.</param>
/// <param name="Name">The rate, the provider or the source; empty where there is none.</param>
/// <param name="Until">When the ticket's turn comes by this limit; the past for sessions, whose end nobody knows.</param>
/// <param name="Slack">How much later it may become, since others may be let in between.</param>
/// <param name="InUse">Sessions in use.</param>
[GenerateSerializer, Immutable, Alias("mail.v1.PlaceHold")]
sealed record PlaceHold([property: Id(0)] PlaceHoldKind Kind, [property: Id(1)] string Name, [property: Id(2)] DateTimeOffset Until, [property: Id(3)] TimeSpan Slack, [property: Id(4)] int InUse = 0)
{
    public static PlaceHold Sessions(PlaceHoldKind kind, string name, int inUse) => new(kind, name, default, default, inUse);
}

/// <summary>"This message has recipients due at this destination."</summary>
/// <param name="Message">Its message.</param>
/// <param name="Priority">The lane it waits in.</param>
/// <param name="Tenant">Who sends it.</param>
/// <param name="Campaign">The group it belongs to.</param>
/// <param name="Destination">A recipient domain, or a pool of relays.</param>
/// <param name="Source">Name of the source address that a greylisting host saw; null for any.</param>
/// <param name="AcceptedAt">Since when the service has it: the oldest go first after a recovery.</param>
[GenerateSerializer, Immutable, Alias("mail.v1.Ticket")]
readonly record struct Ticket(
    [property: Id(0)] MessageId Message,
    [property: Id(1)] Priority Priority,
    [property: Id(2)] string Tenant,
    [property: Id(3)] string? Campaign,
    [property: Id(4)] string Destination,
    [property: Id(5)] string? Source,
    [property: Id(6)] DateTimeOffset AcceptedAt);

/// <summary>What became of tickets.</summary>
/// <param name="Taken">How many of them, from the first, were taken.</param>
/// <param name="Queued">How many tickets the site's queue holds now.</param>
/// <param name="BusyUntil">When the first of the others should come again.</param>
/// <param name="Spacing">How much later each further one should.</param>
/// <param name="IsDead">The site takes no tickets until then: it cannot be talked to, or is left alone.</param>
/// <param name="IsDown">It is because it cannot be talked to.</param>
[GenerateSerializer, Immutable, Alias("mail.v1.EnqueueAnswer")]
readonly record struct EnqueueAnswer(
    [property: Id(0)] int Taken,
    [property: Id(1)] int Queued,
    [property: Id(2)] DateTimeOffset? BusyUntil,
    [property: Id(3)] TimeSpan Spacing,
    [property: Id(4)] bool IsDead,
    [property: Id(5)] bool IsDown = false);

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
/// <param name="Session">Its id.</param>
/// <param name="Finished">Tickets that it is done with.</param>
/// <param name="Want">Tickets that it can take.</param>
/// <param name="IsConnected">Whether it has found a host that talks.</param>
[GenerateSerializer, Immutable, Alias("mail.v1.SessionReport")]
sealed record SessionReport(
    [property: Id(0)] Guid Session,
    [property: Id(1)] FinishedTicket[] Finished,
    [property: Id(2)] int Want,
    [property: Id(3)] bool IsConnected);

/// <summary>How one ticket ended.</summary>
/// <param name="Message">Its message.</param>
/// <param name="Result">Whether the site talked.</param>
/// <param name="News">What the site should know of it; null where it was just delivered.</param>
[GenerateSerializer, Immutable, Alias("mail.v1.FinishedTicket")]
readonly record struct FinishedTicket(
    [property: Id(0)] MessageId Message,
    [property: Id(1)] TicketResult Result,
    [property: Id(2)] SiteNews? News);

/// <summary>What an attempt taught about a site.</summary>
/// <param name="Category">What was made of the remote's answer.</param>
/// <param name="Reply">Its words, shortened.</param>
/// <param name="RetryAfter">The wait that the words asked for.</param>
/// <param name="GreylistedFor">How long ago the same message was first greylisted here.</param>
[GenerateSerializer, Immutable, Alias("mail.v1.SiteNews")]
sealed record SiteNews(
    [property: Id(0)] string Category,
    [property: Id(1)] SmtpReply? Reply,
    [property: Id(2)] TimeSpan? RetryAfter,
    [property: Id(3)] TimeSpan? GreylistedFor);

/// <summary>The answer: tickets, or nothing now, or the end.</summary>
/// <param name="Tickets">To be attempted, in this order.</param>
/// <param name="Close">There is no lease for this session: it should quit.</param>
/// <param name="Destination">What waits: a session that is not connected yet finds its host by it. Null when nothing does.</param>
/// <param name="Terms">What holds for sessions of this site.</param>
[GenerateSerializer, Immutable, Alias("mail.v1.SessionOrders")]
sealed record SessionOrders(
    [property: Id(0)] Ticket[] Tickets,
    [property: Id(1)] bool Close,
    [property: Id(2)] string? Destination,
    [property: Id(3)] SessionTerms? Terms);

/// <summary>What holds for the sessions of a site.</summary>
/// <param name="MessagesPerConnection">Transactions over one connection.</param>
/// <param name="ConnectionIdle">How long a connection is kept without work.</param>
/// <param name="ConnectionAge">How long a connection is used at most.</param>
/// <param name="RecipientsPerTransaction">Recipients of one transaction.</param>
/// <param name="GreylistWait">How long the site makes first-time mail wait, where that is known.</param>
/// <param name="PacedWait">How long a message stays away that the site calls too fast; null for its backoff.</param>
/// <param name="IsOneConnection">New connections are counted: a session ends with its first one.</param>
[GenerateSerializer, Immutable, Alias("mail.v1.SessionTerms")]
sealed record SessionTerms(
    [property: Id(0)] int MessagesPerConnection,
    [property: Id(1)] TimeSpan ConnectionIdle,
    [property: Id(2)] TimeSpan ConnectionAge,
    [property: Id(3)] int RecipientsPerTransaction,
    [property: Id(4)] TimeSpan? GreylistWait,
    [property: Id(5)] TimeSpan? PacedWait = null,
    [property: Id(6)] bool IsOneConnection = false);
