using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Orleans.Configuration;
using Orleans.Mail.Silo.Hosting;

namespace Orleans.Mail.Silo.Tests;

public sealed class ConfigurationTests
{
    [Fact]
    public async Task One_start_shows_the_faults_of_every_section_with_key_and_remedy()
    {
        var faults = await FaultsAsync(
            "Delivery:Mode=Redirect", "Delivery:BackoffJitter=2", "Delivery:Routes:example.com=nowhere", "Sites:InitialSessions=0", "Spool:ShardCount=0",
            "Spool:Retention=00:00:00", "Silo:SiloPort=0", "Silo:ShutdownTimeout=00:00:00", "Transport:ConnectTimeout=00:00:00");
        foreach (var key in new[]
                 {
                     "Delivery:RedirectTo", "Delivery:BackoffJitter", "Delivery:Routes:example.com", "Sites:InitialSessions", "Spool:ShardCount",
                     "Spool:Retention", "Silo:SiloPort", "Silo:ShutdownTimeout", "Transport:ConnectTimeout",
                 })
            Assert.Contains(faults, fault => fault.StartsWith("OrleansMail:" + key, StringComparison.Ordinal) && (fault.Contains("must", StringComparison.Ordinal) || fault.Contains("set it", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("Sites:InitialSessions=many", "OrleansMail:Sites:InitialSessions")]
    [InlineData("Delivery:Mode=Lvie", "OrleansMail:Delivery:Mode")]
    [InlineData("Silo:SiloPort=x", "OrleansMail:Silo:SiloPort")]
    public async Task A_value_of_the_wrong_kind_names_its_key(string setting, string key) =>
        Assert.Contains(await FaultsAsync(setting), fault => fault.Contains(key, StringComparison.Ordinal));

    [Fact]
    public async Task Options_of_Orleans_that_its_own_section_does_not_reach_are_set()
    {
        await using var app = MailSilo.Build(
            [
                "--OrleansMail:Orleans:Membership:ProbeTimeout=00:00:02", "--OrleansMail:Orleans:Collection:CollectionAge=00:07:00", "--OrleansMail:Orleans:LoadShedding:LoadSheddingEnabled=true",
                "--OrleansMail:Orleans:Scheduling:TurnWarningLengthThreshold=00:00:03", "--OrleansMail:Orleans:Connections:ConnectionsPerEndpoint=4", "--OrleansMail:Orleans:Placement:CpuUsageWeight=11",
            ],
            builder => builder.Logging.ClearProviders());
        Assert.Equal(TimeSpan.FromSeconds(2), Value<ClusterMembershipOptions>().ProbeTimeout);
        Assert.Equal(TimeSpan.FromMinutes(7), Value<GrainCollectionOptions>().CollectionAge);
        Assert.True(Value<LoadSheddingOptions>().LoadSheddingEnabled);
        Assert.Equal(TimeSpan.FromSeconds(3), Value<SchedulingOptions>().TurnWarningLengthThreshold);
        Assert.Equal(4, Value<ConnectionOptions>().ConnectionsPerEndpoint);
        Assert.Equal(11, Value<ResourceOptimizedPlacementOptions>().CpuUsageWeight);

        TOptions Value<TOptions>() where TOptions : class => app.Services.GetRequiredService<IOptions<TOptions>>().Value;
    }

    [Theory]
    [InlineData("Orleans:Membersip:ProbeTimeout=00:00:02", "OrleansMail:Orleans:Membersip")]
    [InlineData("Orleans:Membership:ProbeTimout=00:00:02", "OrleansMail:Orleans:Membership:ProbeTimout")]
    public async Task A_setting_of_Orleans_that_nobody_knows_stops_the_start(string setting, string named) =>
        Assert.Contains(await FaultsAsync(setting), fault => fault.Contains(named, StringComparison.Ordinal));

    static async Task<IReadOnlyList<string>> FaultsAsync(params string[] settings)
    {
        var exception = await Assert.ThrowsAnyAsync<Exception>(async () =>
        {
            await using var app = MailSilo.Build([.. settings.Select(setting => "--OrleansMail:" + setting)], builder => builder.Logging.ClearProviders());
            await app.StartAsync();
        });
        var faults = ConfigurationFaults.Of(exception);
        Assert.True(faults.Count > 0, exception.ToString());
        return faults;
    }
}
