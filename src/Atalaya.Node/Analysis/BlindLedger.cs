using System.Threading.Channels;

using Atalaya.Media;

namespace Atalaya.Node.Analysis;

/// <summary>
/// For how long, and why, nobody looked: the counterpart of the archive's gaps. What is noted here reaches the database within a second; what a killed
/// node left open is closed at its next start.
/// </summary>
sealed class BlindLedger(TimeProvider clock, ILogger log) : IAsyncDisposable
{
    /// <summary>Changes that wait for the database. Each camera changes at most once a second.</summary>
    const int MaxWaiting = 10_000;

    static readonly TimeSpan WriteEvery = TimeSpan.FromSeconds(1), AliveEvery = TimeSpan.FromSeconds(5);

    readonly Lock _gate = new();
    readonly Dictionary<string, BlindStretch> _open = new(StringComparer.Ordinal);  // under _gate
    readonly Channel<BlindStretch> _changes = Channel.CreateBounded<BlindStretch>(new BoundedChannelOptions(MaxWaiting) { FullMode = BoundedChannelFullMode.DropOldest });
    readonly CancellationTokenSource _stop = new();
    readonly SemaphoreSlim _flushing = new(1, 1);   // an end must not reach the database before its beginning
    AnalysisStore? _store;
    Task _writing = Task.CompletedTask;
    WallTime? _before;

    public async Task StartAsync(AnalysisStore store, CancellationToken stop)
    {
        _store = store;
        _before = await store.AliveAsync(stop);
        if (_before is { } alive)
            await store.CloseAsync(alive, stop);
        await store.SayAliveAsync(WallTime.Now(clock), stop);
        _writing = Task.Run(WriteAsync, CancellationToken.None);
    }

    /// <summary>A camera is followed from now on: what lies between this and the last node's end nobody saw.</summary>
    public void Follow(string camera)
    {
        if (_before is { } before && before < WallTime.Now(clock))
            _changes.Writer.TryWrite(new(camera, before, WallTime.Now(clock), BlindCause.Node, "The node wasn't running."));
    }

    /// <summary>
    /// The camera is blind since <paramref name="at"/>. The same cause again changes nothing; another one, while it is blind, begins now. Until it has seen
    /// something again a crash or a start is the cause, however long what follows takes.
    /// </summary>
    public void Blind(string camera, BlindCause cause, string detail, WallTime at)
    {
        lock (_gate)
        {
            if (_open.TryGetValue(camera, out var open))
            {
                if (open.Cause == cause || (open.Cause is (BlindCause.Crash or BlindCause.Starting) && cause is (BlindCause.Starting or BlindCause.Overload)))
                    return;
                at = WallTime.Now(clock);
                if (at <= open.From)
                    at = open.From + TimeSpan.FromMilliseconds(1);      // The clock was set back: a stretch is known by its beginning.
                Close(open, at);
            }

            var begun = new BlindStretch(camera, at, null, cause, detail);
            _open[camera] = begun;
            _changes.Writer.TryWrite(begun);
        }
    }

    /// <summary>It sees again since <paramref name="at"/>; what it saw before it was blind is no sign of that.</summary>
    public void Sees(string camera, WallTime at)
    {
        lock (_gate)
        {
            if (_open.TryGetValue(camera, out var open) && at > open.From)
            {
                _open.Remove(camera);
                Close(open, at);
            }
        }
    }

    public BlindStretch? Current(string camera)
    {
        lock (_gate)
            return _open.GetValueOrDefault(camera);
    }

    public async Task<IReadOnlyList<BlindStretch>> FindAsync(string camera, WallTime from, WallTime to, int limit, CancellationToken stop)
    {
        await FlushAsync(stop);
        return await _store!.BlindAsync(camera, from, to, limit, stop);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _writing;
        if (_store is not null)
        {
            try
            {
                await FlushAsync(CancellationToken.None);
                await _store.SayAliveAsync(WallTime.Now(clock), CancellationToken.None);
            }
            catch (System.Data.Common.DbException fault)
            {
                log.LogWarning(fault, "The last entries of the ledger of blindness couldn't be written.");
            }
        }

        _stop.Dispose();
        _flushing.Dispose();
    }

    // Under _gate. A stretch is never negative, whatever the clock did.
    void Close(BlindStretch open, WallTime at) => _changes.Writer.TryWrite(open with { To = at < open.From ? open.From : at });

    async Task WriteAsync()
    {
        using var beat = new PeriodicTimer(WriteEvery, clock);
        long aliveAt = clock.GetTimestamp();
        try
        {
            while (await beat.WaitForNextTickAsync(_stop.Token))
            {
                try
                {
                    await FlushAsync(_stop.Token);
                    if (clock.GetElapsedTime(aliveAt) >= AliveEvery)
                    {
                        aliveAt = clock.GetTimestamp();
                        await _store!.SayAliveAsync(WallTime.Now(clock), _stop.Token);
                    }
                }
                catch (System.Data.Common.DbException fault)
                {
                    log.LogWarning(fault, "The ledger of blindness can't be written; it is tried again.");
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The rest is written by who stops us.
        }
    }

    async Task FlushAsync(CancellationToken stop)
    {
        await _flushing.WaitAsync(stop);
        try
        {
            var batch = new List<BlindStretch>();
            while (_changes.Reader.TryRead(out var change))
                batch.Add(change);
            if (batch.Count == 0)
                return;
            try
            {
                await _store!.WriteAsync(batch, stop);
            }
            catch
            {
                // Before what came meanwhile: of one stretch the last word counts.
                while (_changes.Reader.TryRead(out var newer))
                    batch.Add(newer);
                foreach (var change in batch)
                    _changes.Writer.TryWrite(change);
                throw;
            }
        }
        finally
        {
            _flushing.Release();
        }
    }
}
