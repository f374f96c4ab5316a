using Atalaya.Media;

namespace Atalaya.Recording;

/// <param name="From">First moment shown; the file holds the pictures from the key frame before it, hidden by an edit list.</param>
/// <param name="To">End, not included.</param>
public sealed record ExportRequest(string Camera, StreamKind Stream, WallTime From, WallTime To);

/// <param name="From">First moment in the clip: later than asked for if nothing was recorded then.</param>
/// <param name="Gaps">What the clip lacks between <paramref name="From"/> and <paramref name="To"/>, with causes; its pictures follow each other without a pause there.</param>
/// <param name="Bytes">Length of the file.</param>
public sealed record ExportResult(string Path, WallTime From, WallTime To, MediaTime Duration, int Frames, long Bytes, IReadOnlyList<Gap> Gaps);

/// <summary>The stretch asked for holds nothing, or pictures that don't fit into one file. The message says which, and what to do.</summary>
public sealed class ExportException(string message) : Exception(message);
