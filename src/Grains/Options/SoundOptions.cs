using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Primitives;

namespace Orleans.Mail.Grains.Options;

/// <summary>The settings of the last configuration that was sound. What is wrong with a later one is logged, and it is left alone.</summary>
sealed class SoundOptions<T> : IDisposable where T : class
{
    readonly IOptionsFactory<T> _factory;
    readonly ILogger _log;
    readonly List<IDisposable> _watched;
    T _current;

    public SoundOptions(IOptionsFactory<T> factory, IEnumerable<IOptionsChangeTokenSource<T>> sources, ILogger<SoundOptions<T>> log)
    {
        _factory = factory;
        _log = log;
        _current = factory.Create(Microsoft.Extensions.Options.Options.DefaultName);
        _watched = [.. sources.Select(source => ChangeToken.OnChange(source.GetChangeToken, Reload))];
    }

    public T Current => Volatile.Read(ref _current);

    /// <summary>Told after every sound change, on no thread in particular.</summary>
    public event Action? Changed;

    public void Dispose()
    {
        foreach (var watched in _watched) watched.Dispose();
    }

    void Reload()
    {
        try
        {
            Volatile.Write(ref _current, _factory.Create(Microsoft.Extensions.Options.Options.DefaultName));
        }
        catch (Exception exception) when (exception is OptionsValidationException or InvalidOperationException or FormatException or ArgumentException)
        {
            ReloadLog.Refused(_log, typeof(T).Name, exception is OptionsValidationException invalid ? string.Join("; ", invalid.Failures) : exception.Message);
            return;
        }

        Changed?.Invoke();
    }
}

static partial class ReloadLog
{
    [LoggerMessage(1451, LogLevel.Error, "Changed {Options} are not taken, and what held before holds on: {Faults}")]
    public static partial void Refused(ILogger logger, string options, string faults);
}
