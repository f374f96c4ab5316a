using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Text;

using Atalaya.Analysis.Wire;

namespace Atalaya.Analysis.Confinement;

/// <summary>
/// What the analysis process gives up. In two steps, because most of it holds for one thread only: a first program gives up what it can and
/// executes itself again, whose threads are all born without; when the second has loaded its libraries it installs the filter of calls.
/// </summary>
[SupportedOSPlatform("linux")]
static unsafe class Cell
{
    const uint Nobody = 65534;
    const string HeldFlag = "--held", DescriptorFlag = "--descriptor";

    // Behind recording, web and store in everything that the kernel shares out.
    const int Niceness = 10;

    /// <summary>First step; returns only if it failed, with the reason.</summary>
    /// <param name="socket">Connected to the node; stays open.</param>
    /// <param name="readable">Further files and folders that will be read.</param>
    public static string Enter(Socket socket, IEnumerable<string> readable)
    {
        var held = new List<Restraint> { LimitCore(), LeaveNetwork() };
        bool sealedFromNew = LinuxCalls.ProcessControl(LinuxCalls.SetNoNewPrivileges, 1) == 0;
        string folder = AppContext.BaseDirectory;
        string? landlock = sealedFromNew
            ? Landlock.Restrict(
            [
                folder, RuntimeFolder(), "/usr/lib", "/usr/lib64", "/lib", "/lib64", "/usr/local/lib", "/etc/ld.so.cache", "/proc/self", "/proc/meminfo", "/proc/cpuinfo",
                "/proc/stat", "/proc/filesystems", "/sys/fs/cgroup", "/sys/devices/system", "/dev/null", "/dev/urandom", "/usr/share/zoneinfo", .. readable,
            ])
            : LinuxCalls.LastFault();
        held.Add(new("files", landlock is null, landlock is null ? "Landlock: reads its program and libraries, writes nothing" : $"No Landlock: {landlock}"));
        held.Add(DropUser([folder, RuntimeFolder(), .. readable]));

        int descriptor = (int)socket.Handle;
        LinuxCalls.ControlDescriptor(descriptor, LinuxCalls.SetDescriptorFlags, 0);     // Open across the execution.
        List<string> arguments = [.. Encoding.UTF8.GetString(File.ReadAllBytes("/proc/self/cmdline")).TrimEnd('\0').Split('\0')];
        arguments.AddRange([DescriptorFlag, $"{descriptor}"]);
        foreach (var restraint in held)
            arguments.AddRange([HeldFlag, $"{restraint.Name}|{(restraint.Held ? 1 : 0)}|{restraint.Detail}"]);
        return Execute(Environment.ProcessPath ?? "/proc/self/exe", arguments);
    }

    /// <summary>Second step, when all libraries are loaded: the filter of calls, and a look at what really holds.</summary>
    /// <param name="passed">What the first step told.</param>
    public static IReadOnlyList<Restraint> Seal(IEnumerable<string> passed)
    {
        var held = passed.Select(text => text.Split('|', 3)).Where(p => p.Length == 3).Select(p => new Restraint(p[0], p[1] == "1", p[2])).ToList();
        string? fault = LinuxCalls.ProcessControl(LinuxCalls.SetNoNewPrivileges, 1) == 0 ? SeccompFilter.Install() : LinuxCalls.LastFault();
        held.Add(new("calls", fault is null, fault is null ? "seccomp: no sockets, programs, processes, written files" : $"No seccomp: {fault}"));

        // Tried, not believed.
        bool reads = CanRead("/etc/passwd"), connects = CanOpenSocket();
        held = [.. held.Select(r => r.Name switch
        {
            "files" when r.Held && reads => r with { Held = false, Detail = "Landlock was set and other files can be read all the same." },
            "network" when !connects => r with { Held = true, Detail = r.Held ? r.Detail + "; no sockets can be opened" : "No sockets can be opened" },
            _ => r,
        })];
        return held;
    }

    /// <summary>When the thread that started us ends, so do we; false if it has ended already. To be called on the main thread, which lives as long as the process.</summary>
    public static bool DieWith(int parent) =>
        LinuxCalls.ProcessControl(LinuxCalls.SetParentDeathSignal, LinuxCalls.Kill) == 0 && LinuxCalls.ParentId() == parent;

