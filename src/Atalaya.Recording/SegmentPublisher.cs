using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
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
/// <remarks>
/// A sync that fails is not repeated: Linux tells a process once that it couldn't write a page, takes the page for clean, and the next sync of the same
/// file succeeds although the disk never got it. So the file counts as doubtful. Every byte of it is compared with what was written (a digest of each
/// fragment is kept until the segment has its name), written again, synced, and read back from the disk; what can't be had any more is cut off, and
/// the gap says so.
/// </remarks>
sealed class SegmentPublisher : IAsyncDisposable
{
    static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(5);

    /// <summary>A disk that can't be read for so long has lost what can't be read; a controller that is reset comes back sooner.</summary>
    static readonly TimeSpan ReadPatience = TimeSpan.FromMinutes(1);

    /// <summary>A segment that can't be brought to the disk for so long is left to the next start up: handles and memory are for those that can.</summary>
    static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    /// <summary>Segments of one stream that may wait for a disk that fails; until they got through, its recorder opens no other.</summary>
    const int MayWait = 2;

    sealed record Failure(ClosedSegment Segment, MonotonicTime Since, Exception Error);

    readonly ArchiveFolder _folder;
    readonly SegmentDisk _disk;
    readonly TimeProvider _clock;
    readonly ILogger _log;
    readonly TimeSpan _interval;
    readonly object _gate = new();
    readonly Queue<object> _closed = new();         // ClosedSegment, or TaskCompletionSource as a marker; under _gate, as all below
    readonly List<Failure> _failed = [];
    readonly Dictionary<OpenSegment, (MonotonicTime Due, Action<Exception> Failed)> _open = [];
    MonotonicTime _retryAt;
    bool _stopping;
    bool _unnamed;      // a file was opened whose name may not be on the disk yet
    long _opened;
    readonly HashSet<string> _named = new(StringComparer.Ordinal);      // folders of hours that a loss of power can't take; under itself: a repair publishes, too
    readonly ITimer _tick;
    readonly Thread _thread;
    readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    long _since = -1;   // monotonic, ns; when the work at hand began; Interlocked

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

    /// <summary>How long it has been at one piece of work; zero: it has none.</summary>
    public TimeSpan Busy => Interlocked.Read(ref _since) is var since and >= 0 ? MonotonicTime.Now(_clock) - new MonotonicTime(since) : TimeSpan.Zero;

