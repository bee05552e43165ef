using System.Globalization;

namespace Orleans.Mail.Infra.Tests;

/// <summary>One replica a silo, at ports of its own, that gets the time it needs.</summary>
public sealed class TopologyTests
{
    static readonly Dictionary<string, string> NextGeneration = new() { ["MAIL_GENERATION"] = "b" };

    public static TheoryData<string> Environments => ["dev", "prod"];

    [Theory]
    [MemberData(nameof(Environments))]
    public async Task No_two_silos_share_a_port_also_while_one_generation_replaces_the_other(string environment)
    {
        List<ContainerApp> silos = [.. Deployment.Of("apps", environment).Silos, .. (await Deployment.MakeAsync("apps", environment, NextGeneration)).Silos];
        var ports = silos.SelectMany(silo => silo.ExposedPorts).ToList();
        Assert.Equal(ports.Count, ports.Distinct().Count());
        Assert.Equal(silos.Count * 2, ports.Count);
        Assert.Equal(silos.Count, silos.Select(silo => silo.Name).Distinct().Count());
    }

    [Theory]
    [MemberData(nameof(Environments))]
    public void A_silo_is_one_replica_of_one_revision_and_tells_others_the_ports_it_has(string environment)
    {
        var silos = Deployment.Of("apps", environment).Silos;
        Assert.NotEmpty(silos);
        Assert.All(silos, silo =>
        {
            var scale = silo.Template.GetProperty("scale");
            Assert.Equal((1, 1), (scale.GetProperty("minReplicas").GetInt32(), scale.GetProperty("maxReplicas").GetInt32()));
            Assert.Equal("Single", silo.Configuration.GetProperty("activeRevisionsMode").GetString());
            Assert.Equal(silo.ExposedPorts, [Port(silo.Variable("Orleans__Endpoints__SiloPort")), Port(silo.Variable("Orleans__Endpoints__GatewayPort"))]);
            var ingress = silo.Configuration.GetProperty("ingress");
            Assert.EndsWith($":{ingress.GetProperty("targetPort").GetInt32()}", silo.Variable("Orleans__Endpoints__SiloListeningEndpoint"), StringComparison.Ordinal);
            Assert.EndsWith($":{ingress.GetProperty("additionalPortMappings")[0].GetProperty("targetPort").GetInt32()}", silo.Variable("Orleans__Endpoints__GatewayListeningEndpoint"), StringComparison.Ordinal);
        });
    }

    [Theory]
    [MemberData(nameof(Environments))]
    public void A_silo_is_killed_only_after_it_could_have_stopped_by_itself(string environment) =>
        Assert.All(Deployment.Of("apps", environment).Silos, silo => Assert.True(
            TimeSpan.FromSeconds(silo.Template.GetProperty("terminationGracePeriodSeconds").GetInt32()) > TimeSpan.Parse(silo.Variable("OrleansMail__Silo__ShutdownTimeout"), CultureInfo.InvariantCulture)));

    [Theory]
    [MemberData(nameof(Environments))]
    public void Every_app_is_probed_at_the_port_it_listens_on(string environment) =>
        Assert.All(Deployment.Of("apps", environment).Apps, app =>
        {
            Assert.Equal(["Startup", "Readiness", "Liveness"], app.Probes.Select(probe => probe.GetProperty("type").GetString()));
            var port = new Uri(app.Variable("Urls")).Port;
            Assert.All(app.Probes, probe => Assert.Equal(port, probe.GetProperty("httpGet").GetProperty("port").GetInt32()));
            Assert.Equal(["/health/startup", "/health/ready", "/health/live"], app.Probes.Select(probe => probe.GetProperty("httpGet").GetProperty("path").GetString()));
        });

    [Theory]
    [MemberData(nameof(Environments))]
    public void Images_are_given_by_digest(string environment) =>
        Assert.All(Deployment.Of("apps", environment).Apps, app => Assert.Matches("@sha256:[0-9a-f]{64}$", app.Image));

    [Theory]
    [MemberData(nameof(Environments))]
    public void Nothing_leaves_until_somebody_says_so(string environment) =>
        Assert.All(Deployment.Of("apps", environment).Silos, silo => Assert.Equal("Capture", silo.Variable("OrleansMail__Delivery__Mode")));

    [Theory]
    [MemberData(nameof(Environments))]
    public void As_many_silos_run_as_the_alert_counts(string environment)
    {
        var silos = Deployment.Of("apps", environment).Silos.Count;
        var queries = string.Join('\n', Deployment.Of("foundation", environment).OfType("Microsoft.Insights/scheduledQueryRules").Select(rule => rule.GetProperty("properties").GetRawText()));
        Assert.Contains(silos.ToString(CultureInfo.InvariantCulture), queries, StringComparison.Ordinal);
    }

    static int Port(string text) => int.Parse(text, CultureInfo.InvariantCulture);
}
