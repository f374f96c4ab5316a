using Atalaya.Analysis.Motion;
using Atalaya.Analysis.Rules;
using Atalaya.Analysis.Wire;
using Atalaya.Cameras;
using Atalaya.Incidents;
using Atalaya.Media;

namespace Atalaya.Node.Analysis;

/// <summary>What one analysed picture of a camera showed.</summary>
/// <param name="Media">On the clock of <paramref name="Stream"/>'s run.</param>
/// <param name="Wall">When the picture came.</param>
/// <param name="Width">Of the picture, pixels.</param>
/// <param name="Tracker">Who numbered the tracks: another one begins anew at 1.</param>
sealed record SeenPicture(
    string Camera, StreamKind Stream, MediaTime Media, WallTime Wall, int Width, int Height, long Tracker, bool Learning, IReadOnlyList<Box> Moving,
    IReadOnlyList<SeenTrack> Tracks)
{
    /// <summary>The camera turned or shook: rules wait.</summary>
    public bool Turning { get; init; }

    /// <summary>Places of faces, where they were looked for to be covered.</summary>
    public IReadOnlyList<SeenFace> Faces { get; init; } = [];
}

/// <summary>How the analysis of one camera goes.</summary>
/// <param name="Asked">Pictures a second.</param>
/// <param name="Present">Pictures a second that it is asked for at present: less, in halves, while there isn't time for all.</param>
/// <param name="Given">Over the last seconds.</param>
/// <param name="Age">From a picture's arrival to its result, the last one.</param>
/// <param name="LastAt">When the last picture came that was looked at.</param>
sealed record FeedStatus(
    string Camera, bool Enabled, StreamKind Stream, double Asked, double Present, double Given, TimeSpan? Age, WallTime? LastAt, bool IsMoving, int Tracks, BlindStretch? Blind,
    long Analysed, long Detected, long Stale, long Broken, long Skipped);

/// <summary>
/// Brings one camera's pictures to the analysis process, as many as the asked rate needs and never more than it takes: what doesn't fit is thrown away up to
/// the next key frame. Takes what comes back, and notes when nothing does.
/// </summary>
/// <remarks>One loop sends; results come on the host's loop; <see cref="Tick"/> once a second. What two of them touch is volatile or under the gate.</remarks>
sealed class AnalysisFeed : IAsyncDisposable
{
    /// <summary>Units that may wait for credit: two seconds of most sub-streams.</summary>
    const int Queue = 60;
    const long QueueBytes = 8 << 20;

    /// <summary>Ticks without a result after which a camera is blind, and ticks of half the rate.</summary>
    const int SilentTicks = 5, SlowTicks = 10;

    /// <summary>How many boxes of one picture we believe.</summary>
    const int MaxBoxes = 256;

    readonly Camera _camera;
    readonly AnalysisHost _host;
    readonly Quarantine _quarantine;
    readonly BlindLedger _ledger;
    readonly MotionHeat _heat;
    readonly Action<SceneEvent> _onEvent;
    readonly Action<SeenPicture> _onSeen;
    readonly TimeProvider _clock;
    readonly ILogger _log;
    readonly CancellationTokenSource _stop = new();
    readonly Lock _gate = new();
    CancellationTokenSource _changed = new();       // under _gate; cancelled when settings change
    CameraAnalysis _settings;                       // under _gate to write
    volatile AnalysisLine? _line;
    volatile StreamKind _fed;                       // what _line gets
    volatile string _fault = "";
    volatile SeenPicture? _latest;
    volatile VideoFormat? _format;      // of what was sent last
    StreamFigures? _figures;
    long _skipped, _unitsAt, _resultsAt, _figuresAt, _ageTicks = -1, _started;
    readonly Queue<(long At, long Analysed)> _rates = [];   // under _gate: of the last seconds
    int _slow;                                              // ticks; touched only by Tick
    readonly RateSteps _steps = new();                      // touched only by Tick
    double _presentRate;                                    // what the process is asked for; written by Tick, read by the loop that sends
    readonly Task _running;

    public AnalysisFeed(
        Camera camera, CameraAnalysis settings, AnalysisHost host, Quarantine quarantine, BlindLedger ledger, MotionHeat heat, Action<SceneEvent> onEvent, Action<SeenPicture> onSeen, TimeProvider clock, ILogger log)
    {
        _camera = camera;
        _settings = settings;
        _host = host;
        _quarantine = quarantine;
        _ledger = ledger;
        _heat = heat;
        _onEvent = onEvent;
        _onSeen = onSeen;
        _clock = clock;
        _log = log;
        _started = clock.GetTimestamp();
        _running = Task.Run(RunAsync);
    }

