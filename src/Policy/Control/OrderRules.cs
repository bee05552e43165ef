namespace Orleans.Mail.Policy.Control;

/// <summary>What an order must look like to be taken.</summary>
public static class OrderRules
{
    const int MaxNameLength = 256;
    const int MaxTextLength = 1024;
    const int MaxDetailLength = 8 * 1024;

    /// <summary>What is wrong and what to do; null when nothing is.</summary>
    public static string? Problem(StandingOrder order, DateTimeOffset now)
    {
        var scope = order.Scope;
        if (order.Id.Length is 0 or > StandingOrder.MaxIdLength || !order.Id.All(IsIdCharacter)) return $"An order's id has 1 to {StandingOrder.MaxIdLength} letters, digits, hyphens, underscores and full stops.";
        if (!Enum.IsDefined(order.Kind)) return "This service does not know that kind of order.";
        if (order.Until <= now) return "The end of the order must lie ahead.";
        if (string.IsNullOrWhiteSpace(order.Reason)) return "Give a reason: somebody will ask for it.";
        if (!IsLine(order.Reason, MessageChange.MaxReasonLength)) return $"The reason must be one line of at most {MessageChange.MaxReasonLength} characters.";
        if (!IsLine(order.By, MaxNameLength) || !IsLine(order.Evidence, MaxTextLength)) return "Who gave the order, and what was seen, must each be one short line.";
        string?[] names = [scope.Tenant, scope.Campaign, scope.Site, scope.Relay, scope.Domain, scope.Source];
        if (names.Any(name => name is "" || !IsLine(name, MaxNameLength))) return $"Names in the scope have 1 to {MaxNameLength} characters.";
        if (order.Kind is not OrderKind.Suspend && string.IsNullOrEmpty(order.Detail)) return "The order does not say what to do: its detail is empty.";
        if (order.Detail?.Length > MaxDetailLength) return $"The detail has more than {MaxDetailLength} characters.";
        return order.Kind is OrderKind.Limit ? LimitProblem(order) : null;
    }

    // What would be taken and have no effect is refused.
    static string? LimitProblem(StandingOrder order) => order.Scope switch
    {
        { Tenant: null, Campaign: null, Domain: null } => OrderedLimits.Read(order.Detail).Problem,
        { Tenant: null, Campaign: not null } => "A campaign is one of a tenant: name that too.",
        var scope when OrderedBudget.KeyOf(scope) is not null => OrderedBudget.Read(scope, order.Detail).Problem,
        _ => "A limit holds for a site, relay or source address, or for a tenant, a campaign of it, or a recipient domain: name one of these alone.",
    };

    static bool IsIdCharacter(char character) => char.IsAsciiLetterOrDigit(character) || character is '-' or '_' or '.';

    static bool IsLine(string? text, int maxLength) => text is null || (text.Length <= maxLength && !text.Any(char.IsControl));
}
