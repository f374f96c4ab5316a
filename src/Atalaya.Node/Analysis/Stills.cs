using Atalaya.Media;

namespace Atalaya.Node.Analysis;

/// <summary>One unit of those that pictures are decoded from.</summary>
/// <param name="Presentation">On whatever time line the plan has.</param>
readonly record struct StillSource(ReadOnlyMemory<byte> Data, MediaTime Presentation, bool Wanted);

/// <summary>Single pictures, painted as copies are.</summary>
/// <param name="Units">From a key frame on, in decode order.</param>
/// <param name="Plan">As <c>AreaPlanText</c> writes it.</param>
/// <param name="Width">Pixels at most.</param>
/// <param name="Quality">Of the JPEGs, 1 to 100.</param>
sealed record StillsRequest(VideoFormat Format, IReadOnlyList<StillSource> Units, byte[] Plan, int Width, int Quality);

/// <param name="Stills">JPEGs by presentation; those that couldn't be decoded are missing.</param>
/// <param name="Fault">Why there are none; empty if there are.</param>
sealed record StillsResult(IReadOnlyList<(MediaTime At, byte[] Jpeg)> Stills, string Fault);
