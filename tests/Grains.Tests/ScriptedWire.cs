using System.Collections.Concurrent;
using System.Net;
using Orleans.Mail.Transport;

namespace Orleans.Mail.Grains.Tests;

/// <summary>The outside world: every domain has one host, and a script says how recipients are answered.</summary>
public sealed class ScriptedWire : ISmtpConnector, IMxResolver
{
    public ConcurrentQueue<SmtpTransaction> Received { get; } = new();

    public Func<SmtpTransaction, AttemptTranscript> Answer { get; set; } = Accept;

    /// <summary>Whether sessions say that their host had TLS before.</summary>
    public bool IsTlsLost { get; set; }

    public Func<SmtpTarget, SessionFailure?> OnConnect { get; set; } = _ => null;

    /// <summary>What the name service says; unless set, every domain has the host <c>mx.</c> of its own name.</summary>
    public Func<string, MxAnswer> OnResolve { get; set; } = domain => Hosts($"mx.{domain}");

    /// <summary>The answer of one host, in place of <see cref="Answer"/>.</summary>
    public Func<string, SmtpTransaction, AttemptTranscript>? AnswerOf { get; set; }

    /// <summary>Hosts that were dialled, in order.</summary>
    public ConcurrentQueue<SmtpTarget> Targets { get; } = new();

    /// <summary>Sessions wait for it before they answer.</summary>
    public Task Gate { get; set; } = Task.CompletedTask;

    /// <summary>Sessions wait before they answer, until <see cref="Open"/>.</summary>
    public void Close() => Gate = (_closed = new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;

    /// <summary>What waits since <see cref="Close"/> is answered.</summary>
    public void Open() => _closed?.TrySetResult();

    TaskCompletionSource? _closed;

    /// <summary>One transaction's own gate, after <see cref="Gate"/>.</summary>
    public Func<SmtpTransaction, Task> Before { get; set; } = _ => Task.CompletedTask;

    /// <summary>Most sessions that were ever inside a transaction at once.</summary>
    public int MostAtOnce => _mostAtOnce;

    /// <summary>Connections tried, whatever came of them.</summary>
    public int Dialled => _dialled;

    int _mostAtOnce;
    int _atOnce;
    int _dialled;

    /// <summary>While set, sessions tell it that they got this far, and never answer.</summary>
    public TaskCompletionSource? Hold { get; set; }

    public static AttemptTranscript Accept(SmtpTransaction transaction)
    {
        transaction.BeforeContent?.Invoke();
        transaction.BeforeEndOfData?.Invoke().GetAwaiter().GetResult();
        return new AttemptTranscript
        {
            MailFromReply = SmtpReply.Create(250, "2.1.0 Ok"),
            RecipientReplies = [.. transaction.Recipients.Select(_ => SmtpReply.Create(250, "2.1.5 Ok"))],
            EndOfDataReply = SmtpReply.Create(250, "2.0.0 Ok: queued"),
        };
    }

    public static AttemptTranscript Refuse(SmtpTransaction transaction, int code, string text) => new()
    {
        MailFromReply = SmtpReply.Create(250, "2.1.0 Ok"),
        RecipientReplies = [.. transaction.Recipients.Select(_ => SmtpReply.Create(code, text))],
    };

    public static AttemptTranscript LoseReply(SmtpTransaction transaction) => Accept(transaction) with
    {
        EndOfDataReply = null,
        IsInDoubt = true,
        Failure = new SessionFailure(SmtpPhase.EndOfData, SessionFailureKind.ConnectionLost, null, "lost"),
    };

    /// <summary>The session is lost before MAIL is answered, or later; nobody was refused.</summary>
    public static AttemptTranscript Lose(SmtpTransaction transaction, SmtpPhase phase = SmtpPhase.MailFrom) => new()
    {
        MailFromReply = phase > SmtpPhase.MailFrom ? SmtpReply.Create(250, "2.1.0 Ok") : null,
        RecipientReplies = [.. transaction.Recipients.Select(_ => phase > SmtpPhase.RcptTo ? SmtpReply.Create(250, "2.1.5 Ok") : null)],
        Failure = new SessionFailure(phase, SessionFailureKind.ConnectionLost, null, "lost"),
    };

    /// <summary>An answer of the name service: hosts in order of preference, each with an address of its own.</summary>
    public static MxAnswer Hosts(params string[] names) =>
        new(MxStatus.Hosts, [.. names.Select((name, index) => new MxHost(10 * (index + 1), name, [new IPAddress([127, 0, 0, (byte)(index + 1)])]))], DateTimeOffset.MaxValue) { Names = [.. names.Order(StringComparer.Ordinal)] };

    public ValueTask<MxAnswer> ResolveAsync(string domain, CancellationToken cancellationToken) => new(OnResolve(domain));

    public MxAnswer? Known(string domain) => OnResolve(domain);

    public Task<ConnectResult> ConnectAsync(SmtpTarget target, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _dialled);
        Targets.Enqueue(target);
        return Task.FromResult(OnConnect(target) is { } failure ? new ConnectResult(null, failure) : new ConnectResult(new Session(this, target.Host), null));
    }

    /// <summary>Connections that are open now break at their next transaction.</summary>
    public void BreakSessions() => Interlocked.Increment(ref _generation);

    int _generation;

    void Enter()
    {
        var now = Interlocked.Increment(ref _atOnce);
        for (var most = _mostAtOnce; now > most; most = _mostAtOnce) Interlocked.CompareExchange(ref _mostAtOnce, now, most);
    }

    void Exit() => Interlocked.Decrement(ref _atOnce);

    sealed class Session(ScriptedWire wire, string host) : ISmtpSession
    {
        public string Host => host;

        public string? Tls => null;

        public bool IsTlsLost => wire.IsTlsLost;

        readonly int _born = wire._generation;
        bool _isUsable = true;

        public bool IsUsable => _isUsable && _born == wire._generation;

        public int TransactionCount { get; private set; }

        public async Task<AttemptTranscript> SendAsync(SmtpTransaction transaction, CancellationToken cancellationToken)
        {
            TransactionCount++;
            if (wire.Hold is { } hold)
            {
                hold.TrySetResult();
                await Task.Delay(Timeout.InfiniteTimeSpan, CancellationToken.None);
            }

            wire.Enter();
            await wire.Gate;
            await wire.Before(transaction);
            var transcript = wire.AnswerOf is { } answer ? answer(host, transaction) : wire.Answer(transaction);
            wire.Received.Enqueue(transaction);
            wire.Exit();
            _isUsable = transcript.Failure is null;
            return transcript;
        }

        public Task QuitAsync() => Task.CompletedTask;

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
