using System.Text;

namespace Orleans.Mail.Acceptance.Tests.Interop;

/// <summary>Messages that are right and that something on the way is tempted to change.</summary>
static class AwkwardMail
{
    const string Header = "From: <a@sender.test>\r\nTo: <b@kept.test>\r\nSubject: awkward\r\nDate: Thu, 01 Jan 2026 00:00:00 +0000\r\nMessage-ID: <awkward@sender.test>\r\n";

    public static IReadOnlyDictionary<string, byte[]> All { get; } = new Dictionary<string, byte[]>
    {
        ["plain"] = Text(Header + "\r\nHello.\r\n"),
        ["dots"] = Text(Header + "\r\n.\r\n..\r\n...\r\n. x\r\n.x\r\n .\r\nx.\r\n"),
        ["dot-last"] = Text(Header + "\r\nx\r\n.\r\n"),
        ["dot-only"] = Text(Header + "\r\n.\r\n"),
        ["no-final-line-end"] = Text(Header + "\r\nends here"),
        ["empty-body"] = Text(Header + "\r\n"),
        ["blank-lines-last"] = Text(Header + "\r\nx\r\n\r\n\r\n\r\n"),
        ["longest-line"] = Text(Header + "\r\n" + new string('x', 998) + "\r\n" + "." + new string('y', 997) + "\r\n"),
        ["utf-8"] = Encoding.UTF8.GetBytes(Header + "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nStraße, naïve, 日本語, 🙂\r\n"),
        ["every-octet"] = [.. Text(Header + "Content-Transfer-Encoding: 8bit\r\n\r\n"), .. EveryOctet(), .. "\r\n"u8],
        ["from-line"] = Text(Header + "\r\nFrom here on\r\n>From there\r\nFrom a@b Thu Jan  1 00:00:00 2026\r\n"),
        ["commands"] = Text(Header + "\r\nQUIT\r\nRSET\r\nMAIL FROM:<x@x.test>\r\nDATA\r\n"),
        ["folded-header"] = Text(Header + "X-Folded: one\r\n\ttwo\r\n   three\r\nx-odd-CASE:no space\r\nX-Twice: 1\r\nX-Twice: 2\r\nX-Long: " + new string('h', 900) + "\r\n\r\nx\r\n"),
        ["trailing-blanks"] = Text(Header + "\r\nblank \r\ntab\t\r\n \r\n\t\r\n"),
        ["megabyte"] = Text(Header + "\r\n" + string.Concat(Enumerable.Range(0, 14_000).Select(number => $".{number:D72}\r\n"))),
    };

    static byte[] Text(string text) => Encoding.ASCII.GetBytes(text);

    // What SMTP cannot carry aside: NUL, and CR and LF other than as a line end.
    static IEnumerable<byte> EveryOctet() => Enumerable.Range(1, 255).Where(octet => octet is not ('\r' or '\n')).Select(octet => (byte)octet);
}
