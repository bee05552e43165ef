using Orleans.Mail.Grains.Budgets;
using Orleans.Mail.Policy.Messages;
using Orleans.Mail.Policy.Notices;
using Orleans.Mail.Policy.Shaping;

namespace Orleans.Mail.Grains.Messages;

/// <summary>Notices to the sender, and the estimate for whoever asks.</summary>
sealed partial class MessageGrain
{
    // A notice is a message of its own, under an id that follows from this one: made twice, it is the same.
    async Task MakeNoticesAsync(DateTimeOffset now)
    {
        while (!_isQuarantined && services.Notices.Owed(_state!, now) is { } notice)
        {
            var content = await ContentAsync();
            if (_isQuarantined) return;
            if (!await SendNoticeAsync(services.Notices.Make(_state!, notice, content is { } original ? original.Span : [], now))) return;
            var made = NoticePolicy.Made(_state!, notice);
            await CommitAsync(new Step(MessageTransitions.IsDone(made) ? made with { FinalAt = now } : made, []));
        }
    }

    // False when it is owed still.
    async Task<bool> SendNoticeAsync(SubmitRequest request)
    {
        // Senders may be forged: reports to them without a bound would be the very spam they complain of (RFC 3834 §2).
        if ((await GrainFactory.GetGrain<IBudgetGrain>(BudgetKeys.OfNotices(_state!.Tenant)).TakeAsync(1)).Granted == 0)
        {
            LogNoticeCapped(_id);
            return true;
        }

        var answer = await GrainFactory.GetGrain<IMessageGrain>(request.Id.ToString()).SubmitAsync(request);
        if (answer.Receipt is not null) return true;
        LogNoticeRefused(_id, answer.Code);
        // No room now: the sweep comes back. Anything else would be refused for ever.
        return answer.Code is not (MailErrorCode.SpoolUnavailable or MailErrorCode.Busy or MailErrorCode.Unreachable);
    }
}
