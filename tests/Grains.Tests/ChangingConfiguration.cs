using Microsoft.Extensions.Configuration;

namespace Orleans.Mail.Grains.Tests;

/// <summary>Configuration that a test changes while the silo runs.</summary>
public sealed class ChangingConfiguration : ConfigurationProvider, IConfigurationSource
{
    public IDictionary<string, string?> Values => Data;

    public IConfigurationProvider Build(IConfigurationBuilder builder) => this;

    public void Change(Action<IDictionary<string, string?>> change)
    {
        change(Data);
        try
        {
            OnReload();
        }
        catch (AggregateException)
        {
            // Whoever else watches the options hears of the fault by an exception; files that are watched keep it to themselves.
        }
    }
}
