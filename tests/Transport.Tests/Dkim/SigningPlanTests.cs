using System.Collections.Concurrent;
using System.Security.Cryptography;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using Orleans.Mail.Transport.Dkim;

namespace Orleans.Mail.Transport.Tests.Dkim;

/// <summary>Where keys come from, what is said of them at start, and how they are rotated.</summary>
public sealed class SigningPlanTests : IDisposable
{
    readonly string _file = Path.GetTempFileName();
    readonly LogLines _log = new();
    readonly FakeTimeProvider _clock = new(Given.Now);

    public void Dispose()
    {
        File.Delete(_file);
        _log.Dispose();
    }

    [Fact]
    public async Task Keys_come_from_files_variables_and_a_provider()
    {
        const string Variable = "ORLEANS_MAIL_TEST_DKIM_KEY";
        await File.WriteAllTextAsync(_file, Given.RsaPem, TestContext.Current.CancellationToken);
        Environment.SetEnvironmentVariable(Variable, Given.Ed25519Pem.Replace("\n", "\\n", StringComparison.Ordinal));
        var options = new DkimOptions
        {
            Signings = [new() { Domain = "a.example", Selector = "f", KeyFile = _file }, new() { Domain = "b.example", Selector = "v", KeyVariable = Variable }, Given.Signing("c.example", "p", "ed")],
        };
        await using var services = Given.Services(options);
        var plan = await PlanAsync(services);
        Assert.Equal(["f._domainkey.a.example rsa-sha256", "v._domainkey.b.example ed25519-sha256", "p._domainkey.c.example ed25519-sha256"], plan.Keys.Select(key => $"{key.RecordName} {key.Key.Algorithm}"));
    }

