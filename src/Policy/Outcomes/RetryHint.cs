namespace Orleans.Mail.Policy.Outcomes;

/// <summary>
/// The wait that a remote asks for in its reply: "try again in 300 seconds", "greylisted for 5 minutes", "retry after 00:05:00".
/// Remote text is hostile: one pass over a bounded number of characters, nothing kept but numbers.
/// </summary>
public static class RetryHint
{
    const int MaxLength = SmtpReply.MaxTextLength;

    // A cue and a duration belong together within so many words, in either order.
    const int Near = 8;
    const int NearAfter = 4;

    static readonly TimeSpan Max = TimeSpan.FromDays(7);

    /// <summary>Null when the text asks for no wait, or for one of more than a week.</summary>
    public static TimeSpan? Find(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var words = new HintWords(text.AsSpan(0, Math.Min(text.Length, MaxLength)));
        var cueAt = -Near - 1;
        var sum = TimeSpan.Zero;
        var sumAt = -NearAfter - 1;
        var isContinued = false;
        var isHint = false;
        while (words.Next())
        {
            if (words.TryDuration(out var duration))
            {
                // "5 minutes and 30 seconds" is one wait; a second one elsewhere is another.
                if (isHint && !isContinued) break;
                if (!isContinued) sum = TimeSpan.Zero;
                sum += duration;
                sumAt = words.Number;
                isHint |= words.Number - cueAt <= Near;
                isContinued = true;
            }
            else if (IsCue(words.Current))
            {
                cueAt = words.Number;
                isContinued = false;
                if (sumAt >= 0 && words.Number - sumAt <= NearAfter) isHint = true;
                if (isHint) break;
            }
            else if (!words.Is("and"))
            {
                isContinued = false;
                if (isHint) break;
            }
        }

        return isHint && sum > TimeSpan.Zero && sum <= Max ? sum : null;
    }

    static bool IsCue(ReadOnlySpan<char> word) =>
        StartsWith(word, "retry") || StartsWith(word, "again") || StartsWith(word, "greylist") || StartsWith(word, "graylist")
        || StartsWith(word, "wait") || StartsWith(word, "back") || StartsWith(word, "resend") || StartsWith(word, "delay")
        || StartsWith(word, "defer") || StartsWith(word, "later") || StartsWith(word, "remain");

    static bool StartsWith(ReadOnlySpan<char> word, string start) => word.StartsWith(start, StringComparison.OrdinalIgnoreCase);
}
