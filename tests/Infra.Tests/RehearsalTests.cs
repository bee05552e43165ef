using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using Orleans.Configuration;
using Orleans.Mail.Storage.AzureStorage.Clustering;
using Orleans.Mail.Support;

namespace Orleans.Mail.Infra.Tests;

/// <summary>
/// The variables of the templates start real silos and the real api on this machine, and the script of upgrades replaces every silo while mail flows.
/// Replaced are only what Azure alone has: its address, its storage, its identities and secrets, and ports that others here may have.
/// </summary>
public sealed class RehearsalTests : IAsyncLifetime
{
    const string Tenant = "rehearsal";
    static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    readonly string _folder = Directory.CreateTempSubdirectory("mail-rehearsal-").FullName;
    readonly Dictionary<string, int> _ports = [];
    AzuriteInstance _azurite = null!;
    Tool? _api;

    public async ValueTask InitializeAsync() => _azurite = await AzuriteInstance.StartAsync();

    public async ValueTask DisposeAsync()
    {
        foreach (var file in Directory.EnumerateFiles(_folder, "*.pid")) Kill(int.Parse(await File.ReadAllTextAsync(file), CultureInfo.InvariantCulture));
        await _azurite.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Every_silo_is_replaced_while_mail_flows_and_nothing_is_lost()
    {
        Peer.Require("curl");
        var old = Deployment.Of("apps", "prod");
        await WriteAsync("a", old.Silos);
        await WriteAsync("b", (await Deployment.MakeAsync("apps", "prod", Generation("b"))).Silos);
        await StartAsync("a", [.. Enumerable.Range(0, old.Silos.Count)]);

        var apiVariables = Local(old.Api);
        await using var api = _api = Tool.Start("dotnet", [ProgramOf("Api")], _folder, apiVariables);
        await using var mail = await ConnectAsync("prod");
        using var stop = new CancellationTokenSource();
        var delivered = new HashSet<MessageId>();
        var following = FollowAsync(mail, delivered, stop.Token);
        using var enough = new CancellationTokenSource();
        var flowing = SendAsync(mail, enough.Token);

        await UpgradeAsync("a", "b", old.Silos.Count);
        await enough.CancelAsync();
        var sent = await flowing;
        await WhileAsync(() => { lock (delivered) return !sent.All(delivered.Contains); }, "mail without an end");
        await CheckApiAsync(new Uri(apiVariables["Urls"]), sent[0]);
        await stop.CancelAsync();
        await following;

        Assert.True(sent.Count > 50, $"{sent.Count} sent");
        Assert.Equal(
            ["start a0", "start a1", "start a2", "start b0", "stop a0", "start b1", "stop a1", "start b2", "stop a2"],
            await File.ReadAllLinesAsync(Path.Combine(_folder, "steps")));
    }

    [Fact]
    public async Task More_silos_join_an_upgrade_is_taken_back_and_what_is_restored_waits_for_its_operator()
    {
        Peer.Require("curl");
        var two = Deployment.Of("apps", "dev").Silos;
        var three = (await Deployment.MakeAsync("apps", "dev", Generation("a"), ("siloCount", "3"))).Silos;
        Assert.All(two.Zip(three), pair => Assert.True(JsonElement.DeepEquals(pair.First.Resource, pair.Second.Resource), $"{pair.First.Name} would be replaced in its place."));
        await WriteAsync("a", three);
        await WriteAsync("b", (await Deployment.MakeAsync("apps", "dev", Generation("b"))).Silos);
        await StartAsync("a", [0, 1]);
        await using var mail = await ConnectAsync("dev");
        await DeliverAsync(mail);

        await StartAsync("a", [2]);
        await UpgradeAsync("a", "b", 1);
        await DeliverAsync(mail);
        await UpgradeAsync("b", "a", 1);
        await DeliverAsync(mail);
        Assert.Equal(["start a0", "start a1", "start a2", "start b0", "stop a0", "start a0", "stop b0"], await File.ReadAllLinesAsync(Path.Combine(_folder, "steps")));

        for (var i = 0; i < three.Count; i++) await DriveAsync("stop", "a", i);
        await WriteAsync("a", (await Deployment.MakeAsync("apps", "dev", Generation("a"), ("siloCount", "3"), ("suspendOnStart", "true"))).Silos);
        await StartAsync("a", [0, 1, 2]);
        var held = await SubmitAsync(mail, "after the restore");
        await UntilAsync(mail, held, status => status.WaitReason?.Contains("suspended-on-start", StringComparison.Ordinal) == true);
        Assert.True(await mail.Operations.RevokeOrderAsync("suspended-on-start", CancellationToken.None));
        await UntilAsync(mail, held, status => status.State == MailState.Delivered);
    }

    static Dictionary<string, string> Generation(string name) => new() { ["MAIL_GENERATION"] = name };

    Task<MailClient> ConnectAsync(string environment) => MailClient.ConnectAsync(
        client => client.UseAzureTableClustering((AzureMembershipOptions table) => table.ConnectionString = _azurite.ConnectionString)
            .Configure<GatewayOptions>(gateways => gateways.GatewayListRefreshPeriod = TimeSpan.FromSeconds(2))
            .Configure<ClusterOptions>(cluster => (cluster.ClusterId, cluster.ServiceId) = ($"orleans-mail-{environment}", "orleans-mail")),
        options => (options.Tenant, options.SubmitTimeout) = (Tenant, TimeSpan.FromSeconds(120)),
        TimeSpan.FromSeconds(60));

    static async Task<List<MessageId>> SendAsync(MailClient mail, CancellationToken enough)
    {
        var sent = new List<MessageId>();
        using var pace = new PeriodicTimer(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        for (var number = 0; !enough.IsCancellationRequested && await pace.WaitForNextTickAsync(CancellationToken.None); number++)
            sent.Add(await SubmitAsync(mail, $"m{number}"));
        return sent;
    }

    static async Task<MessageId> SubmitAsync(MailClient mail, string key)
    {
        var content = Encoding.ASCII.GetBytes("From: sender@example.com\r\nTo: rcpt@example.net\r\nSubject: rehearsal\r\n\r\nHello.\r\n");
        return (await mail.SubmitAsync(MailDraft.FromEml(content, "sender@example.com", ["rcpt@example.net"]) with { IdempotencyKey = key }, CancellationToken.None)).Id;
    }

    async Task DeliverAsync(MailClient mail) => await UntilAsync(mail, await SubmitAsync(mail, Guid.NewGuid().ToString()), status => status.State == MailState.Delivered);

    async Task UntilAsync(MailClient mail, MessageId message, Func<MessageStatus, bool> condition)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (await mail.GetStatusAsync(message, CancellationToken.None) is not { } status || !condition(status))
        {
            if (TimeProvider.System.GetElapsedTime(started) > Patience) Assert.Fail($"{message} does not get there.{Environment.NewLine}{Logs()}");
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
        }
    }

    static async Task FollowAsync(MailClient mail, HashSet<MessageId> delivered, CancellationToken stop)
    {
        try
        {
            await foreach (var item in mail.SubscribeAsync(null, EventPosition.Start, stop))
                if (item.Type == EventType.Delivered)
                    lock (delivered)
                        delivered.Add(item.MessageId);
        }
        catch (OperationCanceledException)
        {
            // Enough.
        }
    }

    async Task CheckApiAsync(Uri address, MessageId message)
    {
        using var http = new HttpClient { BaseAddress = address };
        await WhileAsync(() => !IsReady(http), "an api that is ready");
        using var unknown = await http.GetAsync(new Uri($"/v1/messages/{message}", UriKind.Relative));
        Assert.Equal(HttpStatusCode.Unauthorized, unknown.StatusCode);
        http.DefaultRequestHeaders.Add("X-MS-CLIENT-PRINCIPAL-ID", "somebody");
        Assert.Contains("Delivered", await http.GetStringAsync(new Uri($"/v1/messages/{message}", UriKind.Relative)), StringComparison.OrdinalIgnoreCase);
    }

    static bool IsReady(HttpClient http)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "/health/ready");
            using var answer = http.Send(request);
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    async Task WriteAsync(string generation, IReadOnlyList<ContainerApp> silos)
    {
        for (var i = 0; i < silos.Count; i++)
            await File.WriteAllLinesAsync(Path.Combine(_folder, $"{generation}{i}.env"), Local(silos[i]).Select(variable => $"{variable.Key}='{variable.Value}'"));
    }

