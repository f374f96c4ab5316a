using Atalaya.Incidents;
using Atalaya.Media;
using Atalaya.Node.Analysis;

namespace Atalaya.Node.Redactions;

/// <summary>What of a stretch is looked for and proposed to be covered.</summary>
/// <param name="Faces">What the model for faces finds.</param>
/// <param name="Heads">The upper part of every person.</param>
/// <param name="Plates">The lower part of every vehicle.</param>
public sealed record RedactionSearchJson(bool Faces = true, bool Heads = true, bool Plates = false);

/// <summary>
/// Makes things of what was seen in a stretch's pictures. Pure but for its memory. A proposal errs towards covering too much: boxes are wider than what was found, and begin
/// before it was and last longer.
/// </summary>
/// <remarks>Pictures come in order, from one thread at a time.</remarks>
sealed class Findings(RedactionSearchJson search, WallTime from, WallTime to)
{
    /// <summary>Before a detector was sure, and after it lost it, a thing was there as well.</summary>
    static readonly long Margin = 400_000;

    // Keys that lie so close to the straight way between their neighbours are left out: half a percent of the picture is less than the margin around a box.
    const double Tolerance = 0.005;

    // Around a face: the model's box goes from brow to chin. Around persons and vehicles as a whole.
    const float FaceMargin = 0.4f, WholeMargin = 0.08f;

    // Of a person's box, measured from its top: hair above it, chin and neck of one who stands.
    const float HeadAbove = 0.05f, HeadBelow = 0.25f;

    // Of a vehicle's box, from its bottom.
    const float PlatePart = 0.5f;

    readonly Dictionary<(long Tracker, bool Face, long Id), Trail> _trails = [];

    /// <summary>Pictures that were looked at.</summary>
    public int Pictures { get; private set; }

    public void Add(SeenPicture picture)
    {
        Pictures++;
        long at = (picture.Wall - from).Ticks / TimeSpan.TicksPerMicrosecond;
        foreach (var track in picture.Tracks)
        {
            if (track.Class is not (ObjectClass.Person or ObjectClass.Vehicle))
                continue;
            var trail = TrailOf((picture.Tracker, false, track.Id), track.Class == ObjectClass.Person ? RedactionThingKind.Person : RedactionThingKind.Vehicle);
            // Confirmed a few pictures after it came: where it came counts.
            if (trail.Boxes.Count == 0 && track.Born < picture.Media)
                trail.Add(at - (long)((picture.Media - track.Born).Seconds * 1e6), track.BornBox);
            trail.Add(at, track.Box);
        }

        if (!search.Faces)
            return;
        foreach (var face in picture.Faces)
            TrailOf((picture.Tracker, true, face.Id), RedactionThingKind.Face).Add(at, face.Box);
    }

    /// <summary>What was found, earliest first; where it is more than a plan holds, what is to be covered goes before what isn't.</summary>
    /// <returns>Also how many things a plan has no place for.</returns>
    public (IReadOnlyList<RedactionThingJson> Things, int LeftOut) Things()
    {
        long length = (to - from).Ticks / TimeSpan.TicksPerMicrosecond;
        var things = new List<RedactionThingJson>();
        int number = 0;
        foreach (var trail in _trails.Values.Where(t => t.Boxes.Count > 0).OrderBy(t => t.Boxes[0].At))
        {
            number++;
            if (trail.Kind == RedactionThingKind.Face)
            {
                Put(RedactionThingKind.Face, "f", RedactionDeed.Cover, b => Grown(b, FaceMargin));
                continue;
            }

            bool person = trail.Kind == RedactionThingKind.Person;
            Put(trail.Kind, person ? "p" : "v", RedactionDeed.None, b => Grown(b, WholeMargin));
            if (person && search.Heads)
                Put(RedactionThingKind.Head, "h", RedactionDeed.Cover, b => new(b.X - (b.Width * WholeMargin), b.Y - (b.Height * HeadAbove), b.Width * (1 + (2 * WholeMargin)), b.Height * (HeadAbove + HeadBelow)));
            if (!person && search.Plates)
                Put(RedactionThingKind.Plate, "l", RedactionDeed.Cover, b => new(b.X - (b.Width * WholeMargin), b.Y + (b.Height * (1 - PlatePart)), b.Width * (1 + (2 * WholeMargin)), b.Height * (PlatePart + WholeMargin)));

            void Put(RedactionThingKind kind, string letter, RedactionDeed deed, Func<Box, Box> shape)
            {
                long begins = Math.Clamp(trail.Boxes[0].At - Margin, 0, length), ends = Math.Clamp(trail.Boxes[^1].At + Margin, 0, length);
                var keys = Thinned([.. trail.Boxes.Where(b => b.At >= 0 && b.At <= length).Select(b => Key(b.At, shape(b.Box)))]);
                if (ends > begins && keys.Count > 0)
                    things.Add(new() { Id = $"{letter}{number}", Kind = kind, Found = true, Deed = deed, From = begins, To = ends, Keys = keys });
            }
        }

        var kept = things.Count <= RedactionPlan.MaxThings
            ? things
            : [.. things.OrderBy(t => t.Deed == RedactionDeed.None).Take(RedactionPlan.MaxThings).OrderBy(t => t.From)];
        return (kept, things.Count - kept.Count);
    }

