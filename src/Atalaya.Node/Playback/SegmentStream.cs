using Atalaya.Recording;

namespace Atalaya.Node.Playback;

/// <summary>The readable part of a segment as a stream. Reads by offset, so an open segment's writer isn't disturbed.</summary>
sealed class SegmentStream(SegmentFile file) : Stream
{
    long _position;

    public override bool CanRead => true;
    public override bool CanSeek => true;
    public override bool CanWrite => false;
    public override long Length => file.Length;

    public override long Position
    {
        get => _position;
        set => _position = value;
    }

    public override int Read(Span<byte> buffer)
    {
        int wanted = (int)Math.Min(buffer.Length, Math.Max(0, file.Length - _position));
        int read = wanted == 0 ? 0 : RandomAccess.Read(file.Handle, buffer[..wanted], _position);
        _position += read;
        return read;
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        int wanted = (int)Math.Min(buffer.Length, Math.Max(0, file.Length - _position));
        int read = wanted == 0 ? 0 : await RandomAccess.ReadAsync(file.Handle, buffer[..wanted], _position, cancellationToken);
        _position += read;
        return read;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override long Seek(long offset, SeekOrigin origin) => _position = origin switch
    {
        SeekOrigin.Begin => offset,
        SeekOrigin.Current => _position + offset,
        _ => file.Length + offset,
    };

    public override void Flush()
    {
    }

    public override void SetLength(long value) => throw new NotSupportedException("Segments are read only.");
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("Segments are read only.");

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            file.Dispose();
        base.Dispose(disposing);
    }
}
