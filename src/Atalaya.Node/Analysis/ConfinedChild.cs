using System.Net.Sockets;
using System.Runtime.InteropServices;

using Atalaya.Analysis.Wire;

namespace Atalaya.Node.Analysis;

/// <summary>
/// A process that decodes for this node: started, connected, and locked in as far as the system lets it. Disposing of it ends it.
/// </summary>
sealed class ConfinedChild : IAsyncDisposable
{
    ConfinedChild(ChildProcess process, MessageLink link, Ready ready)
    {
        Process = process;
        Link = link;
        Ready = ready;
    }

    public ChildProcess Process { get; }
    public MessageLink Link { get; }

    /// <summary>What it works with, and what it was locked out of.</summary>
    public Ready Ready { get; }

    /// <param name="arguments">For the program, given the path of its socket.</param>
    /// <param name="onLine">Takes each line of its standard error.</param>
    /// <exception cref="IOException">It couldn't be started, or it isn't what answers; the message says why.</exception>
    /// <exception cref="OperationCanceledException">Through <paramref name="stop"/>.</exception>
    public static async Task<ConfinedChild> StartAsync(Func<string, IEnumerable<string>> arguments, Hello hello, Action<string> onLine, CancellationToken stop)
    {
        // Readable by this user alone, and gone as soon as the process has connected.
        string folder = Directory.CreateTempSubdirectory("atalaya-analysis-").FullName;
        ChildProcess? process = null;
        MessageLink? link = null;
        try
        {
            Socket connection;
            string path = Path.Combine(folder, "node");
            using (var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
            {
                listener.Bind(new UnixDomainSocketEndPoint(path));
                listener.Listen(1);
                process = await ChildProcess.StartAsync(ProgramPath(), arguments(path), onLine);
                var accepting = listener.AcceptAsync(stop).AsTask();
                if (await Task.WhenAny(accepting, process.Exited) != accepting)
                    throw new IOException($"It ended with {await process.Exited} before it connected.");
                connection = await accepting;
            }

            link = new(new NetworkStream(connection, ownsSocket: true));
            if (PeerId(connection) is { } peer && peer != process.Id)
                throw new IOException($"Process {peer} connected instead of it.");
            await link.SendAsync(MessageKind.Hello, hello, WireJson.Default.Hello, default, stop);
            using var first = await link.ReceiveAsync(stop);
            var ready = first is { Kind: MessageKind.Ready } ? first.Head(WireJson.Default.Ready) : throw new WireException("It didn't answer the first message.");
            return new(process, link, ready);
        }
        catch
        {
            link?.Dispose();
            await EndAsync(process);
            throw;
        }
        finally
        {
            if (Directory.Exists(folder))
                Directory.Delete(folder, recursive: true);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Link.Dispose();
        await EndAsync(Process);
    }

    static async Task EndAsync(ChildProcess? process)
    {
        if (process is null)
            return;
        process.Kill();
        await process.Exited;
    }

    // This program, also where a test runs its parts.
    static string ProgramPath() =>
        Path.GetFileName(Environment.ProcessPath) == "atalaya" ? Environment.ProcessPath! : Path.Combine(AppContext.BaseDirectory, "atalaya");

    /// <summary>SO_PEERCRED: who connected; null where the system doesn't tell.</summary>
    static int? PeerId(Socket socket)
    {
        const int SolSocket = 1, PeerCredentials = 17;
        if (!OperatingSystem.IsLinux())
            return null;
        Span<byte> credentials = stackalloc byte[12];   // pid, uid, gid
        return socket.GetRawSocketOption(SolSocket, PeerCredentials, credentials) == credentials.Length ? MemoryMarshal.Read<int>(credentials) : null;
    }
}
