namespace Atalaya.Media;

/// <summary>
/// One coded picture, or one audio frame, with its timestamps: immutable once depacketized, shared by all who read it.
/// </summary>
/// <remarks>
/// Reference counted, because its bytes lie in a pooled block. Whoever creates it owns one reference; a
/// <see cref="HubReader"/> hands over one with each unit that it returns, which the reader must <see cref="Release"/>.
/// After the last release <see cref="Data"/> may hold another picture.
/// </remarks>
public sealed class AccessUnit
{
    readonly MediaBlock? _block;
    int _references = 1;

    /// <param name="format">In force for this unit; the same instance as the unit's before unless it changed.</param>
    /// <param name="data">Video: NAL units, each behind its length in four bytes, without parameter sets that <paramref name="format"/> holds
    /// already. Audio: one raw frame (AAC) or samples (PCM).</param>
    /// <param name="block">Where <paramref name="data"/> lies; the unit takes over the caller's reference. Null: memory of the garbage collector.</param>
    public AccessUnit(TrackFormat format, ReadOnlyMemory<byte> data, MediaBlock? block = null)
    {
        Format = format;
        Data = data;
        _block = block;
    }

    public TrackFormat Format { get; }
    public ReadOnlyMemory<byte> Data { get; }
    public bool IsVideo => Format is VideoFormat;

    /// <summary>When it is shown or heard. Not in order where there are B-frames.</summary>
    public required MediaTime Presentation { get; init; }

    /// <summary>When it is decoded: strictly rising within a track, never after <see cref="Presentation"/>; the first at most the format's reorder delay before it.</summary>
    public required MediaTime Decode { get; init; }

    /// <summary>How long it probably lasts: what a live viewer is told; a file uses the next unit's decode time. Zero if unknown.</summary>
    public MediaTime Duration { get; init; }

    /// <summary>Video: a decoder can start here. Audio: always.</summary>
    public required bool IsKey { get; init; }

    /// <summary>Packets were lost, or the clock jumped, since the unit before: what follows may show damage until the next key frame.</summary>
    public bool AfterLoss { get; init; }

    /// <summary>When its last packet came, by the node's clocks.</summary>
    public MonotonicTime Arrival { get; init; }
    public WallTime Wall { get; init; }

    public void Retain()
    {
        if (Interlocked.Increment(ref _references) <= 1)
            throw new InvalidOperationException("An access unit was retained after its last release.");
    }

    public void Release()
    {
        int left = Interlocked.Decrement(ref _references);
        if (left < 0)
            throw new InvalidOperationException("An access unit was released more often than retained.");
        if (left == 0)
            _block?.Release();
    }
}
