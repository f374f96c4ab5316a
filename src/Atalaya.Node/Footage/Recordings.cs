using Atalaya.Cameras;
using Atalaya.Media;
using Atalaya.Node.Cameras;
using Atalaya.Node.Options;
using Atalaya.Node.Storage;
using Atalaya.Node.Store;
using Atalaya.Recording;
using Atalaya.Recording.Storage;

namespace Atalaya.Node.Footage;

/// <summary>The archive, and a recorder for each stream that is to be kept: follows the cameras as they come, change and go.</summary>
sealed class Recordings(NodeDatabase database, NodeOptions options, CameraRoster roster, TimeProvider clock, ILoggerFactory logs) : IHostedService, IAsyncDisposable
{
    readonly ILogger _log = logs.CreateLogger("Atalaya.Recording");
    readonly Dictionary<(string Camera, StreamKind Stream), Slot> _slots = [];  // under itself
    readonly Dictionary<string, RetentionLimits> _limits = new(StringComparer.Ordinal);  // of cameras that have their own; under _slots
    readonly CancellationTokenSource _stop = new();
    Archive? _archive;
    Task _care = Task.CompletedTask;

    public Caretaker Caretaker => Archive.Caretaker!;
    public Archive Archive => _archive ?? throw new InvalidOperationException("The node hasn't been started.");

    /// <summary>Raised, quickly, when a recorder's state changes.</summary>
    public event Action<RecorderStatus>? Changed;

    public async Task StartAsync(CancellationToken stop)
    {
        _archive = await Archive.OpenAsync(
            StorageSetup.Of(options.Storage, database.Folder.Path),
            database.Source,
            new()
            {
                SegmentLength = options.Recording.Segment,
                SyncInterval = options.Recording.Sync,
                FragmentLength = options.Recording.Fragment,
            },
            clock,
            _log,
            stop);
        _archive.OnRecorderChanged(status => Changed?.Invoke(status));
        // Before the cameras start: a recorder is attached to a camera's hubs before its first picture.
        roster.Set.Adding += camera => Follow(camera, camera.Config);
        roster.Set.Changing += Follow;
        roster.Set.Removed += camera => Follow(camera, null);
        _care = Caretaker.RunAsync(_stop.Token);
    }

    public async Task StopAsync(CancellationToken stop) => await DisposeAsync();

    public async ValueTask DisposeAsync()
    {
        Task[] pending;
        lock (_slots)
            pending = [.. _slots.Values.Select(s => s.Last)];
        await Task.WhenAll(pending);
        if (!_stop.IsCancellationRequested)
            await _stop.CancelAsync();
        await _care;
        if (Interlocked.Exchange(ref _archive, null) is { } archive)
            await archive.DisposeAsync();
    }

    /// <summary>Of one stream; null when it isn't to be recorded.</summary>
    public RecorderStatus? Status(string camera, StreamKind stream)
    {
        lock (_slots)
            return _slots.GetValueOrDefault((camera, stream))?.Recorder?.Status();
    }

    void Follow(Camera camera, CameraConfig? config)
    {
        lock (_slots)
        {
            // Of a camera that was removed, what is left is kept as the default says.
            if (config is { KeepFor: not null } or { KeepBytes: not null })
                _limits[camera.Id] = new(config.KeepFor, config.KeepBytes);
            else
                _limits.Remove(camera.Id);
            Caretaker.Limit(new Dictionary<string, RetentionLimits>(_limits, StringComparer.Ordinal));
        }

        foreach (var stream in (StreamKind[])[StreamKind.Main, StreamKind.Sub])
        {
            bool wanted = config is not null && config.Records(stream) && config.Url(stream) is not null;
            lock (_slots)
            {
                if (!_slots.TryGetValue((camera.Id, stream), out var slot))
                {
                    if (!wanted)
                        continue;
                    _slots[(camera.Id, stream)] = slot = new();
                }

                if (slot.Last.IsCompleted)
                    slot.Last = Task.CompletedTask;
                // Usually at once; behind the last change of the same stream if that hasn't ended.
                slot.Last = wanted ? AttachAsync(slot, slot.Last, camera, stream) : DetachAsync(slot, slot.Last, config is null);
            }
        }
    }

    async Task AttachAsync(Slot slot, Task before, Camera camera, StreamKind stream)
    {
        await before;
        try
        {
            slot.Recorder ??= Archive.Attach(camera.Id, stream, camera.Hub(stream));
        }
        catch (Exception fault)
        {
            _log.LogError(fault, "{Camera} {Stream} can't be recorded.", camera.Id, stream);
        }
    }

    async Task DetachAsync(Slot slot, Task before, bool removed)
    {
        await before;
        if (slot.Recorder is not { } recorder)
            return;
        slot.Recorder = null;
        try
        {
            await recorder.StopAsync(GapCause.Operator, removed ? "The camera was removed." : "Recording was switched off.");
        }
        catch (Exception fault)
        {
            _log.LogError(fault, "{Camera} {Stream}: the recorder didn't end well.", recorder.Camera, recorder.Stream);
        }
    }

    /// <summary>What is being done about one stream, one thing after another.</summary>
    sealed class Slot
    {
        public Recorder? Recorder { get; set; }
        public Task Last { get; set; } = Task.CompletedTask;
    }
}

static class RecordingsFeature
{
    public static IServiceCollection AddRecordings(this IServiceCollection services) => services.AddStarted<Recordings>();
}
