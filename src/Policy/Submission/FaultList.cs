using System.Globalization;

namespace Orleans.Mail.Policy.Submission;

/// <summary>Everything found wrong so far: bounded, and never holding a value.</summary>
sealed class FaultList(int limit)
{
    readonly List<SubmitFault> _faults = [];
    int _more;

    public bool IsEmpty => _faults.Count == 0;

    public bool IsTooLarge { get; private set; }

    public void Add(string field, string problem)
    {
        if (_faults.Count < limit) _faults.Add(new SubmitFault(field, problem));
        else _more++;
    }

    public void AddTooLarge(string field, string problem)
    {
        IsTooLarge = true;
        _faults.Insert(0, new SubmitFault(field, problem));
    }

    public ParseResult ToResult()
    {
        if (_more > 0) _faults.Add(new SubmitFault("faults", $"{Number(_more)} further faults are not listed; mend these first"));
        return new ParseResult { Code = IsTooLarge ? MailErrorCode.TooLarge : MailErrorCode.InvalidDraft, Faults = [.. _faults] };
    }

    public static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);
}
