using System.CommandLine;

namespace Orleans.Mail.Cli.Commands;

/// <summary>Whom a standing order concerns.</summary>
class ScopeOptions
{
    readonly Option<string?> _tenant = new("--tenant") { Description = "Only this tenant's.", HelpName = "name" };
    readonly Option<string?> _campaign = new("--campaign") { Description = "Only of this campaign.", HelpName = "name" };
    readonly Option<string?> _site = new("--site") { Description = "Only bound for this site, or recipient domain.", HelpName = "name" };
    readonly Option<bool> _all = new("--all") { Description = "Everything: needed where nothing else is said." };

    protected virtual IEnumerable<Option> Narrowing => [_tenant, _campaign, _site];

    public void AddTo(Command command)
    {
        var narrowing = Narrowing.ToList();
        foreach (var option in narrowing) command.Add(option);
        command.Add(_all);
        command.Validators.Add(result =>
        {
            if (narrowing.Any(option => result.GetResult(option) is not null) == result.GetValue(_all)) result.AddError("Say which messages, or --all.");
        });
    }

    public OrderScope Of(ParseResult parsed) => new() { Tenant = parsed.GetValue(_tenant), Campaign = parsed.GetValue(_campaign), Site = parsed.GetValue(_site) };
}

/// <summary>Which live messages are meant.</summary>
sealed class SelectionOptions : ScopeOptions
{
    readonly Option<string?> _category = new("--category") { Description = "Only whose last attempt ended so, such as greylisted.", HelpName = "name" };
    readonly Option<MailState?> _state = new("--state") { Description = "Only in this state, such as Deferred.", HelpName = "name", CustomParser = MessageCommand.ParseState };
    readonly Option<string?> _tag = new("--tag") { Description = "Only with this tag.", HelpName = "text" };

    protected override IEnumerable<Option> Narrowing => [.. base.Narrowing, _category, _state, _tag];

    public new MessageSelection Of(ParseResult parsed)
    {
        var scope = base.Of(parsed);
        return new MessageSelection
        {
            Tenant = scope.Tenant,
            Campaign = scope.Campaign,
            Site = scope.Site,
            Category = parsed.GetValue(_category),
            State = parsed.GetValue(_state),
            Tag = parsed.GetValue(_tag),
        };
    }
}