    public CameraAnalysis Settings => Volatile.Read(ref _settings);

    /// <summary>The last picture that was looked at; null before the first.</summary>
    public SeenPicture? Latest => _latest;

    public void Change(CameraAnalysis settings)
    {
        if (!settings.Equals(Settings))
            BeginAnew(settings);
    }

    void BeginAnew(CameraAnalysis settings)
    {
        CancellationTokenSource before;
        lock (_gate)
        {
            _settings = settings;
            before = _changed;
            _changed = new();
        }

        before.Cancel();
    }

    public StreamKind Stream(CameraAnalysis settings) => settings.Stream ?? (_camera.Config.Sub is null ? StreamKind.Main : StreamKind.Sub);

    public FeedStatus Status()
    {
        var settings = Settings;
        var figures = Volatile.Read(ref _figures);
        long age = Interlocked.Read(ref _ageTicks);
        return new(
            _camera.Id, settings.Enabled, Stream(settings), settings.Rate, Volatile.Read(ref _presentRate) is > 0 and var present ? Math.Min(present, settings.Rate) : settings.Rate, settings.Enabled ? Given() : 0, age < 0 ? null : new TimeSpan(age), _latest?.Wall,
            _latest?.Moving.Count > 0, _latest?.Tracks.Count ?? 0, _ledger.Current(_camera.Id),
            figures?.Analysed ?? 0, figures?.Detected ?? 0, figures?.Stale ?? 0, figures?.Broken ?? 0, Interlocked.Read(ref _skipped));
    }

    /// <summary>Once a second: is it blind, and why; does the process hang on one of its units.</summary>
    public void Tick(TimeSpan patience)
    {
        var settings = Settings;
        var line = _line;
        // One that waits for its turn hangs nowhere; but a process that says nothing either does.
        if (line?.OldestSent is { } oldest && MonotonicTime.Now(_clock).Nanoseconds - oldest > patience.Ticks * TimeSpan.NanosecondsPerTick
            && Since(Interlocked.Read(ref _figuresAt)) > patience.TotalSeconds)
            _host.End(line, $"Nothing came of {_camera.Id} for {patience.TotalSeconds:0} s.");

        // The camera got a sub-stream, or lost it.
        if (line is not null && _fed != Stream(settings))
            BeginAnew(settings);

        var host = _host.Status();
        double sinceUnit = Since(Interlocked.Read(ref _unitsAt)), sinceResult = Since(Interlocked.Read(ref _resultsAt));
        var latest = _latest;
        double silent = Math.Max(SilentTicks, 3 / settings.Rate);
        if (line is not null)
            _steps.Tick(settings.Rate, Given(), Fps(settings), _host.Busy);
        else
            _steps.Reset();
        Volatile.Write(ref _presentRate, _steps.Of(settings.Rate));
        bool slow = Given() < settings.Rate / 2 && Given() < Fps(settings) / 2;
        _slow = slow ? _slow + 1 : 0;
        (BlindCause, string)? cause =
            !settings.Enabled || host.State == AnalysisState.Off ? (BlindCause.Off, "Analysis is switched off.")
            : _quarantine.Stay(_camera.Id) is { } stay
                ? (BlindCause.Quarantined, $"Its pictures ended the analysis process {stay.Deaths} times; it is looked at again at {stay.Until}.")
            : host.State != AnalysisState.Running ? host.Restarts == 0 ? (BlindCause.Starting, "") : (BlindCause.Crash, host.Reason)
            : _fault.Length > 0 ? (BlindCause.Unreadable, _fault)
            : sinceUnit > silent ? (BlindCause.NoPictures, "")
            : sinceResult > silent ? (BlindCause.Overload, "No result for seconds.")
            : _slow > SlowTicks ? (BlindCause.Overload, $"{Given():0.0} of {settings.Rate:0.0} pictures a second.")
            : null;
        if (cause is var (why, detail))
            _ledger.Blind(_camera.Id, why, detail, why != BlindCause.Off && latest is not null ? latest.Wall : WallTime.Now(_clock));
        else if (latest is not null && sinceResult <= silent)
            _ledger.Sees(_camera.Id, latest.Wall);
    }

    /// <summary>The process ended: blind since the last picture that it told of, however soon it is back.</summary>
    public void OnProcessEnded(string reason)
    {
        if (Settings.Enabled && _latest is { } latest)
            _ledger.Blind(_camera.Id, BlindCause.Crash, reason, latest.Wall);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _ledger.Sees(_camera.Id, WallTime.Now(_clock));
        _stop.Dispose();
        _changed.Dispose();
    }

