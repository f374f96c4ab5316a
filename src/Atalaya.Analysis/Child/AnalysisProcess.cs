using System.Net.Sockets;
using System.Runtime.Versioning;
using System.Threading.Channels;

using Atalaya.Analysis.Codec;
using Atalaya.Analysis.Confinement;
using Atalaya.Analysis.Wire;

namespace Atalaya.Analysis.Child;

/// <summary>How <c>atalaya analyze</c> was called.</summary>
/// <param name="Socket">Unix socket of the node.</param>
/// <param name="Parent">Process id of the node.</param>
/// <param name="Confine">Give up what isn't needed.</param>
/// <param name="Descriptor">Second step only: the connected socket.</param>
/// <param name="Held">Second step only: what the first one did.</param>
/// <param name="Model">The detector's model.yaml; null: motion alone.</param>
/// <param name="Faces">Of the model that finds faces to be covered; null: they are drawn by hand.</param>
/// <param name="Runtime">ONNX Runtime's library; null: where it is usually found.</param>
public sealed record AnalyzeArguments(string Socket, int Parent, bool Confine, string? Model, string? Faces, string? Runtime, int? Descriptor, IReadOnlyList<string> Held)
{
    /// <summary>It paints areas into pictures and encodes them again, instead of looking for anything.</summary>
    public bool Paints { get; init; }
}

/// <summary>The process that decodes and detects for a node: started, watched and ended by it, and of no use alone.</summary>
public sealed class AnalysisProcess : IDisposable
{
    /// <summary>Sprites that may wait; the node sends fewer.</summary>
    const int MaxSprites = 16;

    readonly MessageLink _link;
    readonly AnalyzeArguments _arguments;
    readonly Channel<Message> _sprites = Channel.CreateBounded<Message>(MaxSprites);

    AnalysisProcess(MessageLink link, AnalyzeArguments arguments)
    {
        _link = link;
        _arguments = arguments;
    }

    /// <summary>Connects, locks itself in, works until the node closes. Call on the main thread.</summary>
    /// <returns>Null at an ordinary end, otherwise why it couldn't go on.</returns>
    public static async Task<string?> RunAsync(AnalyzeArguments arguments, CancellationToken stop)
    {
        if (!OperatingSystem.IsLinux())
            return "Analysis runs on Linux.";
        // Of the main thread, so before anything is awaited.
        bool bound = Cell.DieWith(arguments.Parent);
        if (!bound)
            return "The node that started this process is gone.";
        Cell.StepBack();
        Socket socket;
        if (arguments.Descriptor is { } descriptor)
        {
            socket = new(new SafeSocketHandle(descriptor, ownsHandle: true));
        }
        else
        {
            socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            socket.Connect(new UnixDomainSocketEndPoint(arguments.Socket));
            if (arguments.Confine)
                return Cell.Enter(socket, Detectors.Readable(arguments.Model, arguments.Faces, arguments.Runtime));
        }

        using var link = new MessageLink(new NetworkStream(socket, ownsSocket: true));
        using var process = new AnalysisProcess(link, arguments);
        try
        {
            await process.ServeAsync(stop);
            return null;
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            return null;
        }
        catch (IOException fault)
        {
            return fault.Message;
        }
    }

    public void Dispose() => _link.Dispose();

    /// <summary>Runs a thread's work; whatever it didn't foresee ends the process, which the node sees at once. A thread that ended alone would only be missing.</summary>
    internal static void DieOf(Action work)
    {
        try
        {
            work();
        }
        catch (IOException)
        {
            // The node is gone; who reads from it ends the process.
        }
        catch (Exception fault)
        {
            Console.Error.WriteLine($"atalaya: {fault}");
            Environment.Exit(1);
        }
    }

    [SupportedOSPlatform("linux")]
    async Task ServeAsync(CancellationToken stop)
    {
        int threads;
        bool careful;
        using (var first = await _link.ReceiveAsync(stop))
        {
            if (first is null)
                return;
            var hello = first.Kind == MessageKind.Hello ? first.Head(WireJson.Default.Hello) : null;
            threads = Math.Clamp(hello?.Threads ?? 1, 1, 64);
            careful = hello?.Careful ?? false;
            if (hello is not { Version: MessageLink.Version })
                throw new WireException($"The node speaks another version than {MessageLink.Version}: restart it after an update.");
        }

        // Everything that will be loaded is loaded now: afterwards files may be out of reach.
        var missing = new List<string>();
        if (!NativeLibraries.TryLoadLibAv(out string fault))
            missing.Add(fault);
        if (!_arguments.Paints && !NativeLibraries.TryLoadTurboJpeg(out fault))
            missing.Add(fault);
        if (_arguments.Paints && missing.Count == 0 && PictureEncoder.Missing() is { } lacking)
            missing.Add(lacking);
        using var detectors = Detectors.Load(_arguments.Model, _arguments.Faces, _arguments.Runtime, threads, missing);
        var restraints = _arguments.Confine ? Cell.Seal(_arguments.Held) : [new Restraint("confinement", false, "Switched off by option.")];
        await _link.SendAsync(MessageKind.Ready, new(MessageLink.Version, Environment.ProcessId, restraints, missing), WireJson.Default.Ready, default, stop);

        if (_arguments.Paints)
        {
            using var streams = new PaintedStreams(_link);
            while (await _link.ReceiveAsync(stop) is { } message)
                streams.Take(message);
            return;
        }

        using var rota = new Rota(threads, careful, detectors, _link, TimeProvider.System);
        var sprites = Task.Factory.StartNew(() => DieOf(MakeSprites), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        try
        {
            while (await _link.ReceiveAsync(stop) is { } message)
                Take(message, rota);
        }
        finally
        {
            _sprites.Writer.Complete();
            await sprites;
            await rota.StopAsync();
        }
    }

    // Owns the message, or gives it to who does.
    void Take(Message message, Rota rota)
    {
        switch (message.Kind)
        {
            case MessageKind.Camera or MessageKind.Format or MessageKind.Unit or MessageKind.Drain or MessageKind.Break or MessageKind.Forget:
                rota.Add(message);
                return;
            case MessageKind.SpriteWanted or MessageKind.StillsWanted:
                if (_sprites.Writer.TryWrite(message))
                    return;
                message.Dispose();
                throw new WireException($"More than {MaxSprites} sprites are wanted at once.");
            default:
                message.Dispose();
                throw new WireException($"The node sent a message {message.Kind}, which isn't for analysis.");
        }
    }

    // A thread of its own: a minute's key frames take as long as several pictures of every camera.
    void MakeSprites()
    {
        using var maker = new SpriteMaker();
        using var stills = new StillMaker();
        while (_sprites.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
        {
            while (_sprites.Reader.TryRead(out var message))
            {
                using (message)
                {
                    if (message.Kind == MessageKind.StillsWanted)
                    {
                        byte[] pictures = stills.Make(message.Head(WireJson.Default.StillsHead), message.Bytes.Span, out var painted);
                        _link.SendAsync(MessageKind.Stills, painted, WireJson.Default.StillsMade, pictures, CancellationToken.None).GetAwaiter().GetResult();
                        continue;
                    }

                    byte[] jpeg = maker.Make(message.Head(WireJson.Default.SpriteHead), message.Bytes.Span, out var made).ToArray();
                    _link.SendAsync(MessageKind.Sprite, made, WireJson.Default.SpriteMade, jpeg, CancellationToken.None).GetAwaiter().GetResult();
                }
            }
        }
    }
}
