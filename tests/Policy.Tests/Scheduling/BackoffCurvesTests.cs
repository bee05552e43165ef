using CsCheck;
using Orleans.Mail.Policy.Outcomes;
using Orleans.Mail.Policy.Scheduling;

namespace Orleans.Mail.Policy.Tests.Scheduling;

public sealed class BackoffCurvesTests
{
    static readonly DateTimeOffset Start = new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);
    static readonly BackoffCurves Curves = BackoffCurves.Default;

    [Theory]
    [InlineData(Priority.Normal, Categories.Unknown, 60)]
    [InlineData(Priority.Normal, Categories.RateLimited, 300)]
    [InlineData(Priority.Normal, Categories.Greylisted, 300)]
    [InlineData(Priority.Normal, Categories.MailboxFull, 1800)]
    [InlineData(Priority.Normal, Categories.OwnFault, 15)]
    [InlineData(Priority.Bulk, Categories.Connection, 60)]
    [InlineData(Priority.High, Categories.Unknown, 15)]
    [InlineData(Priority.High, Categories.Connection, 15)]
    [InlineData(Priority.High, Categories.Greylisted, 60)]
    public void NextAttempt_FirstFailure_WaitsTheCurvesFirstStep(Priority priority, string category, int seconds) =>
        Assert.Equal(Start.AddSeconds(seconds), BackoffPolicy.NextAttempt(Curves, Case(category, priority), 0.5));

    [Fact]
    public void With_changes_what_it_names_and_nothing_else()
    {
        var hour = new BackoffSchedule([TimeSpan.FromHours(1)]);
        var changed = Curves.With(Categories.Dns, hour).With(Priority.Bulk, hour).With(Priority.Normal, Categories.Tls, hour);
        Assert.Same(hour, changed.For(Priority.High, Categories.Dns));
        Assert.Same(hour, changed.For(Priority.Normal, Categories.Dns));
        Assert.Same(hour, changed.For(Priority.Bulk, Categories.Unknown));
        Assert.Same(hour, changed.For(Priority.Normal, Categories.Tls));
        Assert.Same(Curves.For(Priority.High, Categories.Tls), changed.For(Priority.High, Categories.Tls));
        Assert.Same(Curves.For(Priority.Normal, Categories.Unknown), changed.For(Priority.Normal, Categories.Unknown));
        Assert.Throws<ArgumentException>(() => Curves.With("mailbox-ful", hour));
        Assert.Same(hour, BackoffCurves.Only(hour).For(Priority.High, Categories.Dns));
    }

    [Fact]
    public void NextAttempt_HintLongerThanTheStep_IsWaitedFor()
    {
        var retry = Case(Categories.RemoteTrouble, hint: TimeSpan.FromMinutes(40));
        Assert.Equal(Start.AddMinutes(40), BackoffPolicy.NextAttempt(Curves, retry, 0));
        Assert.Equal(Start.AddMinutes(44), BackoffPolicy.NextAttempt(Curves, retry, 1));
    }

    [Fact]
    public void NextAttempt_HintShorterThanTheStep_ChangesNothing() =>
        Assert.Equal(Start.AddMinutes(5), BackoffPolicy.NextAttempt(Curves, Case(Categories.RateLimited, hint: TimeSpan.FromSeconds(1)), 0.5));

    [Fact]
    public void NextAttempt_CalledTooFastByAPacedSite_ComesBackAsItsSiteSays()
    {
        var paced = Case(Categories.RateLimited) with { PacedWait = TimeSpan.FromSeconds(15) };
        Assert.Equal(Start.AddSeconds(15), BackoffPolicy.NextAttempt(Curves, paced, 0));
        Assert.Equal(Start.AddSeconds(16.5), BackoffPolicy.NextAttempt(Curves, paced with { Attempts = 4 }, 1));
        Assert.Equal(Start.AddSeconds(60), BackoffPolicy.NextAttempt(Curves, Case(Categories.RateLimited, hint: TimeSpan.FromSeconds(60)) with { PacedWait = TimeSpan.FromSeconds(15) }, 0));
        Assert.Equal(Start.AddMinutes(30), BackoffPolicy.NextAttempt(Curves, Case(Categories.MailboxFull) with { PacedWait = TimeSpan.FromSeconds(15) }, 0.5));
    }

    [Fact]
    public void NextAttempt_HintBeyondItsBound_IsAskedAgainThere() =>
        Assert.Equal(Start.AddHours(4), BackoffPolicy.NextAttempt(Curves, Case(Categories.RemoteTrouble, hint: TimeSpan.FromDays(2)), 0));

    [Fact]
    public void NextAttempt_HintBeyondTheExpiry_StillLeavesOneLastTry()
    {
        var retry = Case(Categories.RemoteTrouble, hint: TimeSpan.FromHours(3)) with { ExpiresAt = Start.AddHours(1) };
        var next = BackoffPolicy.NextAttempt(Curves, retry, 0.5)!.Value;
        Assert.InRange(retry.ExpiresAt - next, TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(2));
    }

    [Fact]
    public void NextAttempt_FirstGreylist_TakesTheHintThenWhatWasLearnedThenTheCurve()
    {
        var learned = GreylistWait.None.Learn(Start, Start.AddMinutes(2), isGreylisted: false);
        var retry = Case(Categories.Greylisted) with { Greylist = learned };
        Assert.InRange(BackoffPolicy.NextAttempt(Curves, retry, 0.5)!.Value - Start, TimeSpan.FromSeconds(108), TimeSpan.FromSeconds(132));
        var told = Case(Categories.Greylisted, hint: TimeSpan.FromSeconds(60)) with { Greylist = learned };
        Assert.Equal(Start.AddSeconds(60), BackoffPolicy.NextAttempt(Curves, told, 0));
        Assert.Equal(Start.AddSeconds(10), BackoffPolicy.NextAttempt(Curves, Case(Categories.Greylisted, hint: TimeSpan.FromSeconds(1)), 0));
        Assert.Equal(Start.AddMinutes(5), BackoffPolicy.NextAttempt(Curves, retry with { Attempts = 2 }, 0.5));
    }

    [Theory]
    [InlineData(5, 30)]
    [InlineData(3 * 3600, 3600)]
    public void NextAttempt_LearnedWait_IsBounded(int learnedSeconds, int seconds)
    {
        var retry = Case(Categories.Greylisted) with { Greylist = GreylistWait.None.Learn(Start, Start.AddSeconds(learnedSeconds), false) };
        Assert.Equal(Start.AddSeconds(seconds), BackoffPolicy.NextAttempt(Curves, retry, 0.5));
    }

    [Fact]
    public void NextAttempt_Doubt_WaitsAsTheMessageAsks()
    {
        var doubt = Case(Categories.InDoubt, kind: OutcomeKind.Uncertain);
        Assert.Equal(Start.AddMinutes(1), BackoffPolicy.NextAttempt(Curves, doubt, 0.5));
        Assert.Equal(Start.AddHours(6), BackoffPolicy.NextAttempt(Curves, doubt with { DoubtWait = TimeSpan.FromHours(6) }, 0.5));
        Assert.Equal(Start.AddSeconds(10), BackoffPolicy.NextAttempt(Curves, doubt with { DoubtWait = TimeSpan.Zero }, 0.5));
        // Rather not at all than sooner than asked for.
        Assert.Null(BackoffPolicy.NextAttempt(Curves, doubt with { DoubtWait = TimeSpan.FromDays(6) }, 0.5));
        Assert.Null(BackoffPolicy.NextAttempt(Curves, doubt with { DoubtWait = doubt.ExpiresAt - Start }, 0.5));
        // A refusal that is no doubt has nothing to do with it.
        Assert.Equal(Start.AddMinutes(1), BackoffPolicy.NextAttempt(Curves, Case(Categories.Unknown) with { DoubtWait = TimeSpan.FromHours(6) }, 0.5));
    }

    [Fact]
    public void Ten_thousand_attempts_of_every_class_stay_within_their_curve_and_its_jitter()
    {
        foreach (var priority in Enum.GetValues<Priority>())
            foreach (var category in Categories.All)
            {
                var random = new Random(7);
                var schedule = Curves.For(priority, category);
                var now = Start;
                for (var attempt = 1; attempt <= 10_000; attempt++)
                {
                    var retry = Case(category, priority) with { Attempts = attempt, Now = now, ExpiresAt = DateTimeOffset.MaxValue };
                    var gap = BackoffPolicy.NextAttempt(Curves, retry, random.NextDouble())!.Value - now;
                    Assert.InRange(gap, schedule.StepAfter(attempt) * 0.9, schedule.StepAfter(attempt) * 1.1);
                    now += gap;
                }
            }
    }

    [Fact]
    public void Any_case_is_due_after_now_and_before_the_expiry_and_every_message_ends()
    {
        var categories = Categories.All.ToArray();
        Gen.Select(Gen.Int[0, 2], Gen.Int[0, categories.Length - 1].Array[200], Gen.Int[1, 300_000], Gen.Int[0, 20_000].Array[200], Gen.Double[0, 1].Array[200]).Sample((priority, category, life, hint, luck) =>
        {
            var now = Start;
            var expiresAt = Start.AddSeconds(life);
            for (var attempt = 1; attempt < 200_000; attempt++)
            {
                var i = attempt % 200;
                var retry = Case(categories[category[i]], (Priority)priority, TimeSpan.FromSeconds(hint[i])) with { Attempts = attempt, Now = now, ExpiresAt = expiresAt };
                if (BackoffPolicy.NextAttempt(Curves, retry, luck[i]) is not { } next) return true;
                if (next <= now || next >= expiresAt) return false;
                now = next;
            }

            return false;
        }, iter: 2_000);
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(-1)]
    public void NextAttempt_ExtremeInput_DoesNotOverflow(double chance)
    {
        var extreme = Case(Categories.Greylisted, hint: TimeSpan.MaxValue) with { Attempts = int.MaxValue, Now = DateTimeOffset.MinValue, ExpiresAt = DateTimeOffset.MaxValue, DoubtWait = TimeSpan.MaxValue };
        Assert.NotNull(BackoffPolicy.NextAttempt(Curves, extreme, chance));
        Assert.NotNull(BackoffPolicy.NextAttempt(Curves, extreme with { Attempts = 1, Greylist = GreylistWait.None }, chance));
        Assert.Null(BackoffPolicy.NextAttempt(Curves, extreme with { Now = DateTimeOffset.MaxValue }, chance));
    }

    static RetryCase Case(string category, Priority priority = Priority.Normal, TimeSpan? hint = null, OutcomeKind kind = OutcomeKind.Deferred) => new()
    {
        Priority = priority,
        Outcome = new Outcome(kind, FailureScope.Recipient, category, "test") { RetryAfter = hint },
        Attempts = 1,
        Now = Start,
        ExpiresAt = Start.AddDays(5),
    };
}
