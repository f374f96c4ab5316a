using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;

using Atalaya.Testing;

namespace Atalaya.Node.Tests.Federation;

/// <summary>
/// Machines in network namespaces of their own, and lines between them that carry IP packets well or badly. Each machine has one TUN device, whose other end is here: what it sends is read, and what the line
/// makes of it is written to the other machine's. No interface but these is touched; they end with this process, their namespaces with <see cref="DisposeAsync"/> or with the next run after one that was killed.
/// </summary>
sealed partial class PacketNet : IAsyncDisposable
{
    const string Prefix = "atalaya-test-", Named = "/run/netns";
    const int MaxPacket = 1 << 16, MostAtOnce = 64;
    const short PollIn = 1;

    static readonly TimeSpan Look = TimeSpan.FromMilliseconds(50);

    static readonly Lazy<Task<string?>> Hindrance = new(TryAsync);

    static int _made;

    readonly Random _random;
    readonly List<PacketMachine> _machines = [];
    readonly Dictionary<(int, int), PacketLine> _lines = [];
    readonly PriorityQueue<(PacketMachine To, byte[] Packet), (long At, long Number)> _underWay = new();    // touched only by the thread
    readonly Thread _thread;
    volatile bool _isOver;

    PacketNet(int seed)
    {
        _random = new(seed);
        _thread = new(Run) { IsBackground = true, Name = "packets" };
    }

    /// <summary>Why there can be none here; null: there can.</summary>
    public static Task<string?> MissingAsync() => Hindrance.Value;

    /// <param name="names">Of the machines.</param>
    public static async Task<PacketNet> MakeAsync(int seed, params IReadOnlyList<string> names)
    {
        await SweepAsync();
        var net = new PacketNet(seed);
        try
        {
            int number = Interlocked.Increment(ref _made);
            foreach (string name in names)
                net._machines.Add(await PacketMachine.MakeAsync($"{Prefix}{Environment.ProcessId}-{number}-{name}", name, net._machines.Count + 1));
            for (int one = 0; one < names.Count; one++)
            {
                for (int other = one + 1; other < names.Count; other++)
                    net._lines[(one, other)] = new();
            }
        }
        catch
        {
            await net.DisposeAsync();
            throw;
        }

        net._thread.Start();
        return net;
    }

    public PacketMachine this[string name] => _machines.Find(m => m.Name == name) ?? throw new KeyNotFoundException(name);

    /// <summary>Between two machines; side 0 is the one that was named first.</summary>
    public PacketLine Between(string one, string other) => _lines[(_machines.IndexOf(this[one]), _machines.IndexOf(this[other]))];

    public async ValueTask DisposeAsync()
    {
        _isOver = true;
        if (_thread.IsAlive)
            _thread.Join();
        foreach (var machine in _machines)
            await machine.DisposeAsync();
    }

    unsafe void Run()
    {
        byte[] buffer = new byte[MaxPacket];
        var waits = stackalloc Wait[_machines.Count];
        for (int n = 0; n < _machines.Count; n++)
            waits[n] = new() { File = _machines[n].Device, Wanted = PollIn };
        long sent = 0;
        while (!_isOver)
        {
            _ = Poll(waits, (nuint)_machines.Count, Pause());
            for (int from = 0; from < _machines.Count; from++)
            {
                if ((waits[from].Got & PollIn) == 0)
                    continue;
                nint length;
                // In turns: nobody's flood holds up the others.
                for (int n = 0; n < MostAtOnce && (length = Read(waits[from].File, buffer)) > 0; n++)
                    Take(from, buffer.AsSpan(0, (int)length), ref sent);
            }

            while (_underWay.TryPeek(out var next, out var due) && due.At <= TimeProvider.System.GetTimestamp())
            {
                _underWay.Dequeue();
                // A device that takes nothing just now has lost it, as any may.
                _ = Write(next.To.Device, next.Packet, (nuint)next.Packet.Length);
            }
        }
    }

    int Pause()
    {
        if (!_underWay.TryPeek(out _, out var due))
            return (int)Look.TotalMilliseconds;
        var left = TimeProvider.System.GetElapsedTime(TimeProvider.System.GetTimestamp(), due.At);
        return (int)Math.Ceiling(Math.Clamp(left.TotalMilliseconds, 0, Look.TotalMilliseconds));
    }

    void Take(int from, ReadOnlySpan<byte> packet, ref long sent)
    {
        // IPv6 isn't used here.
        if (packet.Length < 20 || packet[0] >> 4 != 4)
            return;
        uint wanted = BinaryPrimitives.ReadUInt32BigEndian(packet[16..]);
        int to = _machines.FindIndex(m => m.Number == wanted);
        if (to < 0 || to == from)
            return;
        byte[] copy = packet.ToArray();
        long number = sent;
        _lines[(Math.Min(from, to), Math.Max(from, to))].Carry(from < to ? 0 : 1, packet, TimeProvider.System.GetTimestamp(), _random, at => _underWay.Enqueue((_machines[to], copy), (at, number++)));
        sent = number;
    }

    // Of runs that were killed: what runs in their namespaces was theirs.
    static async Task SweepAsync()
    {
        foreach (string path in Directory.Exists(Named) ? Directory.GetFiles(Named, Prefix + "*") : [])
        {
            string name = Path.GetFileName(path);
            if (!int.TryParse(name[Prefix.Length..].Split('-')[0], CultureInfo.InvariantCulture, out int owner) || Directory.Exists($"/proc/{owner}"))
                continue;
            foreach (string line in (await ManagedProcess.RunAsync("ip", ["netns", "pids", name])).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            {
                try
                {
                    using var left = System.Diagnostics.Process.GetProcessById(int.Parse(line, CultureInfo.InvariantCulture));
                    left.Kill();
                }
                catch (Exception gone) when (gone is ArgumentException or InvalidOperationException)
                {
                    // It ended by itself.
                }
            }

            await ManagedProcess.RunAsync("ip", ["netns", "del", name]);
        }
    }

    static async Task<string?> TryAsync()
    {
        if (!Environment.IsPrivilegedProcess)
            return "network namespaces take root";
        if (!File.Exists("/dev/net/tun"))
            return "there is no /dev/net/tun";
        try
        {
            await using var net = await MakeAsync(0, "try");
            await using var process = net["try"].Start("true");
            var ended = await process.WaitAsync();
            return ended.ExitCode == 0 ? null : ended.Errors;
        }
        catch (Exception fault) when (fault is InvalidOperationException or System.ComponentModel.Win32Exception or IOException or UnauthorizedAccessException)
        {
            return fault.Message.ReplaceLineEndings(" ");
        }
    }

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static unsafe partial int Poll(Wait* files, nuint count, int milliseconds);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial nint Read(int file, byte[] buffer, nuint length);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial nint Write(int file, byte[] buffer, nuint length);

    static nint Read(int file, byte[] buffer) => Read(file, buffer, (nuint)buffer.Length);

    /// <summary>struct pollfd.</summary>
    [StructLayout(LayoutKind.Sequential)]
    struct Wait
    {
        public int File;
        public short Wanted, Got;
    }
}
