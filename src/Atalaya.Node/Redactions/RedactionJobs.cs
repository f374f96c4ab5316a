using System.Collections.Concurrent;
using System.Data.Common;
using System.Security.Cryptography;
using System.Threading.Channels;

using Atalaya.Analysis.Painting;
using Atalaya.Media;
using Atalaya.Node.Analysis;
using Atalaya.Node.Cameras;
using Atalaya.Node.Footage;
using Atalaya.Node.Options;
using Atalaya.Node.Store;

namespace Atalaya.Node.Redactions;

/// <summary>
/// Drafts of release copies and the copies: looked through and made one after another, kept until their time is over. What a stop of the node interrupts is begun
/// anew at the next start.
/// </summary>
sealed class RedactionJobs(
    NodeDatabase database, Recordings recordings, AnalysisHost host, CopyMaker maker, CameraRoster roster, NodeOptions options, TimeProvider clock, ILogger<RedactionJobs> log)
    : IHostedService, IAsyncDisposable
{
    static readonly TimeSpan CleanEvery = TimeSpan.FromMinutes(1);

    readonly ConcurrentDictionary<string, Job> _jobs = new(StringComparer.Ordinal);
    readonly Channel<Job> _queue = Channel.CreateUnbounded<Job>();  // Bounded by MaxKept, at the door: each waits once.
    readonly CancellationTokenSource _stop = new();
    readonly StillCache _stills = new(64 << 20);
    readonly SemaphoreSlim _changing = new(1, 1);   // of plans and states: the newest row is the one in memory
    RedactionStore? _store;
    ITimer? _cleaning;
    Task _running = Task.CompletedTask;

    /// <summary>Newest first.</summary>
    public IReadOnlyList<RedactionJson> All => [.. _jobs.Values.OrderByDescending(j => j.Redaction.CreatedAt.Microseconds).Select(Show)];

    public RedactionJson? Find(string id) => _jobs.TryGetValue(id, out var job) ? Show(job) : null;

    /// <summary>As it is kept, with its plan.</summary>
    public Redaction? RedactionOf(string id) => _jobs.TryGetValue(id, out var job) ? job.Redaction : null;

    /// <summary>The finished copy; null while there is none.</summary>
    public string? FileOf(string id) =>
        _jobs.TryGetValue(id, out var job) && job.Redaction.State == RedactionStateJson.Done && File.Exists(PathOf(id)) ? PathOf(id) : null;

    public async Task StartAsync(CancellationToken stop)
    {
        _store = new(database.Source);
        foreach (var redaction in await _store.AllAsync(stop))
        {
            var job = new Job(redaction.State switch
            {
                RedactionStateJson.Searching => redaction with { State = RedactionStateJson.Queued },
                RedactionStateJson.Making => redaction with { State = RedactionStateJson.Waiting },
                _ => redaction,
            });
            _jobs[redaction.Id] = job;
            if (job.Redaction.IsBusy)
                _queue.Writer.TryWrite(job);
        }

        // What no row speaks of was being written when the process ended.
        foreach (string file in Directory.EnumerateFiles(database.Folder.Redactions))
        {
            if (!_jobs.TryGetValue(Path.GetFileNameWithoutExtension(file), out var job) || job.Redaction.State != RedactionStateJson.Done)
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
        _changing.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>Null if too many are kept.</summary>
    public async Task<RedactionJson?> AddAsync(string camera, StreamKind stream, WallTime from, WallTime to, RedactionSearchJson search, RedactionOrder order)
    {
        await _changing.WaitAsync();
        try
        {
            if (_jobs.Count >= options.Redactions.MaxKept)
                return null;
            var job = new Job(new(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(8)), camera, stream, from, to, search, order, WallTime.Now(clock)));
            await _store!.PutAsync(job.Redaction);
            _jobs[job.Redaction.Id] = job;
            _queue.Writer.TryWrite(job);
            return Show(job);
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>A plan in the place of the one with a revision.</summary>
    /// <param name="plan">Without faults.</param>
    /// <returns>Null: there is no such draft. Otherwise what it is now, and whether it was changed: somebody else was faster, or it is being worked on.</returns>
    public async Task<(RedactionJson Now, bool Changed)?> ChangeAsync(string id, long revision, RedactionPlanJson plan)
    {
        await _changing.WaitAsync();
        try
        {
            if (!_jobs.TryGetValue(id, out var job))
                return null;
            var now = job.Redaction;
            if (now.Revision != revision || now.IsBusy)
                return (Show(job), false);
            // A copy of another plan isn't this draft's any more. What the log says of it stays.
            File.Delete(PathOf(id));
            await PutAsync(job, now with
            {
                Plan = plan,
                Revision = revision + 1,
                State = RedactionStateJson.Draft,
                Message = now.State == RedactionStateJson.Failed ? null : now.Message,
                ChangedAt = WallTime.Now(clock),
                FinishedAt = null,
                FileName = null,
                Bytes = null,
                Sha256 = null,
                Pictures = null,
                Sources = [],
                Gaps = [],
            });
            return (Show(job), true);
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>Asks for the copy of a revision.</summary>
    /// <returns>Null: there is no such draft. Otherwise what it is now; of another revision, or a draft still, it wasn't taken on.</returns>
    public async Task<RedactionJson?> MakeAsync(string id, long revision, RedactionOrder order, string agreed)
    {
        await _changing.WaitAsync();
        try
        {
            if (!_jobs.TryGetValue(id, out var job))
                return null;
            if (job.Redaction.Revision != revision || job.Redaction.IsBusy)
                return Show(job);
            await PutAsync(job, job.Redaction with
            {
                State = RedactionStateJson.Waiting,
                Message = null,
                ChangedAt = WallTime.Now(clock),
                MadeBy = order.UserId,
                MadeName = order.UserName,
                Order = job.Redaction.Order with { Purpose = order.Purpose },
                Agreed = agreed,
            });
            _queue.Writer.TryWrite(job);
            return Show(job);
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>Removes a draft with its plan and its copy, whatever is done to it. False if there is none.</summary>
    public async Task<bool> RemoveAsync(string id)
    {
        await _changing.WaitAsync();
        try
        {
            if (!_jobs.TryRemove(id, out var job))
                return false;
            await job.Cancel.CancelAsync();
            // The file first: a row without a file is shown as gone, a file without a row would be forgotten until the next start.
            File.Delete(PathOf(id));
            await _store!.DeleteAsync(id);
            return true;
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>When the pictures of a draft's stretch are.</summary>
    /// <exception cref="StretchException">They aren't there, or can't be read.</exception>
    public async Task<StretchPictures?> PicturesAsync(string id, CancellationToken stop)
    {
        if (!_jobs.TryGetValue(id, out var job))
            return null;
        await job.Looking.WaitAsync(stop);
        try
        {
            return job.Pictures ??= await StretchPictures.ReadAsync(recordings, job.Redaction.Camera, job.Redaction.Stream, job.Redaction.From, job.Redaction.To, stop);
        }
        finally
        {
            job.Looking.Release();
        }
    }

    /// <summary>A picture of a draft's stretch as a JPEG, as it was recorded or as the plan has it now.</summary>
    /// <param name="width">Pixels at most.</param>
    /// <returns>The JPEG, or why there is none.</returns>
    /// <exception cref="StretchException">The footage isn't there, or can't be read.</exception>
    public async Task<(byte[]? Jpeg, string Fault)> StillAsync(string id, int index, bool painted, int width, CancellationToken stop)
    {
        if (await PicturesAsync(id, stop) is not { } pictures || !_jobs.TryGetValue(id, out var job) || index < 0 || index >= pictures.Pictures.Count)
            return (null, "There is no such picture.");
        var (revision, plan) = (painted ? job.Redaction.Revision : 0, painted ? RedactionPlan.ToAreas(job.Redaction.Plan) : new AreaPlan([]));
        // Who steps asks for neighbours at once: they are decoded together.
        await job.Looking.WaitAsync(stop);
        try
        {
            // What retention has taken meanwhile isn't shown from here either.
            if (_stills.Find(new(id, revision, width, index)) is { } kept && await pictures.HasAsync(index, stop))
                return (kept, "");
            var (format, units) = await pictures.SourcesAsync(index, stop);
            var result = await host.MakeStillsAsync(new(format, units, AreaPlanText.Write(plan), width, Quality: 80), stop);
            foreach (var (at, jpeg) in result.Stills)
                _stills.Put(new(id, revision, width, pictures.IndexOf((at.Ticks * 100 / 9) + 11)), jpeg);
            return _stills.Find(new(id, revision, width, index)) is { } made ? (made, "") : (null, result.Fault.Length > 0 ? result.Fault : "This picture can't be decoded.");
        }
        finally
        {
            job.Looking.Release();
        }
    }

    async Task RunAsync()
    {
        await foreach (var job in _queue.Reader.ReadAllAsync())
        {
            if (_stop.IsCancellationRequested)
                return;     // It goes on at the next start.
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token, job.Cancel.Token);
            try
            {
                job.Progress = 0;
                if (job.Redaction.State == RedactionStateJson.Queued)
                    await SearchAsync(job, stop.Token);
                else if (job.Redaction.State == RedactionStateJson.Waiting)
                    await MakeAsync(job, stop.Token);
            }
            catch (OperationCanceledException)
            {
                // Removed, or the node stops: then it begins anew.
            }
            catch (Exception fault)
            {
                log.LogError(fault, "Release copy {Redaction} of {Camera} failed", job.Redaction.Id, job.Redaction.Camera);
                string reason = fault is IOException ? "Its file couldn't be written; is the disk full? The node's log has the details." : "A fault in the node; its log has the details.";
                await EndAsync(job, r => r with { State = RedactionStateJson.Failed, Message = reason });
            }
        }
    }

    /// <summary>Looks for what might be covered. Whatever comes of it, it is a draft then: what wasn't found is drawn.</summary>
    async Task SearchAsync(Job job, CancellationToken stop)
    {
        var redaction = job.Redaction;
        await EndAsync(job, r => r with { State = RedactionStateJson.Searching });
        var sight = new Sight(redaction);
        string message = "";
        if (!host.Options.Enabled)
        {
            message = "Analysis is switched off (analysis.enabled): nothing was looked for.";
        }
        else
        {
            var feed = new ArchiveFeed(redaction.Camera, new() { Enabled = true, Rate = options.Redactions.Rate }, recordings, host, sight, clock);
            var skipped = new List<string>();
            await feed.LookAsync(redaction.Stream, new(redaction.From, redaction.To), step =>
            {
                job.Progress = Math.Clamp((step.Span.To - redaction.From) / (redaction.To - redaction.From), 0, 1);
                if (step.Fault.Length > 0)
                    skipped.Add($"{step.Span.From}: {step.Fault}");
            }, stop);
            // What is missing is said once, or whoever corrects believes that all was looked at.
            message = string.Join(' ', new[]
            {
                host.Options.Model.Length == 0 ? "No detector is set (analysis.model): persons and vehicles weren't looked for." : "",
                host.Options.Faces.Length == 0 && redaction.Search.Faces ? "No model for faces is set (analysis.faces): faces weren't looked for." : "",
                host.Status().Reason,
                string.Join(' ', skipped.Take(5)),
            }.Where(m => m.Length > 0));
        }

        var (things, leftOut) = sight.Findings.Things();
        if (leftOut > 0)
            message = $"{leftOut} things more were found than a plan holds ({RedactionPlan.MaxThings}): nothing covers them. Make copies of shorter stretches. {message}".TrimEnd();
        await EndAsync(job, r => r with
        {
            State = RedactionStateJson.Draft,
            Plan = r.Plan with { Things = things },
            Revision = r.Revision + 1,
            Message = message.Length == 0 ? null : message,
        });
        log.LogInformation("{Camera}: {Pictures} pictures were looked through for a release copy, {Things} things found.", redaction.Camera, sight.Findings.Pictures, things.Count);
    }

    async Task MakeAsync(Job job, CancellationToken stop)
    {
        var redaction = job.Redaction;
        string path = PathOf(redaction.Id), partial = path + ".partial";
        await EndAsync(job, r => r with { State = RedactionStateJson.Making });
        try
        {
            var copy = await maker.MakeAsync(redaction, partial, new Reporter(p => job.Progress = p), stop);
            File.Move(partial, path, overwrite: true);
            await FinishAsync(job, copy);
        }
        catch (StretchException fault)
        {
            await EndAsync(job, r => r with { State = RedactionStateJson.Failed, Message = fault.Message });
        }
        finally
        {
            File.Delete(partial);
        }
    }

    async Task FinishAsync(Job job, MadeCopy copy)
    {
        await _changing.WaitAsync();
        try
        {
            if (!_jobs.ContainsKey(job.Redaction.Id))
                return;
            var now = WallTime.Now(clock);
            var finished = job.Redaction with
            {
                State = RedactionStateJson.Done,
                FinishedAt = now,
                ChangedAt = now,
                FileName = NameOf(job.Redaction),
                Bytes = copy.Bytes,
                Sha256 = copy.Sha256,
                Pictures = copy.Pictures,
                Sources = copy.Sources,
                Gaps = copy.Gaps,
                Message = null,
            };
            await _store!.FinishAsync(finished);
            job.Redaction = finished;
        }
        finally
        {
            _changing.Release();
        }
    }

    async Task EndAsync(Job job, Func<Redaction, Redaction> change)
    {
        await _changing.WaitAsync();
        try
        {
            if (_jobs.ContainsKey(job.Redaction.Id))
                await PutAsync(job, change(job.Redaction));
        }
        catch (DbException fault)
        {
            log.LogError(fault, "Release copy {Redaction}: its state couldn't be noted", job.Redaction.Id);
            job.Redaction = change(job.Redaction);
        }
        finally
        {
            _changing.Release();
        }
    }

    // Under _changing.
    async Task PutAsync(Job job, Redaction next)
    {
        await _store!.PutAsync(next);
        job.Redaction = next;
    }

    async Task CleanAsync()
    {
        try
        {
            var now = WallTime.Now(clock);
            foreach (var job in _jobs.Values.Where(j => !j.Redaction.IsBusy && j.Redaction.ChangedAt + options.Redactions.Keep <= now))
                await RemoveAsync(job.Redaction.Id);
        }
        catch (Exception fault) when (fault is DbException or IOException)
        {
            log.LogError(fault, "Release copies whose time is over couldn't be removed; tried again in a minute");
        }
    }

    string PathOf(string id) => Path.Combine(database.Folder.Redactions, id + ".mp4");

    string NameOf(Redaction redaction)
    {
        string camera = roster.Find(redaction.Camera)?.Config.Name ?? redaction.Camera;
        string text = $"{options.Name} {camera} {redaction.From.ToDateTimeOffset():yyyy-MM-dd HH-mm-ss}Z redacted";
        return string.Concat(text.Select(c => char.IsLetterOrDigit(c) || c is '-' or '_' or ' ' ? c : '_')) + ".mp4";
    }

    RedactionJson Show(Job job)
    {
        var r = job.Redaction;
        return new(
            r.Id, r.Camera, r.Stream, r.From.ToDateTimeOffset(), r.To.ToDateTimeOffset(), r.Search, r.State, r.IsBusy ? Math.Round(job.Progress, 3) : 1, r.Message, r.Revision,
            r.CreatedAt.ToDateTimeOffset(), r.ChangedAt.ToDateTimeOffset(), r.FinishedAt?.ToDateTimeOffset(), (r.ChangedAt + options.Redactions.Keep).ToDateTimeOffset(),
            r.FileName, r.Bytes, r.Sha256, r.Pictures, r.Sources, r.Gaps, r.Order.UserName, r.Order.Purpose.Id, r.Order.Purpose.Reference);
    }

    sealed class Sight(Redaction redaction) : ArchiveSight
    {
        public Findings Findings { get; } = new(redaction.Search, redaction.From, redaction.To);
        public override bool Faces => redaction.Search.Faces;

        public override void Keep(Recording.WallSpan span, IReadOnlyList<SeenPicture> pictures)
        {
            foreach (var picture in pictures)
                Findings.Add(picture);
        }
    }

    /// <summary>Unlike <see cref="Progress{T}"/> calls at once, so that what is reported last is last.</summary>
    sealed class Reporter(Action<double> report) : IProgress<double>
    {
        public void Report(double value) => report(Math.Clamp(value, 0, 1));
    }

    sealed class Job(Redaction redaction)
    {
        public Redaction Redaction { get; set; } = redaction;    // Set under _changing.
        public CancellationTokenSource Cancel { get; } = new();
        public double Progress { get; set; }
        public SemaphoreSlim Looking { get; } = new(1, 1);
        public StretchPictures? Pictures { get; set; }      // under Looking
    }
}
