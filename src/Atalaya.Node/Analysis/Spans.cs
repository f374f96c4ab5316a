using Atalaya.Recording;

namespace Atalaya.Node.Analysis;

/// <summary>Sets of stretches; each given and returned in order and without overlap.</summary>
static class Spans
{
    /// <summary>What lies in both.</summary>
    public static List<WallSpan> Common(IReadOnlyList<WallSpan> a, IReadOnlyList<WallSpan> b)
    {
        var common = new List<WallSpan>();
        for (int i = 0, j = 0; i < a.Count && j < b.Count;)
        {
            var from = a[i].From > b[j].From ? a[i].From : b[j].From;
            var to = a[i].To < b[j].To ? a[i].To : b[j].To;
            if (from < to)
                common.Add(new(from, to));
            if (a[i].To < b[j].To)
                i++;
            else
                j++;
        }

        return common;
    }

    /// <summary>What of the first doesn't lie in the second.</summary>
    public static List<WallSpan> Without(IReadOnlyList<WallSpan> spans, IReadOnlyList<WallSpan> taken)
    {
        var left = new List<WallSpan>();
        foreach (var span in spans)
        {
            var from = span.From;
            foreach (var hole in taken)
            {
                if (hole.To <= from || hole.From >= span.To)
                    continue;
                if (hole.From > from)
                    left.Add(new(from, hole.From));
                from = hole.To;
            }

            if (from < span.To)
                left.Add(new(from, span.To));
        }

        return left;
    }

    public static TimeSpan Length(IEnumerable<WallSpan> spans) => spans.Aggregate(TimeSpan.Zero, (sum, s) => sum + (s.To - s.From));
}
