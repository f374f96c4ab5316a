using System.Collections.Immutable;
using System.Data.Common;

using Atalaya.Node.Footage;
using Atalaya.Recording;

namespace Atalaya.Node.Checks;

/// <summary>Checks of the archive beside the recording, one at a time. Results are kept until the node ends.</summary>
sealed class ArchiveChecks(Recordings recordings, TimeProvider clock, ILogger<ArchiveChecks> log) : IHostedService
{
    const int Kept = 20, MaxFaults = 1000;

    sealed record Job(ArchiveCheckJson Check, ImmutableArray<CheckFaultJson> Faults, CancellationTokenSource Stop);

    readonly Lock _gate = new();
    readonly List<Job> _jobs = [];      // oldest first; under _gate
    Task _running = Task.CompletedTask; // under _gate
    int _count;                         // under _gate

    /// <summary>Raised, quickly, when a check gets on.</summary>
    public event Action<ArchiveCheckJson>? Changed;

    /// <summary>Newest first.</summary>
    public IReadOnlyList<ArchiveCheckJson> All
    {
        get
        {
            lock (_gate)
                return [.. _jobs.Select(j => j.Check).Reverse()];
        }
    }

    public ArchiveCheckResultJson? Find(string id)
    {
        lock (_gate)
            return _jobs.Find(j => j.Check.Id == id) is { } job ? new(job.Check, job.Faults) : null;
    }

    /// <summary>Null if one runs already.</summary>
    public ArchiveCheckJson? Start(CheckOptions options)
    {
        Job job;
        lock (_gate)
        {
            if (!_running.IsCompleted)
                return null;
            job = new(
                new($"{++_count}", CheckStateJson.Running, options.Depth, options.Repair, clock.GetUtcNow(), null, 0, 0, 0, null, null, null), [], new());
            _jobs.Add(job);
            if (_jobs.Count > Kept)
                _jobs.RemoveAt(0);
            _running = Task.Run(() => RunAsync(job.Check, options, job.Stop.Token));
        }

        Changed?.Invoke(job.Check);
        return job.Check;
    }

    /// <summary>False if there is no such check; one that has ended stays.</summary>
    public bool Cancel(string id)
    {
        lock (_gate)
        {
            if (_jobs.Find(j => j.Check.Id == id) is not { } job)
                return false;
            job.Stop.Cancel();
            return true;
        }
    }

    public Task StartAsync(CancellationToken stop) => Task.CompletedTask;

    public async Task StopAsync(CancellationToken stop)
    {
        Task running;
        lock (_gate)
        {
            foreach (var job in _jobs)
                job.Stop.Cancel();
            running = _running;
        }

        await running;
    }

    async Task RunAsync(ArchiveCheckJson check, CheckOptions options, CancellationToken stop)
    {
        try
        {
            var result = await recordings.Archive.CheckAsync(options, new Progress(this, check), stop);
            int repaired = result.Faults.Count(f => f.Repaired);
            log.LogInformation("The archive was checked: {Segments} segments, {Faults} faults, {Repaired} of them repaired.", result.Segments, result.Faults.Count, repaired);
            Put(Now(check) with { State = CheckStateJson.Done, Progress = 1, Bytes = result.Bytes, FinishedAt = clock.GetUtcNow(), FaultCount = result.Faults.Count, RepairedCount = repaired },
                [.. result.Faults.OrderBy(f => f.Repaired).Take(MaxFaults).Select(f => new CheckFaultJson(f.Kind, f.Path, f.Detail, f.Repaired))]);
        }
        catch (OperationCanceledException)
        {
            Put(Now(check) with { State = CheckStateJson.Cancelled, FinishedAt = clock.GetUtcNow() }, []);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or DbException or InvalidOperationException)
        {
            log.LogError(e, "The check of the archive failed.");
            Put(Now(check) with { State = CheckStateJson.Failed, Reason = e.Message, FinishedAt = clock.GetUtcNow() }, []);
        }
    }

    ArchiveCheckJson Now(ArchiveCheckJson check) => Find(check.Id)?.Check ?? check;

    void Put(ArchiveCheckJson check, ImmutableArray<CheckFaultJson> faults)
    {
        lock (_gate)
        {
            int at = _jobs.FindIndex(j => j.Check.Id == check.Id);
            if (at >= 0)
                _jobs[at] = _jobs[at] with { Check = check, Faults = faults };
        }

        Changed?.Invoke(check);
    }

    // On the check's own thread; told when another hundredth is done.
    sealed class Progress(ArchiveChecks checks, ArchiveCheckJson check) : IProgress<CheckProgress>
    {
        int _told = -1;

        public void Report(CheckProgress value)
        {
            int hundredth = value.FilesTotal == 0 ? 0 : (int)Math.Min(100, 100 * value.Files / value.FilesTotal);
            if (hundredth == _told)
                return;
            _told = hundredth;
            checks.Put(checks.Now(check) with { Progress = hundredth / 100.0, Files = value.Files, Bytes = value.Bytes }, []);
        }
    }
}
