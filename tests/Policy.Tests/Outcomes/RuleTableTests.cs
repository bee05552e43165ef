using Orleans.Mail.Policy.Outcomes;

namespace Orleans.Mail.Policy.Tests.Outcomes;

public sealed class RuleTableTests
{
    [Fact]
    public void Every_rule_has_an_id_of_its_own() =>
        Assert.Empty(EnhancedRules.All.Select(rule => rule.Id).Concat(TextRules.All.Select(rule => rule.Id)).GroupBy(id => id).Where(group => group.Count() > 1).Select(group => group.Key));

    [Fact]
    public void Every_rule_names_a_known_category()
    {
        Assert.All(EnhancedRules.All, rule => Assert.True(Categories.All.Contains(rule.Category), rule.Id));
        Assert.All(TextRules.All, rule => Assert.True(Categories.All.Contains(rule.Category), rule.Id));
    }

    [Fact]
    public void Every_category_is_listed() =>
        Assert.Equal(
            typeof(Categories).GetFields().Where(field => field.IsLiteral).Select(field => (string)field.GetRawConstantValue()!).Order(),
            Categories.All.Order());

    [Fact]
    public void Every_enhanced_rule_is_reached()
    {
        foreach (var rule in EnhancedRules.All)
        {
            var status = new EnhancedStatus(rule.Class ?? 5, rule.Subject, rule.Detail ?? 99);
            Assert.Same(rule, rule.Detail is null ? EnhancedRules.FindSubject(status) : EnhancedRules.FindDefinite(status));
        }
    }

    [Fact]
    public void Every_word_reaches_its_own_rule() =>
        Assert.Empty(
            from rule in TextRules.All
            from word in rule.Words
            let found = TextRules.Find($"({word.ToUpperInvariant()})")
            where found != rule
            select $"'{word}' of {rule.Id} is taken by {found?.Id ?? "nothing"}");

    [Fact]
    public void A_rule_about_our_source_or_a_rate_never_fails_mail() =>
        Assert.DoesNotContain(TextRules.All, rule => rule.CanFail && (rule.Scope is FailureScope.Source or FailureScope.Site or FailureScope.Host || rule.Category == Categories.RateLimited));

    [Fact]
    public void Every_fact_that_fails_mail_has_a_status() =>
        Assert.All(typeof(OwnRules).GetFields().Where(field => field.IsLiteral), field => Assert.Equal(5, OwnRules.StatusOf((string)field.GetRawConstantValue()!)?.Class));
}
