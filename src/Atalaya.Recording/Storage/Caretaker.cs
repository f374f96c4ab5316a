using System.Collections.Concurrent;
using System.Data.Common;
using Atalaya.Media;
using Microsoft.Extensions.Logging;

namespace Atalaya.Recording.Storage;

/// <summary>
/// Looks after an archive's footage once it is recorded: removes what its time is over for, moves what another tier is for, keeps what is held, and
/// says how long the room will last. In small steps, a few every second.
/// </summary>
/// <remarks>
/// One pass at a time; whatever is asked in between waits for the pass. What an object store is asked goes on beside the passes, one thing at a time for each
/// store: one that is slow or hangs holds up nothing but itself.
/// </remarks>
public sealed class Caretaker : IAsyncDisposable
{
    static readonly TimeSpan Step = TimeSpan.FromSeconds(1);

    /// <summary>Removals and rows of one step.</summary>
    const int Batch = 64;

    /// <summary>Counting may take 1 % of the time, but is done at least this often: what was recorded since isn't in the sums.</summary>
    static readonly TimeSpan ShortestCount = TimeSpan.FromSeconds(15), LongestCount = TimeSpan.FromMinutes(10);

    /// <summary>A pass waits so long for object stores in all, then goes on without them. 2 s: deletions and holds come as the second after.</summary>
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>An absent volume is looked for so often.</summary>
    static readonly TimeSpan Look = TimeSpan.FromSeconds(30);

    readonly Archive _archive;
    readonly StorageConfig _config;
    readonly VolumeIndex _index;
    readonly VolumeSet _volumes;
    readonly SegmentRemoval _removal;
    readonly SegmentMove _move;
    readonly TimeProvider _clock;
    readonly ILogger _log;
    readonly SemaphoreSlim _pass = new(1, 1);
    readonly CancellationTokenSource _over = new();
    readonly ConcurrentQueue<(StoredSegment Segment, string To)> _arrived = new();      // in a store, by whoever sent it
    volatile IReadOnlyDictionary<string, RetentionLimits> _own = new Dictionary<string, RetentionLimits>();
    volatile StorageStatus _status = StorageStatus.Unknown;

    // All below: by whoever has _pass.
    Tally? _tally;
    MonotonicTime _countAt, _lookAt, _last;
    double _removals, _moveBytes;   // that may be done by now
    long _removed, _removedBytes, _moved, _movedBytes;      // the first also by those who ask stores: Interlocked
    readonly Dictionary<string, Task> _errands = new(StringComparer.Ordinal);       // what a store is at, by its name
    MonotonicTime _patientUntil;
    StoredSegment? _leaving;        // on its way to a store
    string? _fault;

    internal Caretaker(Archive archive, VolumeIndex index)
    {
        _archive = archive;
        _config = archive.Storage;
        _index = index;
        _volumes = archive.Volumes;
        _clock = archive.Clock;
        _log = archive.Log;
        _removal = new(index, _volumes, _clock, _log);
        _move = new(index, _volumes, _log);
        _last = MonotonicTime.Now(_clock);
        _removals = _config.DeleteRate;
        _moveBytes = _config.MoveRate;
    }

    /// <summary>As of the last pass.</summary>
    public StorageStatus Status => _status;

    /// <summary>Limits of cameras that have their own; all others get the default.</summary>
    public void Limit(IReadOnlyDictionary<string, RetentionLimits> own) => _own = own;

