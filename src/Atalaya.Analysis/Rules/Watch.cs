using Atalaya.Analysis.Tracks;
using Atalaya.Incidents;
using Atalaya.Media;

namespace Atalaya.Analysis.Rules;

/// <summary>One analysed picture, as rules see it.</summary>
readonly ref struct Moment
{
    public required IReadOnlyList<Track> Tracks { get; init; }
    public required MediaTime At { get; init; }
    public required WallTime Wall { get; init; }

    /// <summary>Since the picture before; 0 for the first.</summary>
    public required double Seconds { get; init; }

    /// <summary>The picture with which this rule began to watch: the first of the run, after a rest of the camera, or of its schedule.</summary>
    public required MediaTime Began { get; init; }
    public required SceneStatistics? Scene { get; init; }
    public required GroundPlane? Ground { get; init; }
    public required double Aspect { get; init; }
    public required List<RuleEvent> Events { get; init; }

    public WallTime WallOf(MediaTime at) => Wall - (At - at).ToTimeSpan();

    public void Raise(RuleEvent raised) => Events.Add(raised);
}

/// <summary>What a rule remembers between pictures. Only <see cref="RuleSet"/> calls it.</summary>
abstract class Watch
{
    public abstract void OnPicture(in Moment moment);

    /// <summary>Forgets everything: the camera moved, the rule slept, or time jumped.</summary>
    public abstract void Reset();

    /// <summary>No picture has come for so many seconds.</summary>
    public virtual void OnSilence(double seconds, MediaTime at, WallTime wall, List<RuleEvent> events)
    {
    }
}

/// <summary>What is remembered of one track.</summary>
abstract class TrackMemory
{
    /// <summary>Where its anchor was when it was last seen.</summary>
    public Point Last { get; set; }
    public MediaTime LastSeen { get; set; }
    public Box LastBox { get; set; }
    public ObjectClass Class { get; set; }
    public MediaTime? Raised { get; set; }

    // The picture that last had the track at all, coasting or not.
    public MediaTime Alive { get; set; }

    public TrackMemory Copy() => (TrackMemory)MemberwiseClone();
}

