using Atalaya.Media;
using Atalaya.Node.Analysis;
using Atalaya.Node.Masks;
using Atalaya.Node.Tracks;

namespace Atalaya.Node.Live;

/// <summary>What one viewer is told of a camera's analysis: each result once, and of several that came together the newest.</summary>
/// <param name="masks">What hides parts of the picture from the viewer; null: nothing.</param>
sealed class LiveObjects(AnalysisFeeds feeds, string camera, StreamKind viewed, Func<CameraMasks?> masks)
{
    SeenPicture? _told;

    public ObjectsMessage? Next()
    {
        if (feeds.Latest(camera) is not { } seen || ReferenceEquals(seen, _told))
            return null;
        _told = seen;
        var hidden = masks();
        return new(
            seen.Stream == viewed ? Math.Round(seen.Media.Seconds, 6) : null, seen.Wall.ToDateTimeOffset(), [.. seen.Tracks.Where(t => hidden?.Hides(t.Box) != true).Select(TrackEndpoints.Of)],
            [.. seen.Moving.Where(m => hidden?.Hides(m) != true).Select(m => (float[])[TrackEndpoints.Short(m.X), TrackEndpoints.Short(m.Y), TrackEndpoints.Short(m.Width), TrackEndpoints.Short(m.Height)])]);
    }

    /// <summary>Null where the node analyses nothing.</summary>
    public AnalysisMessage? Status() => feeds.Status(camera) is { } feed
        ? new(feed.Asked, Math.Round(feed.Given, 1), feed.Age?.TotalMilliseconds, feed.Blind?.Cause, feed.Blind?.From.ToDateTimeOffset(), feed.Blind?.Detail ?? "")
        : null;
}
