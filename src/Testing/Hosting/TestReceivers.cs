using System.Collections.Concurrent;
using MimeKit;
using Orleans.Mail.Transport.Receiving;

namespace Orleans.Mail.Testing;

/// <summary>All receiving hosts of a <see cref="MailTestHost"/>, behind one port: the recipient's domain tells which one is meant.</summary>
sealed class TestReceivers : IReceiverBehavior
{
    readonly ConcurrentDictionary<string, TestReceiver> _receivers = new(StringComparer.OrdinalIgnoreCase);
    readonly ConcurrentQueue<ReceivedMail> _mails = new();
    readonly FailureAddresses _failures = new(new CaptureStore(TimeProvider.System));

    public TestReceiver Of(string domain) => _receivers.GetOrAdd(domain, static domain => new TestReceiver(domain));

    public IReadOnlyList<MimeMessage> Inbox(string address) =>
        [.. _mails.Where(mail => mail.Recipients.Contains(address, StringComparer.OrdinalIgnoreCase)).Select(mail => MimeMessage.Load(new MemoryStream(mail.Content.ToArray())))];

    public ReceiverReply OnRecipient(ReceiverContext context, string recipient) =>
        _receivers.TryGetValue(DomainOf(recipient), out var receiver) ? receiver.OnRecipient(recipient) : _failures.OnRecipient(context, recipient);

    public ReceiverReply OnEndOfData(ReceiverContext context, ReceivedMail mail)
    {
        _mails.Enqueue(mail);
        return _receivers.TryGetValue(DomainOf(mail.Recipients[0]), out var receiver)
            ? receiver.LosesReply() ? ReceiverReply.Drop : ReceiverReply.Ok
            : _failures.OnEndOfData(context, mail);
    }

    static string DomainOf(string address) => address[(address.LastIndexOf('@') + 1)..];
}
