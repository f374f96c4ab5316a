using Atalaya.Analysis.Codec;
using Atalaya.Analysis.Detect;
using Atalaya.Analysis.Motion;
using Atalaya.Analysis.Rules;
using Atalaya.Analysis.Tracks;
using Atalaya.Analysis.Wire;
using Atalaya.Incidents;
using Atalaya.Media;

namespace Atalaya.Analysis.Child;

/// <summary>One stream from its access units to what was seen in it: decoder, motion gate, detector, tracker, rules.</summary>
/// <remarks>One thread at a time, not always the same.</remarks>
sealed class AnalysedStream(int channel, MessageLink link, TimeProvider clock) : IDisposable
{
    /// <summary>A picture older than this is decoded, because others are made from it, and not looked at: what it shows is past.</summary>
    static readonly TimeSpan Stale = TimeSpan.FromSeconds(1);

    // After the last motion the detector goes on so long: who stops walking is still there.
    const double HoldSeconds = 2;

    // What is tracked and doesn't move is looked at this often.
    const double StillSeconds = 1;

    // A track's surroundings that are looked at, in its own size.
    const float Reach = 0.4f;

    /// <summary>Units whose pictures may still be inside the decoder.</summary>
    const int MaxPending = 64;

    readonly MotionGate _gate = new();
    readonly LumaShrinker _shrinker = new();
    readonly Dictionary<long, UnitHead> _pending = [];      // by presentation
    readonly List<Box> _where = [];
    CameraHead _camera = new(channel, "", 5, 1, false, [], "", "UTC");
    FormatHead? _format;
    byte[] _configuration = [];
    PictureDecoder? _decoder;
    Tracker _tracker = new(TrackerOptions.Default);
    RuleSet _rules = new([], null, TimeZoneInfo.Utc);
    SceneStatistics? _scene;
    byte[] _luma = [], _lumaBefore = [];
    IReadOnlyList<Track> _tracks = [];
    Detector? _detector;            // of the thread that works now
    MediaTime _due, _lastMotion, _lastDetection;
    bool _fresh = true;             // nothing was looked at in this run
    int _trackers;
    long _decoded, _analysed, _detected, _stale;
    double _seconds;
    string _fault = "";

    public double Weight => Math.Clamp(_camera.Weight, 0.01, 100);

    /// <summary>In the last picture.</summary>
    public bool IsMoving { get; private set; }

    public StreamFigures Figures { get; private set; } = new(channel, 0, 0, 0, 0, 0, 0);

    public void Take(object head, ReadOnlyMemory<byte> bytes, Detector? detector)
    {
        _detector = detector;
        long started = clock.GetTimestamp();
        switch (head)
        {
            case CameraHead camera:
                Configure(camera);
                break;
            case FormatHead format:
                Open(format, bytes.ToArray());
                break;
            case UnitHead unit:
                Decode(unit, bytes.Span);
                _seconds += clock.GetElapsedTime(started).TotalSeconds;
                Figures = new(channel, _decoded, _analysed, _detected, _stale, _decoder?.Broken ?? 0, _seconds);
                Send(MessageKind.Done, new(channel, unit.Sequence), WireJson.Default.DoneHead);
                break;
            case ChannelHead:
                EndRun();
                break;
        }
    }

    /// <summary>Once a second while nothing else happens: rules about pictures that don't come.</summary>
    public void Silence()
    {
        var events = _rules.Silence(WallTime.Now(clock));
        if (events.Count > 0)
            Send(MessageKind.Events, new(channel, [.. events]), WireJson.Default.EventsHead);
    }

    public void Dispose() => _decoder?.Dispose();

    void Configure(CameraHead camera)
    {
        bool other = camera.Rules != _camera.Rules || camera.Zone != _camera.Zone || !camera.Classes.SequenceEqual(_camera.Classes);
        bool reopen = camera.Hardware != _camera.Hardware || camera.Device != _camera.Device;
        _camera = camera;
        if (other)
            BeginRules();

        if (reopen && _format is not null)
            Open(_format, _configuration);
    }

    double Aspect => _format is { Height: > 0, Width: > 0 } ? _format.Width / (double)_format.Height : 16 / 9.0;

    void BeginRules()
    {
        NewTracker();
        // The node checked them; what it accepted and this can't read is a fault to be shown, not to die of.
        GroundPlane? ground = null;
        string fault = "";
        var config = _camera.Rules.Length == 0 ? new() : RuleReader.Read(_camera.Rules, Aspect, out var faults);
        if (config is null)
            fault = "Its rules can't be read.";
        else if (config.Ground is { } calibration)
            ground = GroundPlane.Of(calibration, Aspect, out fault);
        if (fault.Length > 0)
            Report(fault);
        if (!TimeZoneInfo.TryFindSystemTimeZoneById(_camera.Zone, out var zone))
            zone = TimeZoneInfo.Utc;
        _rules = new(config?.Rules ?? [], ground, zone, Aspect);
    }

    void NewTracker()
    {
        _tracker = new(TrackerOptions.Default with { Aspect = Aspect });
        _trackers++;
        _tracks = [];
    }

