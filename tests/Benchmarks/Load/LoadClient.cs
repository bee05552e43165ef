using System.Text.Json;
using System.Threading.Channels;
using Orleans.Mail.Support;

namespace Orleans.Mail.Benchmarks.Load;

/// <summary>The client's process, seen from the benchmark.</summary>
sealed class LoadClient : ChildProcess
{
    readonly Channel<string> _answers = Channel.CreateUnbounded<string>();

    LoadClient(IEnumerable<string> arguments) : base("dotnet", arguments)
    {
    }

    public static async Task<LoadClient> StartAsync(SiloProcess silo, int messageBytes, int domains, int concurrent)
    {
        var client = new LoadClient(
            [typeof(LoadClient).Assembly.Location, "load", "--gateway", $"{silo.GatewayPort}", "--size", $"{messageBytes}", "--domains", $"{domains}", "--concurrent", $"{concurrent}"]);
        await client.ReadAnswerAsync();
        return client;
    }

    public async Task<LoadAnswer> AskAsync(LoadRequest request)
    {
        await Input.WriteLineAsync(JsonSerializer.Serialize(request, LoadJson.Default.LoadRequest));
        await Input.FlushAsync();
        return await ReadAnswerAsync();
    }

    protected override void OnLine(string line)
    {
        if (line.StartsWith('{')) _answers.Writer.TryWrite(line);
    }

    async Task<LoadAnswer> ReadAnswerAsync()
    {
        var answer = _answers.Reader.ReadAsync().AsTask();
        while (await Task.WhenAny(answer, Task.Delay(TimeSpan.FromMilliseconds(500), TimeProvider.System)) != answer)
            if (HasExited && !answer.IsCompleted)
                throw new InvalidOperationException($"The client's process ended with {ExitCode}.{Environment.NewLine}{Output}");
        var result = JsonSerializer.Deserialize(await answer, LoadJson.Default.LoadAnswer)!;
        return result.Error is null ? result : throw new InvalidOperationException(result.Error);
    }
}
