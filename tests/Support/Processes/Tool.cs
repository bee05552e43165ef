namespace Orleans.Mail.Support;

/// <summary>A program that does one thing and ends, or serves until it is disposed of.</summary>
public sealed class Tool : ChildProcess
{
    Tool(string program, IEnumerable<string> arguments, string? folder, IReadOnlyDictionary<string, string>? environment = null) : base(program, arguments, folder, environment)
    {
    }

    /// <summary>Starts a program that serves.</summary>
    public static Tool Start(string program, IEnumerable<string> arguments, string? folder, IReadOnlyDictionary<string, string>? environment = null) => new(program, arguments, folder, environment);

    /// <exception cref="InvalidOperationException">It did not end with 0; holds the newest lines it wrote.</exception>
    public static async Task RunAsync(string program, IEnumerable<string> arguments, string? folder, TimeSpan limit)
    {
        await using var tool = new Tool(program, arguments, folder);
        await tool.WaitForExitAsync(limit);
        if (tool.ExitCode != 0) throw new InvalidOperationException($"{program} ended with {tool.ExitCode}.{Environment.NewLine}{tool.Output}");
    }
}
