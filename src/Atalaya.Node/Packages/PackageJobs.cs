using System.Collections.Concurrent;
using System.Data.Common;
using System.Security.Cryptography;
using System.Threading.Channels;

using Atalaya.Media;
using Atalaya.Node.Footage;
using Atalaya.Node.Options;
using Atalaya.Node.Store;

namespace Atalaya.Node.Packages;

/// <summary>Why a package wasn't taken on.</summary>
enum PackageRefusal
{
    None,
    QueueFull,
    NoSpace,
}

/// <summary>
/// Makes packages, one after another, and keeps the files until their time is over. Their footage is held from the moment they are asked for. What a stop of the node
/// interrupts is begun anew at the next start.
/// </summary>
sealed class PackageJobs(NodeDatabase database, Recordings recordings, PackagePainter painter, PackageBuilder builder, NodeOptions options, TimeProvider clock, ILogger<PackageJobs> log) : IHostedService, IAsyncDisposable
{
    static readonly TimeSpan CleanEvery = TimeSpan.FromMinutes(1);

    /// <summary>What is told of an expired package goes after this.</summary>
    static readonly TimeSpan Remembered = TimeSpan.FromDays(400);

    /// <summary>A hold ends by itself if nobody lives to release it.</summary>
    static readonly TimeSpan HeldAtMost = TimeSpan.FromDays(7);

    readonly ConcurrentDictionary<string, Job> _jobs = new(StringComparer.Ordinal);
    readonly Channel<Job> _queue = Channel.CreateUnbounded<Job>();  // Bounded by MaxQueued, at the door.
    readonly CancellationTokenSource _stop = new();
    readonly Lock _accepting = new();
    PackageStore? _store;
    ITimer? _cleaning;
    Task _running = Task.CompletedTask;

    /// <summary>Raised with its id at every change of state, as it progresses, and when it is removed: <see cref="Find"/> then has it no more.</summary>
    public event Action<string>? Changed;

    /// <summary>Whether somebody may still fetch a package whose own time is over: then it stays.</summary>
    public Func<string, bool> IsNeeded { get; set; } = static _ => false;

    /// <summary>Newest first.</summary>
    public IReadOnlyList<PackageJson> All => [.. _jobs.Values.OrderByDescending(j => j.Package.CreatedAt.Microseconds).Select(Show)];

    public PackageJson? Find(string id) => _jobs.TryGetValue(id, out var job) ? Show(job) : null;

    /// <summary>Who asked for it, and for what.</summary>
    public PackageOrder? OrderOf(string id) => _jobs.TryGetValue(id, out var job) ? job.Package.Order : null;

    /// <summary>The finished file; null while there is none.</summary>
    public string? FileOf(string id) =>
        _jobs.TryGetValue(id, out var job) && job.Package.State == PackageStateJson.Ready && File.Exists(PathOf(job.Package)) ? PathOf(job.Package) : null;

    public async Task StartAsync(CancellationToken stop)
    {
        _store = new(database.Source);
        foreach (var package in await _store.AllAsync(stop))
        {
            var job = new Job(package.HasEnded ? package : package with { State = PackageStateJson.Waiting });
            _jobs[package.Id] = job;
            if (!package.HasEnded)
                _queue.Writer.TryWrite(job);
        }

        // What no row speaks of was being written when the process ended.
        var known = _jobs.Values.Where(j => j.Package.State == PackageStateJson.Ready).Select(j => PathOf(j.Package)).ToHashSet(StringComparer.Ordinal);
        foreach (string file in Directory.EnumerateFiles(database.Folder.Packages).Where(f => !known.Contains(f)))
            File.Delete(file);
        foreach (string folder in Directory.EnumerateDirectories(database.Folder.Packages))
            Directory.Delete(folder, recursive: true);

        _running = Task.Run(RunAsync, CancellationToken.None);
        _cleaning = clock.CreateTimer(_ => _ = CleanAsync(WallTime.Now(clock)), null, CleanEvery, CleanEvery);
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

    public async Task<(PackageRefusal Refusal, PackageJson? Package)> AddAsync(
        string title, string? incident, IReadOnlyList<PackageStretch> stretches, IReadOnlyList<string> recipients, PackageLanguageJson language, PackageOrder order)
    {
        Job job;
        lock (_accepting)
        {
            if (_jobs.Values.Count(j => !j.Package.HasEnded) >= options.Packages.MaxQueued)
                return (PackageRefusal.QueueFull, null);
            if (_jobs.Values.Sum(j => j.Package.State == PackageStateJson.Ready ? j.Package.Bytes ?? 0 : 0) >= options.Packages.MaxTotal.Bytes)
                return (PackageRefusal.NoSpace, null);
            string id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8));
            job = new(new(id, title, incident, stretches, recipients, language, order, WallTime.Now(clock)));
            _jobs[id] = job;
        }

