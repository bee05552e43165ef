using System.Net;

namespace Orleans.Mail.Transport.Receiving;

/// <summary>Decides what a <see cref="SmtpReceiver"/> answers. Called by many sessions at once; each method has an answer of its own that says yes.</summary>
public interface IReceiverBehavior
{
    ReceiverReply OnConnect(ReceiverContext context) => ReceiverReply.Greeting;

    /// <summary>Asked first for every command; null leaves the answer to the receiver, or to the more special methods below.</summary>
    /// <param name="context">The session.</param>
    /// <param name="verb">Upper case.</param>
    /// <param name="line">The whole command without CRLF.</param>
    ReceiverReply? OnCommand(ReceiverContext context, string verb, string line) => null;

    ReceiverReply OnMailFrom(ReceiverContext context, string from) => ReceiverReply.Ok;

    ReceiverReply OnRecipient(ReceiverContext context, string recipient) => ReceiverReply.Ok;

    ReceiverReply OnEndOfData(ReceiverContext context, ReceivedMail mail) => ReceiverReply.Ok;
}

/// <summary>What is known of a session when a behaviour is asked.</summary>
public sealed class ReceiverContext
{
    /// <summary>Counts the sessions of a receiver from 1.</summary>
    public required long SessionNumber { get; init; }

    public required EndPoint? RemoteEndPoint { get; init; }

    /// <summary>What the client called itself; null before EHLO.</summary>
    public string? ClientName { get; internal set; }

    public bool IsTls { get; internal set; }

    /// <summary>Mails whose end of data came in this session.</summary>
    public int MailCount { get; internal set; }

    /// <summary>Reverse path of the open transaction; null outside one.</summary>
    public string? From { get; internal set; }

    /// <summary>Recipients accepted in the open transaction.</summary>
    public IReadOnlyList<string> Recipients => AcceptedRecipients;

    internal List<string> AcceptedRecipients { get; } = [];

    internal void EndTransaction()
    {
        From = null;
        AcceptedRecipients.Clear();
    }
}
