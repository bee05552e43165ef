using Orleans.Mail.Support;

namespace Orleans.Mail.Infra.Tests;

/// <summary>An upgrade that does not go as it should leaves as many silos as there were, and can be carried on.</summary>
public sealed class UpgradeTests : IDisposable
{
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    readonly string _folder = Directory.CreateTempSubdirectory("mail-upgrade-").FullName;

    string[] Steps => File.ReadAllLines(Path.Combine(_folder, "steps"));

    string[] Calls => File.ReadAllLines(Path.Combine(_folder, "calls"));

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("ready b", new[] { "start b 0", "ready b 0", "ready a 0", "stop b 0" })]
    [InlineData("start b", new[] { "start b 0", "ready a 0", "stop b 0" })]
    public async Task A_successor_that_does_not_come_up_is_removed_and_its_predecessor_goes_on(string fails, string[] steps)
    {
        var exception = await Assert.ThrowsAsync<InvalidOperationException>(() => UpgradeAsync($"\"{fails} \"*"));
        Assert.Contains("a0 goes on", exception.Message, StringComparison.Ordinal);
        Assert.Equal(steps, Steps);
    }

    [Fact]
    public async Task A_successor_without_a_predecessor_is_left_alone()
    {
        // Carried on: b0 had replaced a0 already, and cannot be ready now.
        var exception = await Assert.ThrowsAsync<InvalidOperationException>(() => UpgradeAsync("\"ready \"*"));
        Assert.Contains("left as they are", exception.Message, StringComparison.Ordinal);
        Assert.Equal(["start b 0", "ready b 0", "ready a 0"], Steps);
    }

    [Fact]
    public async Task A_silo_ends_before_it_is_removed()
    {
        await StopAsync("silo", active: "r1", replicas: "0");
        Assert.Equal(["revision deactivate r1", "delete"], Calls);
    }

    [Fact]
    public async Task A_stop_that_was_interrupted_is_carried_on()
    {
        await StopAsync("silo", active: "", replicas: "0");
        Assert.Equal(["delete"], Calls);
        File.Delete(Path.Combine(_folder, "calls"));
        await StopAsync("", active: "", replicas: "0");
        Assert.False(File.Exists(Path.Combine(_folder, "calls")));
    }

    [Fact]
    public async Task A_silo_that_does_not_end_is_not_removed()
    {
        var exception = await Assert.ThrowsAsync<InvalidOperationException>(() => StopAsync("silo", active: "r1", replicas: "1"));
        Assert.Contains("does not end", exception.Message, StringComparison.Ordinal);
        Assert.Equal(["revision deactivate r1"], Calls);
    }

    [Fact]
    public async Task A_cloud_that_does_not_answer_has_not_said_that_a_silo_is_gone() =>
        await Assert.ThrowsAsync<InvalidOperationException>(() => DriveAsync("#!/usr/bin/env bash\nexit 1\n"));

    [Theory]
    [InlineData("stop", "c", "0")]
    [InlineData("stop", "a", "")]
    public async Task A_silo_is_named_by_its_generation_and_its_number(params string[] arguments) =>
        Assert.Contains("an index", (await Assert.ThrowsAsync<InvalidOperationException>(() => DriveAsync("", arguments))).Message, StringComparison.Ordinal);

    // A driver that notes what it is told, and fails at one thing.
    Task UpgradeAsync(string fails)
    {
        var driver = Write("driver", $"#!/usr/bin/env bash\necho \"$*\" >> '{_folder}/steps'\ncase \"$* \" in {fails}) exit 1 ;; esac\n");
        return Tool.RunAsync("env", ["MAIL_UPGRADE_PATIENCE=0", Path.Combine(Bicep.Folder, "upgrade"), driver, "a", "b", "3"], _folder, Patience);
    }

    // In place of az: answers questions, and notes what it changes.
    Task StopAsync(string apps, string active, string replicas) => DriveAsync($$"""
        #!/usr/bin/env bash
        case "$*" in
          "containerapp list "*) echo '{{apps}}' ;;
          *" --all "*) echo r1 ;;
          "containerapp revision list "*) echo '{{active}}' ;;
          "containerapp replica list "*) echo '{{replicas}}' ;;
          "containerapp revision deactivate "*) echo "revision deactivate $(sed 's/.*--revision \([^ ]*\).*/\1/' <<<"$*")" >> '{{_folder}}/calls' ;;
          "containerapp delete "*) echo delete >> '{{_folder}}/calls' ;;
        esac
        """, "stop", "a", "0");

    Task DriveAsync(string az, params string[] arguments)
    {
        Write("az", az);
        return Tool.RunAsync("env", [$"PATH={_folder}:{Environment.GetEnvironmentVariable("PATH")}", "AZURE_ENV_NAME=prod", "MAIL_STOP_PATIENCE=0", Path.Combine(Bicep.Folder, "drivers", "azure"), .. arguments.Length > 0 ? arguments : ["stop", "a", "0"]], _folder, Patience);
    }

    string Write(string name, string text)
    {
        var program = Path.Combine(_folder, name);
        File.WriteAllText(program, text);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        return program;
    }
}
