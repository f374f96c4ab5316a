using System.Runtime.InteropServices;

namespace Atalaya.Analysis.Confinement;

/// <summary>Calls of the C library by which a Linux process gives up what it doesn't need. Names and numbers are those of the kernel's headers.</summary>
static unsafe partial class LinuxCalls
{
    public const int SetParentDeathSignal = 1, SetNoNewPrivileges = 38;
    public const int Kill = 9;
    public const int NewNetwork = 0x40000000, NewIpc = 0x08000000;
    public const int LimitFileSize = 1, LimitCore = 4;
    public const int SetDescriptorFlags = 2;
    public const int ReadOk = 4, ExecuteOk = 1;
    public const int OpenPath = 0x200000, CloseOnExec = 0x80000;

    // The same on x86-64 and arm64.
    public const nint LandlockCreateRuleset = 444, LandlockAddRule = 445, LandlockRestrictSelf = 446;

    [LibraryImport("libc", EntryPoint = "prctl", SetLastError = true)]
    public static partial int ProcessControl(int option, nint a, nint b = 0, nint c = 0, nint d = 0);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    public static partial nint Call(nint number, nint a, nint b, nint c, nint d = 0);

    [LibraryImport("libc", EntryPoint = "unshare", SetLastError = true)]
    public static partial int Unshare(int flags);

    [LibraryImport("libc", EntryPoint = "getppid")]
    public static partial int ParentId();

    [LibraryImport("libc", EntryPoint = "geteuid")]
    public static partial uint UserId();

    [LibraryImport("libc", EntryPoint = "setgroups", SetLastError = true)]
    public static partial int SetGroups(nuint count, uint* groups);

    [LibraryImport("libc", EntryPoint = "setresgid", SetLastError = true)]
    public static partial int SetGroupIds(uint real, uint effective, uint saved);

    [LibraryImport("libc", EntryPoint = "setresuid", SetLastError = true)]
    public static partial int SetUserIds(uint real, uint effective, uint saved);

    [LibraryImport("libc", EntryPoint = "setpriority", SetLastError = true)]
    public static partial int SetPriority(int which, int who, int priority);

    [LibraryImport("libc", EntryPoint = "setrlimit", SetLastError = true)]
    public static partial int SetLimit(int resource, in ResourceLimit limit);

    [LibraryImport("libc", EntryPoint = "fcntl", SetLastError = true)]
    public static partial int ControlDescriptor(int descriptor, int command, nint argument);

    [LibraryImport("libc", EntryPoint = "open", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    public static partial int OpenFile(string path, int flags, int mode);

    [LibraryImport("libc", EntryPoint = "close")]
    public static partial void CloseFile(int descriptor);

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    public static partial int OpenSocket(int domain, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "execv", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    public static partial int Execute(string path, byte** arguments);

    /// <summary>Why the last call failed.</summary>
    public static string LastFault() => Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError());
}

/// <summary>struct rlimit.</summary>
[StructLayout(LayoutKind.Sequential)]
struct ResourceLimit
{
    public nuint Soft, Hard;
}
