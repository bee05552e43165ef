using Orleans.Mail.Transport;
using Orleans.Mail.Transport.Receiving;

namespace Orleans.Mail.Silo.Hosting;

/// <summary>Mode Simulate: the rules of the failure addresses without a socket. What they accept is gone.</summary>
sealed class SimulatedConnector(TimeProvider clock) : ISmtpConnector
{
    // A session of its own: nothing is kept, only counted by the rules themselves.
    readonly FailureAddresses _rules = new(new CaptureStore(clock) { MaxMails = 0 });
    long _sessionCount;

    public async Task<ConnectResult> ConnectAsync(SmtpTarget target, CancellationToken cancellationToken)
    {
        IReceiverBehavior rules = _rules;
        var context = new ReceiverContext { SessionNumber = Interlocked.Increment(ref _sessionCount), RemoteEndPoint = null };
        var answer = await SimulatedReply.ReadAsync(rules.OnConnect(context), SmtpPhase.Greeting, clock, cancellationToken);
        return answer is { Failure: null, Reply.IsPositive: true }
            ? new ConnectResult(new SimulatedSession(target.Host, rules, context, clock), null)
            : new ConnectResult(null, answer.Failure ?? new SessionFailure(SmtpPhase.Greeting, SessionFailureKind.Protocol, answer.Reply, "The greeting was no welcome."));
    }
}

/// <summary>What a client would have read: a reply, or that none came. Exactly one is set.</summary>
readonly record struct SimulatedReply(SmtpReply? Reply, SessionFailure? Failure, bool EndsSession)
{
    public static async Task<SimulatedReply> ReadAsync(ReceiverReply answer, SmtpPhase phase, TimeProvider clock, CancellationToken cancellationToken)
    {
        try
        {
            if (answer.Delay != TimeSpan.Zero) await Task.Delay(answer.Delay, clock, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            return Broken(phase, SessionFailureKind.Timeout, "No reply in time.");
        }

        if (answer.Connection is ConnectionFate.DropBeforeReply) return Broken(phase, SessionFailureKind.ConnectionLost, "The connection was lost before the reply.");
        return new SimulatedReply(SmtpReply.Create(answer.Code, answer.Text), null, answer.Connection is ConnectionFate.DropAfterReply || answer.Code == 421);
    }

    static SimulatedReply Broken(SmtpPhase phase, SessionFailureKind kind, string detail) => new(null, new SessionFailure(phase, kind, null, detail), EndsSession: true);
}
