using System.Collections.Immutable;

namespace Atalaya.Media.Rtsp;

/// <summary>One connection to a camera, from DESCRIBE to TEARDOWN. One run: a new run needs a new session.</summary>
public sealed class RtspSession : IAsyncDisposable
{
    RtspSession(RtspUrl url) => Url = url;

    /// <summary>Where the camera was found at last: after redirects.</summary>
    public RtspUrl Url { get; }
    public ImmutableArray<RtspTrack> Tracks { get; } = [];
    public RtspStatistics Statistics => new(0, 0, 0, []);

    /// <exception cref="RtspException">No connection, or no description.</exception>
    public static Task<RtspSession> ConnectAsync(RtspUrl url, RtspOptions options, BlockPool pool, CancellationToken stop) =>
        throw new RtspException(RtspFailure.Unreachable, url, "Not written yet.");

    /// <summary>Asks the camera to send <paramref name="tracks"/>.</summary>
    public Task PlayAsync(IReadOnlyList<RtspTrack> tracks, CancellationToken stop) => Task.CompletedTask;

    /// <summary>Hands over access units until the end. The receiver of a unit owns its reference. Calls never overlap.</summary>
    public Task<RtspEnd> RunAsync(Action<AccessUnit> onUnit, CancellationToken stop) => Task.FromResult(new RtspEnd(RtspEndKind.Stopped, ""));

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
