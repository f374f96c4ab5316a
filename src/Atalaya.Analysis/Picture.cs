namespace Atalaya.Analysis;

/// <summary>
/// A decoded picture in planar YUV 4:2:0, 8 bit, BT.601 or BT.709 limited or full range as the stream says: one luma plane and two chroma planes of half the size, rounded up.
/// Points into memory of whoever made it and is valid only until that one makes the next; copy what must live longer.
/// </summary>
/// <remarks>Rows lie <c>Stride</c> bytes apart, which may be more than the width.</remarks>
public readonly ref struct Picture
{
    /// <summary>Pixels; at least 2.</summary>
    public required int Width { get; init; }

    /// <summary>Pixels; at least 2.</summary>
    public required int Height { get; init; }
    public required ReadOnlySpan<byte> Luma { get; init; }
    public required int LumaStride { get; init; }
    public ReadOnlySpan<byte> Cb { get; init; }
    public ReadOnlySpan<byte> Cr { get; init; }
    public int ChromaStride { get; init; }

    /// <summary>Luma 0–255 instead of 16–235.</summary>
    public bool FullRange { get; init; }
}
