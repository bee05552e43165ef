using System.Net;
using System.Net.NetworkInformation;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using Orleans.Mail.Policy.Routing;
using Orleans.Mail.Transport;
using Orleans.Mail.Transport.TlsPolicies;

namespace Orleans.Mail.Grains.Routing;

/// <summary>Registers what decides where mail may go.</summary>
static class RoutingServiceExtensions
{
    public static IServiceCollection AddMailRouting(this IServiceCollection services)
    {
        services.TryAddSingleton(provider => NewGuard(provider.GetRequiredService<IOptions<ResolverOptions>>().Value));
        services.Replace(ServiceDescriptor.Singleton<IAddressGuard>(provider => new PolicyAddressGuard(provider.GetRequiredService<AddressGuard>())));
        services.TryAddSingleton(provider => new MxRoutePlanner(
            provider.GetRequiredService<IMxResolver>(), provider.GetRequiredService<IMtaSts>(), provider.GetRequiredService<IDane>(), provider.GetRequiredService<AddressGuard>(),
            provider.GetRequiredService<IOptions<TransportOptions>>().Value.LocalDomain ?? Dns.GetHostName()));
        return services;
    }

    static AddressGuard NewGuard(ResolverOptions options)
    {
        var cards = NetworkInterface.GetAllNetworkInterfaces().SelectMany(card => card.GetIPProperties().UnicastAddresses).Select(address => address.Address);
        return new AddressGuard([.. options.AllowedAddresses.Select(IPNetwork.Parse)], [.. options.OwnAddresses.Select(IPAddress.Parse), .. cards.Where(address => !IPAddress.IsLoopback(address))]);
    }

    sealed class PolicyAddressGuard(AddressGuard guard) : IAddressGuard
    {
        public bool Allows(IPAddress address) => guard.Allows(address);
    }
}
