using System.Globalization;

namespace Orleans.Mail.Benchmarks;

/// <summary>Options of the form <c>--name value</c>; every verb refuses those it does not know.</summary>
sealed class Arguments
{
    readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);

    public Arguments(ReadOnlySpan<string> args, params string[] known)
    {
        for (var i = 0; i < args.Length; i += 2)
        {
            var name = args[i].StartsWith("--", StringComparison.Ordinal) ? args[i][2..] : "";
            if (!known.Contains(name)) throw new FormatException($"'{args[i]}' is not an option of this verb; there are: {string.Join(", ", known.Select(option => "--" + option))}.");
            if (i + 1 == args.Length) throw new FormatException($"{args[i]} needs a value.");
            _values[name] = args[i + 1];
        }
    }

    public string? Text(string name) => _values.GetValueOrDefault(name);

    public int Number(string name, int otherwise) =>
        Text(name) is not { } text ? otherwise
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number
        : throw new FormatException($"--{name} is not a number.");
}
