using Atalaya.Analysis.Painting;
using Atalaya.Media;

namespace Atalaya.Node.Analysis;

/// <summary>Key frames that become one JPEG of many tiles, in rows from the upper left.</summary>
/// <param name="Format">Of all key frames.</param>
/// <param name="KeyFrames">Access units as in <see cref="AccessUnit.Data"/>, one a tile, each decodable alone; an empty one leaves its tile black. At most 64 MB together.</param>
/// <param name="TileWidth">Pixels, even. The picture is stretched to the tile: choose its proportions.</param>
/// <param name="TileHeight">Pixels, even.</param>
/// <param name="Columns">Tiles in a row. Neither side of the sprite may pass 8192 pixels.</param>
/// <param name="Quality">JPEG's, 1 to 100.</param>
sealed record SpriteRequest(VideoFormat Format, IReadOnlyList<ReadOnlyMemory<byte>> KeyFrames, int TileWidth, int TileHeight, int Columns, int Quality = 60)
{
    /// <summary>Painted over each picture before it is made small; null: nothing.</summary>
    public AreaPlan? Plan { get; init; }
}

/// <summary>How the making of a sprite ended.</summary>
enum SpriteEnd
{
    Made,

    /// <summary>These key frames make none, now or later: they are damaged, or no decoder knows them. Don't ask again.</summary>
    Unreadable,

    /// <summary>Analysis is off, starting again, or was ended while it worked on this. Ask again later; if it happens with the same key frames again, don't.</summary>
    Unavailable,
}

/// <param name="Jpeg">Empty if there is none.</param>
/// <param name="Shown">Which tiles show a picture; the others are black.</param>
/// <param name="Fault">Why there is none; empty if there is one.</param>
sealed record SpriteResult(SpriteEnd End, byte[] Jpeg, IReadOnlyList<bool> Shown, string Fault);
