using System.Collections.Concurrent;
using System.Data.Common;
using Atalaya.Media;
using Atalaya.Recording.Storage;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace Atalaya.Recording;

/// <summary>
/// The recordings of one node: a folder of segments, their index, and the recorders that write them. Thread-safe.
/// </summary>
public sealed class Archive : IAsyncDisposable
{
    /// <summary>
    /// How far behind the newest row a start up looks for files without one. Rows come in order but for a file whose way to its name had to be
    /// repeated, and for those that a start up recovered which was killed before it came to the ones before. 1 h: two folders a stream, names only.
    /// </summary>
    static readonly TimeSpan LookBack = TimeSpan.FromHours(1);

    static readonly TimeSpan WatchEvery = TimeSpan.FromSeconds(1);

    readonly ConcurrentDictionary<(string Camera, StreamKind Stream), StreamLedger> _ledgers = new();
    readonly ConcurrentDictionary<(string Camera, StreamKind Stream), Recorder> _recorders = new();
    readonly SegmentIndex? _index;
    readonly IndexWriter? _indexWriter;
    readonly Recovery _recovery;
    readonly DbConnection? _memory;     // keeps an index in memory alive
    readonly bool _reading;
    readonly CancellationTokenSource _stop = new();
    Func<VolumeConfig, SegmentDisk> _diskOf = static _ => new LocalDisk();
    Action<RecorderStatus>? _changed;
    readonly Lock _attaching = new();
    readonly Lock _watching = new();
    ITimer? _watch;
    bool _disposed;     // under _attaching

    Archive(SegmentIndex? index, StorageConfig storage, RecordingOptions options, TimeProvider clock, ILogger log, DbConnection? memory, bool reading)
    {
        Storage = storage;
        Options = options;
        Clock = clock;
        Log = log;
        _index = index;
        _memory = memory;
        _reading = reading;
        _recovery = new(Volumes, log);
        _indexWriter = index is null || reading ? null : new(index, clock, log, CatchUpAll);
        Caretaker = index is null || reading ? null : new(this, new(index));
    }

    /// <summary>Looks after what is recorded, once it is told to run; null of an archive without an index, and of one that is only read.</summary>
    public Caretaker? Caretaker { get; }

    internal VolumeSet Volumes { get; } = new();
    internal StorageConfig Storage { get; }
    internal RecordingOptions Options { get; }
    internal TimeProvider Clock { get; }
    internal ILogger Log { get; }

    /// <summary>
    /// Recovers what a crash left, and starts the writer. The store may be down or null: files are written all the same, and found again later.
    /// </summary>
    /// <param name="folder">Made if it isn't there. One process at a time may record into it.</param>
    /// <param name="store">SQLite (<c>SqliteFactory.Instance.CreateDataSource(…)</c>) or PostgreSQL. Null: files only, no timeline, playlist or export.</param>
    /// <exception cref="IOException">The folder can't be made or written to, or another process records into it.</exception>
    /// <exception cref="ArgumentException">The options have faults; the message lists them.</exception>
    public static Task<Archive> OpenAsync(
        string folder, DbDataSource? store, RecordingOptions options, TimeProvider clock, ILogger log, CancellationToken stop = default) =>
        OpenAsync(StorageConfig.Default(folder), store, options, clock, log, stop);

    /// <summary>As above, with several volumes. One that is absent or another disk is left out, with a line in the log and in the status.</summary>
    /// <exception cref="IOException">No fast volume can be used; the message says why of each, and what to do.</exception>
    public static Task<Archive> OpenAsync(
        StorageConfig storage, DbDataSource? store, RecordingOptions options, TimeProvider clock, ILogger log, CancellationToken stop = default) =>
        OpenAsync(storage, store, options, static _ => new LocalDisk(), clock, log, stop);

    internal static Task<Archive> OpenAsync(
        string folder, DbDataSource? store, RecordingOptions options, SegmentDisk disk, TimeProvider clock, ILogger log, CancellationToken stop = default) =>
        OpenAsync(StorageConfig.Default(folder), store, options, _ => disk, clock, log, stop);

    internal static Task<Archive> OpenAsync(
        StorageConfig storage, DbDataSource? store, RecordingOptions options, Func<VolumeConfig, SegmentDisk> diskOf, TimeProvider clock, ILogger log,
        CancellationToken stop = default)
    {
        string[] faults = [.. options.Faults(), .. storage.Faults()];
        if (faults.Length > 0)
            throw new ArgumentException(string.Join(' ', faults), nameof(options));
        return Task.Run(async () =>
        {
            var archive = new Archive(store is null ? null : new(store), storage, options, clock, log, null, reading: false) { _diskOf = diskOf };
            try
            {
                archive.OpenVolumes();
                archive.Recover(stop);
                archive._watch = clock.CreateTimer(_ => archive.WatchDisks(), null, WatchEvery, WatchEvery);
                return archive;
            }
            catch
            {
                await archive.DisposeAsync();
                throw;
            }
        }, stop);
    }

    /// <summary>
    /// For looking at an archive that another process may be recording into: changes nothing on the disk, and knows no open segments.
    /// </summary>
    /// <param name="store">Null: an index in memory is made from the files, which reads every byte of them.</param>
    /// <exception cref="IOException">There is no such folder.</exception>
    public static Task<Archive> OpenForReadingAsync(string folder, DbDataSource? store, TimeProvider clock, ILogger log, CancellationToken stop = default) =>
        OpenForReadingAsync(StorageConfig.Default(folder), store, clock, log, stop);

