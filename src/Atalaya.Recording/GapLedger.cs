using Atalaya.Media;

namespace Atalaya.Recording;

/// <summary>Arithmetic of recorded and unrecorded time. Pure.</summary>
static class GapLedger
{
    /// <summary>
    /// The gaps that leave no time of a stream's life unexplained and claim none that is recorded: what <paramref name="known"/> says where nothing
    /// is recorded, and <paramref name="causeOf"/> for the rest. After the last segment the ledger stays open.
    /// </summary>
    /// <param name="recorded">In order, without overlap.</param>
    /// <param name="known">In order of their start; may overlap each other and recorded time; where two claim the same, the later one holds.</param>
    /// <param name="causeOf">Why nothing followed the given recorded span at once.</param>
    public static List<Gap> Explain(
        string camera, StreamKind stream, IReadOnlyList<WallSpan> recorded, IReadOnlyList<Gap> known, Func<WallSpan, (GapCause Cause, string Detail)> causeOf)
    {
        var gaps = new List<Gap>();
        int next = 0;
        for (int i = 0; i < recorded.Count; i++)
        {
            WallTime from = recorded[i].To;
            WallTime? to = i + 1 < recorded.Count ? recorded[i + 1].From : null;
            if (to is not null && to <= from)
                continue;
            while (next < known.Count && known[next].To is { } end && end <= from)
                next++;
            var at = from;
            for (int k = next; k < known.Count && (to is null || known[k].From < to); k++)
            {
                var gap = known[k];
                // The next one's start ends this one, whatever it says: one moment has one cause.
                var gapEnd = Earlier(Earlier(gap.To, to), k + 1 < known.Count && known[k + 1].From > gap.From ? known[k + 1].From : null);
                var gapStart = gap.From > at ? gap.From : at;
                if (gapEnd is { } e && e <= gapStart)
                    continue;
                if (gapStart > at)
                    Fill(at, gapStart);
                Add(new(camera, stream, gapStart, gapEnd, gap.Cause, gap.Detail));
                if (gapEnd is null)
                    return gaps;
                at = gapEnd.Value;
            }

            if (to is null || at < to)
                Fill(at, to);

            void Fill(WallTime start, WallTime? end)
            {
                var (cause, detail) = causeOf(recorded[i]);
                Add(new(camera, stream, start, end, cause, detail));
            }
        }

        return gaps;

        void Add(Gap gap)
        {
            // One statement that two neighbours repeat is one gap.
            if (gaps.Count > 0 && gaps[^1] is var last && last.To == gap.From && last.Cause == gap.Cause && last.Detail == gap.Detail)
                gaps[^1] = last with { To = gap.To };
            else
                gaps.Add(gap);
        }
    }

    /// <summary>Adjacent and overlapping spans become one, clipped to [from, to); those with less than <paramref name="resolution"/> between them, too.</summary>
    public static List<WallSpan> Merge(IEnumerable<WallSpan> ordered, WallTime from, WallTime to, TimeSpan resolution = default)
    {
        var merged = new List<WallSpan>();
        foreach (var span in ordered)
        {
            var start = span.From > from ? span.From : from;
            var end = span.To < to ? span.To : to;
            if (start >= end)
                continue;
            if (merged.Count > 0 && (start <= merged[^1].To || start - merged[^1].To < resolution))
            {
                if (end > merged[^1].To)
                    merged[^1] = merged[^1] with { To = end };
            }
            else
            {
                merged.Add(new(start, end));
            }
        }

        return merged;
    }

    /// <summary>Adds a short gap to those of its cause in the same slot of time; gaps come in order.</summary>
    public static void Count(List<ShortGaps> counted, WallSpan gap, GapCause cause, TimeSpan slot)
    {
        long Slot(WallTime at) => at.Microseconds / (slot.Ticks / TimeSpan.TicksPerMicrosecond);
        for (int i = counted.Count - 1; i >= 0 && Slot(counted[i].From) == Slot(gap.From); i--)
        {
            if (counted[i].Cause != cause)
                continue;
            counted[i] = counted[i] with { To = gap.To, Count = counted[i].Count + 1, Missing = counted[i].Missing + (gap.To - gap.From) };
            return;
        }

        counted.Add(new(gap.From, gap.To, cause, 1, gap.To - gap.From));
    }

    /// <summary>Applies statements that the index doesn't have yet to what it says; the same rule as <see cref="SegmentIndex.Write"/>.</summary>
    public static List<Gap> Apply(IEnumerable<Gap> indexed, IEnumerable<Gap> pending)
    {
        var gaps = new SortedDictionary<long, Gap>();
        foreach (var gap in indexed)
            gaps[gap.From.Microseconds] = gap;
        foreach (var gap in pending)
        {
            foreach (long inside in gaps.Keys.Where(k => k >= gap.From.Microseconds && (k == gap.From.Microseconds || gap.To is null || k < gap.To.Value.Microseconds)).ToList())
                gaps.Remove(inside);
            if (gap.To <= gap.From)
                continue;
            var around = gaps.Values.LastOrDefault(g => g.From < gap.From);
            if (around is not null && !(around.To <= gap.From))
            {
                gaps[around.From.Microseconds] = around with { To = gap.From };
                if (gap.To is { } end && !(around.To <= end))
                    gaps[end.Microseconds] = around with { From = end };
            }

            gaps[gap.From.Microseconds] = gap;
        }

        return [.. gaps.Values];
    }

    static WallTime? Earlier(WallTime? a, WallTime? b) => a is null ? b : b is null ? a : a < b ? a : b;
}
