using Atalaya.Media;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace Atalaya.Recording;

/// <summary>A closed segment on its way to its place.</summary>
sealed record ClosedSegment(Segment Row, OpenSegment Open, byte[] Trailer, StreamLedger Ledger);

/// <summary>
/// The thread of a volume that waits for the disk, so that the one that writes needn't: forces open files to the disk every few seconds,
/// one after the other, and takes closed segments to their final name.
/// </summary>
sealed class SegmentPublisher : IAsyncDisposable
{
    static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(5);

    readonly ArchiveFolder _folder;
    readonly SegmentDisk _disk;
    readonly TimeProvider _clock;
    readonly ILogger _log;
    readonly TimeSpan _interval;
    readonly object _gate = new();
    readonly Queue<object> _closed = new();         // ClosedSegment, or TaskCompletionSource as a marker; under _gate, as all below
    readonly List<ClosedSegment> _failed = [];
    readonly Dictionary<OpenSegment, (MonotonicTime Due, Action<Exception> Failed)> _open = [];
    MonotonicTime _retryAt;
    bool _stopping;
    bool _unnamed;      // a file was opened whose name may not be on the disk yet
    long _opened;
    readonly HashSet<string> _named = new(StringComparer.Ordinal);      // folders of hours that a loss of power can't take; only used by Publish
    readonly ITimer _tick;
    readonly Thread _thread;
    readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public SegmentPublisher(ArchiveFolder folder, SegmentDisk disk, TimeSpan syncInterval, TimeProvider clock, ILogger log)
    {
        _folder = folder;
        _disk = disk;
        _clock = clock;
        _log = log;
        _interval = syncInterval;
        _thread = new(Run) { IsBackground = true, Name = "segment publisher" };
        _tick = clock.CreateTimer(_ => Pulse(), null, syncInterval / 16, syncInterval / 16);
        _thread.Start();
    }

    /// <summary>Closed segments that couldn't be published yet.</summary>
    public int Failed
    {
        get
        {
            lock (_gate)
                return _failed.Count;
        }
    }

    /// <summary>From now on the file is synced every interval; cameras that start together are spread over it.</summary>
    /// <param name="failed">Called on this thread: what the file holds is unknown.</param>
    public void Watch(OpenSegment segment, Action<Exception> failed)
    {
        lock (_gate)
        {
            // Golden ratio: any number of files lies evenly over the interval.
            double place = (++_opened * 0.618_033_988_749_895) % 1;
            _open[segment] = (MonotonicTime.Now(_clock) + (_interval * (0.5 + (place / 2))), failed);
            _unnamed = true;
        }
    }

    public void Forget(OpenSegment segment)
    {
        lock (_gate)
            _open.Remove(segment);
    }

    public void Close(ClosedSegment segment)
    {
        lock (_gate)
        {
            _open.Remove(segment.Open);
            _closed.Enqueue(segment);
            Monitor.Pulse(_gate);
        }
    }

    /// <summary>Done when every segment closed before was taken to its place, or tried.</summary>
    public Task DrainAsync()
    {
        var marker = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_gate)
        {
            if (_stopping)
                return _ended.Task;
            _closed.Enqueue(marker);
            Monitor.Pulse(_gate);
        }