    Dictionary<string, string> Local(ContainerApp app)
    {
        var variables = app.Variables.ToDictionary(variable => variable.Name, variable => variable.Value ?? "of-the-vault");
        foreach (var key in variables.Keys.Where(name => name.EndsWith("__KeyFile", StringComparison.Ordinal)).ToList()) variables[key] = DkimKey.MakeIn(_folder);
        variables["Urls"] = $"http://127.0.0.1:{FreePort.Next(1)[0]}";
        foreach (var gone in new[] { "OrleansMail__AzureSpool__TableEndpoint", "OrleansMail__AzureSpool__BlobEndpoint", "OrleansMail__AzureSpool__ManagedIdentityClientId", "Orleans__Clustering__ServiceUri", "Orleans__Clustering__ManagedIdentityClientId" })
            variables.Remove(gone);
        variables[app.Container == "silo" ? "OrleansMail__AzureSpool__ConnectionString" : "Orleans__Clustering__ConnectionString"] = _azurite.ConnectionString;
        if (app.Container != "silo") return variables;
        variables["Orleans__Endpoints__AdvertisedIPAddress"] = "127.0.0.1";
        foreach (var end in new[] { "Silo", "Gateway" })
        {
            var port = $"{PortFor(variables[$"Orleans__Endpoints__{end}Port"])}";
            variables[$"Orleans__Endpoints__{end}Port"] = port;
            // One machine has one network: what is mapped there is the same here.
            variables[$"Orleans__Endpoints__{end}ListeningEndpoint"] = $"127.0.0.1:{port}";
        }

        return variables;
    }

