using Microsoft.Extensions.Hosting;

namespace Orleans.Mail.Grains.Placement;

/// <summary>Ends the process of a silo that is of no use any more, with a code that makes a platform start it again.</summary>
sealed class SiloExit(IHostApplicationLifetime lifetime, TimeProvider clock)
{
    /// <summary>Exit code of a silo that left its cluster by itself.</summary>
    const int Code = 3;

    // Without storage a stop has little to do, and would wait for it: what it does not do, others do as after a crash.
    static readonly TimeSpan StopTime = TimeSpan.FromSeconds(5);

    public void Leave()
    {
        Environment.ExitCode = Code;
        lifetime.StopApplication();
        _ = EndAsync();
    }

    async Task EndAsync()
    {
        await Task.Delay(StopTime, clock).ConfigureAwait(false);
        Environment.Exit(Code);
    }
}
