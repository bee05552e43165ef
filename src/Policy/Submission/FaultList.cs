using System.Globalization;

namespace Orleans.Mail.Policy.Submission;

/// <summary>Everything found wrong so far: bounded, and never holding a value.</summary>
sealed class FaultList(int limit)
{
    readonly List<SubmitFault> faults = [];
    int more;

    public bool IsEmpty => faults.Count == 0;

    public bool IsTooLarge { get; private set; }

    public void Add(string field, string problem)
    {
        if (faults.Count < limit) faults.Add(new SubmitFault(field, problem));
        else more++;
    }

    public void AddTooLarge(string field, string problem)
    {
        IsTooLarge = true;
        faults.Insert(0, new SubmitFault(field, problem));
    }

    public ParseResult ToResult()
    {
        if (more > 0) faults.Add(new SubmitFault("faults", $"{Number(more)} further faults are not listed; mend these first"));
        return new ParseResult { Code = IsTooLarge ? MailErrorCode.TooLarge : MailErrorCode.InvalidDraft, Faults = [.. faults] };
    }

    public static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
