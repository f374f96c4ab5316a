using System.Net.WebSockets;

namespace Atalaya.Node.Federation.Links;

/// <summary>A tunnel's bytes. What reads and writes here, client and server, knows broken connections as such, not as broken WebSockets.</summary>
/// <param name="used">Told of the first byte that came.</param>
/// <param name="closed">Told, maybe more than once, when it is disposed of or broke: whoever offered the connection may let it go.</param>
sealed class TunnelStream(Stream inner, Action? used, Action? closed) : Stream
{
    const string Broke = "The tunnel broke.";

    Action? _used = used;

    public override bool CanRead => true;
    public override bool CanWrite => true;
    public override bool CanSeek => false;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            int read = await inner.ReadAsync(buffer, cancellationToken);
            // Reading into nothing waits for bytes and gives none.
            if (read > 0)
                Interlocked.Exchange(ref _used, null)?.Invoke();
            return read;
        }
        catch (WebSocketException fault)
        {
            throw Broken(fault);
        }
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        try
        {
            await inner.WriteAsync(buffer, cancellationToken);
        }
        catch (WebSocketException fault)
        {
            throw Broken(fault);
        }
    }

    // The server doesn't look at what a write says: unless it is told, a request of whoever went away is answered for ever. Told aside, since it may hold locks while it writes.
    IOException Broken(WebSocketException fault)
    {
        if (closed is not null)
            ThreadPool.QueueUserWorkItem(static told => told(), closed, preferLocal: false);
        return new(Broke, fault);
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        closed?.Invoke();
        base.Dispose(disposing);
    }
}
