using System.Buffers;
using System.Buffers.Binary;
using System.Text.Json;
using System.Text.Json.Serialization;
using Atalaya.Media;
using Microsoft.Win32.SafeHandles;

namespace Atalaya.Recording;

/// <summary>
/// What a segment says about itself in its last box, so that an index can be made again from files alone, and so that the digest covers camera
/// and time as well as pictures. Players pass over it.
/// </summary>
/// <remarks>
/// A <c>uuid</c> box (ISO/IEC 14496-12 11.1): length, <c>uuid</c>, our type, JSON, and in its last four bytes its length again, so that it is
/// found from the end of the file. Times are milliseconds since 1970, media times 90 kHz ticks.
/// </remarks>
sealed record SegmentTrailer
{
    const int HeaderBytes = 8 + 16, MaxBytes = 64 << 10;

    static ReadOnlySpan<byte> Type => [0xA7, 0xA1, 0xA4, 0x1A, 0x5E, 0x61, 0x4D, 0x0E, 0x8D, 0x2B, 0x2F, 0x6E, 0x31, 0x9C, 0x70, 0x01];

    public int Version { get; init; } = 1;
    public required string Camera { get; init; }
    public required StreamKind Stream { get; init; }
    public required long Start { get; init; }
    public required long End { get; init; }
    public required long Run { get; init; }
    public required int Sequence { get; init; }
    public required long MediaStart { get; init; }
    public required long MediaDuration { get; init; }
    public required int Frames { get; init; }
    public required SegmentEnd EndReason { get; init; }

    /// <summary>Null when the next segment follows without a gap.</summary>
    public GapCause? GapCause { get; init; }
    public string? GapDetail { get; init; }

    public byte[] ToBox()
    {
        var json = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(json))
            JsonSerializer.Serialize(writer, this, TrailerJson.Default.SegmentTrailer);
        var box = new byte[HeaderBytes + json.WrittenCount + 4];
        BinaryPrimitives.WriteInt32BigEndian(box, box.Length);
        "uuid"u8.CopyTo(box.AsSpan(4));
        Type.CopyTo(box.AsSpan(8));
        json.WrittenSpan.CopyTo(box.AsSpan(HeaderBytes));
        BinaryPrimitives.WriteInt32BigEndian(box.AsSpan(^4), box.Length);
        return box;
    }

    /// <summary>The trailer at the end of the file, and the offset of its box; null if the file has none.</summary>
    public static (SegmentTrailer Trailer, long Offset)? Read(SafeFileHandle file)
    {
        long length = RandomAccess.GetLength(file);
        Span<byte> last = stackalloc byte[4];
        if (length < HeaderBytes + 4 || RandomAccess.Read(file, last, length - 4) != 4)
            return null;
        int bytes = BinaryPrimitives.ReadInt32BigEndian(last);
        if (bytes < HeaderBytes + 4 || bytes > Math.Min(length, MaxBytes))
            return null;
        var box = new byte[bytes];
        if (RandomAccess.Read(file, box, length - bytes) != bytes
            || BinaryPrimitives.ReadInt32BigEndian(box) != bytes
            || !box.AsSpan(4, 4).SequenceEqual("uuid"u8)
            || !box.AsSpan(8, 16).SequenceEqual(Type))
        {
            return null;
        }

        try
        {
            var trailer = JsonSerializer.Deserialize(box.AsSpan(HeaderBytes..^4), TrailerJson.Default.SegmentTrailer);
            return trailer is { Version: 1 } && trailer.End > trailer.Start && trailer.MediaDuration >= 0 ? (trailer, length - bytes) : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(SegmentTrailer))]
sealed partial class TrailerJson : JsonSerializerContext;
