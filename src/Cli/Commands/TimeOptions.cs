using System.CommandLine;

namespace Orleans.Mail.Cli.Commands;

/// <summary>A moment, given as itself or as a wait from now.</summary>
sealed class TimeOptions(string at, string wait)
{
    public Option<DateTimeOffset?> At { get; } = new("--at") { Description = at, HelpName = "time" };

    public Option<TimeSpan?> In { get; } = new("--in") { Description = wait, HelpName = "time" };

    public void RequireOne(Command command) => command.Validators.Add(result =>
    {
        if (result.GetResult(At) is null == result.GetResult(In) is null) result.AddError("Give either --at or --in.");
    });

    /// <summary>Null when neither was given.</summary>
    public DateTimeOffset? Of(ParseResult parsed) => parsed.GetValue(At) ?? TimeProvider.System.GetUtcNow() + parsed.GetValue(In);
}
