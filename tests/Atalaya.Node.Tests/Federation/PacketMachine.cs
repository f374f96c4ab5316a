using System.ComponentModel;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using System.Text;

using Atalaya.Testing;

namespace Atalaya.Node.Tests.Federation;

/// <summary>A machine of a <see cref="PacketNet"/>: a network namespace with a loopback of its own and one device.</summary>
sealed partial class PacketMachine : IAsyncDisposable
{
    const string Loopback = "lo", Line = "line";
    const int NewNetwork = 0x40000000, ReadWriteNonBlockingCloseOnExec = 0x2 | 0x800 | 0x80000, Mtu = 1500;
    const uint SetInterface = 0x400454ca;
    const short TunWithoutHeader = 0x1001;

    readonly string _space;

    PacketMachine(string space, string name, int number)
    {
        (_space, Name) = (space, name);
        Address = $"10.77.0.{number}";
        Number = (10u << 24) | (77u << 16) | (uint)number;
    }

    public string Name { get; }

    /// <summary>Where the others reach it.</summary>
    public string Address { get; }

    /// <summary>The same as it stands in a packet.</summary>
    public uint Number { get; }

    /// <summary>The other end of its device.</summary>
    public int Device { get; private set; } = -1;

    /// <param name="space">Of its namespace.</param>
    /// <param name="number">Of the machine in its net, 1 to 254.</param>
    public static async Task<PacketMachine> MakeAsync(string space, string name, int number)
    {
        var machine = new PacketMachine(space, name, number);
        await IpAsync("netns", "add", space);
        try
        {
            // Made within, it never is among the host's.
            machine.Device = machine.Within(OpenDevice);
            await IpAsync("-n", space, "link", "set", Loopback, "up");
            await IpAsync("-n", space, "addr", "add", $"{machine.Address}/24", "dev", Line);
            await IpAsync("-n", space, "link", "set", Line, "mtu", Mtu.ToString(CultureInfo.InvariantCulture), "up");
            return machine;
        }
        catch
        {
            await machine.DisposeAsync();
            throw;
        }
    }

    /// <summary>A process whose network is this machine's.</summary>
    public ManagedProcess Start(string program, IEnumerable<string>? arguments = null, IEnumerable<KeyValuePair<string, string?>>? environment = null) =>
        ManagedProcess.Start("ip", ["netns", "exec", _space, program, .. arguments ?? []], environment);

    /// <summary>A connection to a server on the machine's loopback, from out here: by which a test asks a node, whatever the lines do.</summary>
    public async Task<Stream> ConnectAsync(int port, CancellationToken stop)
    {
        var socket = Within(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true });
        try
        {
            await socket.ConnectAsync(IPAddress.Loopback, port, stop);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>How TCP of this machine answers to losses: <c>reno</c>, as each kernel can, or another that the host lets namespaces have. False: it can't be set here.</summary>
    public bool Congest(string how)
    {
        try
        {
            return Within(() =>
            {
                // As it is: what isn't a file on a disk can't be cut to a length first.
                using var setting = File.OpenHandle("/proc/sys/net/ipv4/tcp_congestion_control", FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
                RandomAccess.Write(setting, Encoding.ASCII.GetBytes(how), 0);
                return true;
            });
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Device >= 0)
            _ = Close(Device);
        Device = -1;
        await IpAsync("netns", "del", _space);
    }

    /// <summary>On a thread of its own in the namespace: what it opens belongs there for good.</summary>
    T Within<T>(Func<T> what)
    {
        T made = default!;
        ExceptionDispatchInfo? fault = null;
        var thread = new Thread(() =>
        {
            try
            {
                using var space = File.OpenHandle($"/run/netns/{_space}");
                if (EnterNamespace((int)space.DangerousGetHandle(), NewNetwork) != 0)
                    throw new Win32Exception();
                made = what();
            }
            catch (Exception thrown)
            {
                fault = ExceptionDispatchInfo.Capture(thrown);
            }
        });
        thread.Start();
        thread.Join();
        fault?.Throw();
        return made;
    }

    static int OpenDevice()
    {
        int file = Open("/dev/net/tun", ReadWriteNonBlockingCloseOnExec);
        if (file < 0)
            throw new Win32Exception();
        // struct ifreq: a name of 16 bytes, and flags.
        byte[] request = new byte[40];
        Encoding.ASCII.GetBytes(Line, request);
        BitConverter.TryWriteBytes(request.AsSpan(16), TunWithoutHeader);
        if (Control(file, SetInterface, request) == 0)
            return file;
        var fault = new Win32Exception();
        _ = Close(file);
        throw fault;
    }

    /// <exception cref="InvalidOperationException">It didn't do it.</exception>
    static async Task IpAsync(params IReadOnlyList<string> arguments)
    {
        var ended = await ManagedProcess.RunAsync("ip", arguments);
        if (ended.ExitCode != 0)
            throw new InvalidOperationException($"ip {string.Join(' ', arguments)}: {ended.Errors}");
    }

    [LibraryImport("libc", EntryPoint = "setns", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial int EnterNamespace(int file, int kind);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "ioctl", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial int Control(int file, nuint what, byte[] request);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.System32)]
    private static partial int Close(int file);
}