    Trail TrailOf((long, bool, long) key, RedactionThingKind kind)
    {
        if (!_trails.TryGetValue(key, out var trail))
            _trails[key] = trail = new(kind);
        return trail;
    }

    static Box Grown(Box box, float by) => new(box.X - (box.Width * by), box.Y - (box.Height * by), box.Width * (1 + (2 * by)), box.Height * (1 + (2 * by)));

    static RedactionKeyJson Key(long at, Box box) =>
        new(at, Rounded(Math.Clamp(box.X, -1, 2)), Rounded(Math.Clamp(box.Y, -1, 2)), Rounded(Math.Clamp(box.Width, 0.001, 2)), Rounded(Math.Clamp(box.Height, 0.001, 2)));

    static double Rounded(double value) => Math.Round(value, 4);

    /// <summary>The fewest keys between which every left out box lies within the tolerance of the straight way (Ramer, 1972; Douglas and Peucker, 1973), over time.</summary>
    internal static List<RedactionKeyJson> Thinned(IReadOnlyList<RedactionKeyJson> keys)
    {
        if (keys.Count <= 2)
            return [.. keys];
        var kept = new bool[keys.Count];
        kept[0] = kept[^1] = true;
        var open = new Stack<(int First, int Last)>([(0, keys.Count - 1)]);
        while (open.TryPop(out var part))
        {
            double most = Tolerance;
            int worst = -1;
            for (int i = part.First + 1; i < part.Last; i++)
            {
                double off = Distance(keys[i], Between(keys[part.First], keys[part.Last], keys[i].At));
                if (off > most)
                    (most, worst) = (off, i);
            }

            if (worst < 0)
                continue;
            kept[worst] = true;
            open.Push((part.First, worst));
            open.Push((worst, part.Last));
        }

        return [.. keys.Where((_, i) => kept[i])];
    }

    /// <summary>The box on the straight way between two keys.</summary>
    internal static RedactionKeyJson Between(RedactionKeyJson a, RedactionKeyJson b, long at)
    {
        double part = b.At == a.At ? 0 : (at - a.At) / (double)(b.At - a.At);
        return new(at, a.X + ((b.X - a.X) * part), a.Y + ((b.Y - a.Y) * part), a.W + ((b.W - a.W) * part), a.H + ((b.H - a.H) * part));
    }

    // The farthest that an edge is off.
    static double Distance(RedactionKeyJson a, RedactionKeyJson b) => Math.Max(
        Math.Max(Math.Abs(a.X - b.X), Math.Abs(a.X + a.W - b.X - b.W)), Math.Max(Math.Abs(a.Y - b.Y), Math.Abs(a.Y + a.H - b.Y - b.H)));

    sealed class Trail(RedactionThingKind kind)
    {
        public RedactionThingKind Kind => kind;
        public List<(long At, Box Box)> Boxes { get; } = [];

        // A segment that was looked at twice, after the process ended, adds nothing.
        public void Add(long at, Box box)
        {
            if (Boxes.Count == 0 || at > Boxes[^1].At)
                Boxes.Add((at, box));
        }
    }
}
