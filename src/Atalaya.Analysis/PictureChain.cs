using System.Runtime.InteropServices;

using Atalaya.Analysis.Codec;
using Atalaya.Analysis.Detect;
using Atalaya.Analysis.Motion;
using Atalaya.Analysis.Rules;
using Atalaya.Analysis.Tracks;
using Atalaya.Incidents;
using Atalaya.Media;

namespace Atalaya.Analysis;

/// <summary>
/// What the pictures of one camera go through: motion gate, detector where it moves, tracker, rules. One and the same for live streams and
/// for clips that are judged, so that what is measured is what is sold.
/// </summary>
/// <remarks>One thread at a time.</remarks>
public sealed class PictureChain
{
    // After the last motion the detector goes on so long: who stops walking is still there.
    const double HoldSeconds = 2;

    // What is tracked and doesn't move is looked at this often.
    const double StillSeconds = 1;

    // A track's surroundings that are looked at, in its own size.
    const float Reach = 0.4f;

    // A pole sways about its place by less; who turns a camera takes it further at once.
    const double MostSway = 0.04;

    // Less of the picture in motion, and it wasn't the camera. Whether it was costs about as much as the gate itself.
    const float LeastMovedByCamera = 0.3f;

    readonly MotionGate _gate = new();
    readonly LumaShrinker _shrinker = new();
    readonly List<Box> _where = [];
    readonly List<Detection> _wanted = [];
    RuleConfig _config = new();
    IReadOnlyList<ObjectClass> _classes = [];
    TimeZoneInfo _zone = TimeZoneInfo.Utc;
    TrackerOptions _options = TrackerOptions.Default;
    Tracker? _tracker;
    RuleSet? _rules;
    double _aspect = 16 / 9.0;
    SceneStatistics? _scene;
    byte[] _luma = [], _lumaBefore = [];
    MediaTime? _last;
    MediaTime _lastMotion, _lastDetection;
    CameraMotion _turned = CameraMotion.None, _sway = CameraMotion.None, _strayed = CameraMotion.None;

    public MotionGate Gate => _gate;

    /// <summary>In the last picture.</summary>
    public bool IsMoving { get; private set; }

    /// <summary>The camera turned, zoomed or shook in the last picture, by more than sway.</summary>
    public bool IsTurning { get; private set; }

    /// <summary>The last picture was looked at by the detector.</summary>
    public bool WasDetected { get; private set; }

    /// <summary>Trackers so far: each numbers its tracks anew.</summary>
    public int TrackerCount { get; private set; }

    /// <summary>After the last picture, also unconfirmed and coasting. Valid until the next.</summary>
    public IReadOnlyList<Track> Tracks { get; private set; } = [];

    /// <summary>Other rules, or other classes: tracks and rules begin anew.</summary>
    /// <param name="config">As <see cref="RuleCheck"/> lets it pass.</param>
    /// <param name="zone">Of the site, for schedules.</param>
    /// <param name="classes">What to track; empty: everything the model knows.</param>
    public void Configure(RuleConfig config, TimeZoneInfo zone, IReadOnlyList<ObjectClass> classes, TrackerOptions? options = null)
    {
        (_config, _zone, _classes, _options) = (config, zone, classes, options ?? TrackerOptions.Default);
        _rules = null;
        EndRun();
    }

    /// <summary>The next picture has nothing to do with the last.</summary>
    public void EndRun()
    {
        _tracker = null;
        _last = null;
        _turned = _sway = _strayed = CameraMotion.None;
        Tracks = [];
        IsMoving = IsTurning = false;
    }

    /// <param name="detector">Null where there is no model: motion, and rules about the scene.</param>
    /// <param name="always">Look everywhere, whether or not anything moves: for single pictures, which can't.</param>
    /// <returns>What was raised. Reused by the next call.</returns>
    public IReadOnlyList<RuleEvent> Look(in Picture picture, MediaTime at, WallTime wall, Detector? detector, bool always = false)
    {
        int rows = Math.Min(MotionGate.RowsFor(picture.Width, picture.Height), picture.Height), cells = MotionGate.Columns * rows;
        WasDetected = false;
        if (picture.Width < MotionGate.Columns || rows < SceneStatistics.Rows)
            return [];     // Smaller than a postage stamp: no camera's.
        Prepare(picture.Width / (double)picture.Height, cells);
        (_luma, _lumaBefore) = (_lumaBefore, _luma);
        _shrinker.Shrink(picture, _luma, MotionGate.Columns, rows);
        ReadOnlySpan<byte> before = _last is null ? [] : _lumaBefore;
        IsMoving = _gate.Update(_luma, rows, at);
        if (IsMoving)
            _lastMotion = at;
        _scene = SceneStatistics.Of(_luma, MotionGate.Columns, rows, MotionGate.Columns, before, _scene);
        IsTurning = Turn(before, rows, at);
        if (IsTurning && _gate.Sway == CameraMotion.None)
        {
            // A mean of pictures of several places is one of none.
            _gate.LearnAnew(at);
            _strayed = CameraMotion.None;
            IsMoving = false;
        }

        if (detector is not null && (always || WantsDetection(at)))
            Follow(picture, at, detector, everywhere: always || _last is null || _gate.IsLearning);
        _last = at;
        return _rules!.Update(Tracks, at, wall, _scene, IsTurning);
    }

