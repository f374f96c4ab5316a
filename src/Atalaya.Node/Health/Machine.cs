using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Atalaya.Node.Health;

/// <summary>What the operating system says of the machine. Shares are those between two readings; where it says nothing, neither does this.</summary>
sealed partial class Machine(TimeProvider clock)
{
    /// <summary>Readings closer than this say more of chance than of load; the one before is told again.</summary>
    static readonly TimeSpan Least = TimeSpan.FromSeconds(2);

    readonly Lock _reading = new();
    (long At, long Busy, long All, TimeSpan Own)? _before;
    (double? Busy, double? Own) _shares;

    public MachineHealthJson Read()
    {
        using var process = Process.GetCurrentProcess();
        lock (_reading)
        {
            if (_before is not { } before || clock.GetElapsedTime(before.At) >= Least)
                Measure(process.TotalProcessorTime);
        }

        var (total, available) = Memory();
        return new(Environment.ProcessorCount, _shares.Busy, _shares.Own, process.WorkingSet64, total, available);
    }

    void Measure(TimeSpan own)
    {
        long at = clock.GetTimestamp();
        var (busy, all) = Processors();
        if (_before is { } before)
        {
            double elapsed = clock.GetElapsedTime(before.At, at).TotalSeconds * Environment.ProcessorCount;
            _shares = (all > before.All ? Math.Clamp((busy - before.Busy) / (double)(all - before.All), 0, 1) : null, elapsed > 0 ? Math.Clamp((own - before.Own).TotalSeconds / elapsed, 0, 1) : null);
        }

        _before = (at, busy, all, own);
    }

    /// <summary>Since the machine started, in the kernel's ticks (proc(5), /proc/stat): user, nice, system, idle, iowait, irq, softirq, steal.</summary>
    static (long Busy, long All) Processors()
    {
        if (!File.Exists("/proc/stat"))
            return default;
        long[] ticks = [.. File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Take(8).Select(t => long.Parse(t, CultureInfo.InvariantCulture))];
        long all = ticks.Sum();
        return ticks.Length < 5 ? default : (all - ticks[3] - ticks[4], all);
    }

    /// <summary>Of /proc/meminfo, in bytes.</summary>
    static (long? Total, long? Available) Memory()
    {
        if (!File.Exists("/proc/meminfo"))
            return default;
        var lines = File.ReadAllLines("/proc/meminfo");
        return (Of("MemTotal:"), Of("MemAvailable:"));

        long? Of(string name) => lines.FirstOrDefault(l => l.StartsWith(name, StringComparison.Ordinal)) is { } line
            && long.TryParse(line[name.Length..].Replace("kB", "", StringComparison.Ordinal), NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out long kilobytes)
                ? kilobytes << 10
                : null;
    }

    /// <summary>Whether something keeps the clock right: adjtimex(2), which any time service tells. Reads only.</summary>
    public ClockHealthJson Clock()
    {
        if (!OperatingSystem.IsLinux() || !Environment.Is64BitProcess)
            return new(null, null);
        // struct timex of a 64-bit kernel: 208 bytes; modes 0 at 0 asks for nothing to be changed, maxerror (microseconds) at 24, status at 40.
        byte[] timex = new byte[208];
        const int Unsynchronised = 0x40;
        if (AdjustTime(timex) < 0)
            return new(null, null);
        bool synchronised = (BitConverter.ToInt32(timex, 40) & Unsynchronised) == 0;
        return new(synchronised, synchronised ? BitConverter.ToInt64(timex, 24) / 1e6 : null);
    }

    [LibraryImport("libc", EntryPoint = "adjtimex")]
    private static partial int AdjustTime([In, Out] byte[] timex);
}