    [Fact]
    public async Task A_host_with_keys_it_cannot_use_does_not_start_and_hears_of_all_of_them()
    {
        const string Canary = "CANARYCANARY";
        using var small = RSA.Create(512);
        var keys = new HeldKeys { Keys = { ["small"] = small.ExportPkcs8PrivateKeyPem(), ["broken"] = Canary } };
        var options = new DkimOptions
        {
            Signings = [Given.Signing("a.example", "s", "small"), Given.Signing("b.example", "s", "broken"), Given.Signing("c.example", "s", "absent"), new() { Domain = "d.example", Selector = "s", KeyFile = "/nowhere/key.pem" }, new() { Domain = "e.example", Selector = "s", KeyVariable = "ORLEANS_MAIL_TEST_UNSET" }],
        };
        await using var services = Given.Services(options, log: _log, keys: keys);
        var fault = await Assert.ThrowsAsync<OptionsValidationException>(() => services.GetServices<IHostedService>().Single().StartAsync(TestContext.Current.CancellationToken));
        Assert.Equal(["a.example", "b.example", "c.example", "d.example", "e.example"], fault.Failures.Select(text => text[(text.IndexOf("_domainkey.", StringComparison.Ordinal) + 11)..text.IndexOf(')', StringComparison.Ordinal)]));
        Assert.DoesNotContain(Canary, fault + string.Concat(_log.Lines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_a_provider_says_when_it_fails_is_not_repeated()
    {
        await using var services = Given.Services(Given.Both(), log: _log, keys: new HeldKeys { Failure = new InvalidOperationException("secret=CANARY") });
        var fault = await Assert.ThrowsAsync<OptionsValidationException>(() => PlanAsync(services));
        Assert.Contains("InvalidOperationException", fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("CANARY", fault + string.Concat(_log.Lines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_weak_key_and_a_file_that_all_may_read_are_warned_of_once()
    {
        // File modes are of Unix.
        if (OperatingSystem.IsWindows()) return;
        using var rsa = RSA.Create(1024);
        await File.WriteAllTextAsync(_file, rsa.ExportPkcs8PrivateKeyPem(), TestContext.Current.CancellationToken);
        File.SetUnixFileMode(_file, UnixFileMode.UserRead | UnixFileMode.OtherRead);
        await using var services = Given.Services(new DkimOptions { Signings = [new() { Domain = Given.Domain, Selector = "s", KeyFile = _file }] }, clock: _clock, log: _log);
        await PlanAsync(services);
        await RefreshAsync(services);
        Assert.Equal(["Warning: The DKIM key s._domainkey.sender.example has 1,024 bits; RFC 8301 asks for 2,048.", "Warning: The file of the DKIM key s._domainkey.sender.example may be read by every user of this machine; take that right away (chmod o-r)."], _log.Lines);
    }

    [Fact]
    public async Task A_new_key_and_a_new_selector_are_used_after_the_refresh_time()
    {
        var keys = new HeldKeys();
        var options = new DkimOptions { Signings = [Given.Signing(Given.Domain, "old", "rsa")] };
        await using var services = Given.Services(options, clock: _clock, keys: keys);
        var first = await PlanAsync(services);
        keys.Keys["rsa"] = Given.Ed25519Pem;
        options.Signings.Add(Given.Signing(Given.Domain, "new", "ed"));
        Assert.Same(first, await PlanAsync(services));
        Assert.Equal(["old ed25519-sha256", "new ed25519-sha256"], (await RefreshAsync(services)).Keys.Select(key => $"{key.Selector} {key.Key.Algorithm}"));
        Assert.Equal("old rsa-sha256", $"{first.Keys[0].Selector} {first.Keys[0].Key.Algorithm}");
    }

    [Fact]
    public async Task A_key_that_cannot_be_read_any_more_and_options_that_break_leave_the_last_good_plan_and_say_so()
    {
        var keys = new HeldKeys();
        var options = Given.Both();
        await using var services = Given.Services(options, clock: _clock, log: _log, keys: keys);
        var first = await PlanAsync(services);
        keys.Failure = new TimeoutException("CANARY");
        Assert.Same(first, await RefreshAsync(services));
        keys.Failure = null;
        options.Signings[0].Selector = "not a selector";
        Assert.Same(first, await RefreshAsync(services));
        Assert.Equal(3, _log.Lines.Count(line => line.StartsWith("Error: DKIM signs with the keys it had", StringComparison.Ordinal)));
        Assert.DoesNotContain("CANARY", string.Concat(_log.Lines), StringComparison.Ordinal);
        options.Signings[0].Selector = "mended";
        Assert.Equal("mended", (await RefreshAsync(services)).Keys[0].Selector);
    }

    public static TheoryData<string, DkimOptions> Broken => new()
    {
        { "Signings:0:Domain", new() { Signings = [Given.Signing("not a domain", "s", "rsa")] } },
        { "Signings:0:Selector", new() { Signings = [Given.Signing(Given.Domain, "a b", "rsa")] } },
        { "Signings:0:Selector", new() { Signings = [Given.Signing(Given.Domain, "a..b", "rsa")] } },
        { "Signings:0:Selector", new() { Signings = [Given.Signing(Given.Domain, "a;d=other", "rsa")] } },
        { "Signings:0:KeyFile", new() { Signings = [new() { Domain = Given.Domain, Selector = "s" }] } },
        { "Signings:0:KeyFile", new() { Signings = [new() { Domain = Given.Domain, Selector = "s", KeyFile = "a", KeyVariable = "b" }] } },
        { "Signings has", new() { Signings = [Given.Signing(Given.Domain, "s", "rsa"), Given.Signing("SENDER.example", "S", "ed")] } },
        { "RequiredDomains", new() { RequiredDomains = ["@sender.example"] } },
        { "RefreshAfter", new() { RefreshAfter = TimeSpan.Zero } },
        { "SignatureLifetime", new() { SignatureLifetime = TimeSpan.FromHours(1) } },
    };

    [Theory]
    [MemberData(nameof(Broken), DisableDiscoveryEnumeration = true)]
    public void A_fault_of_the_section_names_its_key(string key, DkimOptions options) =>
        Assert.StartsWith($"{DkimOptions.Section}:{key}", Assert.Single(new DkimOptionsValidator([new HeldKeys()]).Validate(null, options).Failures!), StringComparison.Ordinal);

    [Fact]
    public void A_key_name_needs_a_provider() => Assert.Contains("IDkimKeyProvider", new DkimOptionsValidator([]).Validate(null, new() { Signings = [Given.Signing(Given.Domain, "s", "rsa")] }).FailureMessage, StringComparison.Ordinal);

    static Task<SigningPlan> PlanAsync(IServiceProvider services) => services.GetRequiredService<SigningPlans>().CurrentAsync(TestContext.Current.CancellationToken).AsTask();

    async Task<SigningPlan> RefreshAsync(IServiceProvider services)
    {
        _clock.Advance(TimeSpan.FromMinutes(1));
        await PlanAsync(services);
        await services.GetRequiredService<SigningPlans>().Refresh;
        return await PlanAsync(services);
    }

    sealed class LogLines : ILoggerProvider, ILogger
    {
        readonly ConcurrentQueue<string> _lines = new();

        public IReadOnlyCollection<string> Lines => _lines;

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => _lines.Enqueue($"{logLevel}: {formatter(state, exception)}{exception}");

        public void Dispose()
        {
        }
    }
}
