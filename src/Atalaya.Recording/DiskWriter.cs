using Atalaya.Media;
using Atalaya.Recording.Storage;
using Microsoft.Extensions.Logging;

namespace Atalaya.Recording;

/// <summary>
/// The thread of a volume that writes for all its cameras, in the order in which they had something. The disk is one; more threads would
/// only wait for each other.
/// </summary>
sealed class DiskWriter : IAsyncDisposable
{
    readonly Volume _volume;
    readonly TimeProvider _clock;
    long _since = -1;       // monotonic, ns; when the work at hand began; Interlocked
    readonly ILogger _log;
    readonly object _gate = new();
    readonly Queue<Recorder> _ready = new();        // under _gate
    readonly HashSet<Recorder> _queued = [];        // the same, so that each is in it at most once; under _gate
    bool _stopping;                             // under _gate
    TaskCompletionSource? _idle;                // under _gate
    readonly Thread _thread;
    readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public DiskWriter(Volume volume, TimeProvider clock, ILogger log)
    {
        _clock = clock;
        _volume = volume;
        _log = log;
        _thread = new(Run) { IsBackground = true, Name = $"disk writer {volume.Name}" };
        _thread.Start();
    }

    /// <summary>The recorder has something to do; quick, on any thread.</summary>
    public void Wake(Recorder recorder)
    {
        lock (_gate)
        {
            if (!_queued.Add(recorder))
                return;
            _ready.Enqueue(recorder);
            if (_ready.Count == 1)
                Monitor.Pulse(_gate);
        }
    }

    /// <summary>How long it has been at one recorder's work; zero: it has none.</summary>
    public TimeSpan Busy => Interlocked.Read(ref _since) is var since and >= 0 ? MonotonicTime.Now(_clock) - new MonotonicTime(since) : TimeSpan.Zero;

    /// <summary>Done when nobody waits for the thread.</summary>
    public Task IdleAsync()
    {
        lock (_gate)
        {
            _idle ??= new(TaskCreationOptions.RunContinuationsAsynchronously);
            Monitor.Pulse(_gate);
            return _idle.Task;
        }
    }

    /// <summary>Ends when the queue is empty.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _stopping = true;
            Monitor.Pulse(_gate);
        }

        await _ended.Task;
    }

    void Run()
    {
        while (Next() is { } recorder)
        {
            try
            {
                Interlocked.Exchange(ref _since, MonotonicTime.Now(_clock).Nanoseconds);
                // It may have gone to another volume while it waited here.
                if (!recorder.Drain(_volume))
                    recorder.Wake();
            }
            catch (Exception e)
            {
                _log.LogError(e, "{Camera} {Stream}: the recorder failed and starts anew.", recorder.Camera, recorder.Stream);
                recorder.GiveUp(e);
            }
            finally
            {
                Interlocked.Exchange(ref _since, -1);
            }
        }

        _ended.TrySetResult();
    }

    Recorder? Next()
    {
        lock (_gate)
        {
            while (_ready.Count == 0)
            {
                _idle?.TrySetResult();
                _idle = null;
                if (_stopping)
                    return null;
                Monitor.Wait(_gate);
            }

            var recorder = _ready.Dequeue();
            _queued.Remove(recorder);
            return recorder;
        }
    }
}
