using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Orleans.Mail.Testing;

namespace Orleans.Mail.Client.Tests;

public sealed class ReadmeTests
{
    [Theory]
    [InlineData("Client")]
    [InlineData("Testing")]
    public void Every_line_of_code_in_a_readme_compiles_here(string package)
    {
        var root = Root();
        var source = File.ReadAllText(Path.Combine(root, "tests/Client.Tests/ReadmeTests.cs"));
        var readme = File.ReadAllText(Path.Combine(root, $"src/{package}/README.md"));
        var code = readme.Split("```").Where(block => block.StartsWith("csharp", StringComparison.Ordinal)).SelectMany(block => block.Split('\n').Skip(1)).Select(line => line.Trim()).Where(line => line.Length > 0).ToList();

        Assert.NotEmpty(code);
        Assert.All(code, line => Assert.Contains(line, source, StringComparison.Ordinal));
    }

    static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "Orleans.Mail.sln"))) folder = folder.Parent ?? throw new DirectoryNotFoundException("The tests run outside the repository.");
        return folder.FullName;
    }

    // Compiled, never called: the lines of the README, in its order.
#pragma warning disable IDE0051
    static async Task ScriptAsync()
    {
        await using var mail = await MailClient.ConnectAsync();                       // a service on this machine
        var order = await mail.SubmitAsync(new MailDraft
        {
            From = "Shop <shop@example.test>", To = ["ann@delivered.test"], Subject = "Order 1001", Text = "Thank you.",
            IdempotencyKey = "order-1001/confirmation",                               // the same key is the same message, from any process
        });
        var status = await order.WaitAsync(TimeSpan.FromMinutes(2));                  // final, or the newest at the limit
        Console.WriteLine($"{order.Id} {status.State} final={status.IsFinal}");
    }

    static void Register(IHostApplicationBuilder builder, IServiceCollection services)
    {
        builder.AddOrleansMailClient();                        // also adds the Orleans client: section "Orleans", or a service on this machine
        services.AddOrleansMailClient(o => o.Tenant = "shop"); // where there is an Orleans client already, or in a silo
    }

    static async Task FollowAsync(IMailClient mail, CancellationToken stopping)
    {
        var from = File.Exists("position") ? EventPosition.Parse(File.ReadAllText("position")) : EventPosition.Start;
        await foreach (var e in mail.SubscribeAsync(from: from, cancellationToken: stopping))
        {
            Console.WriteLine($"{e.At:T} {e.MessageId} {e.Type} {e.Recipient} {e.Reply}");
            File.WriteAllText("position", e.Position.ToString());
        }
    }

    static async Task UnitAsync(IServiceCollection services)
    {
        var fake = new FakeMailClient();
        fake.On(draft => draft.To.Contains("dead@x.test")).Bounce("5.1.1");
        fake.On(draft => draft.Campaign == "slow").Defer(times: 2).Deliver();
        fake.On(draft => draft.Tenant == "offline").Fail(MailErrorCode.Unreachable, isTransient: true, outcomeKnown: false);
        services.ReplaceMailWithFake(fake);
        var confirmation = await fake.WaitForAsync(draft => draft.Subject == "Order 1001");
        Assert.Single(fake.Submitted);
        Assert.NotNull(confirmation);
    }

    static async Task IntegrationAsync()
    {
        await using var host = await MailTestHost.StartAsync();
        host.Receiver("slow.test").Greylist(times: 2);
        var submission = await host.Client.SubmitAsync(new MailDraft { From = "shop@example.test", To = ["ann@slow.test"], Subject = "Order 1001", Text = "Thank you." });
        await host.Clock.AdvanceUntilIdleAsync(atMost: TimeSpan.FromHours(6));
        Assert.Equal(3, (await submission.GetStatusAsync()).AttemptCount);
        Assert.Equal("Order 1001", host.Inbox("ann@slow.test").Single().Subject);
    }
#pragma warning restore IDE0051
}
