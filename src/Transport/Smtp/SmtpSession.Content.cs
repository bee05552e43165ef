namespace Orleans.Mail.Transport.Smtp;

/// <summary>Content and its end: here it is decided what is in doubt.</summary>
sealed partial class SmtpSession
{
    const int LargeContentBytes = 64 * 1024;

    async ValueTask SendContentAsync(SmtpTransaction transaction, TransactionRecord record)
    {
        if (record.AcceptedCount == 0)
        {
            await SendNoContentAsync().ConfigureAwait(false);
            return;
        }

        record.Phase = SmtpPhase.Content;
        if (wire.HasUnreadInput)
        {
            await ReadEarlyReplyAsync(record).ConfigureAwait(false);
            return;
        }

        transaction.BeforeContent?.Invoke();
        await wire.WriteContentAsync(transaction.Content, new ContentPace(deadline.Time, options.ContentBlockTimeout, options.MinContentRate)).ConfigureAwait(false);
        if (!transaction.Content.Span.EndsWith("\r\n"u8)) wire.Append("\r\n"u8);
        if (wire.IsWriteBroken || (transaction.Content.Length > LargeContentBytes && wire.Peek(Tls is not null) is { HasInput: true }))
        {
            await ReadEarlyReplyAsync(record).ConfigureAwait(false);
            return;
        }

        if (!await CallBeforeEndOfDataAsync(transaction, record).ConfigureAwait(false)) return;
        record.Phase = SmtpPhase.EndOfData;
        wire.Append(".\r\n"u8);
        await wire.FlushAsync(options.ContentBlockTimeout).ConfigureAwait(false);
        var reply = await wire.ReadReplyAsync(options.EndOfDataTimeout).ConfigureAwait(false);
        NoteEndOfData(reply, record);
    }

    /// <summary>RFC 2920 §3.1: a remote that wants content for nobody gets none.</summary>
    async ValueTask SendNoContentAsync()
    {
        wire.Append(".\r\n"u8);
        await wire.FlushAsync(options.ContentBlockTimeout).ConfigureAwait(false);
        var reply = await wire.ReadReplyAsync(options.EndOfDataTimeout).ConfigureAwait(false);
        _needsReset = false;
        if (reply.Code == 421 || !IsFinal(reply)) _isOpen = false;
    }

    /// <summary>A remote that refuses while content is still on its way has refused; the end of data is not sent.</summary>
    async ValueTask ReadEarlyReplyAsync(TransactionRecord record)
    {
        var reply = await wire.ReadReplyAsync(options.ContentBlockTimeout).ConfigureAwait(false);
        if (reply.IsTransient || reply.IsPermanent) record.EndOfDataReply = reply;
        Break(record, SessionFailureKind.Protocol, reply, "The remote answered before the content ended.");
    }

    async ValueTask<bool> CallBeforeEndOfDataAsync(SmtpTransaction transaction, TransactionRecord record)
    {
        try
        {
            if (transaction.BeforeEndOfData is not { } hook) return true;
            var ready = hook();
            // The remote reads meanwhile.
            if (!ready.IsCompleted) await wire.FlushAsync(options.ContentBlockTimeout).ConfigureAwait(false);
            await ready.ConfigureAwait(false);
            return true;
        }
        catch (Exception exception)
        {
            Break(record, SessionFailureKind.Internal, null, $"Stopped before the end of data: {exception.GetType().Name}.");
            return false;
        }
    }

    void NoteEndOfData(SmtpReply reply, TransactionRecord record)
    {
        if (!IsFinal(reply))
        {
            Break(record, SessionFailureKind.Protocol, reply, "The remote answered the end of data with a code that has no meaning there.");
            return;
        }

        record.EndOfDataReply = reply;
        _needsReset = false;
        if (reply.Code == 421) _isOpen = false;
    }
}