    // Of a moment that never was: since this feed began.
    double Since(long timestamp) => _clock.GetElapsedTime(timestamp == 0 ? _started : timestamp).TotalSeconds;

    double Fps(CameraAnalysis settings) => _camera.Status().Streams.FirstOrDefault(s => s.Stream == Stream(settings))?.FramesPerSecond ?? 0;

    double Given()
    {
        lock (_gate)
        {
            if (_rates.Count < 2)
                return 0;
            var (first, last) = (_rates.Peek(), _rates.Last());
            double seconds = _clock.GetElapsedTime(first.At, last.At).TotalSeconds;
            return seconds <= 0 ? 0 : (last.Analysed - first.Analysed) / seconds;
        }
    }

    async Task RunAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            CancellationToken changed;
            CameraAnalysis settings;
            lock (_gate)
                (settings, changed) = (_settings, _changed.Token);
            using var until = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token, changed);
            try
            {
                if (!settings.Enabled)
                {
                    await Task.Delay(Timeout.InfiniteTimeSpan, _clock, until.Token);
                }
                else if (_quarantine.Stay(_camera.Id) is { } stay)
                {
                    var pause = stay.Until - WallTime.Now(_clock);
                    await Task.Delay(pause > TimeSpan.Zero ? pause : TimeSpan.FromMilliseconds(1), _clock, until.Token);
                }
                else
                {
                    using var line = await _host.OpenAsync(until.Token);
                    using var attached = CancellationTokenSource.CreateLinkedTokenSource(until.Token, line.Ended);
                    try
                    {
                        await FeedAsync(line, settings, attached.Token);
                    }
                    finally
                    {
                        _line = null;
                        _host.Close(line);
                        if (line.IsBlamed)
                            _quarantine.Note(_camera.Id);
                    }
                }
            }
            catch (OperationCanceledException)
            {
                // Stopped, changed, or the process ended: whichever it was, the loop knows.
            }
            catch (IOException)
            {
                // The process ended; the host says why.
            }
            catch (Exception fault)
            {
                _log.LogError(fault, "{Camera}: its pictures can't be brought to analysis.", _camera.Id);
                await Pause();
            }
        }

        async Task Pause()
        {
            try
            {
                await Task.Delay(TimeSpan.FromSeconds(1), _clock, _stop.Token);
            }
            catch (OperationCanceledException)
            {
                // The loop ends.
            }
        }
    }

    async Task FeedAsync(AnalysisLine line, CameraAnalysis settings, CancellationToken stop)
    {
        var stream = _fed = Stream(settings);
        using var reader = _camera.Hub(stream).Open(Queue, Overflow.SkipToKeyFrame, default, QueueBytes);
        _fault = "";
        Volatile.Write(ref _figures, null);
        lock (_gate)
            _rates.Clear();
        line.OnFault = fault => _fault = fault;
        Interlocked.Exchange(ref _figuresAt, _clock.GetTimestamp());
        line.OnFigures = figures => TakeFigures(line, figures);
        line.OnEvents = Take;
        line.OnResult = (result, heat) => Take(line, result, heat, stream);
        _line = line;
        bool keysOnly = false;
        double rate = settings.Rate;
        await ConfigureAsync();
        VideoFormat? format = null;
        var pace = new KeyPace();
        while (await reader.WaitAsync(stop))
        {
            while (reader.TryRead(out var item))
            {
                try
                {
                    if (item.Skipped > 0)
                        Interlocked.Add(ref _skipped, item.Skipped);
                    if (item.Break is not null)
                    {
                        pace.Break();
                        await line.SendAsync(MessageKind.Break, new(line.Number), WireJson.Default.ChannelHead, default, stop);
                    }
                    else if (item.Unit is { IsVideo: true } unit)
                    {
                        Interlocked.Exchange(ref _unitsAt, _clock.GetTimestamp());
                        await SendAsync(unit);
                    }
                }
                finally
                {
                    item.Unit?.Release();
                }
            }
        }

        async Task SendAsync(AccessUnit unit)
        {
            if (Volatile.Read(ref _presentRate) is > 0 and var present && present != rate)
            {
                rate = present;
                await ConfigureAsync();
            }

            if (unit.IsKey)
            {
                bool enough = pace.IsEnough(unit.Presentation, rate);
                if (enough != keysOnly)
                {
                    keysOnly = enough;
                    format = null;
                    await ConfigureAsync();
                }
            }
            else if (keysOnly)
            {
                return;
            }

            if (!ReferenceEquals(format, unit.Format))
            {
                var next = (VideoFormat)unit.Format;
                if (format is null || !format.Equals(next))
                    await line.SendAsync(MessageKind.Format, new(line.Number, next.Codec, next.CodecString, next.Width, next.Height), WireJson.Default.FormatHead, next.Configuration, stop);
                format = _format = next;
            }

            await line.SendUnitAsync(unit, MonotonicTime.Now(_clock).Nanoseconds, stop);
        }

        Task ConfigureAsync() => line.SendAsync(
            MessageKind.Camera, new(line.Number, _camera.Id, rate, settings.Priority, keysOnly, settings.Classes, settings.Rules, _clock.LocalTimeZone.Id)
            {
                Hardware = _host.Options.Hardware,
                Device = _host.Options.Device.Length == 0 ? null : _host.Options.Device,
            },
            WireJson.Default.CameraHead, default, stop);
    }

    void TakeFigures(AnalysisLine line, StreamFigures figures)
    {
        if (figures.Working > _host.Options.Patience.TotalSeconds)
            _host.End(line, $"A picture of {_camera.Id} took longer than {_host.Options.Patience.TotalSeconds:0} s.");
        Interlocked.Exchange(ref _figuresAt, _clock.GetTimestamp());
        Volatile.Write(ref _figures, figures);
        lock (_gate)
        {
            _rates.Enqueue((_clock.GetTimestamp(), figures.Analysed));
            while (_rates.Count > 6)
                _rates.Dequeue();
        }
    }

    // What comes from a process that reads strangers' video is looked at before it is believed.
    void Take(AnalysisLine line, ResultHead result, ReadOnlyMemory<byte> heat, StreamKind stream)
    {
        Check(result, heat, _camera.Id);
        var now = WallTime.Now(_clock);
        var wall = new WallTime(result.Wall);
        if (wall > now + TimeSpan.FromSeconds(10) || wall < now - TimeSpan.FromMinutes(5))
            throw new WireException($"A result for {_camera.Id} claims to be of {wall}.");
        Interlocked.Exchange(ref _resultsAt, _clock.GetTimestamp());
        Interlocked.Exchange(ref _ageTicks, Math.Max(0, (MonotonicTime.Now(_clock).Nanoseconds - result.Arrival) / TimeSpan.NanosecondsPerTick));
        var format = _format;
        var seenPicture = new SeenPicture(
            _camera.Id, stream, new(result.Presentation), wall, format?.Width ?? 0, format?.Height ?? 0, ((long)line.Number << 32) | (uint)result.Tracker, result.Learning,
            result.Moving, result.Tracks)
        {
            Turning = result.Turning,
        };
        _latest = seenPicture;
        _onSeen(seenPicture);
        _heat.Add(_camera.Id, wall, heat.Span, result.Learning);
        Take(result.Events);
        // Slowness ends when the rate is right again, which is seen from second to second; everything else with the first picture.
        if (_ledger.Current(_camera.Id) is { Cause: not BlindCause.Overload })
            _ledger.Sees(_camera.Id, wall);
    }

    /// <exception cref="WireException">It holds what no picture shows.</exception>
    internal static void Check(ResultHead result, ReadOnlyMemory<byte> heat, string camera)
    {
        if (result.Moving.Count > MaxBoxes || result.Tracks.Count > MaxBoxes || result.Events.Count > MaxBoxes
            || result.Faces.Count > MaxBoxes
            || !result.Moving.Concat(result.Tracks.SelectMany(t => (Box[])[t.Box, t.BornBox])).Concat(result.Faces.Select(f => f.Box)).All(IsSound) || heat.Length is not (0 or MotionGate.HeatColumns * MotionGate.HeatRows))
            throw new WireException($"A result for {camera} makes no sense.");
    }

    void Take(IReadOnlyList<RuleEvent> events)
    {
        if (events.Count > MaxBoxes || events.Any(e => e.Rule.Length > 200 || (e.Box is { } box && !IsSound(box))))
            throw new WireException($"Events of {_camera.Id} make no sense.");
        foreach (var seen in events)
            _onEvent(seen.ToSceneEvent(Guid.CreateVersion7(_clock.GetUtcNow()), _camera.Id));
    }

    static bool IsSound(Box box) =>
        float.IsFinite(box.X) && float.IsFinite(box.Y) && box.Width >= 0 && box.Height >= 0 && float.IsFinite(box.Width) && float.IsFinite(box.Height)
        && Math.Abs(box.X) < 10 && Math.Abs(box.Y) < 10 && box.Width < 10 && box.Height < 10;
}