        return marker.Task;
    }

    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _stopping = true;
            Monitor.Pulse(_gate);
        }

        await _ended.Task;
        await _tick.DisposeAsync();
    }

    void Pulse()
    {
        lock (_gate)
            Monitor.Pulse(_gate);
    }

    void Run()
    {
        try
        {
            while (Next() is { } work)
            {
                try
                {
                    work();
                }
                catch (Exception e)
                {
                    // A bug met one segment. It stays in the open folder for the next start; the other cameras' must go on.
                    _log.LogError(e, "The segment publisher failed at one piece of work and goes on.");
                }
            }
        }
        finally
        {
            _ended.TrySetResult();
        }
    }

    /// <summary>What to do next; null at the end. Closed segments first: they leave the state in which only this process knows them.</summary>
    Action? Next()
    {
        lock (_gate)
        {
            while (true)
            {
                if (_closed.TryDequeue(out object? next))
                    return next is ClosedSegment closed ? () => TryPublish(closed) : ((TaskCompletionSource)next).SetResult;
                if (_stopping)
                {
                    // One last attempt; what still fails the next start up recovers.
                    if (_failed.Count == 0)
                        return null;
                    var last = _failed[0];
                    _failed.RemoveAt(0);
                    return () => TryPublish(last, keep: false);
                }

                var now = MonotonicTime.Now(_clock);
                if (_failed.Count > 0 && now >= _retryAt)
                {
                    var again = _failed[0];
                    _failed.RemoveAt(0);
                    return () => TryPublish(again);
                }

                foreach (var (segment, (due, failed)) in _open)
                {
                    if (now >= due)
                    {
                        _open[segment] = (now + _interval, failed);
                        return () => Sync(segment, failed);
                    }
                }

                Monitor.Wait(_gate);
            }
        }
    }

    void Sync(OpenSegment segment, Action<Exception> failed)
    {
        try
        {
            // The name first: bytes that nobody finds are not kept. Once for all files that were opened since.
            bool unnamed;
            lock (_gate)
                (unnamed, _unnamed) = (_unnamed, false);
            if (unnamed)
                _disk.SyncFolder(_folder.Open);
            _disk.Sync(segment.File);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            lock (_gate)
                _unnamed = true;
            Forget(segment);
            failed(e);
        }
        catch (ObjectDisposedException)
        {
            // Discarded a moment ago.
        }
    }

    void TryPublish(ClosedSegment segment, bool keep = true)
    {
        try
        {
            var (row, open, trailer, ledger) = segment;
            Publish(row, open.Path, open.File, trailer, ledger);
            open.File.Dispose();
            open.Hash.Dispose();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _log.LogError(e, "{Camera} {Stream}: segment {Name} stays in the open folder: it can't be synced and renamed.",
                segment.Row.Camera, segment.Row.Stream, segment.Row.Name);
            _named.Clear();     // a folder that was empty may have been removed since
            if (!keep)
                return;
            lock (_gate)
            {
                _failed.Add(segment);
                _retryAt = MonotonicTime.Now(_clock) + RetryDelay;
            }
        }
    }

    /// <summary>
    /// The only way a segment gets its name. Stopped anywhere, it is either an open file that the next start up recovers, or whole and in its place
    /// and found by the next start up if the index doesn't have it.
    /// </summary>
    /// <param name="trailer">To be written at the end; empty if the file has it.</param>
    public void Publish(Segment row, string openPath, SafeFileHandle file, ReadOnlyMemory<byte> trailer, StreamLedger ledger)
    {
        string path = _folder.PathOf(row.Camera, new SegmentName(row.Start.Milliseconds, row.Stream));
        string hour = Path.GetDirectoryName(path)!;

        // 1. The last box: the file says itself what it is. Its digest is complete with it.
        if (!trailer.IsEmpty)
            _disk.Write(file, [trailer], row.Bytes - trailer.Length);

        // 2. Data and length on the disk, before any name promises them.
        _disk.Sync(file);

        // 3. Folders first seen this hour, named durably in their parents; also those that are there: who made them may have failed, or died, before that.
        if (!_named.Contains(hour))
        {
            _disk.MakeFolder(hour);
            for (string? parent = Path.GetDirectoryName(hour); parent is not null && parent.Length >= _folder.Root.Length; parent = Path.GetDirectoryName(parent))
                _disk.SyncFolder(parent);
            if (_named.Count >= 1000)
                _named.Clear();     // mostly hours that are over
            _named.Add(hour);
        }

        // 4. The name, in one step: there is never half a file under it. A repetition after a failure in step 5 finds it done.
        if (File.Exists(openPath))
            _disk.Move(openPath, path);
        else if (!File.Exists(path))
            throw new FileNotFoundException($"Somebody took {openPath} away.", openPath);

        // 5. The name on the disk.
        _disk.SyncFolder(hour);

        // 6. The index, a cache: it may lag, the file may not.
        ledger.Published(row);
    }
}
