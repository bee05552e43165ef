using System.Globalization;

namespace Orleans.Mail.Ledger;

/// <summary>Options of the form <c>--name value</c>.</summary>
public sealed class Arguments
{
    readonly Dictionary<string, string> _values = new(StringComparer.Ordinal);

    public Arguments(IReadOnlyList<string> args)
    {
        ArgumentNullException.ThrowIfNull(args);
        for (var i = 0; i < args.Count; i += 2)
        {
            if (!args[i].StartsWith("--", StringComparison.Ordinal)) throw new FormatException($"'{args[i]}' is not an option.");
            if (i + 1 == args.Count) throw new FormatException($"{args[i]} needs a value.");
            if (!_values.TryAdd(args[i][2..], args[i + 1])) throw new FormatException($"{args[i]} is given twice.");
        }
    }

    public string Required(string name) => Optional(name) ?? throw new FormatException($"--{name} is missing.");

    public string? Optional(string name) => _values.GetValueOrDefault(name);

    public int Number(string name, int otherwise) =>
        Optional(name) is not { } text ? otherwise
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number
        : throw new FormatException($"--{name} is not a number.");
}