    /// <summary>Last in line for the processor and memory, first to be killed when memory ends. For threads that come later too.</summary>
    public static void StepBack()
    {
        foreach (string thread in Directory.EnumerateDirectories("/proc/self/task"))
        {
            if (int.TryParse(Path.GetFileName(thread), out int id))
                _ = LinuxCalls.SetPriority(0, id, Niceness);
        }

        try
        {
            File.WriteAllText("/proc/self/oom_score_adj", "1000");
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            // It would have been courteous; nothing depends on it.
        }
    }

    static Restraint LimitCore()
    {
        // No memory images, which hold pictures, and no files at all.
        var none = default(ResourceLimit);
        bool core = LinuxCalls.SetLimit(LinuxCalls.LimitCore, none) == 0;
        return new("core", core, core ? "No memory images after a crash" : LinuxCalls.LastFault());
    }

    static Restraint LeaveNetwork()
    {
        if (LinuxCalls.UserId() != 0)
            return new("network", false, "Not started as root: no network namespace of its own");
        return LinuxCalls.Unshare(LinuxCalls.NewNetwork | LinuxCalls.NewIpc) == 0
            ? new("network", true, "A network namespace without a network")
            : new("network", false, $"No network namespace: {LinuxCalls.LastFault()}");
    }

    static Restraint DropUser(IEnumerable<string> needed)
    {
        if (LinuxCalls.UserId() != 0)
            return new("privileges", true, "Not started as root, and can't gain any");
        // As nobody it must still reach its own program.
        if (needed.FirstOrDefault(path => !OthersReach(path)) is { } closed)
            return new("privileges", false, $"Still root: other users can't read {closed}");
        uint none = 0;
        bool done = LinuxCalls.SetGroups(0, &none) == 0 && LinuxCalls.SetGroupIds(Nobody, Nobody, Nobody) == 0 && LinuxCalls.SetUserIds(Nobody, Nobody, Nobody) == 0;
        return new("privileges", done, done ? "Runs as nobody" : $"Still root: {LinuxCalls.LastFault()}");
    }

    static bool OthersReach(string path)
    {
        for (string? at = Path.GetFullPath(path); at is not null; at = Path.GetDirectoryName(at))
        {
            if (Directory.Exists(at) && !File.GetUnixFileMode(at).HasFlag(UnixFileMode.OtherExecute))
                return false;
        }

        return true;
    }

    // The folder that holds host, shared framework and tools; of a program in one file, its own.
    static string RuntimeFolder()
    {
        string? library = Path.GetDirectoryName(typeof(object).Assembly.Location);
        return string.IsNullOrEmpty(library) ? AppContext.BaseDirectory : Path.GetFullPath(Path.Combine(library, "..", "..", ".."));
    }

    static bool CanRead(string path)
    {
        int file = LinuxCalls.OpenFile(path, LinuxCalls.CloseOnExec, 0);
        if (file >= 0)
            LinuxCalls.CloseFile(file);
        return file >= 0;
    }

    static bool CanOpenSocket()
    {
        const int Internet = 2, Stream = 1;
        int socket = LinuxCalls.OpenSocket(Internet, Stream, 0);
        if (socket >= 0)
            LinuxCalls.CloseFile(socket);
        return socket >= 0;
    }

    static string Execute(string program, IReadOnlyList<string> arguments)
    {
        byte[][] texts = [.. arguments.Select(a => Encoding.UTF8.GetBytes(a + '\0'))];
        var pins = texts.Select(t => System.Runtime.InteropServices.GCHandle.Alloc(t, System.Runtime.InteropServices.GCHandleType.Pinned)).ToList();
        byte** list = stackalloc byte*[pins.Count + 1];
        for (int i = 0; i < pins.Count; i++)
            list[i] = (byte*)pins[i].AddrOfPinnedObject();
        list[pins.Count] = null;
        _ = LinuxCalls.Execute(program, list);
        string fault = LinuxCalls.LastFault();
        pins.ForEach(p => p.Free());
        return $"{program} can't be executed again: {fault}";
    }
}
