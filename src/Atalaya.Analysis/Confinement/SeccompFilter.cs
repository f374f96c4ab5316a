using System.Runtime.InteropServices;

namespace Atalaya.Analysis.Confinement;

/// <summary>
/// A seccomp filter that takes from every thread of this process what decoding and inference never need: new sockets, other programs, other processes,
/// files opened for writing, and the parts of the kernel where its faults usually are. What it needs stays open, so that the runtime may
/// collect, compile and start threads.
/// </summary>
static unsafe class SeccompFilter
{
    const uint ArchX64 = 0xC000003E, ArchArm64 = 0xC00000B7;
    const uint Allow = 0x7FFF0000, Fail = 0x00050000;
    const int NotPermitted = 1, NotImplemented = 38;
    const ushort Load = 0x20, JumpEqual = 0x15, JumpAtLeast = 0x35, JumpAnySet = 0x45, Return = 0x06;
    const int NumberAt = 0, ArchAt = 4, ArgumentsAt = 16;
    const uint ThreadOfThisProcess = 0x10000;   // CLONE_THREAD
    const uint Writing = 0x1 | 0x2 | 0x40 | 0x200;  // O_WRONLY, O_RDWR, O_CREAT, O_TRUNC
    const nint SetModeFilter = 1, AllThreads = 1;

    // By name, x86-64, arm64 (−1: it has none).
    static readonly (string Name, int X64, int Arm64)[] Denied =
    [
        ("socket", 41, 198), ("connect", 42, 203), ("accept", 43, 202), ("bind", 49, 200), ("listen", 50, 201), ("accept4", 288, 242), ("socketpair", 53, 199),
        ("execve", 59, 221), ("execveat", 322, 281), ("fork", 57, -1), ("vfork", 58, -1),
        ("kill", 62, 129), ("tkill", 200, 130), ("ptrace", 101, 117), ("process_vm_readv", 310, 270), ("process_vm_writev", 311, 271), ("kcmp", 312, 272),
        ("pidfd_open", 434, 434), ("pidfd_getfd", 438, 438), ("pidfd_send_signal", 424, 424), ("process_madvise", 440, 440),
        ("creat", 85, -1), ("rename", 82, -1), ("renameat", 264, 38), ("renameat2", 316, 276), ("unlink", 87, -1), ("unlinkat", 263, 35), ("mkdir", 83, -1),
        ("mkdirat", 258, 34), ("rmdir", 84, -1), ("link", 86, -1), ("linkat", 265, 37), ("symlink", 88, -1), ("symlinkat", 266, 36), ("mknod", 133, -1),
        ("mknodat", 259, 33), ("chmod", 90, -1), ("fchmod", 91, 52), ("fchmodat", 268, 53), ("chown", 92, -1), ("fchown", 93, 55), ("lchown", 94, -1),
        ("fchownat", 260, 54), ("truncate", 76, 45), ("openat2", 437, 437),
        ("mount", 165, 40), ("umount2", 166, 39), ("pivot_root", 155, 41), ("chroot", 161, 51), ("setns", 308, 268), ("unshare", 272, 97), ("fsopen", 430, 430),
        ("move_mount", 429, 429), ("open_tree", 428, 428),
        ("setuid", 105, 146), ("setgid", 106, 144), ("setresuid", 117, 147), ("setresgid", 119, 149), ("setgroups", 116, 159), ("capset", 126, 91),
        ("io_uring_setup", 425, 425), ("io_uring_enter", 426, 426), ("io_uring_register", 427, 427), ("bpf", 321, 280), ("perf_event_open", 298, 241),
        ("userfaultfd", 323, 282), ("keyctl", 250, 219), ("add_key", 248, 217), ("request_key", 249, 218), ("init_module", 175, 105),
        ("finit_module", 313, 273), ("delete_module", 176, 106), ("kexec_load", 246, 104), ("reboot", 169, 142), ("swapon", 167, 224), ("swapoff", 168, 225),
        ("settimeofday", 164, 170), ("clock_settime", 227, 112), ("adjtimex", 159, 171), ("quotactl", 179, 60), ("syslog", 103, 116), ("acct", 163, 89),
        ("name_to_handle_at", 303, 264), ("open_by_handle_at", 304, 265), ("personality", 135, 92), ("modify_ldt", 154, -1),
    ];

    /// <summary>Installs it, for good and for all threads. Needs no_new_privs. Null if it stands, otherwise why not.</summary>
    public static string? Install()
    {
        bool x64 = RuntimeInformation.ProcessArchitecture == Architecture.X64;
        if (!x64 && RuntimeInformation.ProcessArchitecture != Architecture.Arm64)
            return $"there is no filter for {RuntimeInformation.ProcessArchitecture}";
        var program = Program(x64);
        fixed (Instruction* first = program)
        {
            var header = new ProgramHeader { Length = (ushort)program.Length, First = (nint)first };
            return LinuxCalls.Call(x64 ? 317 : 277, SetModeFilter, AllThreads, (nint)(&header)) == 0 ? null : LinuxCalls.LastFault();
        }
    }

    static Instruction[] Program(bool x64)
    {
        var code = new List<Instruction>
        {
            new(Load, ArchAt),
            new(JumpEqual, x64 ? ArchX64 : ArchArm64, 1, 0),
            new(Return, Fail | NotPermitted),
            new(Load, NumberAt),
        };
        // The x32 numbers name the same calls again.
        if (x64)
            code.AddRange([new(JumpAtLeast, 0x40000000, 0, 1), new(Return, Fail | NotPermitted)]);
        foreach (var (_, onX64, onArm64) in Denied)
        {
            if ((x64 ? onX64 : onArm64) is >= 0 and var number)
                code.AddRange([new(JumpEqual, (uint)number, 0, 1), new(Return, Fail | NotPermitted)]);
        }

        // A new thread yes, a new process no. clone3 hides its flags in memory: the C library falls back to clone.
        code.AddRange([new(JumpEqual, 435, 0, 1), new(Return, Fail | NotImplemented)]);
        code.AddRange(
        [
            new(JumpEqual, x64 ? 56u : 220u, 0, 3), new(Load, ArgumentsAt), new(JumpAnySet, ThreadOfThisProcess, 1, 0), new(Return, Fail | NotPermitted),
            new(Load, NumberAt),
        ]);
        // Files to read: what may be read is Landlock's and the file modes' business. None to write.
        code.AddRange(
        [
            new(JumpEqual, x64 ? 257u : 56u, 0, 3), new(Load, ArgumentsAt + 16), new(JumpAnySet, Writing, 0, 1), new(Return, Fail | NotPermitted),
            new(Load, NumberAt),
        ]);
        if (x64)
            code.AddRange([new(JumpEqual, 2, 0, 3), new(Load, ArgumentsAt + 8), new(JumpAnySet, Writing, 0, 1), new(Return, Fail | NotPermitted)]);
        code.Add(new(Return, Allow));
        return [.. code];
    }

    /// <summary>struct sock_filter.</summary>
    [StructLayout(LayoutKind.Sequential)]
    readonly struct Instruction(ushort code, uint value, byte ifTrue = 0, byte ifFalse = 0)
    {
        readonly ushort _code = code;
        readonly byte _ifTrue = ifTrue, _ifFalse = ifFalse;
        readonly uint _value = value;
    }

    /// <summary>struct sock_fprog.</summary>
    [StructLayout(LayoutKind.Sequential)]
    struct ProgramHeader
    {
        public ushort Length;
        public nint First;
    }
}
