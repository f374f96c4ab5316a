using System.Buffers.Binary;

using Atalaya.Node.Live;

namespace Atalaya.Node.Federation.Centre;

/// <summary>One message of a far live view. Its bytes are good until the next is read.</summary>
readonly record struct FarFrame(LiveFrameKind Kind, ReadOnlyMemory<byte> Bytes);

/// <summary>A live view that another node gives, as <see cref="ResponseLine"/> writes it. Dispose of it to end it there.</summary>
sealed class FarLive(HttpResponseMessage response, Stream body) : IAsyncDisposable
{
    /// <summary>Of one message. 8 MiB: a key frame of 4K at the highest rate a camera gives is a quarter of it.</summary>
    public const int MaxFrame = 8 << 20;

    byte[] _buffer = new byte[64 << 10];    // grows to the largest message and stays

    /// <summary>The next message; null: the other node ended it in order.</summary>
    /// <exception cref="IOException">The link was lost.</exception>
    /// <exception cref="InvalidDataException">It isn't what a node sends.</exception>
    public async ValueTask<FarFrame?> ReadAsync(CancellationToken stop)
    {
        try
        {
            return await NextAsync(stop);
        }
        catch (ObjectDisposedException fault)
        {
            throw new IOException("The link was closed.", fault);
        }
    }

    async ValueTask<FarFrame?> NextAsync(CancellationToken stop)
    {
        int read = await body.ReadAtLeastAsync(_buffer.AsMemory(0, ResponseLine.HeaderBytes), ResponseLine.HeaderBytes, throwOnEndOfStream: false, stop);
        if (read == 0)
            return null;
        if (read < ResponseLine.HeaderBytes)
            throw new IOException("The other node's answer ends in the middle of a message.");
        if (!TryHeader(_buffer.AsSpan(0, ResponseLine.HeaderBytes), out var kind, out int length))
            throw new InvalidDataException("The other node sent what is no message of a live view.");
        if (length > _buffer.Length)
            _buffer = new byte[Math.Min(MaxFrame, Math.Max(length, _buffer.Length * 2))];
        await body.ReadExactlyAsync(_buffer.AsMemory(0, length), stop);
        return new(kind, _buffer.AsMemory(0, length));
    }

    /// <param name="header"><see cref="ResponseLine.HeaderBytes"/> bytes.</param>
    public static bool TryHeader(ReadOnlySpan<byte> header, out LiveFrameKind kind, out int length)
    {
        kind = (LiveFrameKind)header[0];
        length = BinaryPrimitives.ReadInt32BigEndian(header[1..]);
        return kind is LiveFrameKind.Message or LiveFrameKind.Fragment && length is > 0 and <= MaxFrame;
    }

    public async ValueTask DisposeAsync()
    {
        await body.DisposeAsync();
        response.Dispose();
    }
}
