using System.Runtime.InteropServices;

using Atalaya.Incidents;

namespace Atalaya.Analysis.Detect;

/// <summary>A box that may be a detection, in pixels of whatever it was found in.</summary>
/// <param name="Class">Index among the model's classes.</param>
readonly record struct Candidate(float Left, float Top, float Right, float Bottom, float Score, int Class)
{
    public float Area => (Right - Left) * (Bottom - Top);
}

/// <summary>Boxes of one picture before and after suppression. Kept and filled again, so that a picture allocates nothing.</summary>
sealed class Candidates
{
    /// <summary>More are left out, the worst first: no scene has so many things, and suppression compares each with each.</summary>
    public const int Limit = 1000;

    static readonly Comparison<Candidate> BestFirst = (a, b) => b.Score.CompareTo(a.Score);

    readonly List<Candidate> _list = new(Limit);

    public int Count => _list.Count;
    public Span<Candidate> Span => CollectionsMarshal.AsSpan(_list);

    public void Clear() => _list.Clear();

    /// <summary>Adds a box that has an area and a finite place; others come from a model that overflowed and are no boxes.</summary>
    public void Add(in Candidate candidate)
    {
        if (candidate.Right > candidate.Left && candidate.Bottom > candidate.Top && float.IsFinite(candidate.Area))
            _list.Add(candidate);
    }


    /// <summary>Keeps the first so many.</summary>
    public void Truncate(int count) => _list.RemoveRange(count, _list.Count - count);

    /// <summary>Greedy non-maximum suppression: of two boxes of a class that overlap more than a bound, the better stays. Leaves the best first.</summary>
    /// <param name="classes">Boxes compete within one of these, not within the model's finer ones: a truck that may also be a bus is one vehicle.</param>
    public void Suppress(float overlap, IReadOnlyList<ObjectClass?> classes)
    {
        Span.Sort(BestFirst);
        if (_list.Count > Limit)
            Truncate(Limit);
        var span = Span;
        int kept = 0;
        for (int i = 0; i < span.Length; i++)
        {
            var one = span[i];
            bool stays = true;
            if (overlap < 1)
            {
                for (int k = 0; k < kept && stays; k++)
                    stays = classes[span[k].Class] != classes[one.Class] || Overlap(span[k], one) <= overlap;
            }

            if (stays)
                span[kept++] = one;
        }

        Truncate(kept);
    }

    static float Overlap(in Candidate a, in Candidate b)
    {
        float width = Math.Min(a.Right, b.Right) - Math.Max(a.Left, b.Left);
        float height = Math.Min(a.Bottom, b.Bottom) - Math.Max(a.Top, b.Top);
        if (width <= 0 || height <= 0)
            return 0;
        float both = width * height;
        return both / (a.Area + b.Area - both);
    }
}
