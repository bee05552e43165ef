using Microsoft.Extensions.Logging;
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
