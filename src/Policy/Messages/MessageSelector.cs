namespace Orleans.Mail.Policy.Messages;

/// <summary>Tells whether a message belongs to a set.</summary>
public static class MessageSelector
{
    /// <summary>Whether a live message is meant; a final one never is.</summary>
    public static bool Matches(MessageSelection selection, MessageState state, DateTimeOffset now) =>
        !state.IsFinal
        && Fits(selection.Tenant, state.Tenant)
        && Fits(selection.Campaign, state.Campaign)
        && (selection.Tag is null || state.Tags.Contains(selection.Tag))
        && (selection.State is null || MessageView.Overall(state, now) == selection.State)
        && (selection.Category is null || state.Recipients.Any(recipient => recipient.IsOpen && recipient.Category == selection.Category))
        && (selection.Site is null || IsBoundFor(selection.Site, state));

    static bool Fits(string? wanted, string? actual) => wanted is null || wanted == actual;

    static bool IsBoundFor(string site, MessageState state)
    {
        foreach (var recipient in state.Recipients)
        {
            if (!recipient.IsOpen) continue;
            if (string.Equals(recipient.Domain, site, StringComparison.OrdinalIgnoreCase)) return true;
            var last = state.History.LastOrDefault(attempt => attempt.Outcomes.Any(outcome => outcome.Recipient == recipient.Address));
            if (last?.Site == site) return true;
        }

        return state.Open.Any(attempt => attempt.Site == site);
    }
}
