using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Orleans.Mail.Ledger;

/// <summary>Reads a ledger file: one JSON object a line.</summary>
public static class LineFile
{
    /// <summary>
    /// Every line. The last one is left out when it has no line end: its writer died while writing it, and nobody was told of it.
    /// </summary>
    /// <exception cref="FormatException">A whole line is not what it should be.</exception>
    public static IEnumerable<T> Read<T>(string path, JsonTypeInfo<T> type)
    {
        ArgumentNullException.ThrowIfNull(path);
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, 1 << 16);
        var rest = new MemoryStream();
        var chunk = new byte[1 << 16];
        long number = 0;
        for (int read; (read = stream.Read(chunk)) > 0;)
        {
            var from = 0;
            for (int end; (end = Array.IndexOf(chunk, (byte)'\n', from, read - from)) >= 0; from = end + 1)
            {
                rest.Write(chunk, from, end - from);
                number++;
                if (rest.Length > 0) yield return Parse(rest, type, path, number);
                rest.SetLength(0);
            }

            rest.Write(chunk, from, read - from);
        }
    }

    static T Parse<T>(MemoryStream line, JsonTypeInfo<T> type, string path, long number)
    {
        try
        {
            return JsonSerializer.Deserialize(line.GetBuffer().AsSpan(0, (int)line.Length), type)
                ?? throw new FormatException($"{Path.GetFileName(path)}, line {number}: null.");
        }
        catch (JsonException exception)
        {
            throw new FormatException($"{Path.GetFileName(path)}, line {number}: {exception.Message}", exception);
        }
    }
}
