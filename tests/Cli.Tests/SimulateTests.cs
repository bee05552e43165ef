using System.Text.Json;
using System.Text.RegularExpressions;
using Orleans.Mail.Cli.Commands;
using Orleans.Mail.Cli.Output;

namespace Orleans.Mail.Cli.Tests;

/// <summary>The verb that sends nothing.</summary>
public sealed class SimulateTests : IDisposable
{
    readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory();
    readonly StringWriter _output = new();
    readonly StringWriter _talk = new();

    public void Dispose()
    {
        _folder.Delete(recursive: true);
        _output.Dispose();
        _talk.Dispose();
    }

    [Fact]
    public async Task A_scenario_is_told_in_words_and_as_json()
    {
        var scenario = Write("plain.json", """{ "mail": [ { "tenant": "shop", "priority": "High", "count": 100 } ], "receiver": { "latency": "1s", "connectTime": "0s" }, "policy": { "limits": { "maxSessions": 1 } } }""");

        Assert.Equal(ExitCodes.Ok, await RunAsync("simulate", scenario));
        Assert.Contains("100 s", _output.ToString().Replace("0:01:40", "100 s", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Contains("shop", _output.ToString(), StringComparison.Ordinal);
        var report = (await JsonAsync("simulate", scenario)).Single();
        Assert.Equal("plain", report.GetProperty("name").GetString());
        Assert.Equal("00:01:40", report.GetProperty("report").GetProperty("finishedAfter").GetString());
        Assert.Equal("00:00:50", report.GetProperty("report").GetProperty("rows")[0].GetProperty("p50").GetString());
    }

    [Fact]
    public async Task Against_tries_another_policy_on_the_same_mail()
    {
        var one = Write("one.json", """{ "mail": [ { "count": 100 } ], "receiver": { "latency": "1s" }, "policy": { "limits": { "rate": "1/1s" } } }""");
        var other = Write("other.json", """{ "policy": { "limits": { "rate": "1/10s" } } }""");

        var reports = await JsonAsync("simulate", one, "--against", other);

        Assert.Equal(["one", "other"], reports.Select(report => report.GetProperty("name").GetString()));
        Assert.Equal([100, 100], reports.Select(report => report.GetProperty("report").GetProperty("delivered").GetInt32()));
        Assert.True(Finished(reports[1]) > 9 * Finished(reports[0]));
    }

    [Fact]
    public async Task Recorded_events_are_replayed_against_another_schedule()
    {
        var start = new DateTimeOffset(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);
        var events = new StringWriter();
        var printer = new JsonPrinter(events);
        foreach (var domain in new[] { "a.test", "b.test" })
        {
            var happened = new DeliveryEvent { MessageId = MessageId.New(TimeProvider.System), Tenant = "shop", Type = EventType.Accepted, At = start };
            printer.Write(happened);
            for (var attempt = 1; attempt <= 3; attempt++)
            {
                var at = start.AddHours(attempt);
                printer.Write(happened with { Type = EventType.Attempting, Attempt = attempt, At = at });
                var answer = happened with { Attempt = attempt, At = at.AddSeconds(2), Recipient = "x@" + domain };
                printer.Write(attempt == 3
                    ? answer with { Type = EventType.Delivered }
                    : answer with { Type = EventType.Deferred, Category = "mailbox-full", Reply = SmtpReply.Create(452, "4.2.2 full") });
            }
        }

        var recorded = Write("events.jsonl", events.ToString());
        var scenario = Write("policy.json", """{ "receiver": { "connectTime": "0s" }, "policy": { "backoff": [ "1m" ] } }""");

        var both = (await JsonAsync("simulate", scenario, "--recorded", recorded)).Single();
        var one = (await JsonAsync("simulate", scenario, "--recorded", recorded, "--domain", "a.test")).Single();

        Assert.Equal((2, 6), (both.GetProperty("report").GetProperty("delivered").GetInt32(), both.GetProperty("report").GetProperty("attempts").GetInt32()));
        Assert.Equal(3, one.GetProperty("report").GetProperty("attempts").GetInt32());
        // Two waits of a minute with a tenth of jitter, and three dialogues of two seconds.
        Assert.InRange(Finished(one).TotalSeconds, 108 + 6, 132 + 7);
    }

    [Theory]
    [InlineData("""{ "mial": [] }""", "mial")]
    [InlineData("""{ "mail": [ { "count": 1 } ], "receiver": { "latency": "soon" } }""", "latency")]
    [InlineData("""{ "mail": [ { "count": 1 } ], "receiver": null }""", "receiver")]
    [InlineData("""{ "mail": [ { "count": 1 } ], "policy": { "provider": "nobody" } }""", "nobody")]
    [InlineData("{}", "there is none")]
    [InlineData("[", "broken.json")]
    public async Task A_wrong_scenario_is_2_and_told(string text, string told)
    {
        Assert.Equal(ExitCodes.Usage, await RunAsync("simulate", Write("broken.json", text)));
        Assert.Contains(told, _talk.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_line_that_is_no_event_is_2_and_told_by_number()
    {
        var scenario = Write("policy.json", "{}");
        Assert.Equal(ExitCodes.Usage, await RunAsync("simulate", scenario, "--recorded", Write("events.jsonl", "\n{\"a\":1}\n")));
        Assert.Contains("line 2", _talk.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_scenario_of_the_documentation_runs()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Orleans.Mail.sln"))) folder = folder.Parent!;
        var page = await File.ReadAllTextAsync(Path.Combine(folder.FullName, "docs", "simulate.md"), TestContext.Current.CancellationToken);
        var scenario = Regex.Match(page, "```json\n(.*?)```", RegexOptions.Singleline).Groups[1].Value;

        Assert.Equal(ExitCodes.Ok, await RunAsync("simulate", Write("documented.json", scenario)));
        Assert.Contains("10,060", _output.ToString(), StringComparison.Ordinal);
    }

    static TimeSpan Finished(JsonElement run) => TimeSpan.Parse(run.GetProperty("report").GetProperty("finishedAfter").GetString()!, System.Globalization.CultureInfo.InvariantCulture);

    string Write(string name, string text)
    {
        var path = Path.Combine(_folder.FullName, name);
        File.WriteAllText(path, text);
        return path;
    }

    async Task<List<JsonElement>> JsonAsync(params string[] args)
    {
        _output.GetStringBuilder().Clear();
        Assert.Equal(ExitCodes.Ok, await RunAsync([.. args, "-o", "json"]));
        return [.. _output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement.Clone())];
    }

    Task<int> RunAsync(params string[] args) =>
        CommandLine.RunAsync(args, (_, _) => throw new InvalidOperationException("No service is asked."), _output, _talk, TestContext.Current.CancellationToken);
}
