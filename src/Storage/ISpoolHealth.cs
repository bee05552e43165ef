namespace Orleans.Mail.Storage;

/// <summary>Whether the store works, for readiness checks.</summary>
public interface ISpoolHealth
{
    /// <summary>Why nothing can be stored now; null while the store works.</summary>
    SpoolFault? Fault { get; }

    /// <summary>Since when; null while the store works.</summary>
    DateTimeOffset? Since { get; }

    /// <summary>Tries to store something now, and says whether it could: a fault that is over is over from then on.</summary>
    Task<bool> ProbeAsync(CancellationToken cancellationToken) => Task.FromResult(Fault is null);
}
