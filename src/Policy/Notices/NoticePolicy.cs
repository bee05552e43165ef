using System.Collections.Immutable;
using Orleans.Mail.Policy.Messages;

namespace Orleans.Mail.Policy.Notices;

/// <summary>A notice that is owed.</summary>
/// <param name="Kind">Failure or delay.</param>
/// <param name="Recipients">Indexes into <see cref="MessageState.Recipients"/> of those it tells about; never empty.</param>
public sealed record Notice(NoticeKinds Kind, ImmutableArray<int> Recipients);

/// <summary>
/// Which notice a message owes its sender. Told from the durable state alone, so that what a crash kept from being made is still owed, and under a name
/// that follows from that state (<see cref="NoticeBuilder"/>), so that what was made before the crash is not made again.
/// </summary>
public static class NoticePolicy
{
    /// <summary>The notice owed now; null for none. Make it, then keep <see cref="Made"/>; then ask again.</summary>
    public static Notice? Owed(MessageState state, NoticeSettings settings, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(settings);
        if (Wants(state, NoticeKinds.Failure) && Indexes(state, IsUntoldFailure) is { IsEmpty: false } failed) return new(NoticeKinds.Failure, failed);
        if (DelayDue(state, settings) <= now && Indexes(state, IsLate) is { IsEmpty: false } late) return new(NoticeKinds.Delay, late);
        return null;
    }

    /// <summary>When to ask for the delay notice; null when there will be none.</summary>
    public static DateTimeOffset? DelayDue(MessageState state, NoticeSettings settings)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(settings);
        if (state.IsFinal || !Wants(state, NoticeKinds.Delay) || (state.NoticesMade & NoticeKinds.Delay) != 0) return null;
        var due = (state.SendAt ?? state.AcceptedAt) + settings.DelayAfter;
        return due < state.ExpiresAt ? due : null;
    }

    /// <summary>The state that remembers it: each is made once.</summary>
    public static MessageState Made(MessageState state, Notice notice)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(notice);
        var made = state with { NoticesMade = state.NoticesMade | notice.Kind };
        if (notice.Kind != NoticeKinds.Failure) return made;
        var recipients = state.Recipients.ToBuilder();
        foreach (var index in notice.Recipients) recipients[index] = recipients[index] with { IsFailureTold = true };
        return made with { Recipients = recipients.MoveToImmutable() };
    }

    // RFC 5321 §6.1, RFC 3464 §2: never for the null sender, which every notice has, so that none answers another.
    // RFC 3461 §4.1: NOTIFY binds whoever makes the notice. Automatic mail gets notices as any other: RFC 3834 is about answers, not reports.
    static bool Wants(MessageState state, NoticeKinds kind) =>
        state.From.Length > 0
        && (state.Notices & kind) != 0
        && (state.Dsn is not { Notify: var notify } || (notify & (kind == NoticeKinds.Failure ? DsnNotify.Failure : DsnNotify.Delay)) != 0);

    // What its sender cancelled or the suppression list held back is no news; of a doubt it is not known whether it failed.
    static bool IsUntoldFailure(RecipientRecord recipient) => recipient is { Fate: Fate.Bounced or Fate.Expired, IsFailureTold: false };

    // What was not tried waits because its sender wanted so, or for its turn.
    static bool IsLate(RecipientRecord recipient) => recipient is { IsOpen: true, AttemptCount: > 0 };

    static ImmutableArray<int> Indexes(MessageState state, Func<RecipientRecord, bool> fits) =>
        [.. Enumerable.Range(0, state.Recipients.Length).Where(index => fits(state.Recipients[index]))];
}
