using System.Data.Common;
using Atalaya.Media;
using Microsoft.Extensions.Logging;

namespace Atalaya.Recording;

/// <summary>
/// The recordings of one node: a folder of segments, their index, and the recorders that write them. Thread-safe.
/// </summary>
public sealed class Archive : IAsyncDisposable
{
    /// <summary>
    /// Recovers what a crash left, and starts the writer. The store may be down or null: files are written all the same, and found again later.
    /// </summary>
    /// <param name="folder">Made if it isn't there.</param>
    /// <param name="store">SQLite (<c>SqliteFactory.Instance.CreateDataSource(…)</c>) or PostgreSQL. Null: files only, no timeline, playlist or export.</param>
    /// <exception cref="IOException">The folder can't be made or written to.</exception>
    /// <exception cref="ArgumentException">The options have faults; the message lists them.</exception>
    public static Task<Archive> OpenAsync(
        string folder, DbDataSource? store, RecordingOptions options, TimeProvider clock, ILogger log, CancellationToken stop = default) =>
        throw new NotSupportedException();

    /// <summary>Called when a recorder's state changes; on the writer's thread, so be quick.</summary>
    public void OnRecorderChanged(Action<RecorderStatus> changed) => throw new NotSupportedException();

    /// <summary>Starts recording a stream. One recorder per camera and stream at a time.</summary>
    /// <exception cref="InvalidOperationException">The stream is being recorded already.</exception>
    public Recorder Attach(string camera, StreamKind stream, StreamHub hub) => throw new NotSupportedException();

    public ArchiveStatus Status() => throw new NotSupportedException();

    public Task<Timeline> TimelineAsync(string camera, StreamKind stream, WallTime from, WallTime to, CancellationToken stop = default) =>
        throw new NotSupportedException();

    /// <summary>Of every camera that has ever recorded this stream, by camera.</summary>
    public Task<IReadOnlyDictionary<string, Timeline>> TimelinesAsync(StreamKind stream, WallTime from, WallTime to, CancellationToken stop = default) =>
        throw new NotSupportedException();

    /// <summary>An HLS playlist whose URIs are <c>segments/NAME.mp4</c>; null if nothing is recorded in the stretch.</summary>
    public Task<string?> PlaylistAsync(string camera, StreamKind stream, WallTime from, WallTime to, CancellationToken stop = default) =>
        throw new NotSupportedException();

    /// <summary>Null if there is no such segment, or the name is none. The caller disposes of the file.</summary>
    /// <param name="name"><see cref="SegmentName"/> as text, without extension.</param>
    public Task<SegmentFile?> OpenSegmentAsync(string camera, string name, CancellationToken stop = default) => throw new NotSupportedException();

    /// <summary>Writes one ordinary MP4 to <paramref name="path"/>, which must not exist; removed again on failure or cancellation.</summary>
    /// <exception cref="ExportException">Nothing is recorded there, or it doesn't fit into one file.</exception>
    public Task<ExportResult> ExportAsync(ExportRequest request, string path, IProgress<double>? progress = null, CancellationToken stop = default) =>
        throw new NotSupportedException();

    public Task<CheckResult> CheckAsync(CheckOptions options, IProgress<CheckProgress>? progress = null, CancellationToken stop = default) =>
        throw new NotSupportedException();

    /// <summary>Ends every recorder with <see cref="SegmentEnd.Shutdown"/>, and waits until all is on the disk and in the index.</summary>
    public ValueTask DisposeAsync() => throw new NotSupportedException();
}
