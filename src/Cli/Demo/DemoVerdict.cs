namespace Orleans.Mail.Cli.Demo;

/// <summary>What the service itself says at the end, beside what the events told.</summary>
/// <param name="Surprises">Messages that did not end as planned.</param>
/// <param name="OvertakenCount">Bulk messages accepted before the urgent one and delivered after it.</param>
sealed record DemoVerdict(IReadOnlyList<MessageStatus> Surprises, int OvertakenCount)
{
    public bool IsAsPlanned => Surprises.Count == 0;

    public static DemoVerdict Of(string generation, IReadOnlyDictionary<MessageId, MessageStatus> statuses)
    {
        var urgent = statuses.GetValueOrDefault(DemoPlan.IdOf(generation, DemoPlan.Urgent));
        var overtaken = DemoPlan.Crowd.Count(message => statuses.GetValueOrDefault(DemoPlan.IdOf(generation, message)) is { } status
            && urgent is { FinalAt: not null } && status.AcceptedAt <= urgent.AcceptedAt && status.FinalAt > urgent.FinalAt);
        var surprises = DemoPlan.All
            .Select(message => (message.Expected, Status: statuses.GetValueOrDefault(DemoPlan.IdOf(generation, message))))
            .Where(pair => pair.Status is not null && pair.Status.State != pair.Expected)
            .Select(pair => pair.Status!);
        return new DemoVerdict([.. surprises], overtaken);
    }
}
