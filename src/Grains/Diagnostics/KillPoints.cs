using System.Diagnostics;
using System.Globalization;

namespace Orleans.Mail.Grains.Diagnostics;

/// <summary>
/// Named places where the process kills itself, for the crash tests: <c>ORLEANS_MAIL_KILL=name:n</c> ends it by SIGKILL
/// at the n-th passing. Costs a comparison with null otherwise.
/// </summary>
public static class KillPoints
{
    public const string Variable = "ORLEANS_MAIL_KILL";

    static readonly string? Name;
    static int _left;

    static KillPoints()
    {
        if (Environment.GetEnvironmentVariable(Variable) is not { Length: > 0 } value) return;
        var colon = value.LastIndexOf(':');
        Name = colon < 0 ? value : value[..colon];
        _left = colon < 0 ? 1 : int.Parse(value.AsSpan(colon + 1), CultureInfo.InvariantCulture);
    }

    public static void Pass(string name)
    {
        if (Name is null || Name != name || Interlocked.Decrement(ref _left) != 0) return;
        using var self = Process.GetCurrentProcess();
        self.Kill();
        Thread.Sleep(Timeout.Infinite);
    }
}
