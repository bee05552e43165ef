using Orleans.Mail.Policy.Outcomes;
using Orleans.Mail.Policy.Shaping;
using Orleans.Mail.Policy.Sites;

namespace Orleans.Mail.Policy.Simulation;

/// <summary>A site that behaves as its model says.</summary>
sealed class SimulatedReceiver(ReceiverModel model, DateTimeOffset start, Func<double> chance)
{
    static readonly AnswerModel Accepts = new();
    static readonly AnswerModel Lost = new() { Category = Categories.Connection };
    static readonly AnswerModel TooFast = new() { Category = Categories.RateLimited, Reply = "451 4.7.0 too many messages, slow down" };
    static readonly AnswerModel Greylisted = new() { Category = Categories.Greylisted, Reply = "451 4.7.1 greylisted" };

    readonly TokenBucket? _pace = model.Rate is { } rate ? new TokenBucket(rate, start) : null;

    public bool IsDown(DateTimeOffset now) => model.Outages.Any(outage => now - start >= outage.From && now - start < outage.To);

    public bool TakesConnection(int open) => !(open >= model.MaxConnections);

    public AnswerModel Answer(SimulatedMail mail, DateTimeOffset now)
    {
        if (mail.Attempts <= mail.Group.Answers.Length) return mail.Group.Answers[mail.Attempts - 1];
        if (IsDown(now)) return Lost;
        if (_pace is not null && _pace.Take(1, now) == 0) return TooFast;
        if (model.Greylist is { } wait && now - mail.FirstAttempt < wait) return Greylisted;
        foreach (var answer in model.Answers)
            if (chance() < answer.Share)
                return answer;
        return Accepts;
    }
}

/// <summary>A message of a simulation.</summary>
sealed class SimulatedMail(MailGroup group, int row, DateTimeOffset accepted)
{
    public MailGroup Group => group;

    /// <summary>Its row in the report.</summary>
    public int Row => row;

    public DateTimeOffset Accepted => accepted;
    public DateTimeOffset ExpiresAt { get; } = accepted + group.LifetimeOrDefault;
    public int Attempts { get; set; }
    public DateTimeOffset FirstAttempt { get; set; }
    public bool WasGreylisted { get; set; }
    public bool IsUnderWay { get; set; }
    public bool IsFinal { get; set; }

    /// <summary>Its place in the queue; null elsewhere.</summary>
    public FairTicket<SimulatedMail>? Ticket { get; set; }
}
