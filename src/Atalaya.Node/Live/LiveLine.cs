using System.Buffers.Binary;
using System.Net.WebSockets;

namespace Atalaya.Node.Live;

/// <summary>What goes to a viewer, in order: words, and between them pictures.</summary>
enum LiveFrameKind : byte
{
    /// <summary>JSON with a 'type': <see cref="InitMessage"/> and the others.</summary>
    Message = 1,

    /// <summary>Behind an init message the MP4 init segment, then one moof and mdat a picture.</summary>
    Fragment = 2,
}

/// <summary>What a live view goes out on: a page's WebSocket, or the answer to another node's request.</summary>
abstract class LiveLine : IDisposable
{
    /// <summary>The viewer said goodbye, and wants it answered.</summary>
    public virtual bool IsClosing => false;

    /// <summary>Takes a place among this node's own viewers.</summary>
    public virtual bool TakesPlace => true;

    /// <summary>One message, whole. The memory is the caller's again when the task has ended.</summary>
    /// <exception cref="WebSocketException">The viewer went away.</exception>
    /// <exception cref="IOException">The viewer went away.</exception>
    public abstract ValueTask SendAsync(LiveFrameKind kind, ReadOnlyMemory<byte> message, CancellationToken stop);

    /// <summary>Ends when the viewer leaves, or with <see cref="Abort"/>.</summary>
    public abstract Task LeftAsync();

    /// <param name="code">One word, as in <see cref="ErrorMessage"/>, which went before; null: in order.</param>
    public abstract Task CloseAsync(WebSocketCloseStatus status, string? code, CancellationToken stop);

    /// <summary>Ends it without a word, unless it is closed already.</summary>
    public abstract void Abort();

    public abstract void Dispose();
}

/// <summary>A page's WebSocket: messages as text, fragments as binary.</summary>
sealed class SocketLine(WebSocket socket) : LiveLine
{
    /// <summary>A viewer has nothing to say; what it sends is read for its end only.</summary>
    const int MaxReceived = 1 << 10;

    public override bool IsClosing => socket.State == WebSocketState.CloseReceived;

    public override ValueTask SendAsync(LiveFrameKind kind, ReadOnlyMemory<byte> message, CancellationToken stop) =>
        socket.SendAsync(message, kind == LiveFrameKind.Message ? WebSocketMessageType.Text : WebSocketMessageType.Binary, endOfMessage: true, stop);

    public override async Task LeftAsync()
    {
        byte[] buffer = new byte[MaxReceived];
        try
        {
            long received = 0;
            while (socket.State == WebSocketState.Open)
            {
                var message = await socket.ReceiveAsync(buffer.AsMemory(), CancellationToken.None);
                received += message.Count;
                if (message.MessageType == WebSocketMessageType.Close || received > 64 * MaxReceived)
                    break;
            }
        }
        catch (Exception fault) when (fault is WebSocketException or IOException or ObjectDisposedException or OperationCanceledException)
        {
            // It went away without a word.
        }
    }

    public override Task CloseAsync(WebSocketCloseStatus status, string? code, CancellationToken stop) => socket.CloseOutputAsync(status, code, stop);

    public override void Abort() => socket.Abort();

    public override void Dispose() => socket.Dispose();
}

/// <summary>
/// The answer to one request of another node: what a WebSocket would carry, each message behind a byte of its <see cref="LiveFrameKind"/> and its length in four bytes, the highest first.
/// One request starts a stream, so it begins after one round trip.
/// </summary>
sealed class ResponseLine : LiveLine
{
    /// <summary>Of the answer; there is no registered one for this.</summary>
    public const string MediaType = "application/vnd.atalaya.live";

    public const int HeaderBytes = 5;

    readonly HttpContext _http;
    readonly TaskCompletionSource _left = new(TaskCreationOptions.RunContinuationsAsynchronously);
    readonly CancellationTokenRegistration _aborted;
    bool _closed;       // touched by the view's own loop alone, as the next
    Func<CancellationToken, Task>? _first;

    /// <param name="first">Awaited before the first picture goes out; null: nothing is. Who tells it has a place of its own for the viewer.</param>
    public ResponseLine(HttpContext http, Func<CancellationToken, Task>? first)
    {
        _http = http;
        _first = first;
        TakesPlace = first is null;
        http.Response.ContentType = MediaType;
        http.Response.Headers.CacheControl = "no-store";
        _aborted = http.RequestAborted.Register(() => _left.TrySetResult());
    }

    public override bool TakesPlace { get; }

    public override async ValueTask SendAsync(LiveFrameKind kind, ReadOnlyMemory<byte> message, CancellationToken stop)
    {
        if (kind == LiveFrameKind.Fragment && _first is { } first)
        {
            _first = null;
            await first(stop);
        }

        var body = _http.Response.BodyWriter;
        var header = body.GetSpan(HeaderBytes);
        header[0] = (byte)kind;
        BinaryPrimitives.WriteInt32BigEndian(header[1..], message.Length);
        body.Advance(HeaderBytes);
        // Waits while the other side takes nothing: then the hub's reader skips, as for any slow viewer.
        var flushed = await body.WriteAsync(message, stop);
        if (flushed.IsCompleted)
            throw new IOException("The other node went away.");
    }

    public override Task LeftAsync() => _left.Task;

    public override Task CloseAsync(WebSocketCloseStatus status, string? code, CancellationToken stop)
    {
        _closed = true;     // The answer ends when the endpoint returns.
        return Task.CompletedTask;
    }

    public override void Abort()
    {
        if (!_closed)
            _http.Abort();
        _left.TrySetResult();
    }

    public override void Dispose() => _aborted.Dispose();
}
