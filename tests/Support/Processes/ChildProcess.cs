using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace Orleans.Mail.Support;

/// <summary>A program that runs beside a test or a benchmark and does not outlive it.</summary>
public class ChildProcess : IAsyncDisposable
{
    const int MaxKeptLines = 200;

    readonly Queue<string> _lines = new();
    readonly Process _process;
    readonly Task _reading;

    protected ChildProcess(string program, IEnumerable<string> arguments, string? folder = null, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder ?? "" };
        foreach (var (name, value) in environment ?? new Dictionary<string, string>()) start.Environment[name] = value;
        _process = Process.Start(start) ?? throw new InvalidOperationException($"{program} did not start.");
        _reading = Task.WhenAll(ReadAsync(_process.StandardOutput), ReadAsync(_process.StandardError));
    }

    public int ProcessId => _process.Id;

    public bool HasExited => _process.HasExited;

    /// <summary>Exit code once it has ended; 128 + signal for a killed one.</summary>
    public int ExitCode => _process.ExitCode;

    protected TextWriter Input => _process.StandardInput;

    /// <summary>The newest lines it wrote, for the message of a failure.</summary>
    public string Output
    {
        get
        {
            lock (_lines) return string.Join(Environment.NewLine, _lines);
        }
    }

    /// <summary>SIGKILL: no finalizer, no flush, no goodbye. Returns when the process is gone.</summary>
    public async Task KillAsync()
    {
        if (!_process.HasExited) _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>SIGTERM, and waits for the end.</summary>
    public async Task StopAsync(TimeSpan limit)
    {
        if (!_process.HasExited) Send(_process.Id, 15);
        await WaitForExitAsync(limit);
    }

    /// <summary>SIGSTOP: the process stands still until <see cref="Continue"/>.</summary>
    public void Pause() => Send(_process.Id, 19);

    /// <summary>SIGCONT.</summary>
    public void Continue() => Send(_process.Id, 18);

    /// <summary>Returns when it has ended and all that it wrote is in <see cref="Output"/>.</summary>
    /// <exception cref="TimeoutException">It is still there.</exception>
    public async Task WaitForExitAsync(TimeSpan limit)
    {
        using var late = new CancellationTokenSource(limit);
        try
        {
            await _process.WaitForExitAsync(late.Token);
            await _reading.WaitAsync(late.Token);
        }
        catch (OperationCanceledException exception)
        {
            throw new TimeoutException($"{_process.StartInfo.FileName} did not end within {limit}.{Environment.NewLine}{Output}", exception);
        }
    }

    /// <summary>Returns when it has written a line with this text; what it wrote long ago is not looked at.</summary>
    /// <exception cref="TimeoutException">It has not.</exception>
    public async Task WaitForOutputAsync(string text, TimeSpan limit)
    {
        var started = TimeProvider.System.GetTimestamp();
        while (!Output.Contains(text, StringComparison.Ordinal))
        {
            if (HasExited || TimeProvider.System.GetElapsedTime(started) > limit) throw new TimeoutException($"'{text}' was not written{(HasExited ? " before the end" : "")}.{Environment.NewLine}{Output}");
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        }
    }

    public virtual async ValueTask DisposeAsync()
    {
        await KillAsync();
        await _reading;
        _process.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Called for every line, ended by a line feed or a carriage return.</summary>
    protected virtual void OnLine(string line)
    {
    }

    async Task ReadAsync(StreamReader reader)
    {
        var line = new StringBuilder();
        var chunk = new char[4096];
        for (int read; (read = await reader.ReadAsync(chunk)) > 0;)
        {
            foreach (var character in chunk.AsSpan(0, read))
            {
                if (character is not ('\n' or '\r')) line.Append(character);
                else if (line.Length > 0)
                {
                    Take(line.ToString());
                    line.Clear();
                }
            }
        }
    }

    void Take(string line)
    {
        lock (_lines)
        {
            if (_lines.Count == MaxKeptLines) _lines.Dequeue();
            _lines.Enqueue(line);
        }

        OnLine(line);
    }

    static void Send(int processId, int signal)
    {
        if (SendSignal(processId, signal) != 0) throw new InvalidOperationException($"Signal {signal}: error {Marshal.GetLastPInvokeError()}.");
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    static extern int SendSignal(int processId, int signal);
}
