using Microsoft.Extensions.DependencyInjection;
using Orleans.Configuration;
using Orleans.Serialization.Configuration;
using Orleans.TestingHost;

namespace Orleans.Mail.Client.Tests.Support;

/// <summary>Silos with scripted grains, and the real client in front of them.</summary>
public sealed class ScriptedCluster : IAsyncLifetime
{
    InProcessTestCluster _cluster = null!;

    public ScriptedSpool Spool { get; } = new();

    public MailClient Client { get; private set; } = null!;

    public IClusterClient Orleans => _cluster.Client;

    public async ValueTask InitializeAsync()
    {
        var builder = new InProcessTestClusterBuilder(2);
        builder.ConfigureSilo((_, silo) =>
        {
            silo.Services.AddSingleton(Spool);
            // A dead silo is noticed in a second or two instead of half a minute.
            silo.Services.Configure<ClusterMembershipOptions>(options =>
            {
                options.ProbeTimeout = TimeSpan.FromSeconds(1);
                options.NumMissedProbesLimit = 2;
                options.NumVotesForDeathDeclaration = 1;
            });
            // The real grains, in the same output folder, serve the same interfaces.
            silo.Services.PostConfigure<TypeManifestOptions>(manifest =>
                manifest.InterfaceImplementations.RemoveWhere(type => type.Assembly.GetName().Name == "Orleans.Mail.Grains"));
        });
        builder.ConfigureClient(client => client.Services.AddOrleansMailClient(options =>
        {
            options.MaxReconnectDelay = TimeSpan.FromMilliseconds(200);
            options.FeedProbeInterval = TimeSpan.FromSeconds(1);
        }));
        _cluster = builder.Build();
        await _cluster.DeployAsync();
        Client = _cluster.Client.ServiceProvider.GetRequiredService<MailClient>();
    }

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    /// <summary>Kills the silo that serves a shard's feed and starts another in its place.</summary>
    public async Task KillHostOfAsync(int shard)
    {
        var management = _cluster.Client.GetGrain<Runtime.IManagementGrain>(0);
        var address = await management.GetActivationAddress(_cluster.Client.GetGrain<ISpoolGrain>(shard));
        var silo = _cluster.GetSiloForAddress(address!);
        await _cluster.KillSiloAsync(silo!);
        await _cluster.StartAdditionalSiloAsync();
    }

    /// <summary>A new id that lies in the given shard.</summary>
    public static MessageId IdIn(int shard)
    {
        while (true)
        {
            var id = MessageId.New(TimeProvider.System);
            if (id.ShardOf(ScriptedSpool.ShardCount) == shard) return id;
        }
    }
}
