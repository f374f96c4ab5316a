namespace Atalaya.Node.Previews;

/// <summary>How asking for a sprite ended.</summary>
enum PreviewEnd
{
    Made,

    /// <summary>Nothing is recorded in that minute.</summary>
    NothingRecorded,

    /// <summary>Its pictures can't be decoded, now or later.</summary>
    Unreadable,

    /// <summary>Analysis isn't there just now.</summary>
    Unavailable,

    /// <summary>Too many others were asked for since.</summary>
    Displaced,

    /// <summary>This client waits for too many at once.</summary>
    TooMany,
}

/// <param name="Sprite">Null unless made.</param>
/// <param name="IsSettled">It will never look different.</param>
/// <param name="Detail">Why there is none.</param>
sealed record PreviewAnswer(PreviewEnd End, PreviewSprite? Sprite = null, bool IsSettled = false, string Detail = "");

/// <summary>
/// Who waits for which sprite. What someone looks at comes before what they may look at next, and of both what was asked for last comes first: a pointer
/// that moves on has no use for what it left behind. One minute is made once, however many wait for it; when nobody waits any more it isn't made.
/// </summary>
/// <remarks>Thread-safe. Bounded: beyond <see cref="Capacity"/> the least wanted ends as <see cref="PreviewEnd.Displaced"/>.</remarks>
sealed class PreviewQueue(Func<PreviewMinute, CancellationToken, Task<PreviewAnswer>> make, int workers)
{
    public const int Capacity = 128;

    /// <summary>Sprites that one client may wait for at once: a page asks for three.</summary>
    public const int PerClient = 12;

    readonly Lock _gate = new();
    readonly Dictionary<PreviewMinute, Job> _jobs = [];     // under _gate, as all below
    readonly Dictionary<string, int> _clients = new(StringComparer.Ordinal);
    long _asked;
    int _running;

    /// <summary>Waiting and running.</summary>
    public int Count
    {
        get
        {
            lock (_gate)
                return _jobs.Count;
        }
    }

    /// <param name="client">Who asks, for the budget.</param>
    /// <param name="ahead">Nobody looks at it yet.</param>
    /// <exception cref="OperationCanceledException">The one who asks went away.</exception>
    public async Task<PreviewAnswer> AskAsync(PreviewMinute minute, string client, bool ahead, CancellationToken stop)
    {
        Job job;
        lock (_gate)
        {
            int waiting = _clients.GetValueOrDefault(client);
            if (waiting >= PerClient)
                return new(PreviewEnd.TooMany, Detail: $"{PerClient} previews are being made for this client already.");
            _clients[client] = waiting + 1;
            if (!_jobs.TryGetValue(minute, out job!))
                _jobs[minute] = job = new(minute);
            job.Waiters++;
            job.Ahead &= ahead;
            job.Asked = ++_asked;
            if (_jobs.Values.Count(j => !j.Started) > Capacity)
                Displace(Wanted(leastFirst: true)!);
        }

        Next();
        try
        {
            return await job.Answer.Task.WaitAsync(stop);
        }
        finally
        {
            Leave(job, client);
        }
    }

    void Leave(Job job, string client)
    {
        lock (_gate)
        {
            if (--_clients[client] <= 0)
                _clients.Remove(client);
            if (--job.Waiters > 0 || job.Answer.Task.IsCompleted)
                return;
            // Whoever asks for it from now on gets a new one.
            _ = job.Stop.CancelAsync();
            if (_jobs.GetValueOrDefault(job.Minute) == job)
                _jobs.Remove(job.Minute);
            if (!job.Started)
                job.Answer.TrySetResult(new(PreviewEnd.Displaced));
        }
    }

    void Next()
    {
        while (true)
        {
            Job? job;
            lock (_gate)
            {
                if (_running >= workers || (job = Wanted(leastFirst: false)) is null)
                    return;
                job.Started = true;
                _running++;
            }

            _ = RunAsync(job);
        }
    }

    async Task RunAsync(Job job)
    {
        PreviewAnswer? answer = null;
        Exception? fault = null;
        try
        {
            answer = await Task.Run(() => make(job.Minute, job.Stop.Token));
        }
        catch (Exception e)
        {
            fault = e;      // Whoever waits gets it.
        }

        lock (_gate)
        {
            _running--;
            if (_jobs.GetValueOrDefault(job.Minute) == job)
                _jobs.Remove(job.Minute);
            if (answer is not null)
                job.Answer.TrySetResult(answer);
            else if (fault is OperationCanceledException)
                job.Answer.TrySetResult(new(PreviewEnd.Displaced));
            else
                job.Answer.TrySetException(fault!);
        }

        Next();
    }

    /// <summary>Of those that wait. Under the gate.</summary>
    Job? Wanted(bool leastFirst)
    {
        var waiting = _jobs.Values.Where(j => !j.Started);
        return leastFirst
            ? waiting.OrderByDescending(j => j.Ahead).ThenBy(j => j.Asked).FirstOrDefault()
            : waiting.OrderBy(j => j.Ahead).ThenByDescending(j => j.Asked).FirstOrDefault();
    }

    void Displace(Job job)
    {
        _jobs.Remove(job.Minute);
        job.Answer.TrySetResult(new(PreviewEnd.Displaced, Detail: "Too many other previews were asked for since."));
    }

    sealed class Job(PreviewMinute minute)
    {
        public PreviewMinute Minute { get; } = minute;
        public TaskCompletionSource<PreviewAnswer> Answer { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
        public CancellationTokenSource Stop { get; } = new();
        public int Waiters { get; set; }
        public bool Ahead { get; set; } = true;
        public long Asked { get; set; }
        public bool Started { get; set; }
    }
}
