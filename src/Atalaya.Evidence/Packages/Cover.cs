namespace Atalaya.Evidence.Packages;

/// <summary>What times of a camera's stream something lies over: put in order once, however often it is asked.</summary>
sealed class Cover
{
    // In order; between the end of one and the begin of the next something is bare.
    readonly List<DateTimeOffset> _begins = [], _ends = [];

    Cover(IEnumerable<(DateTimeOffset From, DateTimeOffset To)> spans)
    {
        foreach (var (from, to) in spans.Where(s => s.To > s.From).OrderBy(s => s.From))
        {
            if (_ends.Count == 0 || from > _ends[^1])
            {
                _begins.Add(from);
                _ends.Add(to);
            }
            else if (to > _ends[^1])
            {
                _ends[^1] = to;
            }
        }
    }

    public static Cover Nothing { get; } = new([]);

    public static Dictionary<(string Camera, string Stream), Cover> Of(IEnumerable<((string Camera, string Stream) Of, DateTimeOffset From, DateTimeOffset To)> spans) =>
        spans.GroupBy(s => s.Of, s => (s.From, s.To)).ToDictionary(g => g.Key, g => new Cover(g));

    /// <summary>Up to where nothing is bare from this moment on; the moment itself, if it is.</summary>
    public DateTimeOffset Reach(DateTimeOffset at)
    {
        int i = FirstBehind(_ends, at);
        return i < _ends.Count && _begins[i] <= at ? _ends[i] : at;
    }

    /// <summary>Where the next span begins behind a bare moment; the end of time, if none does.</summary>
    public DateTimeOffset Next(DateTimeOffset at) => FirstBehind(_ends, at) is var i && i < _begins.Count ? _begins[i] : DateTimeOffset.MaxValue;

    /// <param name="ends">None before the one before it.</param>
    public static int FirstBehind(IReadOnlyList<DateTimeOffset> ends, DateTimeOffset at)
    {
        int low = 0, high = ends.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (ends[middle] > at)
                high = middle;
            else
                low = middle + 1;
        }

        return low;
    }
}
