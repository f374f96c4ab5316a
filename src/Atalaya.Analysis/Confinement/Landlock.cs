using System.Runtime.InteropServices;

namespace Atalaya.Analysis.Confinement;

/// <summary>The kernel's Landlock: from now on this thread, and what it executes, reads only the files named here and writes none.</summary>
static unsafe class Landlock
{
    const ulong Execute = 1 << 0, ReadFile = 1 << 2, ReadFolder = 1 << 3;
    const nint VersionFlag = 1, PathBeneath = 1;

    /// <summary>Restricts the calling thread. Needs no_new_privs. Null if it stands, otherwise why not.</summary>
    /// <param name="readable">Files and folders; those that aren't there are left out.</param>
    public static string? Restrict(IEnumerable<string> readable)
    {
        nint version = LinuxCalls.Call(LinuxCalls.LandlockCreateRuleset, 0, 0, VersionFlag);
        if (version < 1)
            return $"this kernel has no Landlock ({LinuxCalls.LastFault()})";
        // All rights of files that the version knows (13, then REFER, TRUNCATE, IOCTL_DEV), TCP from version 4, abstract sockets and signals from 6.
        var rules = new Ruleset
        {
            Files = (1UL << (version switch { 1 => 13, 2 => 14, 3 or 4 => 15, _ => 16 })) - 1,
            Network = version >= 4 ? 3UL : 0,
            Scopes = version >= 6 ? 3UL : 0,
        };
        int size = version switch { < 4 => 8, < 6 => 16, _ => 24 };
        nint ruleset = LinuxCalls.Call(LinuxCalls.LandlockCreateRuleset, (nint)(&rules), size, 0);
        if (ruleset < 0)
            return LinuxCalls.LastFault();
        try
        {
            foreach (string path in readable)
            {
                int file = LinuxCalls.OpenFile(path, LinuxCalls.OpenPath | LinuxCalls.CloseOnExec, 0);
                if (file < 0)
                    continue;
                var rule = new PathRule { Rights = Directory.Exists(path) ? Execute | ReadFile | ReadFolder : Execute | ReadFile, Folder = file };
                nint added = LinuxCalls.Call(LinuxCalls.LandlockAddRule, ruleset, PathBeneath, (nint)(&rule), 0);
                LinuxCalls.CloseFile(file);
                if (added < 0)
                    return $"{path}: {LinuxCalls.LastFault()}";
            }

            return LinuxCalls.Call(LinuxCalls.LandlockRestrictSelf, ruleset, 0, 0) == 0 ? null : LinuxCalls.LastFault();
        }
        finally
        {
            LinuxCalls.CloseFile((int)ruleset);
        }
    }

    /// <summary>struct landlock_ruleset_attr.</summary>
    [StructLayout(LayoutKind.Sequential)]
    struct Ruleset
    {
        public ulong Files, Network, Scopes;
    }

    /// <summary>struct landlock_path_beneath_attr.</summary>
    [StructLayout(LayoutKind.Sequential, Pack = 1)]
    struct PathRule
    {
        public ulong Rights;
        public int Folder;
    }
}