/// <summary>A rule about things, one memory for each track.</summary>
abstract class TrackWatch<TRule, TMemory>(TRule rule) : Watch
    where TRule : TrackRule
    where TMemory : TrackMemory, new()
{
    // A tracker that loses somebody and finds him under a new number nearby hasn't seen him leave. Half a size for the boxes' noise and one
    // size a second for the way: what walks.
    const double InheritSizes = 0.5, InheritSizesPerSecond = 1;
    const int MostLost = 100;

    readonly Dictionary<long, TMemory> _memories = [];
    readonly List<TMemory> _lost = [];
    readonly List<long> _gone = [];

    protected TRule Rule => rule;

    /// <summary>How long a place is remembered after the track ended there, for one that begins there to take over. 0: not at all.</summary>
    protected virtual double InheritSeconds => 0;

    public override void OnPicture(in Moment moment)
    {
        foreach (var track in moment.Tracks)
        {
            if (!track.IsConfirmed)
                continue;
            bool isNew = !_memories.TryGetValue(track.Id, out var memory);
            if (memory is null)
            {
                // The way before the rule woke isn't its business.
                bool before = track.Born < moment.Began;
                memory = Inherited(track, moment) ?? new TMemory { Last = AnchorOf(before ? track.Box : track.BornBox), LastSeen = before ? moment.At : track.Born };
                isNew = memory.Alive == default;
                _memories[track.Id] = memory;
            }

            OnTrack(track, memory, isNew, moment);
            memory.Alive = moment.At;
            memory.Class = track.Class;
            if (!track.IsCoasting)
            {
                memory.Last = AnchorOf(track.Box);
                memory.LastBox = track.Box;
                memory.LastSeen = moment.At;
            }
        }

        _gone.Clear();
        foreach (var (id, memory) in _memories)
        {
            if (memory.Alive < moment.At)
                _gone.Add(id);
        }

        foreach (long id in _gone)
        {
            _memories.Remove(id, out var memory);
            if (InheritSeconds > 0 && _lost.Count < MostLost)
                _lost.Add(memory!);
        }

        for (int i = _lost.Count - 1; i >= 0; i--)
        {
            if ((moment.At - _lost[i].LastSeen).Seconds > InheritSeconds)
                _lost.RemoveAt(i);
        }

        AfterTracks(moment);
    }

    public override void Reset()
    {
        _memories.Clear();
        _lost.Clear();
    }

    /// <param name="isNew">Nothing is known of it yet but its birth.</param>
    protected abstract void OnTrack(in Track track, TMemory memory, bool isNew, in Moment moment);

    protected virtual void AfterTracks(in Moment moment)
    {
    }

    protected Point AnchorOf(Box box) => (rule.Anchor == Anchor.Feet ? box.Foot : box.Centre) is var (x, y) ? new(x, y) : default;

    // A filter's own box shakes by a twentieth of the size; twice that is firm ground. Never less than two pixels of a small picture, and
    // not so much that a thing close to the camera would have to leave the picture first.
    /// <summary>How far beyond a border an anchor must be to have crossed it for good, in picture heights.</summary>
    protected static double Margin(Box box, double aspect) => Math.Clamp(0.1 * Math.Max(box.Width * aspect, box.Height), 0.005, 0.04);

    protected bool Passes(in Track track, in Moment moment)
    {
        if (rule.Classes.Count > 0 && !rule.Classes.Contains(track.Class))
            return false;
        if (track.Box.Height < rule.MinHeight || track.Box.Height > rule.MaxHeight)
            return false;
        if (moment.Ground is { } ground)
        {
            if ((rule.MinMetres ?? rule.MaxMetres) is not null && ground.HeightOf(track.Box) is { } metres && (metres < rule.MinMetres || metres > rule.MaxMetres))
                return false;
            if ((rule.MinSpeed ?? rule.MaxSpeed) is not null && ground.SpeedOf(track) is { } speed && (speed < rule.MinSpeed || speed > rule.MaxSpeed))
                return false;
        }

        return true;
    }

    protected bool IsArmed(TMemory memory, MediaTime at) => memory.Raised is not { } raised || (at - raised).Seconds >= rule.Rearm;

    protected RuleEvent Event(SceneEventKind kind, in Track track, MediaTime at, in Moment moment) => new()
    {
        Rule = rule.Id,
        Kind = kind,
        At = at,
        Wall = moment.WallOf(at),
        Noticed = moment.At,
        Class = track.Class,
        Track = track.Id,
        Box = track.Box,
        Score = track.Score,
        Ground = moment.Ground?.ToGround(track.Box),
        Speed = moment.Ground?.SpeedOf(track),
    };

    TMemory? Inherited(in Track track, in Moment moment)
    {
        if (InheritSeconds <= 0)
            return null;
        TMemory? nearest = null;
        double least = double.PositiveInfinity;
        foreach (var memory in _memories.Values)
            Consider(memory, track, moment);
        foreach (var memory in _lost)
            Consider(memory, track, moment);
        if (nearest is null)
            return null;
        _lost.Remove(nearest);
        return (TMemory)nearest.Copy();

        void Consider(TMemory memory, in Track track, in Moment moment)
        {
            double gap = (track.Born - memory.LastSeen).Seconds;
            if (memory.Class != track.Class || gap < 0 || gap > InheritSeconds || memory.LastSeen == moment.At)
                return;
            var (x, y) = track.BornBox.Centre;
            var (oldX, oldY) = memory.LastBox.Centre;
            double size = Math.Max(memory.LastBox.Width * moment.Aspect, memory.LastBox.Height);
            double distance = Math.Sqrt(((x - oldX) * (x - oldX) * moment.Aspect * moment.Aspect) + ((y - oldY) * (y - oldY)));
            if (distance <= size * Reach(gap) && distance < least)
                (nearest, least) = (memory, distance);
        }
    }

    /// <summary>How far off a successor may begin, in sizes, after so many seconds.</summary>
    protected virtual double Reach(double gap) => InheritSizes + (InheritSizesPerSecond * gap);
}
