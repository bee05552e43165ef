using System.Globalization;

namespace Orleans.Mail.Policy.Outcomes;

/// <summary>Words and numbers of a reply, one after the other; <c>300s</c> is two of them.</summary>
ref struct HintWords(ReadOnlySpan<char> text)
{
    // More digits than a sane wait has.
    const int MaxDigits = 6;

    readonly ReadOnlySpan<char> _text = text;
    int _at;
    ReadOnlySpan<char> _previous;

    /// <summary>The word, or digits, or a clock such as <c>00:05:00</c>.</summary>
    public ReadOnlySpan<char> Current { get; private set; }

    /// <summary>How many words came before.</summary>
    public int Number { get; private set; } = -1;

    public bool Next()
    {
        _previous = Current;
        var next = _at;
        Current = Read(ref next);
        _at = next;
        Number++;
        return !Current.IsEmpty;
    }

    public readonly bool Is(string word) => Current.Equals(word, StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether a duration stands here; then its unit is passed over.</summary>
    public bool TryDuration(out TimeSpan duration)
    {
        duration = default;
        if (!char.IsAsciiDigit(Current[0]) || IsNoWait(_previous)) return false;
        if (Current.Contains(':')) return TryClock(Current, out duration);
        var next = _at;
        var unit = UnitOf(Read(ref next));
        if (unit == default || Current.Length > MaxDigits || Current.Contains('.')) return false;
        _at = next;
        duration = unit * int.Parse(Current, NumberStyles.None, CultureInfo.InvariantCulture);
        return true;
    }

    // "10 messages per 60 seconds" is a rate, "until 14:20:00" a time of day.
    static bool IsNoWait(ReadOnlySpan<char> word) =>
        word.Equals("per", StringComparison.OrdinalIgnoreCase) || word.Equals("every", StringComparison.OrdinalIgnoreCase)
        || word.Equals("last", StringComparison.OrdinalIgnoreCase) || word.Equals("at", StringComparison.OrdinalIgnoreCase)
        || word.Equals("until", StringComparison.OrdinalIgnoreCase);

    // Hours, minutes, seconds. Two numbers could be a time of day as well.
    static bool TryClock(ReadOnlySpan<char> word, out TimeSpan duration)
    {
        duration = default;
        Span<Range> parts = stackalloc Range[4];
        if (word.Length > 9 || word.Split(parts, ':') != 3) return false;
        Span<int> numbers = stackalloc int[3];
        for (var i = 0; i < 3; i++)
            if (!int.TryParse(word[parts[i]], NumberStyles.None, CultureInfo.InvariantCulture, out numbers[i]) || (i > 0 && numbers[i] > 59))
                return false;
        duration = new TimeSpan(numbers[0], numbers[1], numbers[2]);
        return true;
    }

    static TimeSpan UnitOf(ReadOnlySpan<char> word)
    {
        Span<char> lower = stackalloc char[8];
        if (word.Length > lower.Length) return default;
        return lower[..word.ToLowerInvariant(lower)] switch
        {
            "s" or "sec" or "secs" or "second" or "seconds" => TimeSpan.FromSeconds(1),
            "m" or "min" or "mins" or "minute" or "minutes" => TimeSpan.FromMinutes(1),
            "h" or "hr" or "hrs" or "hour" or "hours" => TimeSpan.FromHours(1),
            "d" or "day" or "days" => TimeSpan.FromDays(1),
            _ => default,
        };
    }

    readonly ReadOnlySpan<char> Read(scoped ref int from)
    {
        while (from < _text.Length && !char.IsAsciiLetterOrDigit(_text[from])) from++;
        var start = from;
        if (start == _text.Length) return default;
        if (char.IsAsciiDigit(_text[start]))
            while (from < _text.Length && (char.IsAsciiDigit(_text[from]) || (_text[from] is ':' or '.' && from + 1 < _text.Length && char.IsAsciiDigit(_text[from + 1])))) from++;
        else
            while (from < _text.Length && char.IsAsciiLetter(_text[from])) from++;
        return _text[start..from];
    }
}
