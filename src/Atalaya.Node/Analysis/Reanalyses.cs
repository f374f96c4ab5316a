using System.Data.Common;
using System.Threading.Channels;

using Atalaya.Analysis.Rules;
using Atalaya.Media;
using Atalaya.Node.Footage;
using Atalaya.Node.Tracks;
using Atalaya.Recording;

namespace Atalaya.Node.Analysis;

/// <summary>What shall be looked at again.</summary>
/// <param name="Stream">Null: the sub-stream where it is recorded.</param>
/// <param name="Everything">Also what was watched.</param>
sealed record ReanalysisRequest(string Camera, StreamKind? Stream, WallTime From, WallTime To, bool Everything);

/// <summary>
/// Looks at footage that nobody watched: analysis was off, another model is there, the camera was brought with its recordings. One stretch after another, with
/// what live streams leave of the analysis process. What was looked at stays, however it ends; the list is kept until the node ends.
/// </summary>
sealed class Reanalyses(
    Recordings recordings, AnalysisHost host, AnalysisFeeds feeds, TrackKeeper keeper, TimeProvider clock, ILogger<Reanalyses> log)
    : IHostedService, IDisposable
{
    public const int MaxQueued = 10;
    const int Kept = 50, MaxSkipped = 100;

    sealed class Job(ReanalysisRequest request, ReanalysisJson told)
    {
        public ReanalysisRequest Request => request;
        public ReanalysisJson Told { get; set; } = told;    // under _gate
        public CancellationTokenSource Stop { get; } = new();
    }

    readonly Lock _gate = new();
    readonly List<Job> _jobs = [];      // oldest first; under _gate
    readonly Channel<Job> _queue = Channel.CreateUnbounded<Job>();  // Bounded by MaxQueued, at the door.
    readonly CancellationTokenSource _stop = new();
    Task _running = Task.CompletedTask;
    int _count;                         // under _gate

    /// <summary>Raised, quickly, when one gets on.</summary>
    public event Action<ReanalysisJson>? Changed;

    /// <summary>Newest first.</summary>
    public IReadOnlyList<ReanalysisJson> All
    {
        get
        {
            lock (_gate)
                return [.. _jobs.Select(j => j.Told).Reverse()];
        }
    }

    public ReanalysisJson? Find(string id)
    {
        lock (_gate)
            return _jobs.Find(j => j.Told.Id == id)?.Told;
    }

    /// <summary>Null if too many wait.</summary>
    public ReanalysisJson? Start(ReanalysisRequest request)
    {
        Job job;
        lock (_gate)
        {
            if (_jobs.Count(j => !HasEnded(j.Told)) >= MaxQueued)
                return null;
            job = new(request, new(
                $"{++_count}", request.Camera, request.From.ToDateTimeOffset(), request.To.ToDateTimeOffset(), request.Everything, ReanalysisStateJson.Queued, 0, null, 0, 0, [], null,
                clock.GetUtcNow(), null, null));
            if (_jobs.Count >= Kept)
                _jobs.Remove(_jobs.First(j => HasEnded(j.Told)));
            _jobs.Add(job);
        }

        Changed?.Invoke(job.Told);
        _queue.Writer.TryWrite(job);
        return job.Told;
    }

    /// <summary>False if there is no such one; one that has ended stays as it is.</summary>
    public bool Cancel(string id)
    {
        Job? job;
        lock (_gate)
            job = _jobs.Find(j => j.Told.Id == id);
        if (job is null)
            return false;
        job.Stop.Cancel();
        // One that waits for another ends now; the loop passes it by.
        Put(job, told => told.State == ReanalysisStateJson.Queued ? told with { State = ReanalysisStateJson.Cancelled, FinishedAt = clock.GetUtcNow() } : told);
        return true;
    }

    /// <summary>Footage of stretches that nobody watched, by stream: of the sub-stream where it is recorded, otherwise of the main one. Moments are left out.</summary>
    /// <param name="stream">Only this one.</param>
    public async Task<IReadOnlyList<(StreamKind Stream, WallSpan Span)>> FootageAsync(string camera, StreamKind? stream, IReadOnlyList<WallSpan> unwatched, CancellationToken stop)
    {
        var found = new List<(StreamKind, WallSpan)>();
        if (unwatched.Count == 0)
            return found;
        foreach (var kind in stream is { } one ? [one] : (StreamKind[])[StreamKind.Sub, StreamKind.Main])
        {
            var timeline = await recordings.Archive.TimelineAsync(camera, kind, unwatched[0].From, unwatched[^1].To, default, stop);
            var common = Spans.Common(unwatched, timeline.Recorded).Where(s => s.To - s.From >= RuleTrial.Unwatched).ToList();
            found.AddRange(common.Select(s => (kind, s)));
            unwatched = Spans.Without(unwatched, common);
            if (unwatched.Count == 0)
                break;
        }

        return [.. found.OrderBy(f => f.Item2.From.Microseconds)];
    }

    /// <summary>Stretches of which no picture was looked at.</summary>
    public IReadOnlyList<WallSpan> Unwatched(string camera, WallTime from, WallTime to)
    {
        var unwatched = new List<WallSpan>();
        var last = from;
        foreach (var picture in keeper.Store.Read(camera, from, to).SelectMany(b => b.Pictures))
        {
            if (picture.At < last || picture.At >= to)
                continue;
            if (picture.At - last > RuleTrial.Unwatched)
                unwatched.Add(new(last, picture.At));
            last = picture.At;
        }

        if (to - last > RuleTrial.Unwatched)
            unwatched.Add(new(last, to));
        return unwatched;
    }

    public Task StartAsync(CancellationToken stop)
    {
        _running = Task.Run(RunAsync, CancellationToken.None);
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken stop)
    {
        _queue.Writer.TryComplete();
        await _stop.CancelAsync();
        await _running;
    }

    public void Dispose() => _stop.Dispose();

    async Task RunAsync()
    {
        await foreach (var job in _queue.Reader.ReadAllAsync())
        {
            if (!_stop.IsCancellationRequested && !job.Stop.IsCancellationRequested)
                await RunAsync(job);
        }
    }

    async Task RunAsync(Job job)
    {
        var request = job.Request;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token, job.Stop.Token);
        try
        {
            Put(job, told => told with { State = ReanalysisStateJson.Running, StartedAt = clock.GetUtcNow() });
            var now = WallTime.Now(clock);
            var to = request.To < now ? request.To : now;
            var stretches = request.From >= to ? [] : request.Everything ? [new WallSpan(request.From, to)] : Unwatched(request.Camera, request.From, to);
            var footage = await FootageAsync(request.Camera, request.Stream, stretches, stop.Token);
            double all = Spans.Length(footage.Select(f => f.Span)).TotalSeconds;
            Put(job, told => told with { FootageSeconds = Math.Round(all, 1) });
            var feed = new ArchiveFeed(request.Camera, feeds.Settings(request.Camera), recordings, host, new KeptSight(request.Camera, keeper.Store, feeds.Heat), clock);
            foreach (var (stream, span) in footage)
                await feed.LookAsync(stream, span, step => Put(job, told => After(told, step, all)), stop.Token);
            Put(job, told => told with { State = ReanalysisStateJson.Done, Progress = 1, FinishedAt = clock.GetUtcNow() });
            log.LogInformation("{Camera}: {Seconds:0} s of footage were looked at, {Pictures} pictures.", request.Camera, job.Told.DoneSeconds, job.Told.Pictures);
        }
        catch (OperationCanceledException)
        {
            Put(job, told => told with { State = ReanalysisStateJson.Cancelled, FinishedAt = clock.GetUtcNow() });
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or DbException or InvalidOperationException)
        {
            log.LogError(fault, "{Camera}: its footage couldn't be looked at.", request.Camera);
            Put(job, told => told with { State = ReanalysisStateJson.Failed, Reason = fault.Message, FinishedAt = clock.GetUtcNow() });
        }
    }

    static ReanalysisJson After(ReanalysisJson told, ArchiveStep step, double all)
    {
        double done = told.DoneSeconds + (step.Span.To - step.Span.From).TotalSeconds;
        return told with
        {
            DoneSeconds = Math.Round(done, 1),
            Progress = Math.Round(Math.Clamp(done / all, 0, 1), 3),
            Pictures = told.Pictures + step.Pictures,
            Skipped = step.Fault.Length == 0 || told.Skipped.Count >= MaxSkipped
                ? told.Skipped
                : [.. told.Skipped, new(step.Span.From.ToDateTimeOffset(), step.Span.To.ToDateTimeOffset(), step.Fault)],
        };
    }

    static bool HasEnded(ReanalysisJson told) => told.State is not (ReanalysisStateJson.Queued or ReanalysisStateJson.Running);

    void Put(Job job, Func<ReanalysisJson, ReanalysisJson> change)
    {
        ReanalysisJson told;
        lock (_gate)
            told = job.Told = change(job.Told);
        Changed?.Invoke(told);
    }
}