    void Open(FormatHead format, byte[] configuration)
    {
        double before = Aspect;
        _format = format;
        _configuration = configuration;
        if (!Aspect.Equals(before))
            BeginRules();
        _pending.Clear();
        _decoder?.Dispose();
        var options = new DecoderOptions { Skip = _camera.KeysOnly ? DecoderSkip.NonKey : DecoderSkip.None, Hardware = _camera.Hardware, Device = _camera.Device };
        Report(PictureDecoder.TryOpen(format.ToFormat(configuration), options, out _decoder, out string fault) ? "" : fault);
    }

    void EndRun()
    {
        _decoder?.Flush(static (in _, _) => { });
        _pending.Clear();
        _fresh = true;
        IsMoving = false;
        NewTracker();
    }

    void Decode(UnitHead unit, ReadOnlySpan<byte> bytes)
    {
        if (_decoder is null)
            return;
        if (_pending.Count >= MaxPending)
            _pending.Clear();
        _pending[unit.Presentation] = unit;
        _decoder.Decode(bytes, new(unit.Presentation), OnPicture);
        if (_camera.KeysOnly)
            _decoder.Flush(OnPicture);
    }

    void OnPicture(in Picture picture, MediaTime at)
    {
        _decoded++;
        if (!_pending.Remove(at.Ticks, out var unit))
            return;     // A damaged stream's time, which nobody asked about.
        var interval = MediaTime.FromSeconds(1 / Math.Clamp(_camera.Rate, 0.01, 100));
        // A picture a little early is the one that was meant: cameras keep no exact pace.
        if (!_fresh && at + new MediaTime(interval.Ticks / 10) < _due)
            return;
        if (new TimeSpan((MonotonicTime.Now(clock).Nanoseconds - unit.Arrival) / TimeSpan.NanosecondsPerTick) > Stale)
        {
            _stale++;
            return;
        }

        _due = _fresh || _due + interval + interval < at ? at + interval : _due + interval;
        _analysed++;
        Look(picture, at, unit);
        _fresh = false;
    }

    void Look(in Picture picture, MediaTime at, UnitHead unit)
    {
        int rows = Math.Min(MotionGate.RowsFor(picture.Width, picture.Height), picture.Height), cells = MotionGate.Columns * rows;
        if (picture.Width < MotionGate.Columns)
            return;     // Smaller than a postage stamp: no camera's.
        if (_luma.Length != cells)
        {
            _luma = new byte[cells];
            _lumaBefore = [];
        }

        _shrinker.Shrink(picture, _luma, MotionGate.Columns, rows);
        IsMoving = _gate.Update(_luma, rows, at);
        if (IsMoving)
            _lastMotion = at;
        _scene = SceneStatistics.Of(_luma, MotionGate.Columns, rows, MotionGate.Columns, _lumaBefore, _scene);
        if (_lumaBefore.Length != cells)
            _lumaBefore = new byte[cells];
        _luma.CopyTo(_lumaBefore, 0);

        bool detect = _detector is not null && WantsDetection(at);
        if (detect)
            Track(picture, at);
        var events = _rules.Update(_tracks, at, new(unit.Wall), _scene);
        var seen = new List<SeenTrack>();
        foreach (var track in _tracks)
        {
            if (track.IsConfirmed)
                seen.Add(new(track.Id, track.Class, track.Box, track.Score, track.IsCoasting, track.Born, track.BornBox, track.VelocityX, track.VelocityY));
        }

        var result = new ResultHead(
            channel, at.Ticks, unit.Wall, unit.Arrival, _gate.IsLearning, _gate.SceneChanged, detect, [.. _gate.Regions], seen, [.. events], _trackers);
        Send(MessageKind.Result, result, WireJson.Default.ResultHead, IsMoving ? _gate.Heat.ToArray() : default);
    }

    bool WantsDetection(MediaTime at) =>
        IsMoving || _fresh || (!_gate.IsLearning && (at - _lastMotion).Seconds < HoldSeconds) || (_tracks.Count > 0 && (at - _lastDetection).Seconds >= StillSeconds);

    void Track(in Picture picture, MediaTime at)
    {
        // Where it moves, and where something was; the whole picture when neither is known yet.
        _where.Clear();
        _where.AddRange(_gate.Regions);
        foreach (var track in _tracks)
        {
            float x = Math.Clamp(track.Box.X - (track.Box.Width * Reach), 0, 1), y = Math.Clamp(track.Box.Y - (track.Box.Height * Reach), 0, 1);
            var box = new Box(
                x, y, Math.Clamp(track.Box.Right + (track.Box.Width * Reach), 0, 1) - x, Math.Clamp(track.Box.Bottom + (track.Box.Height * Reach), 0, 1) - y);
            if (box.Width > 0 && box.Height > 0)
                _where.Add(box);
        }

        var found = _detector!.Detect(picture, System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_where));
        Span<Detection> wanted = new Detection[found.Count];
        int count = 0;
        foreach (var detection in found)
        {
            if (_camera.Classes.Count == 0 || _camera.Classes.Contains(detection.Class))
                wanted[count++] = detection;
        }

        _tracks = _tracker.Update(wanted[..count], at);
        _lastDetection = at;
        _detected++;
    }

    void Report(string fault)
    {
        if (fault == _fault)
            return;
        _fault = fault;
        Send(MessageKind.Fault, new(channel, fault), WireJson.Default.FaultHead);
    }

    void Send<T>(MessageKind kind, T head, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type, ReadOnlyMemory<byte> bytes = default) =>
        link.SendAsync(kind, head, type, bytes, CancellationToken.None).GetAwaiter().GetResult();
}
