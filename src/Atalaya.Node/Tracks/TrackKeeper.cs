using Atalaya.Media;
using Atalaya.Node.Analysis;
using Atalaya.Node.Footage;
using Atalaya.Node.Options;
using Atalaya.Node.Store;

namespace Atalaya.Node.Tracks;

/// <summary>Keeps what the cameras' analysis sees, and forgets it with the footage that showed it.</summary>
sealed class TrackKeeper(
    NodeDatabase database, NodeOptions options, AnalysisFeeds feeds, Recordings recordings, TimeProvider clock, ILogger<TrackKeeper> log) : IHostedService, IAsyncDisposable
{
    static readonly TimeSpan FlushEvery = TimeSpan.FromSeconds(1), ForgetEvery = TimeSpan.FromMinutes(10);

    // What is younger may belong to a segment that is still being indexed.
    static readonly TimeSpan Young = TimeSpan.FromHours(2);

    readonly CancellationTokenSource _stop = new();
    TrackStore? _store;
    Task _running = Task.CompletedTask;
    int _disposed;

    public TrackStore Store => _store ?? throw new InvalidOperationException("The node hasn't been started.");

    public Task StartAsync(CancellationToken stop)
    {
        _store = new(Path.Combine(database.Folder.Path, "tracks"), clock, log);
        feeds.Seen += _store.Add;
        _running = Task.Run(RunAsync, CancellationToken.None);
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken stop) => await DisposeAsync();

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        await _stop.CancelAsync();
        await _running;
        if (_store is not null)
        {
            feeds.Seen -= _store.Add;
            _store.Flush(all: true);
        }

        _stop.Dispose();
    }

    /// <summary>
    /// Removes the hours that no footage of their camera is left of: held footage keeps its tracks, deleted footage doesn't leave any behind for longer than
    /// the rest of its hour. Where a camera has no footage at all, tracks are kept as long as records of motion (option <c>analysis.keepMotion</c>).
    /// </summary>
    public async Task ForgetAsync(CancellationToken stop)
    {
        var now = WallTime.Now(clock);
        foreach (string camera in Store.Cameras())
        {
            foreach (var day in Store.Days(camera).ToArray())
            {
                var end = day + TimeSpan.FromDays(1);
                var recorded = new List<(WallTime From, WallTime To)>();
                bool any = false;
                foreach (var stream in (StreamKind[])[StreamKind.Main, StreamKind.Sub])
                {
                    // A minute is finer than an hour needs.
                    var timeline = await recordings.Archive.TimelineAsync(camera, stream, day, end, TimeSpan.FromMinutes(1), stop);
                    any |= timeline.Oldest is not null;
                    recorded.AddRange(timeline.Recorded.Select(s => (s.From, s.To)));
                }

                Store.Forget(camera, day, (from, to) =>
                    to > now - Young || (any ? recorded.Any(r => r.From < to && r.To > from) : to > now - options.Analysis.KeepMotion));
            }
        }
    }

    async Task RunAsync()
    {
        using var beat = new PeriodicTimer(FlushEvery, clock);
        long forgotten = clock.GetTimestamp();
        try
        {
            while (await beat.WaitForNextTickAsync(_stop.Token))
            {
                Store.Flush(all: false);
                if (clock.GetElapsedTime(forgotten) < ForgetEvery)
                    continue;
                forgotten = clock.GetTimestamp();
                try
                {
                    await ForgetAsync(_stop.Token);
                }
                catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or System.Data.Common.DbException)
                {
                    log.LogWarning("Old tracks couldn't be removed; it is tried again. {Fault}", fault.Message);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The node is stopping; the rest is written by who stops us.
        }
    }
}
