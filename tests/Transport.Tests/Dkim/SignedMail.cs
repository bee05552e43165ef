using System.Text;

namespace Orleans.Mail.Transport.Tests.Dkim;

/// <summary>Contents that canonical forms and verifiers are known to differ on, and many more made of the same parts.</summary>
static class SignedMail
{
    const string From = "From: Ann <ann@sender.example>\r\n";
    const string Date = "Date: Sun, 1 Mar 2026 12:00:00 +0000\r\n";

    public static IReadOnlyList<byte[]> All(int count, int seed) => [.. Edges.Concat(Generated(count, new Random(seed))).Select(Encoding.Latin1.GetBytes)];

    static IEnumerable<string> Edges =>
    [
        From + Date + "\r\n",
        From + Date + "\r\n\r\n\r\n\r\n",
        From + Date + "\r\n \t \r\n\t\r\n",
        From + Date + "\r\nno end of line, then spaces  \r\n   \r\n\r\n",
        From + Date + "\r\n leading space\r\n\tleading tab\r\n",
        From + Date + "\r\na  b\t\tc \t d\r\n\r\n\r\ne \r\n",
        From + Date + "\r\n.\r\n..\r\n. .\r\n",
        From + Date + "Subject:\r\nTo: \r\n\r\nempty values\r\n",
        From + Date + "Subject:no space\r\nTO:b@c.example\r\n\r\nnames\r\n",
        From + Date + "Subject: trailing \t \r\n\r\nspaces\r\n",
        From + Date + "Subject: folded\r\n \t  twice\r\n   over\r\n\r\nx\r\n",
        From + Date + "Subject:\r\n starts on the next line\r\n\r\nx\r\n",
        From + Date + "To: a@c.example,\r\n b@c.example,\r\n\tc@c.example\r\nCc: d@c.example\r\n\r\nx\r\n",
        From + Date + "Received: one\r\nReceived: two\r\nComments: a\r\nComments: b\r\n\r\nseveral of a name\r\n",
        From + Date + "List-Help: <mailto:a@c.example>\r\nList-Help: <mailto:b@c.example>\r\nKeywords: x\r\n\r\nseveral signed ones\r\n",
        From + Date + "List-Unsubscribe: <https://sender.example/u>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n\r\nx\r\n",
        From + Date + "References: " + string.Join("\r\n ", Enumerable.Repeat("<0123456789@sender.example>", 200)) + "\r\n\r\nlong\r\n",
        From + Date + "Subject: " + new string('x', 900) + "\r\n\r\n" + new string('y', 998) + "\r\n",
        From + Date + "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: 8bit\r\n\r\nGr\u00fc\u00dfe \u00a0 \u0085\r\n",
        From + Date + "\r\n" + string.Concat(Enumerable.Repeat("\r\n", 2000)) + "after many empty lines\r\n",
        "From:ann@sender.example\r\n" + Date + "From-Not: x\r\nX-From: y\r\n\r\nlikeness\r\n",
        "From: \"A, B: (c) <d@other.example>\" (x)\r\n <ann@sub.sender.example>\r\n" + Date + "\r\nquoted\r\n",
    ];

    static IEnumerable<string> Generated(int count, Random random)
    {
        for (var i = 0; i < count; i++)
        {
            string[] fields = [From, Date, .. Enumerable.Range(0, random.Next(8)).Select(_ => Field(random))];
            random.Shuffle(fields);
            var once = fields.DistinctBy(field => field[..field.IndexOf(':', StringComparison.Ordinal)], StringComparer.OrdinalIgnoreCase);
            yield return string.Concat(once) + "\r\n" + string.Concat(Enumerable.Range(0, random.Next(30)).Select(_ => Line(random)));
        }
    }

    static string Field(Random random)
    {
        string[] names = ["To", "cc", "SUBJECT", "Message-ID", "Reply-To", "MIME-Version", "In-Reply-To", "List-Id", "X-Other", "Sender", "Feedback-ID"];
        var folds = string.Concat(Enumerable.Range(0, random.Next(3)).Select(_ => $"\r\n{White(random, 1)}{Words(random, 1)}"));
        return $"{names[random.Next(names.Length)]}:{White(random, 0)}{Words(random, 1)}{folds}{White(random, 0)}\r\n";
    }

    static string Line(Random random) => $"{White(random, 0)}{Words(random, 0)}{White(random, 0)}\r\n";

    static string Words(Random random, int least) =>
        string.Concat(Enumerable.Range(0, random.Next(least, 8)).Select(_ => new string((char)random.Next('!', '~'), random.Next(1, 12)) + White(random, 0)));

    static string White(Random random, int least) => string.Concat(Enumerable.Range(0, Math.Max(least, random.Next(6) - 2)).Select(_ => random.Next(3) == 0 ? '\t' : ' '));
}
