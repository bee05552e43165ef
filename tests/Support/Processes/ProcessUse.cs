using System.Globalization;

namespace Orleans.Mail.Support;

/// <summary>What the kernel says a process uses. Linux.</summary>
public static class ProcessUse
{
    // USER_HZ: what /proc counts in, 100 on every Linux that .NET runs on.
    const double TicksPerSecond = 100;

    /// <summary>Processor time of a process so far, its threads included.</summary>
    public static TimeSpan Cpu(int processId) => Ticks(Fields(processId), withEndedChildren: false);

    /// <summary>Processor time of a process, of its children, and of those of them that ended and were waited for.</summary>
    public static TimeSpan CpuOfFamily(int processId)
    {
        var total = Ticks(Fields(processId), withEndedChildren: true);
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var child)) continue;
            var fields = Fields(child);
            if (fields.Length > 1 && fields[1] == processId.ToString(CultureInfo.InvariantCulture)) total += Ticks(fields, withEndedChildren: true);
        }

        return total;
    }

    /// <summary>The process of that name that works in that folder.</summary>
    public static int Find(string name, string folder)
    {
        foreach (var process in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(process), NumberStyles.None, CultureInfo.InvariantCulture, out var id)) continue;
            try
            {
                if (File.ReadAllText($"{process}/comm").TrimEnd() == name && Directory.ResolveLinkTarget($"{process}/cwd", false)?.FullName == folder) return id;
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // It ended, or belongs to somebody else.
            }
        }

        throw new InvalidOperationException($"No process '{name}' works in {folder}.");
    }

    /// <summary>Resident memory now, in octets.</summary>
    public static long ResidentBytes(int processId) => StatusKilobytes(processId, "VmRSS:") * 1024;

    /// <summary>The most resident memory it ever had, in octets.</summary>
    public static long PeakResidentBytes(int processId) => StatusKilobytes(processId, "VmHWM:") * 1024;

    static long StatusKilobytes(int processId, string name)
    {
        var line = File.ReadLines($"/proc/{processId}/status").First(line => line.StartsWith(name, StringComparison.Ordinal));
        return long.Parse(line.AsSpan(name.Length).Trim().ToString().Split(' ')[0], CultureInfo.InvariantCulture);
    }

    /// <summary>proc(5) stat from field 3 on; the second, the name, may hold blanks. Empty for a process that is gone.</summary>
    static string[] Fields(int processId)
    {
        try
        {
            var text = File.ReadAllText($"/proc/{processId}/stat");
            return text[(text.LastIndexOf(')') + 2)..].Split(' ');
        }
        catch (IOException)
        {
            return [];
        }
    }

    static TimeSpan Ticks(string[] fields, bool withEndedChildren)
    {
        if (fields.Length == 0) return TimeSpan.Zero;
        // utime, stime, cutime, cstime: fields 14 to 17.
        var ticks = fields.Skip(11).Take(withEndedChildren ? 4 : 2).Sum(field => long.Parse(field, CultureInfo.InvariantCulture));
        return TimeSpan.FromSeconds(ticks / TicksPerSecond);
    }
}
