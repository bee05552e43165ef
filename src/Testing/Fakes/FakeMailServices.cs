using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Orleans.Mail.Testing;

/// <summary>Puts the fake in the place of the real client.</summary>
public static class FakeMailServices
{
    /// <summary>Replaces every <see cref="IMailClient"/> of an application under test, for instance in <c>ConfigureTestServices</c> of a <c>WebApplicationFactory</c>.</summary>
    public static IServiceCollection ReplaceMailWithFake(this IServiceCollection services, FakeMailClient fake)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.RemoveAll<MailClient>();
        services.RemoveAll<IMailClient>();
        services.AddSingleton<IMailClient>(fake);
        services.RemoveAll<IMailOperations>();
        services.AddSingleton<IMailOperations>(fake.Operations);
        return services;
    }
}