    /// <summary>As above, with several volumes; one that is absent or another disk is left out.</summary>
    /// <exception cref="IOException">No fast volume is there.</exception>
    public static Task<Archive> OpenForReadingAsync(StorageConfig storage, DbDataSource? store, TimeProvider clock, ILogger log, CancellationToken stop = default) => Task.Run(async () =>
    {
        var local = storage.Volumes.Where(v => v.Store is null).ToList();
        if (local.Find(v => v.Tier == VolumeTier.Fast && Directory.Exists(v.Path)) is null)
            throw new DirectoryNotFoundException($"There is no archive at {Path.GetFullPath(local[0].Path)}.");
        DbConnection? memory = null;
        if (store is null)
        {
            store = SqliteFactory.Instance.CreateDataSource($"Data Source=archive-{Guid.NewGuid():N};Mode=Memory;Cache=Shared");
            memory = store.OpenConnection();
        }

        var archive = new Archive(new(store), storage, RecordingOptions.Default, clock, log, memory, reading: true);
        try
        {
            var index = archive._index!;
            index.Migrate();
            var (id, known) = index.Identities();
            archive.Volumes.Stores = [.. storage.Volumes.Where(v => v.Store is not null).Select(v => new ObjectVolume(v, storage.CacheBytes, clock, log))];
            foreach (var config in local)
            {
                // One volume needs no name to be known by: it is what was asked for.
                var identity = Directory.Exists(config.Path) ? VolumeIdentity.Read(config.Path) : null;
                if (local.Count > 1 && VolumeIdentity.Refusal(config, identity, known.FirstOrDefault(v => v.Name == config.Name), id, hasFootage: true, expectsFootage: true) is { } refusal)
                    archive.Volumes.Refuse(config.Name, refusal);
                else
                    archive.Volumes.Add(new(config, identity, new LocalDisk(), null, RecordingOptions.Default, clock, log));
            }

            if (memory is not null)
                await archive.CatchUpAll(default, open: true, stop);
            return archive;
        }
        catch
        {
            await archive.DisposeAsync();
            throw;
        }
    }, stop);

    /// <summary>What is where each volume should be. Changes nothing.</summary>
    /// <exception cref="DbException">The store can't be reached: nobody knows what to expect.</exception>
    public static Task<IReadOnlyList<VolumeSight>> InspectVolumesAsync(StorageConfig storage, DbDataSource store, TimeProvider clock, ILogger log, CancellationToken stop = default) =>
        Task.Run(async () =>
        {
            var index = new SegmentIndex(store);
            index.Migrate();
            var (archive, known) = index.Identities();
            var sights = new List<VolumeSight>();
            foreach (var config in storage.Volumes)
            {
                try
                {
                    var identity = await ReadIdentityAsync(config, storage, clock, log, stop);
                    bool hasFootage = config.Store is null && new ArchiveFolder(config.Path).Cameras().Any();
                    sights.Add(VolumeSight.Of(config, identity,
                        VolumeIdentity.Refusal(config, identity, known.FirstOrDefault(v => v.Name == config.Name), archive, hasFootage, index.HasSegmentsOn(config.Name))));
                }
                catch (IOException e)
                {
                    sights.Add(VolumeSight.Of(config, null, e.Message));
                }
            }

            return (IReadOnlyList<VolumeSight>)sights;
        }, stop);

    /// <summary>Writes a new identity where the volume is to be and takes that for it from now on, whatever was there or was known of it.</summary>
    /// <exception cref="IOException">The folder isn't there, can't be written to, or a process records into it; or the object store refuses.</exception>
    /// <exception cref="DbException">The store can't be reached.</exception>
    public static Task<VolumeSight> AdoptVolumeAsync(StorageConfig storage, string name, DbDataSource store, TimeProvider clock, ILogger log, CancellationToken stop = default) =>
        Task.Run(async () =>
        {
            var config = storage.Volumes.First(v => v.Name == name);
            var index = new SegmentIndex(store);
            index.Migrate();
            string? archive = index.Identities().Archive;
            foreach (var other in storage.Volumes.Where(v => v.Store is null))
                archive ??= VolumeIdentity.Read(other.Path)?.Archive;
            var identity = new VolumeIdentity(1, Guid.NewGuid().ToString("N"), name, archive ?? Guid.NewGuid().ToString("N"), clock.GetUtcNow());
            if (config.Store is not null)
            {
                using var bucket = new ObjectVolume(config, storage.CacheBytes, clock, log);
                await bucket.WriteIdentityAsync(identity, stop);
            }
            else
            {
                if (!Directory.Exists(config.Path))
                    throw new IOException($"There is no folder {config.Path}. Mount the disk, and make the folder on it.");
                using var held = Lock(config.Path);
                identity.Write(new LocalDisk(), config.Path);
            }

            index.Register(identity);
            return VolumeSight.Of(config, identity, null);
        }, stop);

    static async Task<VolumeIdentity?> ReadIdentityAsync(VolumeConfig config, StorageConfig storage, TimeProvider clock, ILogger log, CancellationToken stop)
    {
        if (config.Store is null)
            return VolumeIdentity.Read(config.Path);
        using var bucket = new ObjectVolume(config, storage.CacheBytes, clock, log);
        return await bucket.ReadIdentityAsync(stop);
    }

    /// <summary>Called when a recorder's state changes; on the writer's thread, so be quick.</summary>
    public void OnRecorderChanged(Action<RecorderStatus> changed) => _changed += changed;

