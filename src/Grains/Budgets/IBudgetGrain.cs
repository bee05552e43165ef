namespace Orleans.Mail.Grains.Budgets;

/// <summary>
/// One limit that several sites share. Key: <c>tenant:acme</c>, <c>campaign:acme/spring</c>, <c>domain:example.com</c>, <c>source:a</c>, <c>provider:google</c>,
/// or <c>provider:google#a</c> from one source address: a provider counts by the address it sees.
/// What the limit is, configuration and standing orders say.
/// </summary>
[Alias("mail.v1.IBudgetGrain")]
interface IBudgetGrain : IGrainWithStringKey
{
    /// <summary>Messages that may be sent now: a block for about <c>BudgetOptions.BlockTime</c>, not one message.</summary>
    [Alias("Take")]
    Task<BudgetGrant> TakeAsync(int want);

    /// <summary>Messages that were granted and not sent.</summary>
    [Alias("GiveBack")]
    Task GiveBackAsync(int unused);

    /// <summary>A share of what may go on at once: held until it ends by itself, or is asked for again.</summary>
    [Alias("Share")]
    Task<BudgetShare> ShareAsync(ShareRequest request);

    /// <summary>The limit may be another one: mail that was sent away because of it comes back, as far as it may go now.</summary>
    [Alias("Recall")]
    Task RecallAsync();

    /// <summary>What keeps mail that comes under the limit now; takes nothing.</summary>
    [Alias("Look")]
    Task<BudgetWait> LookAsync();
}

/// <summary>Messages granted.</summary>
/// <param name="Granted">How many.</param>
/// <param name="NextAt">When to ask again at the earliest.</param>
/// <param name="Spacing">What lies between two messages that wait.</param>
[GenerateSerializer, Immutable, Alias("mail.v1.BudgetGrant")]
readonly record struct BudgetGrant([property: Id(0)] int Granted, [property: Id(1)] DateTimeOffset NextAt, [property: Id(2)] TimeSpan Spacing);

/// <summary>Which part of a limit is used up.</summary>
[GenerateSerializer, Alias("mail.v1.BudgetWaitKind")]
enum BudgetWaitKind : byte
{
    None = 0,
    Rate = 1,
    Quota = 2,
    Concurrency = 3,
}

/// <summary>What keeps mail that comes under a limit.</summary>
/// <param name="Kind">What is used up.</param>
/// <param name="Until">When it is not any more, at the earliest.</param>
/// <param name="Spacing">What lies between two messages that wait.</param>
[GenerateSerializer, Immutable, Alias("mail.v1.BudgetWait")]
readonly record struct BudgetWait([property: Id(0)] BudgetWaitKind Kind, [property: Id(1)] DateTimeOffset Until, [property: Id(2)] TimeSpan Spacing);

/// <summary>What a site asks for.</summary>
/// <param name="Holder">The activation that asks: another one of the same site knows nothing of what this one began.</param>
/// <param name="Demand">What it could use now; 0 gives all back.</param>
/// <param name="InUse">What it uses.</param>
/// <param name="Held">The share that it has and that has not ended.</param>
[GenerateSerializer, Immutable, Alias("mail.v1.ShareRequest")]
sealed record ShareRequest(
    [property: Id(0)] string Holder,
    [property: Id(1)] int Demand,
    [property: Id(2)] int InUse,
    [property: Id(3)] int Held);

/// <summary>A share.</summary>
/// <param name="Count">How many may go on at once.</param>
/// <param name="ValidUntil">When it ends by itself.</param>
/// <param name="RenewAt">When to ask again.</param>
[GenerateSerializer, Immutable, Alias("mail.v1.BudgetShare")]
readonly record struct BudgetShare([property: Id(0)] int Count, [property: Id(1)] DateTimeOffset ValidUntil, [property: Id(2)] DateTimeOffset RenewAt);