    /// <summary>Why a stream may not open another file: the disk doesn't take those that it has; null if it may.</summary>
    public Exception? FaultOf(StreamLedger ledger)
    {
        lock (_gate)
            return _failed.Count >= MayWait && _failed.FindAll(f => f.Segment.Ledger == ledger) is { Count: >= MayWait } all ? all[^1].Error : null;
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
                    Interlocked.Exchange(ref _since, MonotonicTime.Now(_clock).Nanoseconds);
                    work();
                }
                catch (Exception e)
                {
                    // A bug met one segment. It stays in the open folder for the next start; the other cameras' must go on.
                    _log.LogError(e, "The segment publisher failed at one piece of work and goes on.");
                }
                finally
                {
                    Interlocked.Exchange(ref _since, -1);
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
                    return next is ClosedSegment closed ? () => TryPublish(closed, null) : ((TaskCompletionSource)next).SetResult;
                // One last attempt at the end; what still fails the next start up recovers.
                var now = MonotonicTime.Now(_clock);
                if (_failed.Count > 0 && (_stopping || now >= _retryAt))
                {
                    var again = _failed[0];     // stays in the list while it is tried: it still waits
                    bool last = _stopping || now - again.Since >= Patience;
                    return () => TryPublish(again.Segment, again, last);
                }

                if (_stopping)
                    return null;

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
            // It may have been closed just now: then nobody but this thread hears of it, on the way to its name.
            Doubt(segment);
            Forget(segment);
            failed(e);
        }
        catch (ObjectDisposedException)
        {
            // Discarded a moment ago.
        }
    }

    void TryPublish(ClosedSegment segment, Failure? before, bool last = false)
    {
        try
        {
            if (segment.Open.IsDoubtful)
            {
                bool patient = before is not null && MonotonicTime.Now(_clock) - before.Since < ReadPatience;
                if (Renew(segment, readFaultsAreFinal: !patient && before is not null) is not { } renewed)
                {
                    _disk.Delete(segment.Open.Path);
                    Trust(segment.Open.Path);
                    segment.Ledger.Lost(segment.Row, segment.Row.Start, LostDetail);
                    Release(segment.Open);
                    return;
                }

                if (renewed != segment)
                {
                    segment.Ledger.Lost(segment.Row, renewed.Row.End, LostDetail);
                    segment = renewed;
                }
            }

            var (row, open, trailer, ledger) = segment;
            Publish(row, open.Path, open.File, trailer, ledger, open);
            Release(open);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            lock (_named)
                _named.Clear();     // a folder that was empty may have been removed since
            // Once per outage and segment: the status tells of the rest.
            if (before is null || last)
                _log.LogError(e, "{Camera} {Stream}: segment {Name} stays in the open folder{Until}: it can't be brought to the disk. {Why}",
                    segment.Row.Camera, segment.Row.Stream, segment.Row.Name, last ? " until the next start of the node" : "", SegmentDisk.Describe("sync", e));
            if (last)
            {
                segment.Ledger.Lost(segment.Row, segment.Row.Start, $"Recorded, but not brought to the disk: {SegmentDisk.Describe("sync", e)}");
                Release(segment.Open);
                return;
            }

            lock (_gate)
            {
                var now = MonotonicTime.Now(_clock);
                // At once: nobody shall count it twice.
                if (before is not null)
                    _failed.Remove(before);
                _failed.Add(new(segment, before?.Since ?? now, e));
                _retryAt = now + RetryDelay;
            }
        }
        finally
        {
            if (before is not null)
            {
                lock (_gate)
                    _failed.Remove(before);
            }
        }

        static void Release(OpenSegment open)
        {
            open.File.Dispose();
            open.Hash.Dispose();
        }
    }

    /// <summary>
    /// Also told to whoever comes after this process while the system still remembers more than the disk holds; so the mark itself needs no sync.
    /// </summary>
    void Doubt(OpenSegment open)
    {
        if (open.IsDoubtful)
            return;
        open.IsDoubtful = true;
        try
        {
            _disk.Create(ArchiveFolder.DoubtPath(open.Path)).Dispose();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _log.LogWarning(e, "{Path} can't be marked as doubtful; a start before it has its name would believe what the system remembers of it.", open.Path);
        }
    }

    /// <summary>What the file holds is known again, or it is gone.</summary>
    public void Trust(string openPath)
    {
        try
        {
            if (File.Exists(ArchiveFolder.DoubtPath(openPath)))
                _disk.Delete(ArchiveFolder.DoubtPath(openPath));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // It doubts a file that isn't there any more.
            _log.LogDebug(e, "{Path}'s mark stays.", openPath);
        }
    }

    const string LostDetail = "The disk lost what had been written: it failed to confirm it, and what it holds is something else.";

    /// <summary>Writes a doubtful file again as far as its bytes are those that were written, so that the next sync speaks of all of them.</summary>
    /// <param name="readFaultsAreFinal">What can't be read is lost; otherwise it is worth another attempt.</param>
    /// <returns>The segment, or what is left of it, ended as <see cref="SegmentEnd.DiskFailed"/>; null if not even its first fragment is.</returns>
    ClosedSegment? Renew(ClosedSegment segment, bool readFaultsAreFinal)
    {
        var (row, open, trailer, ledger) = segment;
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> digest = stackalloc byte[SHA256.HashSizeInBytes];
        FragmentMark? whole = null;
        long at = 0;
        foreach (var mark in open.Marks)
        {
            int length = (int)(mark.End - at);
            byte[] bytes = ArrayPool<byte>.Shared.Rent(length);
            try
            {
                if (!TryRead(open, bytes.AsSpan(0, length), at, readFaultsAreFinal))
                    break;
                hash.AppendData(bytes, 0, length);
                hash.GetCurrentHash(digest);
                if (BinaryPrimitives.ReadUInt128BigEndian(digest) != mark.Digest)
                    break;
                _disk.Write(open.File, [bytes.AsMemory(0, length)], at);
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(bytes);
            }

            at = mark.End;
            whole = mark;
        }

        if (whole is not { } kept || kept.End == row.Points.EndOffset)
            return whole is null ? null : segment;
        var end = RunClock.Floor(row.ToWall(kept.MediaEnd));
        if (end <= row.Start)
            end = row.Start + TimeSpan.FromMilliseconds(1);
        var cut = OpenSegment.Cut(row, kept, end, 0, "");
        using var content = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        SegmentReader.Append(content, open.File, kept.End);
        string contentDigest = Convert.ToHexStringLower(content.GetCurrentHash());
        byte[] box = SegmentTrailer.Of(cut, GapCause.Disk, LostDetail, contentDigest, [.. SegmentTrailer.Parse(trailer)?.GapsBefore() ?? []]).ToBox();
        content.AppendData(box);
        _disk.Truncate(open.File, kept.End);
        _log.LogError("{Camera} {Stream}: of segment {Name} {Seconds:0.0} s are lost: the disk failed to confirm them, and holds something else.",
            row.Camera, row.Stream, row.Name, (row.End - end).TotalSeconds);
        return new(cut with { Bytes = kept.End + box.Length, Sha256 = Convert.ToHexStringLower(content.GetHashAndReset()) }, open, box, ledger);
    }

    static bool TryRead(OpenSegment open, Span<byte> bytes, long at, bool faultsAreFinal)
    {
        try
        {
            for (int got = 0; got < bytes.Length;)
            {
                int read = RandomAccess.Read(open.File, bytes[got..], at + got);
                if (read == 0)
                    return false;
                got += read;
            }

            return true;
        }
        catch (IOException) when (faultsAreFinal)
        {
            return false;
        }
    }

    /// <summary>
    /// The only way a segment gets its name. Stopped anywhere, it is either an open file that the next start up recovers, or whole and in its place
    /// and found by the next start up if the index doesn't have it.
    /// </summary>
    /// <param name="trailer">To be written at the end; empty if the file has it.</param>
    /// <param name="open">What this process knows of the file; null if another one wrote it.</param>
    public void Publish(Segment row, string openPath, SafeFileHandle file, ReadOnlyMemory<byte> trailer, StreamLedger ledger, OpenSegment? open = null)
    {
        string path = _folder.PathOf(row.Camera, new SegmentName(row.Start.Milliseconds, row.Stream));
        string hour = Path.GetDirectoryName(path)!;

        // 1. The last box: the file says itself what it is. Its digest is complete with it.
        if (!trailer.IsEmpty)
            _disk.Write(file, [trailer], row.Bytes - trailer.Length);

        // 2. Data and length on the disk, before any name promises them.
        try
        {
            _disk.Sync(file);
        }
        catch (Exception e) when (open is not null && e is IOException or UnauthorizedAccessException)
        {
            Doubt(open);
            throw;
        }

        // Of a file that failed before, no word is taken for it but its own.
        if (open is { IsDoubtful: true })
        {
            _disk.DropCache(file);
            if (SegmentReader.Digest(file) != row.Sha256)
                throw new IOException($"{openPath} was written again and synced, and the disk holds something else.");
        }

        // 3. Folders first seen this hour, named durably in their parents; also those that are there: who made them may have failed, or died, before that.
        bool known;
        lock (_named)
            known = _named.Contains(hour);
        if (!known)
        {
            _disk.MakeFolder(hour);
            for (string? parent = Path.GetDirectoryName(hour); parent is not null && parent.Length >= _folder.Root.Length; parent = Path.GetDirectoryName(parent))
                _disk.SyncFolder(parent);
            lock (_named)
            {
                if (_named.Count >= 1000)
                    _named.Clear();     // mostly hours that are over
                _named.Add(hour);
            }
        }

        // 4. The name, in one step: there is never half a file under it. A repetition after a failure in step 5 finds it done.
        if (File.Exists(openPath))
            _disk.Move(openPath, path);
        else if (!File.Exists(path))
            throw new FileNotFoundException($"Somebody took {openPath} away.", openPath);

        // 5. The name on the disk.
        _disk.SyncFolder(hour);

        if (open is { IsDoubtful: true })
        {
            open.IsDoubtful = false;
            Trust(openPath);
        }

        // 6. The index, a cache: it may lag, the file may not.
        ledger.Published(row);
    }
}
