using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Orleans.Mail.Ledger;

/// <summary>What the generated mail looks like.</summary>
public sealed record MailShape
{
    /// <summary>Starts every id, so that two runs never share one.</summary>
    public string Prefix { get; init; } = "run";

    public int Seed { get; init; } = 1;

    public IReadOnlyList<string> Domains { get; init; } = ["one.test", "two.test", "three.test", "four.test"];

    public int MostRecipients { get; init; } = 3;

    public int LeastOctets { get; init; } = 1_000;

    public int MostOctets { get; init; } = 16_000;
}

/// <summary>
/// Mail that looks like mail: plain, alternative and with an attachment, 7 and 8 bit, lines that start with dots, lines of the greatest length.
/// The n-th message of a seed is always the same.
/// </summary>
public sealed class MailGenerator(MailShape shape, DateTimeOffset date)
{
    static readonly string[] Words = ["order", "invoice", "the", "your", "has", "been", "shipped", "thank", "you", "account", "code", "tomorrow", "Straße", "naïve", "price", "=3D", "https://shop.test/a?b=c&d=e", "reset", "weekly", "report"];

    public LedgerMail Next(int number)
    {
        var random = new Random(unchecked((shape.Seed * 486187739) ^ number));
        var id = $"{shape.Prefix}-{shape.Seed}-{number}";
        var recipients = Enumerable.Range(0, random.Next(1, shape.MostRecipients + 1))
            .Select(i => $"r{number}.{i}.{shape.Prefix}@{shape.Domains[random.Next(shape.Domains.Count)]}").ToArray();
        // Sizes spread evenly on a logarithmic scale, as mail's do.
        var octets = (int)(shape.LeastOctets * Math.Pow((double)shape.MostOctets / shape.LeastOctets, random.NextDouble()));
        var from = "shop@sender.test";
        var text = new StringBuilder();
        Line(text, $"X-Ledger-Id: {id}");
        Line(text, $"From: The Shop <{from}>");
        Line(text, $"To: {string.Join(",\r\n\t", recipients)}");
        Line(text, $"Subject: Order {number}");
        Line(text, $"Date: {date.AddSeconds(number).ToString("ddd, dd MMM yyyy HH:mm:ss", CultureInfo.InvariantCulture)} +0000");
        Line(text, $"Message-ID: <{id}@sender.test>");
        Line(text, "MIME-Version: 1.0");
        switch (random.Next(4))
        {
            case 0: Plain(text, random, octets, "7bit"); break;
            case 1: Plain(text, random, octets, "8bit"); break;
            case 2: Alternative(text, random, octets); break;
            default: Attachment(text, random, octets); break;
        }

        var content = Encoding.UTF8.GetBytes(text.ToString());
        return new LedgerMail(id, from, recipients, content, Convert.ToHexStringLower(SHA256.HashData(content)));
    }

    static void Plain(StringBuilder text, Random random, int octets, string encoding)
    {
        Line(text, "Content-Type: text/plain; charset=utf-8");
        Line(text, $"Content-Transfer-Encoding: {encoding}");
        Line(text, "");
        Prose(text, random, octets, encoding == "8bit");
    }

    static void Alternative(StringBuilder text, Random random, int octets)
    {
        Line(text, "Content-Type: multipart/alternative; boundary=\"=_a\"");
        foreach (var kind in (string[])["plain", "html"])
        {
            Line(text, "");
            Line(text, "--=_a");
            Line(text, $"Content-Type: text/{kind}; charset=utf-8");
            Line(text, "Content-Transfer-Encoding: 7bit");
            Line(text, "");
            Prose(text, random, octets / 2, eightBit: false);
        }

        Line(text, "--=_a--");
    }

    static void Attachment(StringBuilder text, Random random, int octets)
    {
        Line(text, "Content-Type: multipart/mixed; boundary=\"=_m\"");
        Line(text, "");
        Line(text, "--=_m");
        Line(text, "Content-Type: text/plain");
        Line(text, "");
        Prose(text, random, octets / 8, eightBit: false);
        Line(text, "--=_m");
        Line(text, "Content-Type: application/octet-stream; name=\"report.bin\"");
        Line(text, "Content-Transfer-Encoding: base64");
        Line(text, "");
        var bytes = new byte[octets * 5 / 8];
        random.NextBytes(bytes);
        Line(text, Convert.ToBase64String(bytes, Base64FormattingOptions.InsertLineBreaks).ReplaceLineEndings("\r\n"));
        Line(text, "--=_m--");
    }

    static void Prose(StringBuilder text, Random random, int octets, bool eightBit)
    {
        var stop = text.Length + octets;
        while (text.Length < stop)
        {
            switch (random.Next(24))
            {
                case 0: Line(text, "."); break;
                case 1: Line(text, ".."); break;
                case 2: Line(text, ". starts with a dot"); break;
                case 3: Line(text, ""); break;
                case 4: Line(text, "From here on: trailing blanks \t "); break;
                // RFC 5321 §4.5.3.1.6: 1000 octets with the line end.
                case 5: Line(text, new string('x', 998)); break;
                default: Line(text, Sentence(random, eightBit)); break;
            }
        }
    }

    static string Sentence(Random random, bool eightBit)
    {
        var words = Enumerable.Range(0, random.Next(4, 11)).Select(_ => Words[random.Next(Words.Length)]);
        return string.Join(' ', eightBit ? words : words.Where(word => Ascii.IsValid(word)));
    }

    static void Line(StringBuilder text, string line) => text.Append(line).Append("\r\n");
}
