using System.Collections.Concurrent;
using Orleans.Mail.Transport.Receiving;

namespace Orleans.Mail.Transport.Tests.Support;

/// <summary>Takes everything, unless a test says otherwise, and remembers it.</summary>
sealed class RecordingBehavior : IReceiverBehavior
{
    public ConcurrentQueue<ReceivedMail> Mails { get; } = new();

    public ConcurrentQueue<string> Lines { get; } = new();

    public Func<ReceiverContext, ReceiverReply>? Connect { get; init; }

    public Func<string, string, ReceiverReply?>? Command { get; init; }

    public Func<string, ReceiverReply>? Recipient { get; init; }

    public Func<ReceivedMail, ReceiverReply>? EndOfData { get; init; }

    public ReceiverReply OnConnect(ReceiverContext context) => Connect?.Invoke(context) ?? ReceiverReply.Greeting;

    public ReceiverReply? OnCommand(ReceiverContext context, string verb, string line)
    {
        Lines.Enqueue(line);
        return Command?.Invoke(verb, line);
    }

    public ReceiverReply OnRecipient(ReceiverContext context, string recipient) => Recipient?.Invoke(recipient) ?? ReceiverReply.Ok;

    public ReceiverReply OnEndOfData(ReceiverContext context, ReceivedMail mail)
    {
        Mails.Enqueue(mail);
        return EndOfData?.Invoke(mail) ?? ReceiverReply.Ok;
    }

    public SmtpReceiver Start(ReceiverOptions? options = null, TimeProvider? time = null) => SmtpReceiver.Start(options ?? new ReceiverOptions(), this, time ?? TimeProvider.System);
}