    /// <summary>Until it is stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        using var timer = new PeriodicTimer(Step, _clock);
        try
        {
            do
                await PassAsync(stop);
            while (await timer.WaitForNextTickAsync(stop));
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // The way this ends.
        }
    }

    /// <param name="ended">Also those that were released or have expired.</param>
    /// <exception cref="DbException">The index can't be asked.</exception>
    public Task<IReadOnlyList<Hold>> HoldsAsync(bool ended, CancellationToken stop = default) => Task.Run(() => _index.Holds(ended), stop);

    /// <exception cref="DbException">The index can't be asked.</exception>
    public Task<HoldAssessment> AssessAsync(HoldRequest request, CancellationToken stop = default) => AloneAsync(() => Task.FromResult(Assess(request)), stop);

    /// <summary>Makes a hold, unless it has effects that nobody accepted.</summary>
    /// <returns>Without a hold: see the warnings.</returns>
    /// <exception cref="DbException">The index can't be written; there is no hold.</exception>
    public Task<(Hold? Hold, HoldAssessment Assessment)> HoldAsync(HoldRequest request, bool accept, CancellationToken stop = default) => AloneAsync(
        () =>
        {
            var assessment = Assess(request);
            if (assessment.NeedsAcceptance && !accept)
                return Task.FromResult<(Hold?, HoldAssessment)>((null, assessment));
            var hold = new Hold(
                Guid.NewGuid().ToString("N"), request.Cameras, request.Stream, request.From, request.To, request.Reason, request.Owner, WallTime.Now(_clock), request.Expires,
                null, null);
            _index.Add(hold);
            _tally = null;
            _log.LogInformation("Hold {Id} by {Owner} on {Cameras} from {From} to {To}: {Reason}", hold.Id, hold.Owner, string.Join(", ", hold.Cameras), hold.From, hold.To, hold.Reason);
            return Task.FromResult<(Hold?, HoldAssessment)>((hold, assessment));
        }, stop);

    /// <summary>False if there is no such hold in force.</summary>
    /// <exception cref="DbException">The index can't be written; the hold stays.</exception>
    public Task<bool> ReleaseAsync(string id, string by, string why, CancellationToken stop = default) => AloneAsync(
        () =>
        {
            bool released = _index.End(id, WallTime.Now(_clock), by, why);
            _tally = null;
            if (released)
                _log.LogInformation("Hold {Id} was released by {By}: {Why}", id, by, why);
            return Task.FromResult(released);
        }, stop);

    /// <summary>What stores are at is broken off: the next process finishes it.</summary>
    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        await Task.WhenAll(_errands.Values).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _pass.Dispose();
        _over.Dispose();
    }

    /// <summary>One step. Never throws but when stopped: what fails is told in the status and tried again.</summary>
    internal async Task PassAsync(CancellationToken stop)
    {
        await _pass.WaitAsync(stop);
        try
        {
            await Task.Run(() => WorkAsync(stop), stop);
            _fault = null;
        }
        catch (Exception e) when (e is DbException or IOException or UnauthorizedAccessException)
        {
            if (_fault is null)
                _log.LogError(e, "Footage is neither removed nor moved just now; tried again every second.");
            _fault = e.Message;
            _status = _status with { Fault = _fault };
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            if (_fault is null)
                _log.LogError(e, "Looking after the footage failed.");
            _fault = e.Message;
            _status = _status with { Fault = _fault };
        }
        finally
        {
            _pass.Release();
        }
    }

    async Task<T> AloneAsync<T>(Func<Task<T>> work, CancellationToken stop)
    {
        await _pass.WaitAsync(stop);
        try
        {
            return await Task.Run(work, stop);
        }
        finally
        {
            _pass.Release();
        }
    }

    async Task WorkAsync(CancellationToken stop)
    {
        var now = WallTime.Now(_clock);
        var monotonic = MonotonicTime.Now(_clock);
        double seconds = Math.Clamp((monotonic - _last).TotalSeconds, 0, 10);
        _last = monotonic;
        // What wasn't needed a moment ago isn't saved up: the rate is a bound for every two seconds.
        _removals = Math.Min(_removals + (seconds * _config.DeleteRate), 2 * _config.DeleteRate);
        _moveBytes = Math.Min(_moveBytes + (seconds * _config.MoveRate), _config.MoveRate);

        if (monotonic >= _lookAt)
        {
            _lookAt = monotonic + Look;
            await _archive.LookForVolumesAsync(stop);
        }

        _patientUntil = monotonic + Patience;
        foreach (var store in _volumes.Stores.Where(s => s.IsDue))
            await AskAsync(store, over => _archive.IdentifyAsync(store, over), stop);

        foreach (var hold in _index.Holds().Where(h => h.Expires <= now))
        {
            _index.End(hold.Id, now, Hold.Expiry, null);
            _log.LogInformation("Hold {Id} by {Owner} has expired.", hold.Id, hold.Owner);
            _tally = null;
        }

        if (_tally is null || monotonic >= _countAt)
        {
            _tally = Tally.Count(_index, now);
            var took = MonotonicTime.Now(_clock) - monotonic;
            _countAt = monotonic + (took * 100 < ShortestCount ? ShortestCount : took * 100 > LongestCount ? LongestCount : took * 100);
        }

        var fills = Fills(_tally);
        if (_removals >= 1)
        {
            Remove(_tally, fills, now);
            // Also what a process before this one marked, and what a volume refused.
            Interlocked.Add(ref _removed, _removal.Sweep(Batch));
            foreach (var store in _volumes.Stores.Where(s => s.IsReady))
                await AskAsync(store, over => SweepAsync(store, over), stop);
        }

        await MoveAsync(_tally, now, stop);
        Arrive(_tally);
        _status = Describe(_tally, Fills(_tally), now);
    }

    sealed record Fill(VolumeConfig Config, long Capacity, long Free, long Used, long Held, long Reserve)
    {
        public bool HasLimit => Capacity > 0;

        /// <summary>What footage has or may have without touching the reserve.</summary>
        public long Room => HasLimit ? Math.Max(0, Used + Free - Reserve) : long.MaxValue;
        public long Left => HasLimit ? Free - Reserve : long.MaxValue;
    }

    /// <summary>Volumes that are in use.</summary>
    List<Fill> Fills(Tally tally)
    {
        var fills = new List<Fill>();
        foreach (var volume in _volumes.Local.Where(v => v.Hung is null))
        {
            long used = tally.Used(volume.Name);
            var space = volume.Space(used);
            fills.Add(new(volume.Config, space.Capacity, space.Free, used, tally.Held(volume.Name), volume.Config.Reserve.Of(space.Capacity)));
        }

        foreach (var store in _volumes.Stores.Where(s => s.IsReady))
        {
            long used = tally.Used(store.Name), most = store.Config.MaxBytes ?? 0;
            fills.Add(new(store.Config, most, Math.Max(0, most - used), used, tally.Held(store.Name), store.Config.Reserve.Of(most)));
        }

        return fills;
    }

    RetentionLimits LimitsOf(string camera) => _own.GetValueOrDefault(camera) ?? _config.Retention;

    void Remove(Tally tally, List<Fill> fills, WallTime now)
    {
        int most = (int)Math.Min(_removals, Batch);
        var cameras = tally.Shelves.GroupBy(s => s.Camera, StringComparer.Ordinal)
            .ToDictionary(g => g.Key, g => new CameraKeep(LimitsOf(g.Key), g.Sum(s => s.Bytes - s.Held)), StringComparer.Ordinal);
        var limited = fills.Where(f => f.HasLimit).ToList();
        var tight = limited.Where(f => f.Left < 0).Select(f => f.Config.Name).ToHashSet(StringComparer.Ordinal);
        var shelves = new List<StreamShelf>();
        foreach (var shelf in tally.Shelves)
        {
            var keep = cameras[shelf.Camera];
            WallTime? cutoff = keep.Limits.Age is { } age ? now - age : null;
            bool due = tight.Contains(shelf.Volume) || shelf.Oldest < cutoff || keep.Unheld > keep.Limits.Bytes;
            if (!due || _volumes.Find(shelf.Volume) is not { Hung: null } && _volumes.FindStore(shelf.Volume) is not { IsReady: true })
                continue;
            shelves.Add(new(shelf.Volume, shelf.Camera, shelf.Stream, tally.Heads(shelf, cutoff, Batch), []));
        }

        if (shelves.Count == 0)
            return;
        foreach (var fill in limited.Where(f => f.Free < f.Reserve / 4 && f.Held > f.Room))
            shelves.Add(new(fill.Config.Name, "", StreamKind.Main, [], tally.Overrun(fill.Config.Name, fill.Room, Batch)));
        var volumes = limited.ConvertAll(f => new VolumeFill(f.Config.Name, f.Free, f.Reserve, f.Used - f.Held, IsRelieved(f, fills)));
        var removals = RetentionPlan.Make(now, volumes, shelves, cameras, most);
        if (removals.Count == 0)
            return;
        _removal.Mark(removals.ConvertAll(r => (r.Segment, Detail(r, cameras[r.Segment.Camera].Limits, tally))));
        foreach (var (segment, cause) in removals)
        {
            tally.Removed(segment, cause == RemovalCause.Overrun);
            _removedBytes += segment.Bytes;
        }

        _removals -= removals.Count;
    }

    static bool IsRelieved(Fill fill, List<Fill> fills) => fills.Exists(f => f.Config.Tier > fill.Config.Tier && (!f.HasLimit || f.Left > -f.Reserve / 4));

    static string Detail(Removal removal, RetentionLimits limits, Tally tally)
    {
        var s = removal.Segment;
        bool wasHeld = tally.AllHolds.Any(h => h.Ended is not null && h.Covers(s.Camera, s.Stream) && h.From < s.End && h.Span.To > s.Start);
        string why = removal.Cause switch
        {
            RemovalCause.Age => $"Retention: {InWords.Of(limits.Age!.Value)}.",
            RemovalCause.Bytes => $"Retention: {InWords.Of(limits.Bytes!.Value)}.",
            RemovalCause.Overrun => $"It was held, but holds needed more of volume '{s.Volume}' than they may use.",
            _ => $"Retention: the reserve of volume '{s.Volume}'.",
        };
        return wasHeld ? $"A hold ended. {why}" : why;
    }

    /// <summary>
    /// Does with a store what takes as long as it takes. False: it is still at that, or at what it was asked before; whoever has the pass goes on meanwhile.
    /// </summary>
    /// <exception cref="IOException">It failed, now or since the last pass.</exception>
    async Task<bool> AskAsync(ObjectVolume store, Func<CancellationToken, Task> work, CancellationToken stop)
    {
        if (_errands.TryGetValue(store.Name, out var before))
        {
            if (!before.IsCompleted)
                return false;
            _errands.Remove(store.Name);
            await before;
        }

        var errand = Task.Run(() => work(_over.Token), _over.Token);
        _errands[store.Name] = errand;
        var left = _patientUntil - MonotonicTime.Now(_clock);
        if (left > TimeSpan.Zero)
        {
            using var enough = CancellationTokenSource.CreateLinkedTokenSource(stop);
            await Task.WhenAny(errand, Task.Delay(left, _clock, enough.Token));
            await enough.CancelAsync();
        }

        stop.ThrowIfCancellationRequested();
        if (!errand.IsCompleted)
            return false;
        _errands.Remove(store.Name);
        await errand;
        return true;
    }

    async Task SweepAsync(ObjectVolume store, CancellationToken stop) => Interlocked.Add(ref _removed, await _removal.SweepAsync(store, Batch, stop));

    async Task SendAsync(StoredSegment segment, Segment row, string to, CancellationToken stop)
    {
        if (await _move.RunAsync(segment, row, to, stop))
            _arrived.Enqueue((segment, to));
    }

    /// <summary>Counts what has come to stores. A count of the index that was made meanwhile may have it already, until the next one.</summary>
    void Arrive(Tally tally)
    {
        while (_arrived.TryDequeue(out var arrived))
        {
            Moved(tally, arrived.Segment, arrived.To);
            // The original is marked now.
            Interlocked.Add(ref _removed, _removal.Sweep(Batch));
        }
    }

    void Moved(Tally tally, StoredSegment segment, string to)
    {
        bool held = tally.Holds.Holding(segment.Camera, segment.Stream, segment.Start, segment.End) is not null;
        tally.Moved(segment, to, held);
        _moved++;
        _movedBytes += segment.Bytes;
    }

    async Task MoveAsync(Tally tally, WallTime now, CancellationToken stop)
    {
        if (_volumes.Local.Count + _volumes.Stores.Count < 2)
            return;
        for (int i = 0; i < Batch && _moveBytes > 0; i++)
        {
            // A store that is still at something is no place to send to.
            var fills = Fills(tally).FindAll(f => _errands.GetValueOrDefault(f.Config.Name) is not { IsCompleted: false });
            var tiers = fills.ConvertAll(f => new TierFill(
                f.Config.Name, f.Config.Tier, f.HasLimit ? f.Room : long.MaxValue, f.HasLimit ? f.Left + (f.Reserve / 4) : long.MaxValue, Movable(tally, f.Config.Name)?.Oldest));
            // Recording first: a disk that makes its writer wait isn't given more to do.
            if (TierPlan.Next(now, tiers, _config) is not var (from, to) || _volumes.Local.Any(v => v.IsStrained) || Movable(tally, from) is not { } shelf)
                return;
            var segments = _index.From(from, shelf.Camera, shelf.Stream, shelf.Oldest, 2);
            if (segments.Count == 0 || _archive.Row(shelf.Camera, new(segments[0].Start.Milliseconds, shelf.Stream)) is not { } row)
            {
                shelf.Oldest = new(long.MaxValue);
                continue;
            }

            var segment = segments[0];
            shelf.Oldest = segments.Count > 1 ? segments[1].Start : new(long.MaxValue);
            if (segment == _leaving && _errands.Values.Any(e => !e.IsCompleted))
                continue;
            _moveBytes -= segment.Bytes;
            if (_volumes.FindStore(to) is { } store)
            {
                _leaving = segment;
                await AskAsync(store, over => SendAsync(segment, row, to, over), stop);
                Arrive(tally);
            }
            else if (await _move.RunAsync(segment, row, to, stop))
            {
                Moved(tally, segment, to);
                Interlocked.Add(ref _removed, _removal.Sweep(Batch));
            }
        }
    }

    /// <summary>The shelf of a volume with the oldest footage.</summary>
    static Shelf? Movable(Tally tally, string volume) =>
        tally.Shelves.Where(s => s.Volume == volume && s.Oldest.Microseconds != long.MaxValue).MinBy(s => s.Oldest.Microseconds);

    /// <summary>Volumes whose footage is one: with a further tier all of them, otherwise each fast one for itself.</summary>
    List<StoragePool> Pools(Tally tally, List<Fill> fills)
    {
        bool further = fills.Exists(f => f.Config.Tier != VolumeTier.Fast);
        var homes = tally.Rates.Keys.Select(s => (s.Camera, Home: tally.Home(s.Camera, s.Stream))).Distinct().ToList();
        return further
            ? [new([.. fills.Select(f => f.Config.Name)], fills.TrueForAll(f => f.HasLimit) ? fills.Sum(f => f.Room) : null, fills.Sum(f => f.Held), [.. tally.Cameras])]
            : fills.ConvertAll(f => new StoragePool([f.Config.Name], f.Room, f.Held, [.. homes.Where(h => h.Home == f.Config.Name).Select(h => h.Camera).Distinct()]));
    }

    HoldAssessment Assess(HoldRequest request)
    {
        var now = WallTime.Now(_clock);
        var tally = _tally ??= Tally.Count(_index, now);
        var end = request.To ?? new WallTime(long.MaxValue);
        var effects = new List<HoldEffect>();
        foreach (var pool in Pools(tally, Fills(tally)).Where(p => p.Room is not null))
        {
            long added = 0, addedPerDay = 0;
            foreach (var (camera, stream) in StreamsOf(request, tally))
            {
                if (!pool.Cameras.Contains(camera))
                    continue;
                foreach (var part in Unheld(tally.Holds.Of(camera, stream), new(request.From, end)))
                {
                    added += _index.Bytes(camera, stream, part.From, part.To, default).Where(b => pool.Volumes.Contains(b.Volume)).Sum(b => b.Bytes);
                    long rate = tally.Rates.GetValueOrDefault((camera, stream));
                    var from = part.From > now ? part.From : now;
                    if (part.To.Microseconds == long.MaxValue)
                        addedPerDay += rate;
                    else if (part.To > from)
                        added += (long)(rate * (part.To - from).TotalDays);
                }
            }

            var ages = pool.Cameras.Select(c => LimitsOf(c).Age).ToList();
            var oldest = tally.Shelves.Where(s => pool.Volumes.Contains(s.Volume) && s.Bytes > s.Held && s.Oldest.Microseconds != long.MaxValue).Select(s => s.Oldest).DefaultIfEmpty(now).Min();
            var wanted = ages.Count > 0 && ages.TrueForAll(a => a is not null) ? ages.Max()!.Value : now - oldest;
            effects.Add(new(
                pool.Volumes.Count == 1 ? $"volume '{pool.Volumes[0]}'" : $"volumes {string.Join(", ", pool.Volumes.Select(v => $"'{v}'"))}",
                pool.Room!.Value, pool.Held, added, addedPerDay, pool.Cameras.Sum(tally.Rate), wanted));
        }

        return HoldAssessor.Assess(effects, _config.HoldsAlarm);
    }

    static IEnumerable<(string Camera, StreamKind Stream)> StreamsOf(HoldRequest request, Tally tally) =>
        tally.Rates.Keys.Where(s => request.Cameras.Contains(s.Camera, StringComparer.Ordinal) && (request.Stream is null || request.Stream == s.Stream));

    /// <summary>What of a stretch no hold keeps.</summary>
    static IEnumerable<WallSpan> Unheld(IReadOnlyList<WallSpan> held, WallSpan stretch)
    {
        var at = stretch.From;
        foreach (var span in held.Where(s => s.To > stretch.From && s.From < stretch.To))
        {
            if (span.From > at)
                yield return new(at, span.From);
            at = span.To > at ? span.To : at;
        }

        if (at < stretch.To)
            yield return new(at, stretch.To);
    }

    StorageStatus Describe(Tally tally, List<Fill> fills, WallTime now)
    {
        var reach = new Dictionary<string, TimeSpan?>(StringComparer.Ordinal);
        foreach (var pool in Pools(tally, fills))
        {
            var cameras = pool.Cameras.ToDictionary(c => c, c => (tally.Rate(c), LimitsOf(c)), StringComparer.Ordinal);
            foreach (var (camera, span) in StorageForecast.Reach(pool.Room - pool.Held, cameras))
                reach[camera] = span;
        }

        return new(
            now,
            [.. _config.Volumes.Select(v => Describe(v, fills.Find(f => f.Config.Name == v.Name), tally, fills, now))],
            [.. tally.Cameras.Select(c =>
            {
                var mine = tally.Shelves.Where(s => s.Camera == c).ToList();
                var oldest = mine.Where(s => s.Bytes > 0).Select(s => (WallTime?)s.Oldest).Min();
                return new CameraStorage(c, LimitsOf(c), _own.ContainsKey(c), mine.Sum(s => s.Bytes), mine.Sum(s => s.Held), tally.Rate(c), reach.GetValueOrDefault(c),
                    oldest?.Microseconds == long.MaxValue ? null : oldest);
            })],
            _fault, _removed, _removedBytes, _moved, _movedBytes);
    }

    VolumeStatus Describe(VolumeConfig config, Fill? fill, Tally tally, List<Fill> fills, WallTime now)
    {
        string place = config.Tier == VolumeTier.Object ? config.Store!.ToString() : config.Path;
        var shelves = tally.Shelves.Where(s => s.Volume == config.Name && s.Bytes > 0).ToList();
        WallTime? oldest = shelves.Count == 0 ? null : shelves.Min(s => s.Oldest);
        if (oldest?.Microseconds == long.MaxValue)
            oldest = null;
        var store = _volumes.FindStore(config.Name);
        string? id = _volumes.Find(config.Name)?.Identity?.Volume ?? store?.Identity?.Volume;
        if (fill is null || store?.Fault is not null)
        {
            var condition = store?.Identity is not null ? VolumeCondition.Unreachable : VolumeCondition.Refused;
            if (_volumes.Find(config.Name)?.Hung is { } since)
            {
                return new(config.Name, config.Tier, id, place, VolumeCondition.Unreachable, StorageLevel.Alarm,
                    $"Its disk hasn't come back from a call for {since.TotalSeconds:0} s. Look at its cables, its controller and the system's log.",
                    0, 0, tally.Used(config.Name), 0, tally.Held(config.Name), 0, 0, null, oldest);
            }

            string why = store?.Fault ?? _volumes.Refusal(config.Name) ?? "It hasn't been looked at yet.";
            return new(config.Name, config.Tier, id, place, condition, condition == VolumeCondition.Unreachable ? StorageLevel.Warning : StorageLevel.Alarm,
                condition == VolumeCondition.Unreachable ? $"{why} Footage stays where it is until it answers." : why,
                0, 0, tally.Used(config.Name), 0, tally.Held(config.Name), 0, 0, null, oldest);
        }

        var next = fills.Where(f => f.Config.Tier > config.Tier).OrderBy(f => f.Config.Tier).FirstOrDefault();
        long perDay = PerDay(config, tally, fills);
        var fullIn = fill.HasLimit && fill.Left > 0 && perDay > 0 ? StorageForecast.FullIn(fill.Room, fill.Used, Flows(config, tally, next is not null, perDay)) : null;
        var (state, level, detail) = Judge(fill, fullIn, next?.Config.Name, oldest is { } from ? now - from : TimeSpan.Zero);
        return new(config.Name, config.Tier, id, place, state, level, detail, fill.Capacity, fill.HasLimit ? fill.Free : 0, fill.Used, fill.Reserve, fill.Held,
            fill.HasLimit ? fill.Room : 0, perDay, fullIn, oldest);
    }

    /// <summary>What comes to a volume in a day: what is recorded to it, or what the tiers before it have no room for.</summary>
    long PerDay(VolumeConfig config, Tally tally, List<Fill> fills)
    {
        if (config.Tier == VolumeTier.Fast)
            return tally.Rates.Where(r => tally.Home(r.Key.Camera, r.Key.Stream) == config.Name).Sum(r => r.Value);
        bool flows = fills.Exists(f => f.Config.Tier < config.Tier && f.Left < f.Room * (1 - _config.MoveAt))
            || (config.Tier == VolumeTier.Large ? _config.LargeAfter : _config.ObjectAfter) is not null;
        return flows ? tally.Rates.Values.Sum() / Math.Max(1, fills.Count(f => f.Config.Tier == config.Tier)) : 0;
    }

    List<(long PerDay, long Bytes, double? Most)> Flows(VolumeConfig config, Tally tally, bool further, long perDay)
    {
        var movesAfter = !further ? null : config.Tier == VolumeTier.Fast ? _config.LargeAfter ?? _config.ObjectAfter : _config.ObjectAfter;
        if (config.Tier != VolumeTier.Fast)
            return [(perDay, tally.Used(config.Name), null)];
        return [.. tally.Rates.Where(r => tally.Home(r.Key.Camera, r.Key.Stream) == config.Name).GroupBy(r => r.Key.Camera, StringComparer.Ordinal).Select(g =>
        {
            long rate = g.Sum(r => r.Value);
            double? days = StorageForecast.OwnLimit(rate, LimitsOf(g.Key));
            if (movesAfter is { } moves)
                days = Math.Min(days ?? double.MaxValue, moves.TotalDays);
            return (rate, tally.Shelves.Where(s => s.Volume == config.Name && s.Camera == g.Key).Sum(s => s.Bytes - s.Held), days * rate);
        })];
    }

    (VolumeCondition State, StorageLevel Level, string Detail) Judge(Fill fill, TimeSpan? fullIn, string? next, TimeSpan reach)
    {
        if (fill.HasLimit && fill.Held > fill.Room)
        {
            return (VolumeCondition.HoldsOverrun, StorageLevel.Alarm,
                $"Holds need {InWords.Of(fill.Held)} and may use {InWords.Of(fill.Room)}: recording goes on in the reserve, and held footage beyond it goes. Release a hold, or add room.");
        }

        if (fill.HasLimit && fill.Free < fill.Reserve / 4)
            return (VolumeCondition.BelowReserve, StorageLevel.Alarm, $"Less than a quarter of its reserve is left ({InWords.Of(fill.Free)}). Something else may be filling the disk.");
        double part = fill.HasLimit ? fill.Held / (double)Math.Max(1, fill.Room) : 0;
        if (part >= _config.HoldsWarn)
        {
            return (VolumeCondition.HoldsHigh, part >= _config.HoldsAlarm ? StorageLevel.Alarm : StorageLevel.Warning,
                $"Holds use {part:P0} of what they may ({InWords.Of(fill.Room)}). Beyond that recording would depend on the reserve.");
        }

        if (fill.HasLimit && fill.Left <= fill.Reserve / 20)
            return (VolumeCondition.Full, StorageLevel.Ok, next is null ? $"Full: the oldest footage makes room for the newest. It reaches back {InWords.Of(reach)}." : $"Full: the oldest footage moves to volume '{next}'.");
        return fullIn is { } span
            ? (VolumeCondition.Filling, StorageLevel.Ok, $"Full in {InWords.Of(span)} at today's rate; then the oldest footage {(next is null ? "goes" : $"moves to volume '{next}'")}.")
            : (VolumeCondition.Steady, StorageLevel.Ok, "It will not be full at today's rate.");
    }
}