        try
        {
            await _store!.PutAsync(job.Package);
        }
        catch
        {
            _jobs.TryRemove(job.Package.Id, out _);
            throw;
        }

        // From now on: until its turn comes retention could take what it is about.
        await HoldAsync(job);
        _queue.Writer.TryWrite(job);
        Tell(job);
        return (PackageRefusal.None, Show(job));
    }

    /// <summary>Gives up what isn't ready, removes what has ended. False if there is none.</summary>
    public async Task<bool> RemoveAsync(string id)
    {
        if (!_jobs.TryGetValue(id, out var job))
            return false;
        bool ended;
        lock (job)
        {
            ended = job.Package.HasEnded;
            job.GivenUp = true;
            if (!ended)
                job.Cancel.Cancel();
        }

        // One that is being prepared goes when it has stopped.
        if (ended || !job.IsRunning)
            await ForgetAsync(job);
        return true;
    }

    async Task RunAsync()
    {
        await foreach (var job in _queue.Reader.ReadAllAsync())
        {
            if (_stop.IsCancellationRequested)
                return;     // It waits for the next start.
            lock (job)
            {
                if (job.GivenUp)
                    continue;
                job.IsRunning = true;
            }

            await RunAsync(job);
            lock (job)
                job.IsRunning = false;
            if (job.GivenUp)
                await ForgetAsync(job);
        }
    }

    async Task RunAsync(Job job)
    {
        string path = PathOf(job.Package), partial = path + ".partial", between = path + ".masked";
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token, job.Cancel.Token);
        try
        {
            if (job.Package.Holds is not { Count: > 0 })
                await HoldAsync(job);
            var footage = await builder.SealedAsync(job.Package, message => Say(job, message), stop.Token);
            job.Package = job.Package with { State = PackageStateJson.Preparing, Message = null };
            await _store!.PutAsync(job.Package);
            Tell(job);
            var reporter = new Reporter(p => Progress(job, p));
            var painted = await painter.PaintAsync(job.Package, footage, between, package => job.Package = package, message => Say(job, message), reporter, stop.Token);
            var built = await builder.BuildAsync(job.Package, footage, painted, partial, reporter, stop.Token);
            File.Move(partial, path, overwrite: true);
            await EndAsync(job, job.Package with
            {
                State = PackageStateJson.Ready,
                Message = built.Message,
                FileName = NameOf(job.Package),
                Bytes = built.Bytes,
                Sha256 = built.Sha256,
                ManifestSha256 = built.ManifestSha256,
                LogKey = built.LogKey,
                Gaps = built.Gaps,
            });
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested || job.GivenUp)
        {
            job.Package = job.Package with { State = PackageStateJson.Waiting };
        }
        catch (PackageException fault)
        {
            await EndAsync(job, job.Package with { State = PackageStateJson.Failed, Message = fault.Message });
        }
        catch (Exception fault)
        {
            log.LogError(fault, "Package {Package} failed", job.Package.Id);
            string reason = fault is IOException ? "The file couldn't be written; is the disk full? The node's log has the details." : "A fault in the node; its log has the details.";
            await EndAsync(job, job.Package with { State = PackageStateJson.Failed, Message = reason });
        }
        finally
        {
            File.Delete(partial);
            if (Directory.Exists(between))
                Directory.Delete(between, recursive: true);
        }
    }

    /// <summary>Keeps its footage from retention. If it can't be, the package is made all the same, and fails if something is gone by then.</summary>
    async Task HoldAsync(Job job)
    {
        var holds = new List<string>();
        try
        {
            foreach (var stretches in job.Package.Stretches.GroupBy(s => (s.Stream, s.From, s.To)))
            {
                var (hold, _) = await recordings.Caretaker.HoldAsync(
                    new([.. stretches.Select(s => s.Camera)], stretches.Key.Stream, Second(stretches.Key.From, up: false), Second(stretches.Key.To, up: true), $"Package {job.Package.Id} is being prepared",
                        job.Package.Order.UserName, WallTime.Now(clock) + HeldAtMost),
                    accept: true, CancellationToken.None);
                holds.Add(hold!.Id);
                job.Package = job.Package with { Holds = [.. holds] };
            }

            await _store!.PutAsync(job.Package);
        }
        catch (Exception fault) when (fault is DbException or InvalidOperationException)
        {
            // It is made all the same; a hold that no row names ends by itself.
            log.LogWarning("Package {Package}: its footage couldn't be held: {Reason}", job.Package.Id, fault.Message);
        }

        static WallTime Second(WallTime at, bool up) => new((at.Microseconds + (up ? 999_999 : 0)) / 1_000_000 * 1_000_000);
    }

    async Task ReleaseAsync(EvidencePackage package)
    {
        try
        {
            foreach (string hold in package.Holds ?? [])
                await recordings.Caretaker.ReleaseAsync(hold, package.Order.UserName, $"Package {package.Id} has ended");
        }
        catch (Exception fault) when (fault is DbException or InvalidOperationException)
        {
            log.LogWarning("Package {Package}: a hold couldn't be released and ends by itself: {Reason}", package.Id, fault.Message);
        }
    }

    void Say(Job job, string? message)
    {
        if (job.Package.Message == message)
            return;
        job.Package = job.Package with { Message = message };
        Tell(job);
    }

    void Progress(Job job, double progress)
    {
        job.Progress = progress;
        // Twice a second is as often as a page wants to draw it.
        if (clock.GetElapsedTime(job.ToldAt) >= TimeSpan.FromMilliseconds(500))
            Tell(job);
    }

    async Task EndAsync(Job job, EvidencePackage ended)
    {
        ended = ended with { FinishedAt = WallTime.Now(clock) };
        await ReleaseAsync(ended);
        try
        {
            await _store!.PutAsync(ended);
        }
        catch (DbException fault)
        {
            log.LogError(fault, "Package {Package}: its end couldn't be noted; it will be made again after a restart", ended.Id);
        }

        lock (job)
            job.Package = ended;
        Tell(job);
    }

    internal async Task CleanAsync(WallTime now)
    {
        try
        {
            foreach (var job in _jobs.Values)
            {
                if (job.Package is not { HasEnded: true, FinishedAt: { } at } package || at + options.Packages.Keep > now || IsNeeded(package.Id))
                    continue;
                if (at + options.Packages.Keep + Remembered <= now || package.State == PackageStateJson.Failed)
                {
                    await ForgetAsync(job);
                }
                else if (package.State == PackageStateJson.Ready)
                {
                    File.Delete(PathOf(package));
                    await _store!.PutAsync(package with { State = PackageStateJson.Expired });
                    job.Package = package with { State = PackageStateJson.Expired };
                    Tell(job);
                }
            }
        }
        catch (Exception fault) when (fault is DbException or IOException)
        {
            log.LogError(fault, "Packages whose time is over couldn't be removed; tried again in a minute");
        }
    }

    async Task ForgetAsync(Job job)
    {
        if (!_jobs.TryRemove(job.Package.Id, out _))
            return;
        if (!job.Package.HasEnded)
            await ReleaseAsync(job.Package);
        // The file first: a row without a file is shown as gone, a file without a row would be forgotten until the next start.
        File.Delete(PathOf(job.Package));
        await _store!.DeleteAsync(job.Package.Id);
        Tell(job);
    }

    void Tell(Job job)
    {
        job.ToldAt = clock.GetTimestamp();
        Changed?.Invoke(job.Package.Id);
    }

    string PathOf(EvidencePackage package) => Path.Combine(database.Folder.Packages, package.Id + package.Extension);

    /// <summary>Site, title and time: what someone finds again among the files of a stick.</summary>
    string NameOf(EvidencePackage package)
    {
        string text = $"{options.Name} {package.Title} {package.CreatedAt.ToDateTimeOffset():yyyy-MM-dd HH-mm-ss}Z";
        return string.Concat(text.Select(c => char.IsLetterOrDigit(c) || c is '-' or '_' or ' ' ? c : '_')) + package.Extension;
    }

    internal static PackageStretchJson Show(PackageStretch s) => new(s.Camera, s.Stream, s.From.ToDateTimeOffset(), s.To.ToDateTimeOffset(), s.Redaction, s.Masks);

    PackageJson Show(Job job)
    {
        var p = job.Package;
        return new(
            p.Id,
            p.Title,
            p.Incident,
            p.State,
            p.HasEnded ? 1 : Math.Round(job.Progress, 3),
            p.Bytes,
            p.Sha256,
            p.Recipients.Count > 0,
            p.CreatedAt.ToDateTimeOffset(),
            p.Order.UserName,
            p.FinishedAt is { } at ? (at + options.Packages.Keep).ToDateTimeOffset() : null,
            [.. p.Stretches.Select(Show)],
            p.Gaps,
            p.Message,
            p.LogKey,
            p.FileName,
            p.Language,
            p.Order.Purpose.Id,
            p.Order.Purpose.Reference,
            p.Order.Agreed?.Name);
    }

    /// <summary>Unlike <see cref="Progress{T}"/> calls at once, so that what is reported last is last.</summary>
    sealed class Reporter(Action<double> report) : IProgress<double>
    {
        public void Report(double value) => report(Math.Clamp(value, 0, 1));
    }

    sealed class Job(EvidencePackage package)
    {
        public EvidencePackage Package { get; set; } = package;     // Set by the loop that runs it, and before it is queued.
        public CancellationTokenSource Cancel { get; } = new();
        public bool GivenUp { get; set; }       // under a lock on this, as the next
        public bool IsRunning { get; set; }
        public double Progress { get; set; }
        public long ToldAt { get; set; }
    }
}
