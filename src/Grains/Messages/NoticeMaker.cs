using Orleans.Mail.Grains.Options;
using Orleans.Mail.Policy.Messages;
using Orleans.Mail.Policy.Notices;
using Orleans.Mail.Policy.Submission;

namespace Orleans.Mail.Grains.Messages;

/// <summary>The service's settings for notices, at work: which are owed, and what they say. Without a domain to send them from there are none.</summary>
sealed class NoticeMaker
{
    readonly NoticeSettings? _settings;
    readonly NoticeBuilder? _builder;

    public NoticeMaker(NoticeOptions options)
    {
        Default = options.Default;
        if (options.Domain is not { } domain) return;
        _settings = new NoticeSettings { Domain = domain, ReportingHost = options.ReportingHost, DelayAfter = options.DelayAfter };
        _builder = new NoticeBuilder(_settings);
    }

    /// <summary>For messages that do not say what they want.</summary>
    public NoticeKinds Default { get; }

    /// <summary>Promises nothing that could not be kept.</summary>
    public SubmitFault? Refuse(ParsedSubmission submission) => _settings is null && submission.Notices is { } wanted && wanted != NoticeKinds.None
        ? new SubmitFault(nameof(SubmitRequest.Notices), "cannot be had: this service has no domain to send notices from; subscribe to events instead")
        : null;

    public Notice? Owed(MessageState state, DateTimeOffset now) => _settings is null || state.Notices == NoticeKinds.None ? null : NoticePolicy.Owed(state, _settings, now);

    public DateTimeOffset? DelayDue(MessageState state) => _settings is null || state.Notices == NoticeKinds.None ? null : NoticePolicy.DelayDue(state, _settings);

    public SubmitRequest Make(MessageState state, Notice notice, ReadOnlySpan<byte> content, DateTimeOffset now) => _builder!.Build(state, notice, content, now);
}
