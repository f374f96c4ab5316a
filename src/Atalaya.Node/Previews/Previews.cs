using System.Collections.Concurrent;

using Atalaya.Media;
using Atalaya.Node.Analysis;
using Atalaya.Node.Footage;
using Atalaya.Node.Health;
using Atalaya.Node.Masks;
using Atalaya.Node.Options;
using Atalaya.Node.Store;
using Atalaya.Recording;

namespace Atalaya.Node.Previews;

/// <summary>
/// Sprites of key pictures, a minute each, for whoever moves along a timeline: made when they are asked for, and before that while there is time, by the
/// analysis process, and kept under a budget. Here nothing is decoded, and no preview outlives the footage that it was made from.
/// </summary>
sealed class Previews : IHostedService, IAsyncDisposable
{
    // Twelve tiles a minute: at a day's zoom a pixel is 45 s, at an hour's two.
    static readonly TimeSpan Every = TimeSpan.FromSeconds(5);
    static readonly TimeSpan SweepEvery = TimeSpan.FromMinutes(10);

    const int TileWidth = 192, Columns = 4, LowestTile = 64, HighestTile = 256;

    // A start has better things to do; and of a minute that has just ended the last segment isn't closed yet.
    static readonly TimeSpan AheadAfter = TimeSpan.FromMinutes(2), AheadEvery = TimeSpan.FromSeconds(2), MinuteSettles = TimeSpan.FromSeconds(90);

    // Of the analysis process's threads; beyond it nothing is made that nobody asked for.
    const double MostBusy = 0.5;

    // Of the space. The rest is for what somebody looks at.
    const double AheadSpace = 0.9;

    // Minutes that wait to be made ahead; the oldest are left to whoever asks for them.
    const int MaxAhead = 10_000;

    // As many as the analysis process works on at once: one is decoded while the other is read.
    const int Workers = 2;

    // Minutes that are remembered as not decodable; beyond it they are tried again.
    const int MaxHopeless = 1000;

    readonly Recordings _recordings;
    readonly AnalysisHost _analysis;
    readonly MaskBook _book;
    readonly NodeDatabase _database;
    readonly PreviewOptions _options;
    readonly bool _analysisOn;
    readonly TimeProvider _clock;
    readonly NodeMeters _meters;
    readonly ILogger _log;
    readonly PreviewQueue _queue;
    readonly CancellationTokenSource _stop = new();
    readonly ConcurrentDictionary<PreviewMinute, string> _hopeless = new();
    readonly ConcurrentDictionary<PreviewMinute, int> _deaths = new();      // of the analysis process, while it worked on this
    PreviewCache? _cache;
    Task _tending = Task.CompletedTask, _ahead = Task.CompletedTask;
    readonly LinkedList<PreviewMinute> _waiting = [];   // the newest first; this and the next two only by whoever makes ahead
    long _latest, _hour;                                // the latest minute and the earliest hour that were looked at; 0: none yet
    int _disposed;

    public Previews(
        Recordings recordings, AnalysisHost analysis, MaskBook book, NodeDatabase database, NodeOptions options, TimeProvider clock, NodeMeters meters, ILoggerFactory logs)
    {
        _recordings = recordings;
        _analysis = analysis;
        _book = book;
        _database = database;
        _options = options.Previews;
        _analysisOn = options.Analysis.Enabled;
        _clock = clock;
        _meters = meters;
        _log = logs.CreateLogger("Atalaya.Previews");
        _queue = new(MakeAsync, Workers);
    }

