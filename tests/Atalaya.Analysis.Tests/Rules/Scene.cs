using Atalaya.Analysis.Rules;
using Atalaya.Analysis.Tracks;
using Atalaya.Incidents;
using Atalaya.Media;

namespace Atalaya.Analysis.Tests.Rules;

/// <summary>Rules fed with tracks made by hand, five pictures a second.</summary>
sealed class Scene(params Rule[] rules)
{
    public const double Step = 0.2;

    readonly Dictionary<long, (MediaTime Born, Box Box, MediaTime Seen)> _known = [];

    public RuleSet Set { get; init; } = new(rules, null, TimeZoneInfo.Utc);
    public WallTime Start { get; init; } = WallTime.From(new(2026, 3, 2, 12, 0, 0, TimeSpan.Zero));
    public double Now { get; set; }
    public List<RuleEvent> Events { get; } = [];

    /// <summary>One picture with things standing at places; null: hidden, coasting where they were.</summary>
    public IReadOnlyList<RuleEvent> Picture(params ReadOnlySpan<(long Id, double X, double Foot)?> things) => Picture(ObjectClass.Person, things);

    public IReadOnlyList<RuleEvent> Picture(ObjectClass kind, params ReadOnlySpan<(long Id, double X, double Foot)?> things)
    {
        var tracks = new List<Track>();
        foreach (var thing in things)
        {
            if (thing is var (id, x, foot))
                tracks.Add(Track(id, x, foot, kind));
        }

        return Picture(tracks);
    }

    public IReadOnlyList<RuleEvent> Picture(IReadOnlyList<Track> tracks, SceneStatistics? statistics = null, bool cameraMoves = false)
    {
        var at = MediaTime.FromSeconds(Now);
        var raised = Set.Update(tracks, at, Start + at.ToTimeSpan(), statistics, cameraMoves).ToList();
        Events.AddRange(raised);
        Now += Step;
        return raised;
    }

    public Track Track(long id, double x, double foot, ObjectClass kind = ObjectClass.Person, double height = 0.2, bool hidden = false)
    {
        var at = MediaTime.FromSeconds(Now);
        var box = new Box((float)(x - 0.02), (float)(foot - height), 0.04f, (float)height);
        var (born, bornBox, seen) = _known.TryGetValue(id, out var known) ? known : (at, box, at);
        seen = hidden ? seen : at;
        _known[id] = (born, bornBox, seen);
        return new()
        {
            Id = id,
            Class = kind,
            Box = box,
            Score = 0.9f,
            Born = born,
            BornBox = bornBox,
            Seen = seen,
            At = at,
            IsConfirmed = true,
            VelocityX = 0,
            VelocityY = 0,
        };
    }

    /// <summary>Empty pictures.</summary>
    public Scene Wait(double seconds)
    {
        for (double end = Now + seconds; Now < end;)
            Picture();
        return this;
    }

    /// <summary>One thing walks in a straight line.</summary>
    public Scene Walk(long id, (double X, double Y) from, (double X, double Y) to, double seconds, ObjectClass kind = ObjectClass.Person)
    {
        double began = Now;
        while (Now <= began + seconds)
        {
            double part = (Now - began) / seconds;
            Picture(kind, (id, from.X + ((to.X - from.X) * part), from.Y + ((to.Y - from.Y) * part)));
        }

        return this;
    }

    public Scene Stand(long id, double x, double y, double seconds, ObjectClass kind = ObjectClass.Person) => Walk(id, (x, y), (x, y), seconds, kind);
}