    /// <summary>Once a second or so while no picture comes: rules about that.</summary>
    /// <returns>Reused by the next call.</returns>
    public IReadOnlyList<RuleEvent> Silence(WallTime wall) => (_rules ??= RulesFor(_aspect)).Silence(wall);

    RuleSet RulesFor(double aspect) => new(_config.Rules, _config.Ground is { } ground ? GroundPlane.Of(ground, aspect, out _) : null, _zone, aspect);

    void Prepare(double aspect, int cells)
    {
        if (aspect != _aspect || _rules is null)
        {
            _aspect = aspect;
            _rules = RulesFor(aspect);
            _tracker = null;
        }

        if (_tracker is null)
        {
            _tracker = new(_options with { Aspect = aspect });
            TrackerCount++;
        }

        if (_luma.Length != cells)
        {
            (_luma, _lumaBefore) = (new byte[cells], new byte[cells]);
            _last = null;
        }
    }

    // Since the last detection, for the tracker, and in this picture, for the rules.
    bool Turn(ReadOnlySpan<byte> before, int rows, MediaTime at)
    {
        var swayed = _sway;
        _sway = _gate.Sway;
        if (_last is not { } last)
            return false;
        CameraMotion motion;
        bool sways = false;
        if (_sway != CameraMotion.None || (swayed != CameraMotion.None && !_gate.IsLearning))
        {
            // Both pictures were laid over the same one: no second look, and no error that sums up.
            motion = swayed.Inverse().Then(_sway);
            sways = IsSway(_sway);
        }
        else if ((_gate.IsLearning || _gate.SceneChanged || Moved() > LeastMovedByCamera)
            && CameraMotion.Estimate(before, _luma, MotionGate.Columns, rows, MotionGate.Columns) is { } found)
        {
            motion = found;
            // While the scene is learned there is nothing yet to lay pictures over: how far it has gone meanwhile says the same.
            _strayed = _gate.SceneChanged || !_gate.IsLearning ? found : _strayed.Then(found);
            sways = IsSway(_strayed);
        }
        else
        {
            return false;
        }

        _turned = _turned.Then(motion);
        return !sways && motion.IsMoving((at - last).Seconds);
    }

    static bool IsSway(CameraMotion fromRest) => Math.Max(Math.Abs(fromRest.ShiftX), Math.Abs(fromRest.ShiftY)) < MostSway;

    float Moved()
    {
        float area = 0;
        foreach (var region in _gate.Regions)
            area += region.Area;
        return area;
    }

    // While the gate learns, it can't say that nothing moves.
    bool WantsDetection(MediaTime at) =>
        IsMoving || _last is null || _gate.IsLearning || (at - _lastMotion).Seconds < HoldSeconds || (Tracks.Count > 0 && (at - _lastDetection).Seconds >= StillSeconds);

    void Follow(in Picture picture, MediaTime at, Detector detector, bool everywhere)
    {
        // Where it moves, and where something was.
        _where.Clear();
        if (!everywhere)
        {
            _where.AddRange(_gate.Regions);
            foreach (var track in Tracks)
                AddSurroundings(track.Box);
            if (_where.Count == 0)
                return;
        }

        _wanted.Clear();
        foreach (var detection in detector.Detect(picture, CollectionsMarshal.AsSpan(_where)))
        {
            if (_classes.Count == 0 || _classes.Contains(detection.Class))
                _wanted.Add(detection);
        }

        Tracks = _tracker!.Update(CollectionsMarshal.AsSpan(_wanted), at, _turned == CameraMotion.None ? null : _turned);
        _turned = CameraMotion.None;
        _lastDetection = at;
        WasDetected = true;
    }

    void AddSurroundings(Box box)
    {
        float x = Math.Clamp(box.X - (box.Width * Reach), 0, 1), y = Math.Clamp(box.Y - (box.Height * Reach), 0, 1);
        var around = new Box(x, y, Math.Clamp(box.Right + (box.Width * Reach), 0, 1) - x, Math.Clamp(box.Bottom + (box.Height * Reach), 0, 1) - y);
        if (around.Width > 0 && around.Height > 0)
            _where.Add(around);
    }
}
