using System.Collections.Immutable;
using Orleans.Mail.Policy.Outcomes;

namespace Orleans.Mail.Policy.Scheduling;

/// <summary>
/// Which waits follow which failure. A category may have a curve of its own, and one for a priority before that; all others have the priority's.
/// What passes by itself is asked for sooner, what somebody must mend later.
/// </summary>
public sealed record BackoffCurves
{
    /// <summary>The built-in curves.</summary>
    public static BackoffCurves Default { get; } = new();

    /// <summary>Shortest wait taken from a remote's hint. Default 10 seconds.</summary>
    public TimeSpan MinHint { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Longest wait taken from a remote's hint: who asks for more is asked again at this distance. Default 4 hours.</summary>
    public TimeSpan MaxHint { get; init; } = TimeSpan.FromHours(4);

    /// <summary>Shortest learned greylist wait used. Default 30 seconds.</summary>
    public TimeSpan MinGreylistWait { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Longest learned greylist wait used. Default 1 hour.</summary>
    public TimeSpan MaxGreylistWait { get; init; } = TimeSpan.FromHours(1);

    /// <summary>Shortest wait after a doubt, whatever the message asks for. Default 10 seconds.</summary>
    public TimeSpan MinDoubtWait { get; init; } = TimeSpan.FromSeconds(10);

    ImmutableDictionary<Priority, BackoffSchedule> ByPriority { get; init; } = ImmutableDictionary<Priority, BackoffSchedule>.Empty
        .Add(Priority.Normal, BackoffSchedule.Default)
        .Add(Priority.High, BackoffSchedule.Urgent)
        .Add(Priority.Bulk, BackoffSchedule.Default);

    ImmutableDictionary<(Priority? Priority, string Category), BackoffSchedule> ByCategory { get; init; } = BuiltIn();

    /// <summary>The waits after <paramref name="category"/>.</summary>
    public BackoffSchedule For(Priority priority, string category) =>
        ByCategory.GetValueOrDefault((priority, category))
        ?? ByCategory.GetValueOrDefault((null, category))
        ?? ByPriority.GetValueOrDefault(priority, BackoffSchedule.Default);

    /// <summary>With <paramref name="schedule"/> after <paramref name="category"/>, for every priority.</summary>
    public BackoffCurves With(string category, BackoffSchedule schedule) => this with
    {
        ByCategory = ByCategory
            .RemoveRange(ByCategory.Keys.Where(key => key.Category == category))
            .Add((null, Known(category)), Given(schedule)),
    };

    /// <summary>With <paramref name="schedule"/> after <paramref name="category"/>, for one priority.</summary>
    public BackoffCurves With(Priority priority, string category, BackoffSchedule schedule) =>
        this with { ByCategory = ByCategory.SetItem((priority, Known(category)), Given(schedule)) };

    /// <summary>With <paramref name="schedule"/> for what has no curve of its own.</summary>
    public BackoffCurves With(Priority priority, BackoffSchedule schedule) =>
        this with { ByPriority = ByPriority.SetItem(priority, Given(schedule)) };

    /// <summary>Every message, after every failure, waits by <paramref name="schedule"/>.</summary>
    public static BackoffCurves Only(BackoffSchedule schedule) => new()
    {
        ByCategory = ImmutableDictionary<(Priority?, string), BackoffSchedule>.Empty,
        ByPriority = Enum.GetValues<Priority>().ToImmutableDictionary(priority => priority, _ => Given(schedule)),
    };

    static ImmutableDictionary<(Priority? Priority, string Category), BackoffSchedule> BuiltIn()
    {
        var curves = ImmutableDictionary.CreateBuilder<(Priority? Priority, string Category), BackoffSchedule>();
        All(Categories.Connection, 1, 2, 5, 10, 20, 30, 60, 120, 240);
        All(Categories.RemoteTrouble, 2, 5, 15, 30, 60, 120, 240);
        All(Categories.Dns, 2, 5, 10, 20, 30, 60, 120);
        All(Categories.Greylisted, 5, 5, 10, 15, 30, 60, 120, 240);
        All(Categories.RateLimited, 5, 10, 20, 30, 60, 120, 240);
        All(Categories.TooManyRecipients, 0.25, 1, 5, 15, 30, 60);
        All(Categories.OwnFault, 0.25, 0.5, 1, 2, 5, 15, 30);
        // Somebody must act first: empty the mailbox, delist the address, mend the certificate, the records, the credentials.
        All(Categories.MailboxFull, 30, 60, 120, 240, 480);
        All(Categories.BlockedSource, 10, 30, 60, 120, 240);
        All(Categories.Tls, 5, 15, 30, 60, 120, 240);
        All(Categories.ForbiddenAddress, 15, 30, 60, 120, 240);
        All(Categories.AuthenticationRequired, 1, 5, 15, 30, 60);
        Urgent(Categories.Connection, 0.25, 0.5, 1, 2, 5, 10, 15, 30);
        Urgent(Categories.RemoteTrouble, 0.25, 1, 2, 5, 10, 15, 30);
        Urgent(Categories.Dns, 0.25, 1, 2, 5, 10, 15, 30);
        Urgent(Categories.Greylisted, 1, 2, 2, 5, 5, 10, 15, 30);
        Urgent(Categories.RateLimited, 1, 2, 5, 10, 15, 30);
        Urgent(Categories.MailboxFull, 5, 15, 30, 60);
        Urgent(Categories.BlockedSource, 1, 5, 15, 30);
        Urgent(Categories.Tls, 1, 5, 15, 30);
        Urgent(Categories.ForbiddenAddress, 5, 15, 30);
        Urgent(Categories.AuthenticationRequired, 0.25, 1, 5, 15);
        return curves.ToImmutable();

        void All(string category, params double[] minutes) => curves.Add((null, category), new(minutes.Select(TimeSpan.FromMinutes)));
        void Urgent(string category, params double[] minutes) => curves.Add((Priority.High, category), new(minutes.Select(TimeSpan.FromMinutes)));
    }

    // A misspelt category in a configuration must be seen at the start, not wait unseen for ever.
    static string Known(string category) =>
        Categories.All.Contains(category) ? category : throw new ArgumentException("There is no such category.", nameof(category));

    static BackoffSchedule Given(BackoffSchedule schedule) => schedule ?? throw new ArgumentNullException(nameof(schedule));
}
