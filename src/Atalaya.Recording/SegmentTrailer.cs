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
    // Ten minutes in which every picture is a key frame make 160 kB of access points.
    const int HeaderBytes = 8 + 16, MaxBytes = 1 << 20;

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

    /// <summary>The gap in front of the segment, in the parts that had different causes; null if it follows at once, or nobody knows.</summary>
    public IReadOnlyList<TrailerGap>? Before { get; init; }

    /// <summary>SHA-256 of all bytes before this box, in lower-case hex: whether a file is what was written can be told without an index.</summary>
    public string? Content { get; init; }

    // What an index needs to know of the media, so that it is made again without reading it. Null in files from before these were written.
    public int? InitBytes { get; init; }
    public string? Codecs { get; init; }
    public int Width { get; init; }
    public int Height { get; init; }

    /// <summary><see cref="AccessPoints.Encode"/>.</summary>
    public byte[]? Points { get; init; }

    /// <param name="row">Its length and digest are not needed.</param>
    /// <param name="before">Of the gap in front of it; empty if there is none.</param>
    public static SegmentTrailer Of(Segment row, GapCause? cause, string? detail, string content, IReadOnlyList<Gap> before) => new()
    {
        Camera = row.Camera,
        Stream = row.Stream,
        Start = row.Start.Milliseconds,
        End = row.End.Milliseconds,
        Run = row.Run,
        Sequence = row.Sequence,
        MediaStart = row.MediaStart.Ticks,
        MediaDuration = row.MediaDuration.Ticks,
        Frames = row.Frames,
        EndReason = row.EndReason,
        GapCause = cause,
        GapDetail = detail,
        Before = before.Count == 0 ? null : [.. before.Select(g => new TrailerGap(g.From.Milliseconds, g.To?.Milliseconds, g.Cause, g.Detail))],
        Content = content,
        InitBytes = row.InitBytes,
        Codecs = row.Codecs,
        Width = row.Width,
        Height = row.Height,
        Points = row.Points.Encode(row.MediaStart),
    };

    /// <summary>What the index would say of the file, but for its digest; null if the trailer doesn't say enough or contradicts the file.</summary>
    /// <param name="offset">Where the trailer begins.</param>
    /// <param name="length">Of the file.</param>
    public Segment? ToSegment(long offset, long length)
    {
        if (Points is null || InitBytes is not { } init || Codecs is null)
            return null;
        try
        {
            var points = AccessPoints.Decode(Points, new(MediaStart));
            return points.EndOffset != offset || points.Entries.Count == 0 || points.Entries[0].Offset != init ? null : new(
                Camera, Stream, new(Start * 1000), new(End * 1000), Run, Sequence, new SegmentName(Start, Stream).ToString(), length, new(MediaStart),
                new(MediaDuration), init, Codecs, Width, Height, Frames, "", EndReason, points);
        }
        catch (FormatException)
        {
            return null;
        }
    }

    /// <summary><see cref="Before"/> as the ledger has it.</summary>
    public IEnumerable<Gap> GapsBefore() =>
        (Before ?? []).Where(g => g.To is null || g.To > g.From).Select(g => new Gap(Camera, Stream, new(g.From * 1000), g.To * 1000 is { } to ? new(to) : new(Start * 1000), g.Cause, g.Detail));

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
        return RandomAccess.Read(file, box, length - bytes) == bytes && Parse(box) is { } trailer ? (trailer, length - bytes) : null;
    }

    /// <summary>Null if it is no whole box of ours.</summary>
    public static SegmentTrailer? Parse(ReadOnlySpan<byte> box)
    {
        if (box.Length < HeaderBytes + 4 || BinaryPrimitives.ReadInt32BigEndian(box) != box.Length
            || !box.Slice(4, 4).SequenceEqual("uuid"u8) || !box.Slice(8, 16).SequenceEqual(Type))
        {
            return null;
        }

        try
        {
            var trailer = JsonSerializer.Deserialize(box[HeaderBytes..^4], TrailerJson.Default.SegmentTrailer);
            return trailer is { Version: 1 } && trailer.End > trailer.Start && trailer.MediaDuration >= 0 ? trailer : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}

/// <summary>A part of a gap; milliseconds since 1970.</summary>
sealed record TrailerGap(long From, long? To, GapCause Cause, string Detail);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, UseStringEnumConverter = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(SegmentTrailer))]
sealed partial class TrailerJson : JsonSerializerContext;
