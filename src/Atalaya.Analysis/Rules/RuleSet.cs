using Atalaya.Analysis.Tracks;
using Atalaya.Incidents;
using Atalaya.Media;

namespace Atalaya.Analysis.Rules;

/// <summary>
/// The rules of one camera and what they remember. Driven by pictures and by nothing else: the same tracks at the same times give the
/// same events, live, from the archive or in a test. Not for two threads at once.
/// </summary>
public sealed class RuleSet
{
    // What a camera shows in the moment after a move is blurred and found anew; two pictures at the lowest rate.
    static readonly MediaTime Settles = MediaTime.FromSeconds(2);

    // Longer without a picture, and nothing can be said of what went on meanwhile: no dwelling, no way from there to here.
    static readonly MediaTime Jump = MediaTime.FromSeconds(10);

    readonly Slot[] _slots;
    readonly List<RuleEvent> _events = [];
    MediaTime? _last;
    WallTime _lastWall;
    MediaTime? _movedAt;

    /// <param name="rules">As <see cref="RuleCheck"/> lets them pass.</param>
    /// <param name="ground">Null: filters in metres let everything pass.</param>
    /// <param name="zone">Of the site, for schedules.</param>
    /// <param name="aspect">Width of the picture over its height.</param>
    public RuleSet(IReadOnlyList<Rule> rules, GroundPlane? ground, TimeZoneInfo zone, double aspect = 16 / 9.0)
    {
        Rules = rules;
        Ground = ground;
        Zone = zone;
        Aspect = aspect;
        _slots = [.. rules.Where(r => r.Enabled).Select(r => new Slot(r, WatchOf(r)))];
    }

    public IReadOnlyList<Rule> Rules { get; }
    public GroundPlane? Ground { get; }
    public TimeZoneInfo Zone { get; }
    public double Aspect { get; }

    /// <summary>After each analysed picture, also one without tracks. Time that runs backwards, or jumps by more than 10 s, begins a new run.</summary>
    /// <param name="tracks">As <see cref="Tracker.Update"/> gave them.</param>
    /// <param name="scene">Of the same picture, if it was made; rules about the scene wait for one.</param>
    /// <param name="cameraMoves">The camera turns or zooms: nothing is raised until it has rested for 2 s, and what was about to be is forgotten.</param>
    /// <returns>Reused by the next call.</returns>
    public IReadOnlyList<RuleEvent> Update(IReadOnlyList<Track> tracks, MediaTime at, WallTime wall, SceneStatistics? scene = null, bool cameraMoves = false)
    {
        _events.Clear();
        if (at < _last || at - _last > Jump)
        {
            foreach (var slot in _slots)
                slot.Sleep();
            _movedAt = null;
            _last = null;
        }

        double seconds = (at - (_last ?? at)).Seconds;
        _last = at;
        _lastWall = wall;
        if (cameraMoves)
            _movedAt = at;
        bool rests = at - _movedAt is not { } since || since > Settles;
        foreach (var slot in _slots)
        {
            if (slot.Rule.Schedule is { } schedule && !schedule.Covers(wall, Zone))
            {
                slot.Sleep();
                continue;
            }

            if (!rests && slot.Watch is not (StreamWatch or TamperWatch { KeepsThroughMoves: true }))
            {
                slot.Sleep();
                continue;
            }

            slot.Began ??= at;
            int before = _events.Count;
            slot.Watch.OnPicture(new()
            {
                Tracks = tracks,
                At = at,
                Wall = wall,
                Seconds = seconds,
                Began = slot.Began.Value,
                Scene = scene,
                Ground = Ground,
                Aspect = Aspect,
                Events = _events,
            });
            Stamp(slot.Rule, before);
        }

        return _events;
    }

    /// <summary>Once a second or so while no picture comes.</summary>
    /// <param name="wall">Now. What counts is the time since the last picture, or since the first call if there was none.</param>
    /// <returns>Reused by the next call.</returns>
    public IReadOnlyList<RuleEvent> Silence(WallTime wall)
    {
        _events.Clear();
        _last ??= MediaTime.Zero;
        if (_lastWall == default)
            _lastWall = wall;
        double seconds = (wall - _lastWall).TotalSeconds;
        foreach (var slot in _slots)
        {
            if (slot.Rule.Schedule?.Covers(wall, Zone) == false)
                continue;
            int before = _events.Count;
            slot.Watch.OnSilence(seconds, _last.Value + MediaTime.FromSeconds(seconds), wall, _events);
            Stamp(slot.Rule, before);
        }

        return _events;
    }

    // Here, so that events of live pictures and of the past carry the same.
    void Stamp(Rule rule, int from)
    {
        if (rule is { Severity: null, Incident: null })
            return;
        for (int i = from; i < _events.Count; i++)
            _events[i] = _events[i] with { Severity = rule.Severity, Incident = rule.Incident };
    }

    static Watch WatchOf(Rule rule) => rule switch
    {
        LineRule line => new LineWatch(line),
        ZoneRule zone => new ZoneWatch(zone),
        LoiteringRule loitering => new LoiteringWatch(loitering),
        CountRule count => new CountWatch(count, count.Points, SceneEventKind.Count),
        CrowdRule crowd => new CountWatch(crowd, crowd.Points, SceneEventKind.Crowd),
        WrongWayRule wrongWay => new WrongWayWatch(wrongWay),
        LeftBehindRule leftBehind => new LeftBehindWatch(leftBehind),
        RemovedRule removed => new RemovedWatch(removed),
        TamperRule tamper => new TamperWatch(tamper),
        StreamRule stream => new StreamWatch(stream),
        _ => throw new ArgumentException($"There is no watch for {rule.GetType().Name}.", nameof(rule)),
    };

    sealed class Slot(Rule rule, Watch watch)
    {
        public Rule Rule { get; } = rule;
        public Watch Watch { get; } = watch;

        /// <summary>The picture with which it began to watch; null while it sleeps.</summary>
        public MediaTime? Began { get; set; }

        public void Sleep()
        {
            if (Began is null)
                return;
            Began = null;
            Watch.Reset();
        }
    }
}
