namespace Orleans.Mail.Support;

/// <summary>A program that does one thing and ends.</summary>
public sealed class Tool : ChildProcess
{
    Tool(string program, IEnumerable<string> arguments, string? folder) : base(program, arguments, folder)
    {
    }

    /// <exception cref="InvalidOperationException">It did not end with 0; holds the newest lines it wrote.</exception>
    public static async Task RunAsync(string program, IEnumerable<string> arguments, string? folder, TimeSpan limit)
    {
        await using var tool = new Tool(program, arguments, folder);
        await tool.WaitForExitAsync(limit);
        if (tool.ExitCode != 0) throw new InvalidOperationException($"{program} ended with {tool.ExitCode}.{Environment.NewLine}{tool.Output}");
    }
}
