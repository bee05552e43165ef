namespace Orleans.Mail.Ledger.Tests;

public sealed class CheckVerbTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("ledger-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_clean_run_exits_with_0_and_a_lost_recipient_with_1()
    {
        await WriteAsync("s", LedgerJson.Default.SubmittedLine, new SubmittedLine("m", ["a@x"], DateTimeOffset.UnixEpoch, SubmitOutcome.Accepted, "abc", 3));
        await WriteAsync("r", LedgerJson.Default.ReceivedLine, new ReceivedLine(DateTimeOffset.UnixEpoch, "m", "a@x", SinkPhase.Taken, 3, "abc"));
        await WriteAsync("none", LedgerJson.Default.ReceivedLine);
        await WriteAsync("e", LedgerJson.Default.EventLine);
        using var output = new StringWriter();

        Assert.Equal(0, Check("r", output));
        Assert.Equal(1, Check("none", output));

        var last = output.ToString().TrimEnd().Split('\n')[^1];
        Assert.StartsWith("{", last, StringComparison.Ordinal);
        Assert.Contains("\"lost\":1", last, StringComparison.Ordinal);
    }

    [Fact]
    public void A_line_without_an_end_was_never_finished_and_is_left_out()
    {
        File.WriteAllText(PathOf("q"), "{\"id\":\"m\"}\n{\"id\":\"n\"");

        Assert.Equal("m", Assert.Single(LineFile.Read(PathOf("q"), LedgerJson.Default.QueuedLine)).Id);
    }

    [Fact]
    public void A_broken_line_inside_is_an_error()
    {
        File.WriteAllText(PathOf("q"), "{\"id\":\"m\"\n{\"id\":\"n\"}\n");

        var exception = Assert.Throws<FormatException>(() => LineFile.Read(PathOf("q"), LedgerJson.Default.QueuedLine).ToList());
        Assert.Contains("line 1", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_line_longer_than_the_read_buffer_is_read_whole()
    {
        var id = new string('x', 200_000);
        File.WriteAllText(PathOf("q"), $"{{\"id\":\"{id}\"}}\n{{\"id\":\"n\"}}\n");

        Assert.Equal([id, "n"], LineFile.Read(PathOf("q"), LedgerJson.Default.QueuedLine).Select(line => line.Id));
    }

    int Check(string received, TextWriter output) =>
        CheckVerb.Run(new Arguments(["--submitted", PathOf("s"), "--received", PathOf(received), "--events", PathOf("e")]), output);

    string PathOf(string name) => Path.Combine(_folder, name);

    async Task WriteAsync<T>(string name, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type, params T[] lines)
    {
        await using var file = new DurableLines<T>(PathOf(name), type);
        await file.AppendAsync(lines);
    }
}
