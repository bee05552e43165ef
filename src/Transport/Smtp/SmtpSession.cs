using System.Net.Sockets;
using System.Text;

namespace Orleans.Mail.Transport.Smtp;

/// <summary>Mail transactions over one connection. Commands go out in groups where the remote offers PIPELINING (RFC 2920), DATA with them: two round trips a message.</summary>
sealed partial class SmtpSession(string host, string? tls, SmtpExtensions extensions, SmtpWire wire, SessionDeadline deadline, IDisposable connection, TransportOptions options) : ISmtpSession
{
    bool _needsReset;

    public string Host => host;

    public string? Tls => tls;

    public bool IsUsable { get; private set; } = true;

    public int TransactionCount { get; private set; }

    public async Task<AttemptTranscript> SendAsync(SmtpTransaction transaction, CancellationToken cancellationToken)
    {
        ThrowIfUnfit(transaction);
        if (!IsUsable) throw new InvalidOperationException("The session is not usable any more.");
        var record = new TransactionRecord(transaction.Recipients.Count);
        if (Precheck(transaction, cancellationToken) is { } refusal)
        {
            record.Refuse(refusal);
            return record.ToTranscript();
        }

        TransactionCount++;
        using var registration = cancellationToken.UnsafeRegister(static state => ((SessionDeadline)state!).Abandon(), deadline);
        try
        {
            wire.Begin(transaction.Content.Length + 1024);
            if (await SendEnvelopeAsync(transaction, record).ConfigureAwait(false)) await SendContentAsync(transaction, record).ConfigureAwait(false);
            if (wire.HasUnreadInput || wire.IsWriteBroken) IsUsable = false;
        }
        catch (Exception exception) when (IsWireFault(exception))
        {
            var kind = deadline.Explain(exception);
            Break(record, kind, null, Describe(kind, exception));
        }
        finally
        {
            deadline.Disarm();
            wire.End();
        }

        return record.ToTranscript();
    }

    public async Task QuitAsync()
    {
        if (IsUsable)
        {
            IsUsable = false;
            try
            {
                wire.Begin(64);
                wire.Append("QUIT\r\n"u8);
                await wire.FlushAsync(options.QuitTimeout).ConfigureAwait(false);
                await wire.ReadReplyAsync(options.QuitTimeout).ConfigureAwait(false);
            }
            catch (Exception exception) when (IsWireFault(exception))
            {
                // The connection is closed next, whatever the remote says to that.
            }
        }

        await DisposeAsync().ConfigureAwait(false);
    }

    public ValueTask DisposeAsync()
    {
        IsUsable = false;
        deadline.Dispose();
        wire.Dispose();
        connection.Dispose();
        return ValueTask.CompletedTask;
    }

    SessionFailure? Precheck(SmtpTransaction transaction, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested) return new SessionFailure(SmtpPhase.MailFrom, SessionFailureKind.Abandoned, null, "Given up before it began.");
        if (extensions.Refuse(transaction) is { } failure) return failure;
        if (!DotStuffing.HasOnlyWholeLineEnds(transaction.Content.Span)) return new SessionFailure(SmtpPhase.MailFrom, SessionFailureKind.Internal, null, "The content has a CR or an LF that stands alone.");
        var (isClosed, hasInput) = wire.Peek(tls is not null);
        if (!isClosed && !hasInput) return null;
        IsUsable = false;
        return new SessionFailure(SmtpPhase.MailFrom, SessionFailureKind.ConnectionLost, null, isClosed ? "The remote closed the idle connection." : "The remote spoke on the idle connection.");
    }

    /// <summary>The connection is of no further use, and is dropped at once: nothing sent after a break may be taken for part of a message.</summary>
    void Break(TransactionRecord record, SessionFailureKind kind, SmtpReply? reply, string detail)
    {
        IsUsable = false;
        record.Fail(kind, reply, detail);
        connection.Dispose();
    }

    static bool IsWireFault(Exception exception) => exception is IOException or ObjectDisposedException or SocketException;

    static string Describe(SessionFailureKind kind, Exception exception) => kind switch
    {
        SessionFailureKind.Abandoned => "Given up by this service.",
        SessionFailureKind.Timeout => "The remote did not answer in time.",
        SessionFailureKind.Protocol => exception.Message,
        _ => "The connection was lost.",
    };

    // Addresses are parsed long before; this is the last line before the wire (RFC 5321 §4.1.2).
    static void ThrowIfUnfit(SmtpTransaction transaction)
    {
        if (transaction.Recipients.Count == 0) throw new ArgumentException("A transaction needs a recipient.", nameof(transaction));
        ThrowIfUnfit(transaction.From, transaction.NeedsSmtpUtf8);
        foreach (var recipient in transaction.Recipients) ThrowIfUnfit(recipient, transaction.NeedsSmtpUtf8);
    }

    static void ThrowIfUnfit(string path, bool isUtf8Allowed)
    {
        if (path.AsSpan().ContainsAnyInRange('\0', '\x1F') || path.Contains('\x7F', StringComparison.Ordinal)) throw new ArgumentException("A path has a control character.", nameof(path));
        if (!isUtf8Allowed && !Ascii.IsValid(path)) throw new ArgumentException("A path has characters that need SMTPUTF8, which the transaction does not ask for.", nameof(path));
    }
}
