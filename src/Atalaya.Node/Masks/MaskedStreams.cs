using Atalaya.Cameras;
using Atalaya.Media;
using Atalaya.Node.Options;

namespace Atalaya.Node.Masks;

/// <summary>
/// Live streams as those see them who see masks: each painted and encoded once for all who watch it, only while somebody does and for a moment after.
/// </summary>
sealed class MaskedStreams : IAsyncDisposable
{
    // Somebody who reloads the page finds it running.
    static readonly TimeSpan Linger = TimeSpan.FromSeconds(5);

    readonly MaskBook _book;
    readonly PaintHost _host;
    readonly MaskOptions _options;
    readonly TimeProvider _clock;
    readonly ILogger<MaskedStreams> _log;
    readonly Dictionary<(string Camera, StreamKind Stream, string Mark, bool Masked), Entry> _entries = [];   // under itself

    public MaskedStreams(MaskBook book, PaintHost host, NodeOptions options, TimeProvider clock, ILogger<MaskedStreams> log)
    {
        _book = book;
        _host = host;
        _options = options.Masks;
        _clock = clock;
        _log = log;
        book.Changed += OnMasks;
    }

    /// <summary>Streams that are painted now.</summary>
    public int Count
    {
        get
        {
            lock (_entries)
                return _entries.Count;
        }
    }

    /// <summary>Begins to watch, and begins to paint if nobody watches yet.</summary>
    /// <param name="mark">Written across the pictures: those of one recipient are painted for them alone. Empty: nothing is.</param>
    /// <param name="masked">Whether the camera's masks are painted, too.</param>
    /// <returns>Null: as many streams are painted as may be.</returns>
    public MaskedView? Watch(Camera camera, StreamKind stream, string mark = "", bool masked = true)
    {
        var key = (camera.Id, stream, mark, masked);
        lock (_entries)
        {
            // Of a camera that was removed and added again the hubs are others.
            if (!_entries.TryGetValue(key, out var entry) || entry.Stream.HasEnded || entry.Camera != camera)
            {
                if (_entries.Count >= _options.Streams)
                    return null;
                entry?.Stop();
                entry = new(camera, new(camera.Id, camera.Hub(stream), () => CameraMasks.For(camera.Id, masked ? _book.Of(camera.Id) : null, mark), _host, _clock, _log));
                _entries[key] = entry;
                _ = RunAsync(entry, key);
            }

            entry.Viewers++;
            return new(entry.Stream, () => Leave(entry));
        }
    }

    public async ValueTask DisposeAsync()
    {
        _book.Changed -= OnMasks;
        Task[] running;
        lock (_entries)
        {
            foreach (var entry in _entries.Values)
                entry.Stop();
            running = [.. _entries.Values.Select(e => e.Ended.Task)];
        }

        await Task.WhenAll(running);
    }

    void OnMasks(string camera)
    {
        lock (_entries)
        {
            foreach (var (key, entry) in _entries)
            {
                if (key.Camera == camera)
                    entry.Stream.Change();
            }
        }
    }

    void Leave(Entry entry)
    {
        lock (_entries)
        {
            if (--entry.Viewers > 0)
                return;
        }

        _ = LingerAsync();

        async Task LingerAsync()
        {
            await Task.Delay(Linger, _clock);
            lock (_entries)
            {
                if (entry.Viewers == 0)
                    entry.Stop();
            }
        }
    }

    async Task RunAsync(Entry entry, (string Camera, StreamKind, string, bool) key)
    {
        await Task.Yield();
        try
        {
            await entry.Stream.RunAsync(entry.Token);
        }
        catch (Exception fault)
        {
            _log.LogError(fault, "{Camera} can't be shown with masks", key.Camera);
        }
        finally
        {
            lock (_entries)
            {
                if (_entries.TryGetValue(key, out var now) && now == entry)
                    _entries.Remove(key);
            }

            entry.Dispose();
            entry.Ended.SetResult();
        }
    }

    sealed class Entry(Camera camera, MaskedStream stream) : IDisposable
    {
        readonly CancellationTokenSource _stop = new();
        bool _disposed;     // under _stop

        public Camera Camera => camera;
        public MaskedStream Stream => stream;
        public CancellationToken Token => _stop.Token;
        public int Viewers { get; set; }        // under the dictionary's lock
        public TaskCompletionSource Ended { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Stop()
        {
            lock (_stop)
            {
                if (!_disposed)
                    _ = _stop.CancelAsync();
            }
        }

        public void Dispose()
        {
            lock (_stop)
            {
                _disposed = true;
                _stop.Dispose();
            }
        }
    }
}

/// <summary>One viewer's hold on a masked stream.</summary>
sealed class MaskedView(MaskedStream stream, Action leave) : IDisposable
{
    int _left;

    public MaskedStream Stream => stream;

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _left, 1) == 0)
            leave();
    }
}
