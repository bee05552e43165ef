using System.Net.Sockets;

namespace Orleans.Mail.Transport.Smtp;

/// <summary>What the opening dialogue came to.</summary>
/// <param name="Host">Name of the remote.</param>
/// <param name="Tls">TLS in words; null for plaintext.</param>
/// <param name="Proof">What vouches for the remote.</param>
/// <param name="Extensions">What it offers.</param>
sealed record OpenedSession(string Host, string? Tls, TlsProof Proof, SmtpExtensions Extensions);

/// <summary>Mail transactions over one connection. Commands go out in groups where the remote offers PIPELINING (RFC 2920), DATA with them: two round trips a message.</summary>
sealed partial class SmtpSession(OpenedSession opened, SmtpWire wire, SessionDeadline deadline, IDisposable connection, TransportOptions options) : ISmtpSession
{
    bool _needsReset;
    bool _isOpen = true;

    public string Host => opened.Host;

    public string? Tls => opened.Tls;

    public bool IsTlsLost { get; set; }

    public TlsProof TlsProof => opened.Proof;

    public RemoteLimits Limits => Extensions.Limits;

    // RFC 9422 §4.1: a further transaction would be refused.
    public bool IsUsable => _isOpen && TransactionCount < (Limits.MaxMessages ?? int.MaxValue);

    public int TransactionCount { get; private set; }

    SmtpExtensions Extensions => opened.Extensions;

    public async Task<AttemptTranscript> SendAsync(SmtpTransaction transaction, CancellationToken cancellationToken)
    {
        if (transaction.Recipients.Count == 0) throw new ArgumentException("A transaction needs a recipient.", nameof(transaction));
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
            if (wire.HasUnreadInput || wire.IsWriteBroken) _isOpen = false;
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
        if (_isOpen)
        {
            _isOpen = false;
            try
            {
                wire.Begin(64);
                wire.Append("QUIT"u8);
                wire.EndCommand();
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
        _isOpen = false;
        deadline.Dispose();
        wire.Dispose();
        connection.Dispose();
        return ValueTask.CompletedTask;
    }

    SessionFailure? Precheck(SmtpTransaction transaction, CancellationToken cancellationToken)
    {
        if (cancellationToken.IsCancellationRequested) return new SessionFailure(SmtpPhase.MailFrom, SessionFailureKind.Abandoned, null, "Given up before it began.");
        if (CommandOctets.FaultOf(transaction) is { } fault) return new SessionFailure(SmtpPhase.MailFrom, SessionFailureKind.Internal, null, fault);
        if (Extensions.Refuse(transaction, TlsProof) is { } failure) return failure;
        var (isClosed, hasInput) = wire.Peek(Tls is not null);
        if (!isClosed && !hasInput) return null;
        _isOpen = false;
        return new SessionFailure(SmtpPhase.MailFrom, SessionFailureKind.ConnectionLost, null, isClosed ? "The remote closed the idle connection." : "The remote spoke on the idle connection.");
    }

    /// <summary>The connection is of no further use, and is dropped at once: nothing sent after a break may be taken for part of a message.</summary>
    void Break(TransactionRecord record, SessionFailureKind kind, SmtpReply? reply, string detail)
    {
        _isOpen = false;
        record.Fail(kind, reply, detail);
        connection.Dispose();
    }

    static bool IsWireFault(Exception exception) => exception is IOException or ObjectDisposedException or SocketException;

    static string Describe(SessionFailureKind kind, Exception exception) => kind switch
    {
        SessionFailureKind.Abandoned => "Given up by this service.",
        SessionFailureKind.Timeout => "The remote did not answer in time.",
        SessionFailureKind.Protocol or SessionFailureKind.Internal => exception.Message,
        _ => "The connection was lost.",
    };
}
