using Microsoft.Extensions.Options;
using Orleans.Configuration;

namespace Orleans.Mail.Silo.Hosting;

/// <summary>
/// Options of Orleans that its own section <c>Orleans</c> does not reach. Configuration section <c>OrleansMail:Orleans</c>, with a part for
/// each. A key that nobody knows stops the start: a setting without effect is worse than none.
/// </summary>
static class OrleansSettings
{
    public const string Section = "OrleansMail:Orleans";

    static readonly Dictionary<string, (Type Options, Action<IServiceCollection, IConfigurationSection> Bind)> Parts = new(StringComparer.OrdinalIgnoreCase)
    {
        ["Membership"] = Part<ClusterMembershipOptions>(),
        ["Collection"] = Part<GrainCollectionOptions>(),
        ["LoadShedding"] = Part<LoadSheddingOptions>(),
        ["Scheduling"] = Part<SchedulingOptions>(),
        ["Connections"] = Part<ConnectionOptions>(),
        ["Placement"] = Part<ResourceOptimizedPlacementOptions>(),
    };

    public static ISiloBuilder BindOrleansSettings(this ISiloBuilder silo, IConfiguration configuration)
    {
        var section = configuration.GetSection(Section);
        foreach (var (name, part) in Parts) part.Bind(silo.Services, section.GetSection(name));
        silo.Services.AddSingleton<IValidateOptions<MailSiloOptions>>(new KeyValidator([.. Unknown(section)]));
        return silo;
    }

    static IEnumerable<string> Unknown(IConfigurationSection section)
    {
        foreach (var child in section.GetChildren())
        {
            if (Parts.TryGetValue(child.Key, out var part))
            {
                foreach (var setting in child.GetChildren().Where(setting => part.Options.GetProperties().All(property => !property.Name.Equals(setting.Key, StringComparison.OrdinalIgnoreCase))))
                    yield return $"{setting.Path} is not known; it must be a property of {part.Options.Name}.";
            }
            else
            {
                yield return $"{child.Path} is not known; it must be one of {string.Join(", ", Parts.Keys.Order(StringComparer.Ordinal))}.";
            }
        }
    }

    static (Type Options, Action<IServiceCollection, IConfigurationSection> Bind) Part<TOptions>() where TOptions : class =>
        (typeof(TOptions), (services, section) => services.AddOptions<TOptions>().Bind(section).ValidateOnStart());

    sealed class KeyValidator(IReadOnlyList<string> faults) : IValidateOptions<MailSiloOptions>
    {
        public ValidateOptionsResult Validate(string? name, MailSiloOptions options) => faults.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(faults);
    }
}
