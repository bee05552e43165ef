using Orleans.Mail.Policy.Messages;
using Orleans.Mail.Policy.Notices;

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
            var request = services.Notices.Make(_state!, notice, content is { } original ? original.Span : [], now);
            var answer = await GrainFactory.GetGrain<IMessageGrain>(request.Id.ToString()).SubmitAsync(request);
            if (answer.Receipt is null)
            {
                LogNoticeRefused(_id, answer.Code);
                // No room now: owed still, and the sweep comes back. Anything else would be refused for ever.
                if (answer.Code is MailErrorCode.SpoolUnavailable or MailErrorCode.Busy or MailErrorCode.Unreachable) return;
            }

            var made = NoticePolicy.Made(_state!, notice);
            await CommitAsync(new Step(MessageTransitions.IsDone(made) ? made with { FinalAt = now } : made, []));
        }
    }
}
