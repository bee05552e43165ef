namespace Orleans.Mail.Transport.Smtp;

/// <summary>The commands of a transaction, by index: −1 RSET, 0 MAIL, then each RCPT, then DATA.</summary>
sealed partial class SmtpSession
{
    /// <summary>Commands outstanding at a time. Bounds what both sides must buffer, so that neither waits for the other for ever (RFC 2920 §3.1).</summary>
    const int GroupSize = 50;

    const int Reset = -1;
    const int MailFrom = 0;

    /// <summary>True when the remote waits for content.</summary>
    async ValueTask<bool> SendEnvelopeAsync(SmtpTransaction transaction, TransactionRecord record)
    {
        var data = transaction.Recipients.Count + 1;
        var groupSize = Extensions.HasPipelining ? GroupSize : 1;
        var next = _needsReset ? Reset : MailFrom;
        while (next <= data)
        {
            // Nothing more is said to a remote that refused the sender or every recipient, but a RSET before the next message.
            if (next > MailFrom && !record.IsSenderAccepted) return false;
            if (next == data && record.AcceptedCount == 0) return false;
            var first = next;
            var last = Math.Min(data, next + groupSize - 1);
            for (var index = first; index <= last; index++) AppendCommand(index, transaction);
            await wire.FlushAsync(Limit(first, data)).ConfigureAwait(false);
            for (; next <= last; next++)
            {
                record.Phase = Phase(next, data);
                var reply = await wire.ReadReplyAsync(Limit(next, data)).ConfigureAwait(false);
                if (!NoteEnvelopeReply(next, data, reply, record)) return false;
            }
        }

        return record.IsContentDue;
    }

    void AppendCommand(int index, SmtpTransaction transaction)
    {
        if (index == Reset) wire.Append("RSET"u8);
        else if (index == MailFrom) AppendMailFrom(transaction);
        else if (index > transaction.Recipients.Count) wire.Append("DATA"u8);
        else AppendRecipient(transaction.Recipients[index - 1], transaction.Dsn);
        wire.EndCommand(transaction.NeedsSmtpUtf8);
    }

    // RFC 5321 §4.1.1.3: no parameter that was not offered.
    void AppendMailFrom(SmtpTransaction transaction)
    {
        wire.Append("MAIL FROM:<"u8);
        wire.Append(transaction.From);
        wire.Append(">"u8);
        if (Extensions.HasSize)
        {
            wire.Append(" SIZE="u8);
            wire.Append(transaction.Content.Length);
        }

        if (transaction.NeedsEightBitMime) wire.Append(" BODY=8BITMIME"u8);
        if (transaction.NeedsSmtpUtf8) wire.Append(" SMTPUTF8"u8);
        if (transaction.RequireTls) wire.Append(" REQUIRETLS"u8);
        if (transaction.Dsn is { } dsn && Extensions.HasDsn) wire.Append(DsnParameters.OfMailFrom(dsn));
    }

    void AppendRecipient(string recipient, DsnRequest? dsn)
    {
        wire.Append("RCPT TO:<"u8);
        wire.Append(recipient);
        wire.Append(">"u8);
        if (dsn is not null && Extensions.HasDsn) wire.Append(DsnParameters.OfRecipient(dsn, recipient));
    }

    /// <summary>Writes a reply down where it belongs; false when the dialogue ends with it.</summary>
    bool NoteEnvelopeReply(int index, int data, SmtpReply reply, TransactionRecord record)
    {
        if (index == MailFrom) record.MailFromReply = reply;
        // Behind a refused MAIL, the replies to RCPT and DATA say nothing but that (503), and must not look like a judgement on recipients.
        else if (index > MailFrom && index < data && record.IsSenderAccepted) record.SetRecipientReply(index - 1, reply);
        else if (index == data && record.AcceptedCount > 0 && reply.Code != 354) record.DataReply = reply;

        if (index == MailFrom) _needsReset = reply.IsPositive;
        if (index == Reset) _needsReset = !reply.IsPositive;

        if (reply.Code == 421)
        {
            // RFC 5321 §3.8: said at any command, and the connection is closed behind it.
            Break(record, SessionFailureKind.ConnectionLost, reply, "The remote closes the connection.");
            return false;
        }

        if (index == data && reply.Code == 354)
        {
            record.IsContentDue = true;
            return true;
        }

        var isExpected = index == data ? !reply.IsPositive && IsFinal(reply) : index == Reset ? reply.IsPositive : IsFinal(reply);
        if (!isExpected) Break(record, SessionFailureKind.Protocol, reply, "The remote answered with a code that has no meaning here.");
        return isExpected;
    }

    /// <summary>RFC 5321 §4.2.1: what else a remote may say is an error of its own, and tells nothing about the message.</summary>
    static bool IsFinal(SmtpReply reply) => reply.IsPositive || reply.IsTransient || reply.IsPermanent;

    TimeSpan Limit(int index, int data) => Phase(index, data) switch
    {
        SmtpPhase.MailFrom => options.MailFromTimeout,
        SmtpPhase.RcptTo => options.RecipientTimeout,
        _ => options.DataTimeout,
    };

    static SmtpPhase Phase(int index, int data) =>
        index <= MailFrom ? SmtpPhase.MailFrom : index < data ? SmtpPhase.RcptTo : SmtpPhase.Data;
}