    /// <summary>Starts recording a stream. One recorder per camera and stream at a time.</summary>
    /// <exception cref="InvalidOperationException">The stream is being recorded already.</exception>
    /// <exception cref="ArgumentException">The camera's id can't be the name of a folder.</exception>
    public Recorder Attach(string camera, StreamKind stream, StreamHub hub)
    {
        if (_reading)
            throw new InvalidOperationException("This archive was opened for reading.");
        if (!SegmentName.IsCamera(camera))
            throw new ArgumentException($"'{camera}' can't be the name of a folder: use up to 64 letters, digits, '.', '_' and '-', not starting with a dot.", nameof(camera));
        // One at a time, and none once the end has begun: it stops those that it finds.
        lock (_attaching)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_recorders.ContainsKey((camera, stream)))
                throw new InvalidOperationException($"{camera} {stream} is being recorded already.");
            return _recorders[(camera, stream)] = new(this, Ledger(camera, stream), hub, Volumes.Choose(LastVolume(camera, stream), StreamsOn));
        }
    }

    public ArchiveStatus Status() => new(
        _indexWriter?.Fault, _indexWriter?.Count ?? 0, Volumes.Local.Sum(v => v.Publisher.Failed),
        [.. _recorders.Values.Select(r => r.Status()).OrderBy(s => s.Camera, StringComparer.Ordinal).ThenBy(s => s.Stream)]);

    /// <param name="resolution">
    /// What is shorter doesn't matter to whoever asks, as what is narrower than a pixel to a page: the answer's length is bounded by the stretch
    /// over this. Zero: everything exactly.
    /// </param>
    /// <exception cref="DbException">The store can't be reached.</exception>
    public Task<Timeline> TimelineAsync(
        string camera, StreamKind stream, WallTime from, WallTime to, TimeSpan resolution = default, CancellationToken stop = default) =>
        Task.Run(() => Timelines([(camera, stream)], from, to, resolution)[0], stop);

    /// <summary>Whether anything was ever recorded of the camera, and is known of still.</summary>
    /// <exception cref="DbException">The store can't be reached.</exception>
    public bool Knows(string camera) => _ledgers.Keys.Any(k => k.Camera == camera) || Index.Streams().Any(s => s.Camera == camera);

    /// <summary>Of every camera that has ever recorded this stream, by camera; as <see cref="TimelineAsync"/>.</summary>
    /// <exception cref="DbException">The store can't be reached.</exception>
    public Task<IReadOnlyDictionary<string, Timeline>> TimelinesAsync(
        StreamKind stream, WallTime from, WallTime to, TimeSpan resolution = default, CancellationToken stop = default) => Task.Run(() =>
    {
        var streams = _ledgers.Keys.Concat(Index.Streams()).Where(s => s.Stream == stream).Distinct().ToList();
        return (IReadOnlyDictionary<string, Timeline>)streams.Zip(Timelines(streams, from, to, resolution))
            .Where(t => t.Second.Oldest is not null)
            .ToDictionary(t => t.First.Camera, t => t.Second);
    }, stop);

    /// <summary>
    /// An HLS playlist whose URIs are <c>segments/NAME.mp4</c>; null if nothing is recorded in the stretch. If <paramref name="to"/> is in the future and
    /// the stream is being recorded, the playlist grows: see <see cref="HlsPlaylist"/>.
    /// </summary>
    /// <exception cref="DbException">The store can't be reached.</exception>
    public Task<string?> PlaylistAsync(string camera, StreamKind stream, WallTime from, WallTime to, CancellationToken stop = default) => PlaylistAsync(camera, stream, from, to, null, stop);

    /// <summary>The same, of pieces that are made when they are asked for.</summary>
    /// <param name="pieces">As <see cref="HlsPlaylist.Write"/> has it; null: the segments' own bytes.</param>
    /// <exception cref="DbException">The store can't be reached.</exception>
    public Task<string?> PlaylistAsync(string camera, StreamKind stream, WallTime from, WallTime to, string? pieces, CancellationToken stop) => Task.Run(() =>
        HlsPlaylist.Write(Segments(camera, stream, from, to), from, to, to > WallTime.Now(Clock) && _recorders.ContainsKey((camera, stream)), pieces), stop);

    /// <summary>Null if there is no such segment, or the name is none. The caller disposes of the file. Works without the store, then without a digest.</summary>
    /// <param name="name"><see cref="SegmentName"/> as text, without extension.</param>
    public Task<SegmentFile?> OpenSegmentAsync(string camera, string name, CancellationToken stop = default)
    {
        if (!SegmentName.IsCamera(camera) || !SegmentName.TryParse(name, out var segment))
            return Task.FromResult<SegmentFile?>(null);
        return Task.Run(async () =>
        {
            // An open segment may get its final name between the look and the open: then it is there.
            if (_ledgers.TryGetValue((camera, segment.Stream), out var ledger) && ledger.FindOpen(segment) is { } open && TryOpen(open.Path) is { } part)
                return new(part, open.Length, IsClosed: false, null);
            var row = Row(camera, segment);
            if (row is not null && Volumes.FindStore(row.Volume) is { } store)
            {
                using var lease = await store.FetchAsync(row, stop);
                return TryOpen(lease?.Path) is { } fetched ? new SegmentFile(fetched, row.Bytes, IsClosed: true, row.Sha256) : null;
            }

            // Twice: a move may take it elsewhere between the look and the open.
            var file = TryOpen(Volumes.PathOf(camera, segment, row?.Volume)) ?? TryOpen(Volumes.PathOf(camera, segment, null));
            return file is null ? null : new SegmentFile(file, RandomAccess.GetLength(file), IsClosed: true, row?.Sha256);
        }, stop);
    }

    /// <summary>Those that hold a part of the stretch, in order, and before them what a decoder needs for the first. The last may be open still.</summary>
    /// <exception cref="DbException">The store can't be reached.</exception>
    public Task<IReadOnlyList<Segment>> SegmentsAsync(string camera, StreamKind stream, WallTime from, WallTime to, CancellationToken stop = default) =>
        Task.Run<IReadOnlyList<Segment>>(() => Segments(camera, stream, from, to), stop);

    /// <summary>Those that touch the stretch, whole, in order; those too that are on their way to the index.</summary>
    /// <exception cref="DbException">The store can't be reached.</exception>
    public Task<IReadOnlyList<Gap>> GapsAsync(string camera, StreamKind stream, WallTime from, WallTime to, CancellationToken stop = default) =>
        Task.Run<IReadOnlyList<Gap>>(() => Gaps(camera, stream, from, to), stop);

    /// <summary>
    /// Key pictures of a stretch as they lie in the files, at most one in each <paramref name="every"/>, nearest to its begin: found by the index, read
    /// singly, decoded by nobody here.
    /// </summary>
    /// <exception cref="DbException">The store can't be reached.</exception>
    public Task<KeyPictureSet> KeyPicturesAsync(string camera, StreamKind stream, WallTime from, WallTime to, TimeSpan every, CancellationToken stop = default) =>
        Task.Run(async () =>
        {
            var segments = Segments(camera, stream, from, to);
            var pictures = new List<KeyPicture>();
            foreach (var (segment, points) in KeyPictureSet.Choose(segments, from, to, every))
            {
                using var file = await OpenSegmentAsync(camera, segment.Name, stop);
                if (file is null || Media.Mp4.KeyPictures.Open(file.Handle) is not { } reader)
                    continue;
                foreach (var point in points)
                {
                    stop.ThrowIfCancellationRequested();
                    if (reader.Read(point.Offset) is { } data)
                        pictures.Add(new(segment.ToWall(point.Media), reader.Format, data));
                }
            }

            // What follows a moment later still belongs to a minute that has just ended.
            bool settled = WallTime.Now(Clock) - to >= KeyPictureSet.Settles && segments.All(s => s.Sha256.Length > 0);
            return new KeyPictureSet(pictures, settled);
        }, stop);

    /// <summary>About how many bytes an export of a stretch will have: of each segment the part that its time is of it.</summary>
    /// <exception cref="DbException">The store can't be reached.</exception>
    public Task<long> EstimateAsync(string camera, StreamKind stream, WallTime from, WallTime to, CancellationToken stop = default) => Task.Run(() =>
        (long)Segments(camera, stream, from, to).Where(s => s.End > s.Start).Sum(s =>
        {
            var begin = s.Start > from ? s.Start : from;
            var end = s.End < to ? s.End : to;
            return s.Bytes * Math.Max(0, (end - begin) / (s.End - s.Start));
        }), stop);

    /// <summary>Writes one ordinary MP4 to <paramref name="path"/>, which must not exist; removed again on failure or cancellation.</summary>
    /// <exception cref="ExportException">Nothing is recorded there, or it doesn't fit into one file.</exception>
    /// <exception cref="DbException">The store can't be reached.</exception>
    public Task<ExportResult> ExportAsync(ExportRequest request, string path, IProgress<double>? progress = null, CancellationToken stop = default) => ExportAsync(request, path, null, progress, stop);

    /// <summary>The same, of files that are made of the segments.</summary>
    /// <param name="replace">Makes them, and says where they are: these go into the clip. A segment that it leaves out doesn't. Null: the segments themselves.</param>
    /// <exception cref="ExportException">Nothing is recorded there, or it doesn't fit into one file.</exception>
    /// <exception cref="DbException">The store can't be reached.</exception>
    public Task<ExportResult> ExportAsync(
        ExportRequest request, string path, Func<IReadOnlyList<Segment>, CancellationToken, Task<Dictionary<Segment, string>>>? replace, IProgress<double>? progress, CancellationToken stop) => Task.Run(async () =>
    {
        for (int attempt = 1; ; attempt++)
        {
            var segments = Segments(request.Camera, request.Stream, request.From, request.To);
            var gaps = Gaps(request.Camera, request.Stream, request.From, request.To);
            var fetched = new Dictionary<Segment, ObjectVolume.Lease>();
            try
            {
                if (replace is not null)
                {
                    var replaced = await replace(segments, stop);
                    return ClipExport.Run(request, [.. segments.Where(replaced.ContainsKey)], s => replaced[s], gaps, path, progress, stop);
                }

                await FetchAsync(segments, fetched, stop);
                return ClipExport.Run(request, segments, s => fetched.GetValueOrDefault(s)?.Path ?? PathOf(s), gaps, path, progress, stop);
            }
            catch (FileNotFoundException) when (attempt < 4)
            {
                // A segment that was open got its name between the look and the read. It is found under it now.
            }
            catch (FileNotFoundException e)
            {
                throw new ExportException($"A segment of {request.Camera} that the index knows is not on the disk: {e.FileName}. Run a check of the archive.");
            }
            finally
            {
                foreach (var lease in fetched.Values)
                    lease.Dispose();
            }
        }
    }, stop);

    /// <summary>Compares disk and index. Recording may go on meanwhile.</summary>
    /// <exception cref="DbException">The store can't be reached.</exception>
    public Task<CheckResult> CheckAsync(CheckOptions options, IProgress<CheckProgress>? progress = null, CancellationToken stop = default) => Task.Run(async () =>
    {
        if (_indexWriter is not null)
            await _indexWriter.FlushAsync();
        var recent = WallTime.Now(Clock) - SegmentIndex.LongestSegment;
        bool others = _reading && IsLocked();
        var result = ArchiveCheck.Run(
            Volumes, Index, _recovery, (camera, name) => others ? name.Start >= recent : IsBeingWritten(camera, name), (camera, stream) => others ? recent : Settled(camera, stream),
            options, Log, progress, stop);
        return Volumes.Stores.Count == 0 ? result : await ArchiveCheck.WithStoresAsync(result, Volumes.Stores, Index, options, stop);
    }, stop);

    /// <summary>
    /// Makes the index again from the files: first from their last boxes, which is quick and makes everything playable, then their digests, which reads every
    /// byte. Stopped at any time, the next call goes on where this one was. For an archive in which nothing is recorded just now.
    /// </summary>
    /// <param name="digests">False: the first part only.</param>
    /// <exception cref="DbException">The store can't be reached.</exception>
    public Task<ReindexResult> ReindexAsync(bool digests, IProgress<CheckProgress>? progress = null, CancellationToken stop = default) => Task.Run(async () =>
    {
        long files = 0, bytes = 0, added = 0, digested = 0;
        var faults = new List<CheckFault>();
        foreach (var store in Volumes.Stores)
            added += await ReindexAsync(store, faults, stop);
        var streams = Volumes.Streams().Union(Index.Streams()).ToList();
        long total = streams.Sum(s => Volumes.Segments(s.Camera, s.Stream).LongCount());
        var each = new Each(length => progress?.Report(new(++files, total, bytes += length)));
        foreach (var (camera, stream) in streams)
            added += _recovery.CatchUp(Index, camera, stream, default, open: true, stop, each);
        if (digests)
        {
            files = bytes = 0;
            foreach (var (camera, stream) in streams)
                digested += _recovery.Digest(Index, camera, stream, (path, fault) => faults.Add(new(CheckFaultKind.WrongDigest, path, fault, false)), stop, each);
        }

        return new ReindexResult(added, digested, faults);
    }, stop);

    /// <summary>Segments of an object store that the index lacks, from their last boxes. One that is on a local volume, too, is left to that.</summary>
    async Task<long> ReindexAsync(ObjectVolume store, List<CheckFault> faults, CancellationToken stop)
    {
        long added = 0;
        try
        {
            foreach (var (camera, name, length) in await store.ListAsync(stop))
            {
                if (Index.Find(camera, name) is not null || Volumes.PathOf(camera, name, null) is not null || Index.Deletions(camera, name.Stream).Contains((store.Name, name.Start)))
                    continue;
                if (await store.DescribeAsync(camera, name, length, stop) is var (segment, before))
                {
                    Index.Write([segment], before);
                    added++;
                }
                else
                {
                    faults.Add(new(CheckFaultKind.NotIndexed, $"{store.Name}:{camera}/{name.RelativePath()}", "Its last box doesn't say what it is.", false));
                }
            }
        }
        catch (IOException e)
        {
            faults.Add(new(CheckFaultKind.Unreadable, store.Name, e.Message, false));
        }

        return added;
    }

    // Progress<T> hands on to the thread pool, out of order.
    sealed class Each(Action<long> report) : IProgress<long>
    {
        public void Report(long value) => report(value);
    }

    /// <summary>Ends every recorder with <see cref="SegmentEnd.Shutdown"/>, and waits until all is on the disk and in the index.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_attaching)
        {
            if (_disposed)
                return;
            _disposed = true;
        }

        if (_watch is not null)
            await _watch.DisposeAsync();
        await Task.WhenAll(_recorders.Values.Select(r => r.StopAsync(SegmentEnd.Shutdown, GapCause.Shutdown, "The node was stopped.")));
        if (Caretaker is not null)
            await Caretaker.DisposeAsync();
        await Volumes.DisposeAsync();
        await _stop.CancelAsync();
        if (_indexWriter is not null)
            await _indexWriter.DisposeAsync();
        if (_memory is not null)
            await _memory.DisposeAsync();
        _stop.Dispose();
    }

    internal void Changed(RecorderStatus status) => _changed?.Invoke(status);

    internal void Detached(Recorder recorder) => _recorders.TryRemove(new((recorder.Camera, recorder.Stream), recorder));

    /// <summary>Every writer has done what it was woken for.</summary>
    internal async Task IdleAsync()
    {
        foreach (var volume in Volumes.Local)
            await volume.Writer.IdleAsync();
    }

    /// <summary>Takes the streams of a volume whose disk hangs to another one. Threads that wait for that disk can't do it themselves.</summary>
    void WatchDisks()
    {
        if (!_watching.TryEnter())
            return;     // the one before isn't through
        try
        {
            foreach (var volume in Volumes.Local)
            {
                if (volume.Hung is not { } since)
                    continue;
                volume.Failed();
                string detail = $"The disk of volume '{volume.Name}' hasn't come back from a call for {since.TotalSeconds:0} s. Look at its cables, its controller and the system's log.";
                foreach (var recorder in _recorders.Values.Where(r => r.Volume == volume))
                    recorder.Leave(volume, detail);
            }
        }
        catch (Exception e)
        {
            Log.LogError(e, "Looking after disks that hang failed; tried again every second.");
        }
        finally
        {
            _watching.Exit();
        }
    }

    /// <summary>Where a stream may go on whose volume failed; null: nowhere else.</summary>
    internal Volume? Elsewhere(Volume failed) => Volumes.Other(failed, StreamsOn);

    /// <summary>All that was recorded so far is on the disk and in the index.</summary>
    internal async Task SettleAsync()
    {
        foreach (var volume in Volumes.Local)
            await volume.Publisher.DrainAsync();
        await FlushIndexAsync();
    }

    /// <summary>What was published is in the index, or the store is away.</summary>
    internal Task FlushIndexAsync() => _indexWriter?.FlushAsync() ?? Task.CompletedTask;

    /// <summary>Tries those local ones that aren't in use. What a volume that is back was recording when it went is recovered.</summary>
    internal async Task LookForVolumesAsync(CancellationToken stop)
    {
        foreach (var config in Storage.Volumes.Where(v => v.Tier != VolumeTier.Object && Volumes.Find(v.Name) is null))
        {
            Volume volume;
            try
            {
                volume = OpenVolume(config, _diskOf(config));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                Volumes.Refuse(config.Name, e.Message);
                continue;
            }

            // Listed before anybody may record to it.
            var left = volume.Folder.OpenFiles().ConvertAll(f => (f.Camera, f.Name, f.Path, Volume: volume));
            Volumes.Add(volume);
            Log.LogInformation("Volume {Volume} is in use.", volume.Name);
            _recovery.RecoverOpenFiles(left, Ledger);
            if (_indexWriter is not null)
                await _indexWriter.FlushAsync();
            foreach (var stream in left.GroupBy(f => (f.Camera, f.Name.Stream)))
                TryIndex(index => _recovery.CatchUp(index, stream.Key.Camera, stream.Key.Stream, stream.Min(f => f.Name.Start) - LookBack, open: false, stop));
        }
    }

    /// <summary>Asks a store whose bucket it is, and uses it if it is ours.</summary>
    internal async Task IdentifyAsync(ObjectVolume store, CancellationToken stop)
    {
        try
        {
            var identity = await store.ReadIdentityAsync(stop);
            string? archive = null;
            IReadOnlyList<KnownVolume> known = [];
            TryIndex(index => (archive, known) = index.Identities());
            if (VolumeIdentity.Refusal(store.Config, identity, known.FirstOrDefault(v => v.Name == store.Name), archive, hasFootage: false, expectsFootage: false) is { } refusal)
            {
                store.Refuse(refusal);
                return;
            }

            store.Accept(identity!);
            TryIndex(index => index.Register(identity!));
        }
        catch (IOException e)
        {
            store.Refuse(e.Message);
        }
    }

    /// <summary>Those on object stores, into their caches. Four at a time, whoever else fetches.</summary>
    /// <exception cref="ExportException">They can't be had, or don't fit.</exception>
    async Task FetchAsync(IReadOnlyList<Segment> segments, Dictionary<Segment, ObjectVolume.Lease> fetched, CancellationToken stop)
    {
        var far = segments.Where(s => Volumes.FindStore(s.Volume) is not null).ToList();
        if (far.Sum(s => s.Bytes) > Storage.CacheBytes)
        {
            throw new ExportException($"{far.Sum(s => s.Bytes)} bytes of this stretch are on an object store, and its cache here holds {Storage.CacheBytes}. "
                + "Ask for a shorter stretch, or raise storage.cache.");
        }

        try
        {
            foreach (var segment in far)
            {
                fetched[segment] = await Volumes.FindStore(segment.Volume)!.FetchAsync(segment, stop)
                    ?? throw new FileNotFoundException("It isn't in the object store.", segment.Name);
            }
        }
        catch (IOException e) when (e is not FileNotFoundException)
        {
            throw new ExportException($"A part of the stretch is on volume '{far[0].Volume}', which can't be read: {e.Message}");
        }
    }

    SegmentIndex Index => _index ?? throw new InvalidOperationException("This archive has no index: it only records.");

    StreamLedger Ledger(string camera, StreamKind stream) => _ledgers.GetOrAdd((camera, stream), key => new(key.Camera, key.Stream, _indexWriter));

    static SafeFileHandle Lock(string folder)
    {
        try
        {
            return File.OpenHandle(Path.Combine(folder, ".lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e)
        {
            throw new IOException($"Another process records into {Path.GetFullPath(folder)}, or the folder can't be written to: {e.Message}", e);
        }
    }

    /// <summary>Another process records into the folder.</summary>
    bool IsLocked()
    {
        try
        {
            foreach (var volume in Volumes.Local)
                Lock(volume.Folder.Root).Dispose();
            return false;
        }
        catch (IOException)
        {
            return true;
        }
    }

    /// <summary>
    /// The index says all there is to say of a stream before this moment: from there on segments are being written or on their way to their names and rows,
    /// perhaps behind later ones that had no trouble.
    /// </summary>
    /// <param name="named">Only until they have their names: whoever reads the files makes the rows.</param>
    WallTime Settled(string camera, StreamKind stream, bool named = false)
    {
        // In the order in which a segment passes through them, so that none is missed.
        var closing = _ledgers.TryGetValue((camera, stream), out var ledger) ? ledger.Segments() : [];
        var pending = named ? [] : _indexWriter?.Pending(camera, stream).Segments ?? [];
        return closing.Concat(pending).Select(s => s.Start).DefaultIfEmpty(new(long.MaxValue)).MinBy(s => s.Microseconds);
    }

    bool IsBeingWritten(string camera, SegmentName name) =>
        _ledgers.TryGetValue((camera, name.Stream), out var ledger)
        && (ledger.LastEnd is not { } end || name.Start >= end || ledger.Segments().Exists(s => s.Start == name.Start)
            || _indexWriter?.Pending(camera, name.Stream).Segments.Exists(s => s.Start == name.Start) == true);

    int StreamsOn(Volume volume) => _recorders.Values.Count(r => r.Volume == volume);

    string? LastVolume(string camera, StreamKind stream)
    {
        try
        {
            return Storage.Volumes.Count == 1 ? null : _index?.Before(camera, stream, new(long.MaxValue))?.Volume;
        }
        catch (DbException)
        {
            return null;
        }
    }

    /// <summary>Null if the index doesn't know it, or can't be asked.</summary>
    internal Segment? Row(string camera, SegmentName name)
    {
        try
        {
            return _index?.Find(camera, name);
        }
        catch (DbException)
        {
            return null;
        }
    }

    static SafeFileHandle? TryOpen(string? path)
    {
        try
        {
            return path is null ? null : File.OpenHandle(path, share: FileShare.ReadWrite | FileShare.Delete);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Those of the configuration that are what they should be. A disk that is absent, empty or another's is left alone.</summary>
    /// <exception cref="IOException">None of the fast ones can be used.</exception>
    void OpenVolumes()
    {
        Volumes.Stores = [.. Storage.Volumes.Where(v => v.Tier == VolumeTier.Object).Select(v => new ObjectVolume(v, Storage.CacheBytes, Clock, Log))];
        foreach (var config in Storage.Volumes.Where(v => v.Tier != VolumeTier.Object))
        {
            try
            {
                Volumes.Add(OpenVolume(config, _diskOf(config)));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                Volumes.Refuse(config.Name, e.Message);
                Log.LogError("Volume {Volume} is not used. {Reason}", config.Name, e.Message);
            }
        }

        if (!Volumes.Fast.Any())
            throw new IOException(string.Join(' ', Storage.Volumes.Where(v => v.Tier == VolumeTier.Fast).Select(v => Volumes.Refusal(v.Name))));
    }

    Volume OpenVolume(VolumeConfig config, SegmentDisk disk)
    {
        string? archive = null;
        IReadOnlyList<KnownVolume> known = [];
        bool expectsFootage = false;
        bool indexed = TryIndex(index =>
        {
            index.Migrate();
            (archive, known) = index.Identities();
            expectsFootage = index.HasSegmentsOn(config.Name);
        });
        archive ??= Volumes.Local.Select(v => v.Identity?.Archive).FirstOrDefault(a => a is not null);
        // Nothing is made before this is clear: a folder under a mount point would be filled instead of the disk.
        var identity = VolumeIdentity.Read(config.Path);
        bool hasFootage = new ArchiveFolder(config.Path).Cameras().Any();
        if (VolumeIdentity.Refusal(config, identity, known.FirstOrDefault(v => v.Name == config.Name), archive, hasFootage, expectsFootage) is { } refusal)
            throw new IOException(refusal);
        disk.MakeFolder(Path.Combine(config.Path, ".open"));
        disk.SyncFolder(config.Path);
        var archiveLock = Lock(config.Path);
        try
        {
            if (identity is null)
            {
                identity = new(1, Guid.NewGuid().ToString("N"), config.Name, archive ?? Guid.NewGuid().ToString("N"), Clock.GetUtcNow());
                identity.Write(disk, config.Path);
            }

            if (indexed)
                TryIndex(index => index.Register(identity));
            var volume = new Volume(config, identity, disk, archiveLock, Options, Clock, Log);
            SegmentMove.Clear(volume);
            return volume;
        }
        catch
        {
            archiveLock.Dispose();
            throw;
        }
    }

    /// <summary>Open files first, then the ledgers from the newest files, then what the index lacks.</summary>
    void Recover(CancellationToken stop)
    {
        // Asked before recovered files add rows of their own: what is older than a stream's newest row is complete, but for its last hour.
        var newest = new Dictionary<(string, StreamKind), WallTime>();
        bool indexed = TryIndex(index =>
        {
            index.Migrate();
            foreach (var (camera, stream) in index.Streams())
                newest[(camera, stream)] = index.Before(camera, stream, new(long.MaxValue))!.Start - LookBack;
        });
        _recovery.RecoverOpenFiles(Ledger);
        var streams = Volumes.Streams(newest);
        indexed = indexed && TryIndex(index =>
        {
            foreach (var (camera, stream) in streams)
            {
                var from = newest.GetValueOrDefault((camera, stream));
                // A file that waited longer for a disk than that.
                if (_recovery.EarliestRecovered(camera, stream) is { } recovered && recovered < from)
                    from = recovered;
                _recovery.CatchUp(index, camera, stream, from, open: true, stop);
            }
        });
        // Those whose footage is all gone, or on an object store, have a life that goes on, too.
        if (indexed)
            TryIndex(index => streams = [.. streams.Union(new VolumeIndex(index).Lives())]);
        foreach (var (camera, stream) in streams)
            Resume(camera, stream, indexed);
    }

    bool TryIndex(Action<SegmentIndex> use)
    {
        if (_index is null)
            return false;
        try
        {
            use(_index);
            return true;
        }
        catch (DbException e)
        {
            _indexWriter!.Behind(e);
            return false;
        }
    }

    void Resume(string camera, StreamKind stream, bool indexed)
    {
        if (indexed && _index!.Gaps(camera, stream, default, new(long.MaxValue)) is var gaps)
        {
            var newest = _index.Extent(camera, stream)?.Newest;
            if (gaps.LastOrDefault(g => g.To is null) is { } gap)
            {
                var end = newest > gap.From ? newest.Value : gap.From;
                Ledger(camera, stream).Resume(end, gap, isIndexed: true, gaps.Where(g => g.From >= end && g.To is not null));
            }

            // Retention took the last segment, and nobody lived to say what came after it.
            else if (newest is null && gaps.Count > 0 && gaps[^1].To is { } last)
            {
                Ledger(camera, stream).Resume(last, new(camera, stream, last, null, GapCause.Crash, Recovery.CrashDetail), isIndexed: false);
            }

            if (newest is not null || gaps.Count > 0)
                return;
        }

        if (Volumes.Newest(camera, stream) is not { } name)
            return;
        var trailer = _recovery.Trailer(camera, name);
        var until = trailer is null ? name.Start + TimeSpan.FromMilliseconds(1) : new WallTime(trailer.End * 1000);
        Ledger(camera, stream).Resume(until, new(camera, stream, until, null, trailer?.GapCause ?? GapCause.Crash, trailer?.GapDetail ?? Recovery.CrashDetail), isIndexed: false);
    }

    Task CatchUpAll(WallTime earliest) => CatchUpAll(earliest, open: false, _stop.Token);

    Task CatchUpAll(WallTime earliest, bool open, CancellationToken stop)
    {
        foreach (var (camera, stream) in Volumes.Streams())
            _recovery.CatchUp(Index, camera, stream, earliest, open, stop, until: Settled(camera, stream, named: true));
        return Task.CompletedTask;
    }

    List<Timeline> Timelines(IReadOnlyList<(string Camera, StreamKind Stream)> streams, WallTime from, WallTime to, TimeSpan resolution)
    {
        // Memory before the index, so that nothing is missed that moves from one to the other meanwhile.
        var memory = streams.Select(s => (Segments: Memory(s.Camera, s.Stream), Gaps: _indexWriter?.Pending(s.Camera, s.Stream).Gaps ?? [])).ToList();
        return [.. Index.Timelines(streams, from, to, resolution).Zip(memory, (t, m) => Timeline(t, m.Segments, m.Gaps, from, to, resolution))];
    }

    Timeline Timeline(IndexedTimeline indexed, List<Segment> memory, List<Gap> pending, WallTime from, WallTime to, TimeSpan resolution)
    {
        var spans = indexed.Recorded.Concat(memory.Select(s => new WallSpan(s.Start, s.End))).OrderBy(s => s.From.Microseconds);
        var oldest = indexed.Extent?.Oldest ?? memory.FirstOrDefault()?.Start;
        var newest = memory.Count > 0 && !(indexed.Extent?.Newest > memory[^1].End) ? memory[^1].End : indexed.Extent?.Newest;
        var gaps = GapLedger.Apply(indexed.Gaps, pending).Where(g => Touches(g, from, to)).ToList();
        bool past = to <= WallTime.Now(Clock);
        return new(from, to, GapLedger.Merge(spans, from, to, resolution),
            [.. ClipExport.Clip(gaps, from, to).Zip(gaps, (clipped, gap) => gap.To is null && !past ? clipped with { To = null } : clipped)],
            indexed.ShortGaps, oldest, newest);
    }

    /// <summary>Those that touch the stretch, not clipped.</summary>
    List<Gap> Gaps(string camera, StreamKind stream, WallTime from, WallTime to)
    {
        var pending = _indexWriter?.Pending(camera, stream).Gaps ?? [];
        return [.. GapLedger.Apply(Index.Gaps(camera, stream, from, to), pending).Where(g => Touches(g, from, to))];
    }

    static bool Touches(Gap gap, WallTime from, WallTime to) => gap.From < to && (gap.To is null || gap.To > from);

    /// <summary>Segments that the index may not have: those on their way, then the open one. To be read before the index.</summary>
    List<Segment> Memory(string camera, StreamKind stream)
    {
        var closing = _ledgers.TryGetValue((camera, stream), out var ledger) ? ledger.Segments() : [];
        var pending = _indexWriter?.Pending(camera, stream).Segments ?? [];
        return [.. pending.Concat(closing).OrderBy(s => s.Start.Microseconds)];
    }

    /// <summary>Those that hold a part of the stretch, and before them what a decoder needs for the first.</summary>
    List<Segment> Segments(string camera, StreamKind stream, WallTime from, WallTime to)
    {
        var memory = Memory(camera, stream);
        var all = new SortedDictionary<long, Segment>();
        // A segment that was open a moment ago and is indexed by now: the index knows better.
        foreach (var segment in memory.Where(s => s.Start < to && s.End > from).Concat(Index.Segments(camera, stream, from, to)))
            all[segment.Start.Microseconds] = segment;
        while (all.Count > 0 && all.First().Value is { Points.StartsWithKey: false } first
            && (Index.Before(camera, stream, first.Start) ?? memory.LastOrDefault(s => s.Start < first.Start)) is { } before && before.Run == first.Run)
        {
            all[before.Start.Microseconds] = before;
        }

        return [.. all.Values];
    }

    string PathOf(Segment segment)
    {
        var name = new SegmentName(segment.Start.Milliseconds, segment.Stream);
        return Volumes.PathOf(segment.Camera, name, segment.Volume)
            ?? (_ledgers.TryGetValue((segment.Camera, segment.Stream), out var ledger) && ledger.FindOpen(name) is { } open ? open.Path
                : Volumes.PathOf(segment.Camera, name, null) ?? throw new FileNotFoundException("It isn't on the disk.", $"{segment.Camera}/{name.RelativePath()}"));
    }
}
