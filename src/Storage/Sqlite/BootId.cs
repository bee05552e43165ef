using System.IO.Hashing;
using System.Text;

namespace Orleans.Mail.Storage.Sqlite;

/// <summary>Tells one start of the machine from another.</summary>
static class BootId
{
    const string LinuxPath = "/proc/sys/kernel/random/boot_id";

    public static ulong Current(TimeProvider clock)
    {
        if (File.Exists(LinuxPath)) return XxHash3.HashToUInt64(Encoding.ASCII.GetBytes(File.ReadAllText(LinuxPath).Trim()));
        // Elsewhere the start time must do, in steps of ten seconds: it is a difference of two clocks and wavers a little.
        // A wrong change of it only makes marks unknown.
        return (ulong)(clock.GetUtcNow().ToUnixTimeMilliseconds() - Environment.TickCount64) / 10_000;
    }
}
