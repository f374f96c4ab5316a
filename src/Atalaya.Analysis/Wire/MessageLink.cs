using System.Buffers;
using System.Buffers.Binary;
using System.Text.Json;
using System.Text.Json.Serialization.Metadata;

namespace Atalaya.Analysis.Wire;

/// <summary>What a message is about. The number is on the wire: never reused.</summary>
public enum MessageKind
{
    // Node to analysis.
    Hello = 1,
    Camera = 2,
    Format = 3,
    Unit = 4,
    Break = 5,
    Forget = 6,
    SpriteWanted = 7,
    Drain = 8,
    StillsWanted = 20,
    Paint = 9,

    // Analysis to node.
    Ready = 65,
    Done = 66,
    Result = 67,
    Fault = 68,
    Sprite = 69,
    Figures = 70,
    Events = 71,
    Begun = 72,
    Stills = 84,
    PaintedFormat = 73,
    Painted = 74,
}

/// <summary>The other side sent what is no message, or one of another version.</summary>
public sealed class WireException(string message) : IOException(message);

/// <summary>One received message: a JSON head and bytes. Its memory is pooled: dispose of it, and keep nothing of <see cref="Bytes"/>.</summary>
public sealed class Message : IDisposable
{
    readonly byte[] _memory;
    readonly int _head, _bytes;
    int _disposed;

    internal Message(MessageKind kind, byte[] memory, int head, int bytes)
    {
        Kind = kind;
        _memory = memory;
        _head = head;
        _bytes = bytes;
    }

    public MessageKind Kind { get; }
    public ReadOnlyMemory<byte> Bytes => _memory.AsMemory(_head, _bytes);

    /// <exception cref="WireException">The head isn't one of this kind.</exception>
    public T Head<T>(JsonTypeInfo<T> type)
        where T : class
    {
        try
        {
            return JsonSerializer.Deserialize(_memory.AsSpan(0, _head), type) ?? throw new WireException($"A message {Kind} has no head.");
        }
        catch (JsonException fault)
        {
            throw new WireException($"The head of a message {Kind} can't be read: {fault.Message}");
        }
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
            ArrayPool<byte>.Shared.Return(_memory);
    }
}

/// <summary>
/// Messages over a stream: kind, length of the head and length of the bytes as three little-endian 32-bit numbers, then both. Either side may send
/// from several threads; one reads.
/// </summary>
public sealed class MessageLink(Stream stream) : IDisposable
{
    /// <summary>Changes with every change that an older program wouldn't understand. Both sides are of one build; this catches an update in between.</summary>
    public const int Version = 3;

    /// <summary>Bytes. Largest head: rules and tracks of one camera; largest bytes: key frames of one sprite.</summary>
    public const int MaxHead = 1 << 20, MaxBytes = 64 << 20;

    const int HeaderSize = 12;

    readonly SemaphoreSlim _sending = new(1, 1);
    readonly ArrayBufferWriter<byte> _out = new(4096);      // under _sending
    readonly byte[] _header = new byte[HeaderSize];         // of the reader

    /// <exception cref="IOException">The other side is gone.</exception>
    public async Task SendAsync<T>(MessageKind kind, T head, JsonTypeInfo<T> type, ReadOnlyMemory<byte> bytes, CancellationToken stop)
    {
        await _sending.WaitAsync(stop);
        try
        {
            _out.ResetWrittenCount();
            _out.GetSpan(HeaderSize)[..HeaderSize].Clear();
            _out.Advance(HeaderSize);
            using (var json = new Utf8JsonWriter(_out))
                JsonSerializer.Serialize(json, head, type);
            int length = _out.WrittenCount - HeaderSize;
            if (length > MaxHead || bytes.Length > MaxBytes)
                throw new ArgumentException($"A message {kind} of {length} and {bytes.Length} bytes is longer than {MaxHead} and {MaxBytes}.", nameof(bytes));
            var header = System.Runtime.InteropServices.MemoryMarshal.AsMemory(_out.WrittenMemory).Span;
            BinaryPrimitives.WriteInt32LittleEndian(header, (int)kind);
            BinaryPrimitives.WriteInt32LittleEndian(header[4..], length);
            BinaryPrimitives.WriteInt32LittleEndian(header[8..], bytes.Length);
            // Once begun a message goes out whole: half of one would end the link.
            await stream.WriteAsync(_out.WrittenMemory, CancellationToken.None);
            if (!bytes.IsEmpty)
                await stream.WriteAsync(bytes, CancellationToken.None);
        }
        finally
        {
            _sending.Release();
        }
    }

    /// <summary>The next message; null when the other side has closed.</summary>
    /// <exception cref="WireException">It isn't one.</exception>
    public async Task<Message?> ReceiveAsync(CancellationToken stop)
    {
        int got = await stream.ReadAtLeastAsync(_header, HeaderSize, throwOnEndOfStream: false, stop);
        if (got == 0)
            return null;
        if (got < HeaderSize)
            throw new WireException("The other side closed in the middle of a message.");
        int kind = BinaryPrimitives.ReadInt32LittleEndian(_header), head = BinaryPrimitives.ReadInt32LittleEndian(_header.AsSpan(4)),
            bytes = BinaryPrimitives.ReadInt32LittleEndian(_header.AsSpan(8));
        if (head is < 0 or > MaxHead || bytes is < 0 or > MaxBytes)
            throw new WireException($"A message {kind} claims {head} and {bytes} bytes.");
        byte[] memory = ArrayPool<byte>.Shared.Rent(head + bytes);
        try
        {
            await stream.ReadExactlyAsync(memory.AsMemory(0, head + bytes), stop);
        }
        catch
        {
            ArrayPool<byte>.Shared.Return(memory);
            throw;
        }

        return new((MessageKind)kind, memory, head, bytes);
    }

    public void Dispose()
    {
        stream.Dispose();
        _sending.Dispose();
    }
}
