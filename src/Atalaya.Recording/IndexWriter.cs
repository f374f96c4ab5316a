using Atalaya.Media;
using Microsoft.Extensions.Logging;

namespace Atalaya.Recording;

/// <summary>
/// Takes rows to the index behind the recorders' backs, in order. When the store is away they wait; when too many wait the oldest are dropped,
/// and what they said is found again in the files.
/// </summary>
sealed class IndexWriter : IAsyncDisposable
{
    /// <summary>Rows that may wait: 200 cameras for 40 minutes, some 20 MB. Beyond that reading the files again is cheaper.</summary>
    const int Capacity = 8192;
    const int Batch = 256;

    static readonly TimeSpan FirstDelay = TimeSpan.FromSeconds(1), LongestDelay = TimeSpan.FromSeconds(30);

    readonly SegmentIndex _index;
    readonly TimeProvider _clock;
    readonly ILogger _log;
    readonly Func<WallTime, Task> _rescan;
    readonly Lock _gate = new();
    readonly LinkedList<object> _pending = new();   // Segment or Gap; under _gate, as the next four
    WallTime? _droppedFrom;
    TaskCompletionSource _more = new(TaskCreationOptions.RunContinuationsAsynchronously);
    TaskCompletionSource? _empty;
    string? _fault;
    readonly CancellationTokenSource _stop = new();
    readonly Task _loop;

    /// <param name="rescan">Reads the files from a moment on into the index; called when rows had to be dropped and the store is back.</param>
    public IndexWriter(SegmentIndex index, TimeProvider clock, ILogger log, Func<WallTime, Task> rescan)
    {
        _index = index;
        _clock = clock;
        _log = log;
        _rescan = rescan;
        _loop = Task.Run(RunAsync);
    }

    /// <summary>Why nothing is written just now, or null.</summary>
    public string? Fault
    {
        get
        {
            lock (_gate)
                return _fault;
        }
    }

    public int Count
    {
        get
        {
            lock (_gate)
                return _pending.Count;
        }
    }

    public void Add(Segment segment) => Add(segment, segment.Start);

    public void Add(Gap gap) => Add(gap, gap.From);

    /// <summary>What waits for one stream. Read before the index itself, so that nothing is missed in between.</summary>
    public (List<Segment> Segments, List<Gap> Gaps) Pending(string camera, StreamKind stream)
    {
        lock (_gate)
        {
            return ([.. _pending.OfType<Segment>().Where(s => s.Camera == camera && s.Stream == stream)],
                [.. _pending.OfType<Gap>().Where(g => g.Camera == camera && g.Stream == stream)]);
        }
    }

    /// <summary>The store was away at the start: once it is there its tables are made, and all files are compared with it.</summary>
    public void Behind(Exception e)
    {
        lock (_gate)
        {
            _droppedFrom = default(WallTime);
            _more.TrySetResult();
        }

        Failed(e);
    }

    /// <summary>Done when all that was added before is in the store; at once, or at the first failure, when the store is away.</summary>
    public Task FlushAsync()
    {
        lock (_gate)
        {
            if (_fault is not null || (_pending.Count == 0 && _droppedFrom is null))
                return Task.CompletedTask;
            _empty ??= new(TaskCreationOptions.RunContinuationsAsynchronously);
            return _empty.Task;
        }
    }

    /// <summary>One last attempt, then the end: the next start finds the rest in the files.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _loop;
        try
        {
            while (Count > 0)
                await WriteAsync();
        }
        catch (Exception e)
        {
            Failed(e);
        }

        _stop.Dispose();
    }

    void Add(object row, WallTime at)
    {
        lock (_gate)
        {
            _pending.AddLast(row);
            if (_pending.Count > Capacity)
            {
                var oldest = _pending.First!.Value;
                var from = oldest is Segment s ? s.Start : ((Gap)oldest).From;
                _droppedFrom = _droppedFrom is { } before && before < from ? before : from;
                _pending.RemoveFirst();
            }

            _more.TrySetResult();
        }
    }

    async Task RunAsync()
    {
        var delay = FirstDelay;
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await MoreAsync().WaitAsync(_stop.Token);
                await WriteAsync();
                delay = FirstDelay;
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                Failed(e);
                try
                {
                    await Task.Delay(delay, _clock, _stop.Token);
                }
                catch (OperationCanceledException)
                {
                    return;
                }

                delay = delay * 2 < LongestDelay ? delay * 2 : LongestDelay;
            }
        }
    }

    async Task WriteAsync()
    {
        List<object> batch;
        WallTime? dropped;
        lock (_gate)
        {
            batch = [.. _pending.Take(Batch)];
            dropped = _droppedFrom;
        }

        if (dropped is { } from)
        {
            // Before newer rows: what is older than a stream's newest row is complete, and a start up relies on it.
            _index.Migrate();
            await _rescan(from);
            lock (_gate)
            {
                if (_droppedFrom == dropped)
                    _droppedFrom = null;
            }
        }

        _index.Write([.. batch.OfType<Segment>()], [.. batch.OfType<Gap>()]);
        lock (_gate)
        {
            // Those at the front are still the ones that were written, unless the queue overflowed meanwhile.
            foreach (object row in batch)
            {
                if (_pending.First is { } first && ReferenceEquals(first.Value, row))
                    _pending.RemoveFirst();
            }

            if (_fault is not null)
                _log.LogInformation("The index can be written again; {Rows} rows wait.", _pending.Count);
            _fault = null;
        }

        lock (_gate)
        {
            if (_pending.Count == 0 && _droppedFrom is null)
            {
                _empty?.TrySetResult();
                _empty = null;
            }
        }
    }

    Task MoreAsync()
    {
        lock (_gate)
        {
            if (_pending.Count > 0 || _droppedFrom is not null)
                return Task.CompletedTask;
            if (_more.Task.IsCompleted)
                _more = new(TaskCreationOptions.RunContinuationsAsynchronously);
            return _more.Task;
        }
    }

    void Failed(Exception e)
    {
        lock (_gate)
        {
            // Once per outage; the status tells the rest.
            if (_fault is null)
                _log.LogError(e, "The index can't be written. Recording goes on; {Rows} rows wait.", _pending.Count);
            _fault = e.Message;
            _empty?.TrySetResult();
            _empty = null;
        }
    }
}
