using Atalaya.Media;

namespace Atalaya.Analysis.Tracks;

public sealed class Tracker(TrackerOptions options)
{
    public TrackerOptions Options { get; } = options;

    /// <returns>Every track that lives after this picture, also the unconfirmed and the coasting. The list is reused by the next call.</returns>
    public IReadOnlyList<Track> Update(ReadOnlySpan<Detection> detections, MediaTime at, CameraMotion? motion = null) => [];
}
