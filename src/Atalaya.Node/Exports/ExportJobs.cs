using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Threading.Channels;

using Atalaya.Media;
using Atalaya.Node.Cameras;
using Atalaya.Node.Footage;
using Atalaya.Node.Masks;
using Atalaya.Node.Options;
using Atalaya.Node.Playback;
using Atalaya.Node.Store;
using Atalaya.Recording;

namespace Atalaya.Node.Exports;

/// <summary>Why an export wasn't taken on.</summary>
enum ExportRefusal
{
    None,
    QueueFull,
    NoSpace,
}

/// <summary>
/// Cuts exports out of the archive, one after another, and keeps the files until their time is over. What a stop of the node interrupts is
/// begun anew at the next start.
/// </summary>
sealed class ExportJobs(
    NodeDatabase database, Recordings recordings, CameraRoster roster, MaskBook book, MaskedFootage masked, DerivedFootage derived, NodeOptions options, TimeProvider clock, ILogger<ExportJobs> log)
    : IHostedService, IAsyncDisposable
{
    static readonly TimeSpan CleanEvery = TimeSpan.FromMinutes(1);

    readonly ConcurrentDictionary<string, Job> _jobs = new(StringComparer.Ordinal);
    readonly Channel<Job> _queue = Channel.CreateUnbounded<Job>();  // Bounded by MaxQueued, at the door.
    readonly CancellationTokenSource _stop = new();
    readonly Lock _accepting = new();
    ExportStore? _store;
    ITimer? _cleaning;
    Task _running = Task.CompletedTask;

    /// <summary>Raised at every change of state, as it progresses, and when it is removed: <see cref="Find"/> then has it no more.</summary>
    public event Action<ExportJson>? Changed;

    /// <summary>Newest first.</summary>
    public IReadOnlyList<ExportJson> All => [.. _jobs.Values.OrderByDescending(j => j.Export.CreatedAt.Microseconds).Select(Show)];

    public ExportJson? Find(string id) => _jobs.TryGetValue(id, out var job) ? Show(job) : null;

    /// <summary>Who asked for it, and for what.</summary>
    public ExportOrder? OrderOf(string id) => _jobs.TryGetValue(id, out var job) ? job.Export.Order : null;

    /// <summary>The finished file; null while there is none.</summary>
    public string? FileOf(string id) =>
        _jobs.TryGetValue(id, out var job) && job.Export.State == ExportStateJson.Done && File.Exists(PathOf(id)) ? PathOf(id) : null;

    public async Task StartAsync(CancellationToken stop)
    {
        _store = new(database.Source);
        foreach (var export in await _store.AllAsync(stop))
        {
            var job = new Job(export.HasEnded ? export : export with { State = ExportStateJson.Queued });
            _jobs[export.Id] = job;
            if (!export.HasEnded)
                _queue.Writer.TryWrite(job);
        }

        // What no row speaks of was being written when the process ended.
        foreach (string folder in Directory.EnumerateDirectories(database.Folder.Exports))
            Directory.Delete(folder, recursive: true);
        foreach (string file in Directory.EnumerateFiles(database.Folder.Exports))
        {
            if (!_jobs.TryGetValue(Path.GetFileNameWithoutExtension(file), out var job) || job.Export.State != ExportStateJson.Done)
                File.Delete(file);
        }

        _running = Task.Run(RunAsync, CancellationToken.None);
        _cleaning = clock.CreateTimer(_ => _ = CleanAsync(), null, CleanEvery, CleanEvery);
    }

    public async Task StopAsync(CancellationToken stop)
    {
        if (_cleaning is not null)
            await _cleaning.DisposeAsync();
        await _stop.CancelAsync();
        _queue.Writer.TryComplete();
        await _running;
    }

    public ValueTask DisposeAsync()
    {
        _stop.Dispose();
        return ValueTask.CompletedTask;
    }

    public async Task<(ExportRefusal Refusal, ExportJson? Export)> AddAsync(string camera, StreamKind stream, WallTime from, WallTime to, ExportOrder order)
    {
        Job job;
        lock (_accepting)
        {
            if (_jobs.Values.Count(j => !j.Export.HasEnded) >= options.Exports.MaxQueued)
                return (ExportRefusal.QueueFull, null);
            if (_jobs.Values.Sum(j => j.Export.Bytes ?? 0) >= options.Exports.MaxTotal.Bytes)
                return (ExportRefusal.NoSpace, null);
            string id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));
            job = new(new(id, camera, stream, from, to, ExportStateJson.Queued, null, WallTime.Now(clock), null, null, null, null, [], order));
            _jobs[id] = job;
        }

        try
        {
            await _store!.PutAsync(job.Export);
        }
        catch
        {
            // What isn't kept doesn't take a place in the queue either.
            _jobs.TryRemove(job.Export.Id, out _);
            throw;
        }

        _queue.Writer.TryWrite(job);
        Tell(job);
        return (ExportRefusal.None, Show(job));
    }

    /// <summary>Cancels what runs, removes what has ended. False if there is none.</summary>
    public async Task<bool> RemoveAsync(string id)
    {
        if (!_jobs.TryGetValue(id, out var job))
            return false;
        bool ended;
        lock (job)
        {
            ended = job.Export.HasEnded;
            if (!ended)
                job.Cancel.Cancel();
        }

        if (ended)
            await ForgetAsync(job);
        else if (job.Export.State == ExportStateJson.Queued)
            await EndAsync(job, job.Export with { State = ExportStateJson.Cancelled });
        return true;
    }

    async Task RunAsync()
    {
        await foreach (var job in _queue.Reader.ReadAllAsync())
        {
            if (_stop.IsCancellationRequested)
                return;     // It stays queued, for the next start.
            if (!job.Export.HasEnded)
                await RunAsync(job);
        }
    }

    async Task RunAsync(Job job)
    {
        var export = job.Export;
        string path = PathOf(export.Id), partial = path + ".partial";
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token, job.Cancel.Token);
        try
        {
            job.Export = export with { State = ExportStateJson.Running };
            Tell(job);
            File.Delete(partial);
            var request = new ExportRequest(export.Camera, export.Stream, export.From, export.To);
            // Painted as the camera is hidden now: who asked sees no more than what they saw then, and no more than what may be seen.
            var masks = export.Order.Masks > 0 ? book.Of(export.Camera) : null;
            var reporter = new Reporter(p => Progress(job, p * 0.9, stop));
            IReadOnlyList<DerivedSource> sources = [];
            ExportResult result;
            if (masks is null)
                result = await recordings.Archive.ExportAsync(request, partial, reporter, stop.Token);
            else
                (result, sources) = await masked.ExportAsync(request, masks, partial, database.Folder.Exports, reporter, stop.Token);
            export = export with { Order = export.Order with { Masks = masks?.Version ?? 0 } };
            if (result.Bytes > options.Exports.MaxBytes.Bytes)
                throw new ExportException($"The file would be larger than {options.Exports.MaxBytes} (option exports.maxBytes). Ask for a shorter stretch.");
            string digest = await DigestAsync(partial, stop.Token);
            if (masks is not null)
                await derived.NoteAsync(digest, "mask", MaskedFootage.Describe(masks), sources, stop.Token);
            File.Move(partial, path);
            await EndAsync(job, export with
            {
                State = ExportStateJson.Done,
                FileName = NameOf(export, result.From),
                Bytes = result.Bytes,
                Sha256 = digest,
                Gaps = [.. result.Gaps.Select(GapJson.Of)],
            });
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            job.Export = export;
        }
        catch (OperationCanceledException)
        {
            await EndAsync(job, job.TooLarge
                ? export with { State = ExportStateJson.Failed, Reason = $"The file grew larger than {options.Exports.MaxBytes} (option exports.maxBytes). Ask for a shorter stretch." }
                : export with { State = ExportStateJson.Cancelled });
        }
        catch (ExportException fault)
        {
            await EndAsync(job, export with { State = ExportStateJson.Failed, Reason = fault.Message });
        }
        catch (Exception fault)
        {
            log.LogError(fault, "Export {Export} of {Camera} failed", export.Id, export.Camera);
            string reason = fault is IOException ? "The file couldn't be written; is the disk full? The node's log has the details." : "A fault in the node; its log has the details.";
            await EndAsync(job, export with { State = ExportStateJson.Failed, Reason = reason });
        }
        finally
        {
            File.Delete(partial);
        }
    }

    void Progress(Job job, double progress, CancellationTokenSource stop)
    {
        job.Progress = progress;
        // Its size is known for sure at the end only; a disk shouldn't be filled first.
        var partial = new FileInfo(PathOf(job.Export.Id) + ".partial");
        if (partial.Exists && partial.Length > options.Exports.MaxBytes.Bytes)
        {
            job.TooLarge = true;
            stop.Cancel();
        }

        // Twice a second is as often as a page wants to draw it.
        if (clock.GetElapsedTime(job.ToldAt) >= TimeSpan.FromMilliseconds(500))
            Tell(job);
    }

    async Task EndAsync(Job job, Export ended)
    {
        try
        {
            await _store!.PutAsync(ended with { FinishedAt = WallTime.Now(clock) });
        }
        catch (System.Data.Common.DbException fault)
        {
            log.LogError(fault, "Export {Export}: its end couldn't be noted; it will be made again after a restart", ended.Id);
        }

        lock (job)
            job.Export = ended with { FinishedAt = WallTime.Now(clock) };
        Tell(job);
    }

    async Task CleanAsync()
    {
        try
        {
            var now = WallTime.Now(clock);
            foreach (var job in _jobs.Values.Where(j => j.Export.FinishedAt is { } at && at + options.Exports.Keep <= now))
                await ForgetAsync(job);
        }
        catch (Exception fault) when (fault is System.Data.Common.DbException or IOException)
        {
            log.LogError(fault, "Exports whose time is over couldn't be removed; tried again in a minute");
        }
    }

    async Task ForgetAsync(Job job)
    {
        // The file first: a row without a file is shown as gone, a file without a row would be forgotten until the next start.
        File.Delete(PathOf(job.Export.Id));
        await _store!.DeleteAsync(job.Export.Id);
        _jobs.TryRemove(job.Export.Id, out _);
        Tell(job);
    }

    void Tell(Job job)
    {
        job.ToldAt = clock.GetTimestamp();
        Changed?.Invoke(Show(job));
    }

    string PathOf(string id) => Path.Combine(database.Folder.Exports, id + ".mp4");

    /// <summary>Site, camera, stream and start: what someone finds again among the files of a stick.</summary>
    string NameOf(Export export, WallTime from)
    {
        string camera = roster.Find(export.Camera)?.Config.Name ?? export.Camera;
        string text = $"{options.Name} {camera}{(export.Stream == StreamKind.Sub ? " sub" : "")} {from.ToDateTimeOffset():yyyy-MM-dd HH-mm-ss}Z";
        return string.Concat(text.Select(c => char.IsLetterOrDigit(c) || c is '-' or '_' or ' ' ? c : '_')) + ".mp4";
    }

    ExportJson Show(Job job)
    {
        var e = job.Export;
        return new(
            e.Id,
            e.Camera,
            e.Stream,
            e.From.ToDateTimeOffset(),
            e.To.ToDateTimeOffset(),
            e.State,
            e.State == ExportStateJson.Done ? 1 : Math.Round(job.Progress, 3),
            e.Reason,
            e.CreatedAt.ToDateTimeOffset(),
            e.FinishedAt?.ToDateTimeOffset(),
            e.FinishedAt is { } at ? (at + options.Exports.Keep).ToDateTimeOffset() : null,
            e.FileName,
            e.Bytes,
            e.Sha256,
            e.Gaps,
            e.Order.UserName,
            e.Order.Purpose.Id,
            e.Order.Purpose.Reference,
            e.Order.Masks > 0);
    }

    static async Task<string> DigestAsync(string path, CancellationToken stop)
    {
        await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 20, FileOptions.SequentialScan);
        return Convert.ToHexStringLower(await SHA256.HashDataAsync(file, stop));
    }

    /// <summary>Unlike <see cref="Progress{T}"/> calls at once, so that what is reported last is last.</summary>
    sealed class Reporter(Action<double> report) : IProgress<double>
    {
        public void Report(double value) => report(Math.Clamp(value, 0, 1));
    }

    sealed class Job(Export export)
    {
        public Export Export { get; set; } = export;    // Set by the loop that runs it, and under a lock on this where a request ends it.
        public CancellationTokenSource Cancel { get; } = new();
        public double Progress { get; set; }
        public bool TooLarge { get; set; }
        public long ToldAt { get; set; }
    }
}
