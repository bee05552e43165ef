using Orleans.Mail.Transport.Receiving;

namespace Orleans.Mail.Testing;

/// <summary>The receiving host of one domain in a <see cref="MailTestHost"/>: takes everything until it is told otherwise.</summary>
public sealed class TestReceiver
{
    readonly Lock _lock = new();
    readonly Dictionary<string, int> _greylisted = new(StringComparer.OrdinalIgnoreCase);
    ReceiverReply _recipientReply = ReceiverReply.Ok;
    int _greylistTimes;
    int _lostReplies;

    internal TestReceiver(string domain) => Domain = domain;

    public string Domain { get; }

    /// <summary>Takes every recipient from now on.</summary>
    public TestReceiver Accept() => Answer(ReceiverReply.Ok, greylistTimes: 0);

    /// <summary>Asks each recipient's mail to wait this many times, then takes it.</summary>
    public TestReceiver Greylist(int times)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(times);
        return Answer(ReceiverReply.Ok, times);
    }

    /// <summary>Answers every recipient with 4yz: never takes the mail.</summary>
    public TestReceiver Defer(int code = 452, string text = "4.2.2 Mailbox full") => Answer(new ReceiverReply(code, text), greylistTimes: 0);

    /// <summary>Answers every recipient with 5yz.</summary>
    public TestReceiver Refuse(int code = 550, string text = "5.1.1 No such mailbox") => Answer(new ReceiverReply(code, text), greylistTimes: 0);

    /// <summary>Takes the mail and loses the connection in place of the answer, this many times.</summary>
    public TestReceiver LoseReply(int times = 1)
    {
        lock (_lock) _lostReplies = times;
        return this;
    }

    internal ReceiverReply OnRecipient(string recipient)
    {
        lock (_lock)
        {
            var asked = _greylisted.GetValueOrDefault(recipient);
            if (asked >= _greylistTimes) return _recipientReply;
            _greylisted[recipient] = asked + 1;
            return new ReceiverReply(451, "4.7.1 Greylisted, try again later");
        }
    }

    internal bool LosesReply()
    {
        lock (_lock) return _lostReplies > 0 && _lostReplies-- > 0;
    }

    TestReceiver Answer(ReceiverReply reply, int greylistTimes)
    {
        lock (_lock)
        {
            _recipientReply = reply;
            _greylistTimes = greylistTimes;
            _greylisted.Clear();
        }

        return this;
    }
}
