using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Orleans.Mail.Cli.Commands;

/// <summary><c>queue limit</c>: a standing order that lets less go, or more. What a scope may be limited in, and by how much, the service judges.</summary>
static class LimitCommand
{
    public static Command Create(SharedOptions shared)
    {
        var scope = new OrderScopeOptions();
        var limits = new LimitOptions();
        var reason = MessageChangeCommands.Reason(isRequired: true);
        var time = new TimeOptions("When it ends by itself, such as 2030-01-31T08:00+01:00.", "After how long it ends by itself, as hh:mm:ss.");
        var id = OrderVerb.Id("limit");
        var command = new Command("limit", "Sets other limits for a site, relay, source address, tenant, campaign or recipient domain, until they end or are revoked (suspension revoke).") { reason, time.At, time.In, id };
        limits.AddTo(command);
        scope.AddTo(command);
        command.SetAction(shared.Action(call => OrderVerb.GiveAsync(call, new StandingOrder
        {
            Id = OrderVerb.IdOf(call, id),
            Kind = OrderKind.Limit,
            Scope = scope.Of(call.Parsed),
            Reason = call.Parsed.GetRequiredValue(reason)!,
            Until = time.Of(call.Parsed),
            By = Environment.UserName,
            Detail = limits.Of(call.Parsed),
        })));
        return command;
    }

    /// <summary>Whom a limit concerns: one thing, and so never everything.</summary>
    sealed class OrderScopeOptions
    {
        readonly Option<string?> _site = Name("--site", "The site, as statuses name it.");
        readonly Option<string?> _relay = Name("--relay", "The relay.");
        readonly Option<string?> _source = Name("--source", "The source address.");
        readonly Option<string?> _tenant = Name("--tenant", "The tenant.");
        readonly Option<string?> _campaign = Name("--campaign", "The campaign of that tenant.");
        readonly Option<string?> _domain = Name("--domain", "The recipient domain.");

        public void AddTo(Command command)
        {
            Option<string?>[] all = [_site, _relay, _source, _tenant, _campaign, _domain];
            foreach (var option in all) command.Add(option);
            command.Validators.Add(result =>
            {
                if (all.All(option => result.GetResult(option) is null)) result.AddError("Say what is to be limited, such as --site or --tenant.");
            });
        }

        public OrderScope Of(ParseResult parsed) => new()
        {
            Site = parsed.GetValue(_site),
            Relay = parsed.GetValue(_relay),
            Source = parsed.GetValue(_source),
            Tenant = parsed.GetValue(_tenant),
            Campaign = parsed.GetValue(_campaign),
            Domain = parsed.GetValue(_domain),
        };

        static Option<string?> Name(string name, string description) => new(name) { Description = description, HelpName = "name" };
    }

    sealed class LimitOptions
    {
        readonly Option<string?> _rate = new("--rate") { Description = "Messages in a time, such as 100/1h, or 10/1s, burst 20.", HelpName = "rate" };
        readonly Option<string?> _connectionRate = new("--connection-rate") { Description = "New connections in a time.", HelpName = "rate" };
        readonly Option<int?> _maxSessions = new("--max-sessions") { Description = "Sessions at once.", HelpName = "number" };
        readonly Option<int?> _messagesPerConnection = new("--messages-per-connection") { Description = "Messages over one connection.", HelpName = "number" };
        readonly Option<int?> _dailyQuota = new("--daily-quota") { Description = "Messages of a tenant in a day (UTC).", HelpName = "number" };
        readonly Option<int?> _maxConcurrent = new("--max-concurrent") { Description = "Messages of a tenant in an attempt at once.", HelpName = "number" };

        public void AddTo(Command command)
        {
            Option[] all = [_rate, _connectionRate, _maxSessions, _messagesPerConnection, _dailyQuota, _maxConcurrent];
            foreach (var option in all) command.Add(option);
            command.Validators.Add(result =>
            {
                if (all.All(option => result.GetResult(option) is null)) result.AddError("Say the limit, such as --rate 100/1h.");
            });
        }

        /// <summary>As the order's detail: JSON with what was given.</summary>
        public string Of(ParseResult parsed)
        {
            var detail = new JsonObject();
            Add("rate", parsed.GetValue(_rate));
            Add("connectionRate", parsed.GetValue(_connectionRate));
            Add("maxSessions", parsed.GetValue(_maxSessions));
            Add("messagesPerConnection", parsed.GetValue(_messagesPerConnection));
            Add("dailyQuota", parsed.GetValue(_dailyQuota));
            Add("maxConcurrent", parsed.GetValue(_maxConcurrent));
            return detail.ToJsonString(JsonSerializerOptions.Web);

            void Add(string name, JsonNode? value)
            {
                if (value is not null) detail.Add(name, value);
            }
        }
    }
}
