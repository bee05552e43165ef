namespace Orleans.Mail.Storage;

/// <summary>Whether the store works, for readiness checks.</summary>
public interface ISpoolHealth
{
    /// <summary>Why nothing can be stored now; null while the store works.</summary>
    SpoolFault? Fault { get; }

    /// <summary>Since when; null while the store works.</summary>
    DateTimeOffset? Since { get; }
}