    int PortFor(string port) => _ports.TryGetValue(port, out var known) ? known : _ports[port] = FreePort.Next(1)[0];

    Task DriveAsync(string verb, string generation, int index) =>
        Tool.RunAsync("env", [.. Rehearsal, Path.Combine(AppContext.BaseDirectory, "local-driver"), verb, generation, $"{index}"], _folder, Patience);

    async Task StartAsync(string generation, int[] indexes)
    {
        foreach (var index in indexes) await DriveAsync("start", generation, index);
        foreach (var index in indexes) await WaitAsync(generation, index);
    }

    Task UpgradeAsync(string from, string to, int count) =>
        Tool.RunAsync("env", [.. Rehearsal, Path.Combine(Bicep.Folder, "upgrade"), Path.Combine(AppContext.BaseDirectory, "local-driver"), from, to, $"{count}"], _folder, Patience * count);

    string[] Rehearsal => [$"MAIL_REHEARSAL={_folder}", $"MAIL_SILO={ProgramOf("Silo")}"];

    async Task WaitAsync(string generation, int index)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (true)
        {
            try
            {
                await DriveAsync("ready", generation, index);
                return;
            }
            catch (InvalidOperationException)
            {
                if (TimeProvider.System.GetElapsedTime(started) > Patience) Assert.Fail($"Silo {generation}{index} is not ready.{Environment.NewLine}{Logs()}");
                await Task.Delay(TimeSpan.FromMilliseconds(200), TimeProvider.System);
            }
        }
    }

    async Task WhileAsync(Func<bool> condition, string what)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (condition())
        {
            if (TimeProvider.System.GetElapsedTime(started) > Patience) Assert.Fail($"Waited in vain for {what}.{Environment.NewLine}{Logs()}");
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System);
        }
    }

    string Logs() => _api?.Output + string.Join(Environment.NewLine, Directory.EnumerateFiles(_folder, "*.log").SelectMany(file => File.ReadLines(file).TakeLast(20).Prepend(file)));

    static void Kill(int id)
    {
        try
        {
            using var process = Process.GetProcessById(id);
            process.Kill();
            process.WaitForExit();
        }
        catch (ArgumentException)
        {
            // It has ended.
        }
    }

    // The program built in the same configuration as these tests.
    static string ProgramOf(string project)
    {
        var here = AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar);
        return Path.GetFullPath(Path.Combine(here, "../../", project, Path.GetFileName(here), $"Orleans.Mail.{project}.dll"));
    }
}
