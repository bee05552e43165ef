using System.Text;

namespace Orleans.Mail.Transport.Tests.Support;

/// <summary>Contents that transports have been known to damage.</summary>
static class Contents
{
    public static readonly IReadOnlyDictionary<string, byte[]> All = new Dictionary<string, byte[]>
    {
        ["small"] = Latin(Given.SmallContent),
        ["dot first"] = Latin(".a: b\r\n\r\n.\r\n"),
        ["dots at line starts"] = Latin("S: x\r\n\r\n.\r\n..\r\n...\r\n.a\r\n..a\r\na.\r\n"),
        ["ends in dot line"] = Latin("S: x\r\n\r\nend\r\n.\r\n"),
        ["empty body"] = Latin("S: x\r\n\r\n"),
        ["headers only"] = Latin("S: x\r\n"),
        ["empty headers"] = Latin("\r\nbody\r\n"),
        ["one empty line"] = Latin("\r\n"),
        ["many empty lines"] = Latin("S: x\r\n" + string.Concat(Enumerable.Repeat("\r\n", 500))),
        ["long lines"] = Latin("S: x\r\n\r\n" + string.Concat(Enumerable.Repeat(new string('x', 998) + "\r\n", 300))),
        ["eight bit"] = [.. "S: x\r\n\r\n"u8, .. Enumerable.Range(0, 256).Where(octet => octet is not ('\r' or '\n' or 0)).Select(octet => (byte)octet), .. "\r\n"u8],
        ["10 MB of dots"] = Dots(10 * 1024 * 1024),
        ["dot lines"] = Latin("S: x\r\n\r\n" + string.Concat(Enumerable.Repeat(".\r\n", 100_000))),
    };

    public static TheoryData<string> Names => [.. All.Keys];

    public static byte[] Latin(string text) => Encoding.Latin1.GetBytes(text);

    public static byte[] Lines(int length)
    {
        var line = Latin("A line of ordinary length, as most lines of most messages happen to be.\r\n");
        var result = new byte[length / line.Length * line.Length];
        for (var i = 0; i < result.Length; i += line.Length) line.CopyTo(result, i);
        return result;
    }

    // Lines of changing length, so that buffer edges fall at every place of a line.
    static byte[] Dots(int length)
    {
        var result = new List<byte>(length + 1000);
        for (var i = 1; result.Count < length; i = i % 997 + 1)
        {
            result.AddRange(Enumerable.Repeat((byte)'.', i));
            result.AddRange("\r\n"u8);
        }

        return [.. result];
    }
}