    public Task StartAsync(CancellationToken stop)
    {
        _cache = new(_database.Folder.Previews, _options.Space.Bytes, _log);
        _meters.ObservePreviews(() => _cache.Bytes, () => _queue.Count);
        _tending = Task.Run(TendAsync, CancellationToken.None);
        if (_options.Ahead && _analysisOn)
            _ahead = Task.Run(MakeAheadAsync, CancellationToken.None);
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken stop) => await DisposeAsync();

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        await _stop.CancelAsync();
        await _tending;
        await _ahead;
        _stop.Dispose();
    }

    /// <param name="client">Who asks.</param>
    /// <param name="ahead">Nobody looks at it yet.</param>
    /// <exception cref="OperationCanceledException">Through <paramref name="stop"/>.</exception>
    /// <exception cref="System.Data.Common.DbException">The store can't be reached.</exception>
    public async Task<PreviewAnswer> GetAsync(PreviewMinute minute, string client, bool ahead, CancellationToken stop)
    {
        // Asked every time: what retention has deleted isn't shown, whatever is in the cache.
        if (!await IsRecordedAsync(minute, stop))
        {
            _cache!.Remove(minute);
            return new(PreviewEnd.NothingRecorded);
        }

        if (_hopeless.TryGetValue(minute, out string? fault))
            return new(PreviewEnd.Unreadable, Detail: fault);
        // Everybody sees small pictures with masks, and never with those of yesterday.
        long masks = VersionOf(minute.Camera);
        if (await _cache!.FindAsync(minute, stop) is { } kept && kept.Layout.Masks == masks)
        {
            _meters.PreviewsServed.Add(1, new KeyValuePair<string, object?>("from", "cache"));
            return new(PreviewEnd.Made, kept, IsSettled: true);
        }

        var answer = await _queue.AskAsync(minute, client, ahead, stop);
        if (answer.Sprite is { } made && made.Layout.Masks != VersionOf(minute.Camera))
            return new(PreviewEnd.Displaced, Detail: "The camera's masks were changed meanwhile.");
        if (answer.End == PreviewEnd.Made)
            _meters.PreviewsServed.Add(1, new KeyValuePair<string, object?>("from", "analysis"));
        return answer;
    }

    long VersionOf(string camera) => _book.Of(camera)?.Version ?? 0;

    async Task<bool> IsRecordedAsync(PreviewMinute minute, CancellationToken stop)
    {
        foreach (var stream in (StreamKind[])[StreamKind.Main, StreamKind.Sub])
        {
            if ((await _recordings.Archive.TimelineAsync(minute.Camera, stream, minute.From, minute.To, stop: stop)).Recorded.Count > 0)
                return true;
        }

        return false;
    }

    async Task<PreviewAnswer> MakeAsync(PreviewMinute minute, CancellationToken stop)
    {
        long began = _clock.GetTimestamp();
        var masks = _book.Of(minute.Camera);
        // The sub-stream where there is one: a tenth of the work, and a tile is smaller still.
        var set = await _recordings.Archive.KeyPicturesAsync(minute.Camera, StreamKind.Sub, minute.From, minute.To, Every, stop);
        if (set.Pictures.Count == 0)
            set = await _recordings.Archive.KeyPicturesAsync(minute.Camera, StreamKind.Main, minute.From, minute.To, Every, stop);
        if (set.Pictures.Count == 0)
            return new(PreviewEnd.NothingRecorded);

        // One decoder a sprite: where a camera changed its format in this minute, the format with more pictures.
        var group = set.Pictures.GroupBy(p => Convert.ToHexString(p.Format.Configuration.Span), StringComparer.Ordinal).MaxBy(g => g.Count())!.ToList();
        var format = group[0].Format;
        int height = TileHeight(format);
        int? process = _analysis.Status().Process;
        var result = await _analysis.MakeSpriteAsync(new(format, [.. group.Select(p => p.Data)], TileWidth, height, Columns) { Plan = masks?.Plan }, stop);
        switch (result.End)
        {
            case SpriteEnd.Unavailable:
                _meters.PreviewsFailed.Add(1, new KeyValuePair<string, object?>("reason", "unavailable"));
                // It died over this, not before: the second time these pictures are left alone.
                if (process is not null && _analysis.Status().Process != process && _deaths.AddOrUpdate(minute, 1, (_, n) => n + 1) > 1)
                    return Hopeless(minute, result.Fault);
                return new(PreviewEnd.Unavailable, Detail: result.Fault);
            case SpriteEnd.Unreadable:
                return Hopeless(minute, result.Fault);
        }

        var tiles = group.Select((p, i) => new PreviewTileJson(p.At.Milliseconds, i % Columns * TileWidth, i / Columns * height)).Where((_, i) => result.Shown[i]).ToList();
        if (tiles.Count == 0)
            return Hopeless(minute, "None of its pictures can be decoded.");
        var sprite = PreviewSprite.Of(result.Jpeg, new(TileWidth, height, tiles, masks?.Version ?? 0));
        _deaths.TryRemove(minute, out _);
        _meters.PreviewsMade.Record(_clock.GetElapsedTime(began).TotalSeconds);
        if (set.IsSettled)
            await _cache!.PutAsync(minute, sprite, CancellationToken.None);
        return new(PreviewEnd.Made, sprite, set.IsSettled);
    }

    PreviewAnswer Hopeless(PreviewMinute minute, string fault)
    {
        _meters.PreviewsFailed.Add(1, new KeyValuePair<string, object?>("reason", "unreadable"));
        if (_hopeless.Count >= MaxHopeless)
            _hopeless.Clear();
        if (_deaths.Count >= MaxHopeless)
            _deaths.Clear();
        _hopeless[minute] = fault;
        return new(PreviewEnd.Unreadable, Detail: fault);
    }

    static int TileHeight(VideoFormat format)
    {
        int height = format.Width > 0 && format.Height > 0 ? TileWidth * format.Height / format.Width : TileWidth * 9 / 16;
        return Math.Clamp(height, LowestTile, HighestTile) / 2 * 2;
    }

    /// <summary>Finds what is kept, then takes away, again and again, what was made from footage that is deleted.</summary>
    async Task TendAsync()
    {
        try
        {
            _cache!.Load(_stop.Token);
            using var beat = new PeriodicTimer(SweepEvery, _clock);
            do
            {
                try
                {
                    await SweepAsync(_stop.Token);
                }
                catch (System.Data.Common.DbException fault)
                {
                    _log.LogWarning("Previews can't be compared with the archive, the store is away: {Fault}", fault.Message);
                }
            }
            while (await beat.WaitForNextTickAsync(_stop.Token));
        }
        catch (OperationCanceledException)
        {
            // The node stops.
        }
    }

    async Task MakeAheadAsync()
    {
        try
        {
            using var first = new PeriodicTimer(AheadAfter, _clock);
            await first.WaitForNextTickAsync(_stop.Token);
            using var beat = new PeriodicTimer(AheadEvery, _clock);
            do
            {
                try
                {
                    if (_queue.Count == 0 && _analysis.Busy <= MostBusy)
                        await MakeNextAsync(_stop.Token);
                }
                catch (Exception fault) when (fault is System.Data.Common.DbException or IOException)
                {
                    _log.LogDebug(fault, "A preview wasn't made ahead.");
                }
            }
            while (await beat.WaitForNextTickAsync(_stop.Token));
        }
        catch (OperationCanceledException)
        {
            // The node stops.
        }
    }

    /// <summary>Makes the newest sprite that isn't there yet.</summary>
    /// <returns>False: there is none to make, no room for it, or analysis isn't there.</returns>
    internal async Task<bool> MakeNextAsync(CancellationToken stop)
    {
        while (await FindNextAsync(stop) is { } minute)
        {
            if (_hopeless.ContainsKey(minute) || _cache!.Has(minute))
                continue;
            var answer = await GetAsync(minute, "ahead", ahead: true, stop);
            if (answer.End == PreviewEnd.Made)
                return true;
            if (answer.End == PreviewEnd.Unavailable)
                return false;
        }

        return false;
    }

    async Task<PreviewMinute?> FindNextAsync(CancellationToken stop)
    {
        long newest = PreviewMinute.Of(WallTime.Now(_clock) - MinuteSettles) - 1;
        if (_latest == 0)
        {
            _latest = newest - (newest % 60) - 1;
            _hour = newest / 60;
        }

        if (newest > _latest)
        {
            await AddAsync(Math.Max(_latest + 1, newest - 60), newest, atFront: true, stop);
            _latest = newest;
        }

        // Backwards, an hour at a time, while there is room and anything is left.
        while (_waiting.Count == 0 && _hour > 0 && _cache!.Bytes < _options.Space.Bytes * AheadSpace)
        {
            _hour--;
            if (!await AddAsync(_hour * 60, (_hour * 60) + 59, atFront: false, stop))
                _hour = 0;
        }

        if (_waiting.First is not { } next)
            return null;
        _waiting.RemoveFirst();
        return next.Value;
    }

    /// <returns>False: nothing was recorded then or before.</returns>
    async Task<bool> AddAsync(long first, long last, bool atFront, CancellationToken stop)
    {
        WallTime from = new PreviewMinute("", first).From, to = new PreviewMinute("", last).To;
        var minutes = new SortedSet<(long Minute, string Camera)>();
        bool earlier = false;
        foreach (var stream in (StreamKind[])[StreamKind.Main, StreamKind.Sub])
        {
            foreach (var (camera, timeline) in await _recordings.Archive.TimelinesAsync(stream, from, to, stop: stop))
            {
                earlier |= timeline.Oldest < to;
                foreach (var span in timeline.Recorded)
                {
                    for (long m = Math.Max(first, PreviewMinute.Of(span.From)); m <= last && new PreviewMinute(camera, m).From < span.To; m++)
                        minutes.Add((m, camera));
                }
            }
        }

        foreach (var (minute, camera) in atFront ? minutes : minutes.Reverse())
        {
            if (atFront)
                _waiting.AddFirst(new PreviewMinute(camera, minute));
            else
                _waiting.AddLast(new PreviewMinute(camera, minute));
        }

        while (_waiting.Count > MaxAhead)
            _waiting.RemoveLast();
        return earlier;
    }

    internal async Task SweepAsync(CancellationToken stop)
    {
        foreach (var kept in _cache!.Known().GroupBy(m => m.Camera, StringComparer.Ordinal))
        {
            var minutes = kept.OrderBy(m => m.Minute).ToList();
            var recorded = new List<WallSpan>();
            foreach (var stream in (StreamKind[])[StreamKind.Main, StreamKind.Sub])
                recorded.AddRange((await _recordings.Archive.TimelineAsync(kept.Key, stream, minutes[0].From, minutes[^1].To, stop: stop)).Recorded);
            recorded.Sort((a, b) => a.To.CompareTo(b.To));
            foreach (var minute in minutes)
            {
                if (!recorded.Exists(s => s.From < minute.To && s.To > minute.From))
                    _cache.Remove(minute);
            }
        }
    }
}
