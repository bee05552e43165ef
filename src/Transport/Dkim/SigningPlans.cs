using System.Collections.Immutable;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Orleans.Mail.Transport.Dkim;

/// <summary>
/// The plan in force. It is read again once per <see cref="DkimOptions.RefreshAfter"/> while messages come, off their path, and replaced as a whole:
/// where any part of a new one is not usable the old one stays, so no message leaves unsigned because a file is being written.
/// </summary>
sealed partial class SigningPlans(IOptionsMonitor<DkimOptions> options, SigningPlanReader reader, TimeProvider clock, ILogger<SigningPlans> log) : IDisposable
{
    readonly SemaphoreSlim _first = new(1, 1);
    SigningPlan? _plan;
    long _refreshAt;
    int _isRefreshing;

    /// <summary>The refresh under way, or the last one.</summary>
    internal Task Refresh { get; private set; } = Task.CompletedTask;

    public ValueTask<SigningPlan> CurrentAsync(CancellationToken cancellationToken)
    {
        if (Volatile.Read(ref _plan) is not { } plan) return new ValueTask<SigningPlan>(FirstAsync(cancellationToken));
        if (clock.GetTimestamp() >= Volatile.Read(ref _refreshAt) && Interlocked.Exchange(ref _isRefreshing, 1) == 0) Refresh = Task.Run(RefreshAsync, CancellationToken.None);
        return new ValueTask<SigningPlan>(plan);
    }

    public void Dispose() => _first.Dispose();

    async Task<SigningPlan> FirstAsync(CancellationToken cancellationToken)
    {
        await _first.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            if (_plan is not null) return _plan;
            var current = options.CurrentValue;
            var reading = await reader.ReadAsync(current, warns: true, cancellationToken).ConfigureAwait(false);
            if (reading.Plan is null) throw new OptionsValidationException(DkimOptions.Section, typeof(DkimOptions), reading.Faults);
            Put(reading.Plan, current.RefreshAfter);
            return reading.Plan;
        }
        finally
        {
            _first.Release();
        }
    }

    async Task RefreshAsync()
    {
        var (plan, faults, next) = (_plan!, ImmutableArray<string>.Empty, TimeSpan.FromMinutes(1));
        try
        {
            var current = options.CurrentValue;
            next = current.RefreshAfter;
            var reading = await reader.ReadAsync(current, warns: false, CancellationToken.None).ConfigureAwait(false);
            (plan, faults) = (reading.Plan ?? plan, reading.Faults);
        }
        catch (OptionsValidationException exception)
        {
            faults = [.. exception.Failures];
        }
        finally
        {
            foreach (var fault in faults) LogKeptOld(fault);
            Put(plan, next);
            Volatile.Write(ref _isRefreshing, 0);
        }
    }

    void Put(SigningPlan plan, TimeSpan refreshAfter)
    {
        Volatile.Write(ref _refreshAt, clock.GetTimestamp() + (long)(refreshAfter.TotalSeconds * clock.TimestampFrequency));
        Volatile.Write(ref _plan, plan);
    }

    [LoggerMessage(1, LogLevel.Error, "DKIM signs with the keys it had, since the new ones are not usable: {Fault}")]
    partial void LogKeptOld(string fault);
}

/// <summary>Reads every key before the first message comes, so that a host with a key it cannot use does not start.</summary>
sealed class SigningPlanStart(SigningPlans plans) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken) => plans.CurrentAsync(cancellationToken).AsTask();

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
