using Atalaya.Media;

namespace Atalaya.Recording.Storage;

/// <summary>One stream's footage on one volume: sums from the last count less what was removed or moved since, and its oldest segments as far as somebody asked.</summary>
sealed class Shelf(Holding holding)
{
    public string Volume => holding.Volume;
    public string Camera => holding.Camera;
    public StreamKind Stream => holding.Stream;
    public WallTime Newest => holding.Newest;
    public long Bytes { get; set; } = holding.Bytes;
    public long Held { get; set; }
    public WallTime Oldest { get; set; } = holding.Oldest;

    /// <summary>Oldest that no hold keeps; null: not asked yet.</summary>
    public List<StoredSegment>? Heads { get; set; }
}

/// <summary>How much of what is where, counted from the index. Recording adds to it only with the next count, so it never says too much.</summary>
sealed class Tally
{
    static readonly TimeSpan Day = TimeSpan.FromDays(1);

    readonly VolumeIndex _index;
    readonly List<Shelf> _shelves;
    readonly Dictionary<(string Camera, StreamKind Stream), WallTime> _newest;
    readonly Dictionary<string, WallTime> _overrunFrom = new(StringComparer.Ordinal);

    Tally(VolumeIndex index, IReadOnlyList<Hold> holds, WallTime now)
    {
        _index = index;
        At = now;
        AllHolds = holds;
        Holds = new(holds, now);
        _shelves = [.. index.Holdings().Select(h => new Shelf(h))];
        _newest = Shelves.GroupBy(s => (s.Camera, s.Stream)).ToDictionary(g => g.Key, g => g.Max(s => s.Newest));
        var places = Shelves.ToDictionary(s => (s.Volume, s.Camera, s.Stream));
        foreach (var (camera, stream) in Holds.Streams)
        {
            // A segment between two holds counts once.
            WallTime after = default;
            foreach (var span in Holds.Of(camera, stream))
            {
                var parts = index.Bytes(camera, stream, span.From, span.To, after);
                foreach (var (volume, bytes, last) in parts)
                {
                    if (places.TryGetValue((volume, camera, stream), out var shelf))
                        shelf.Held += bytes;
                    after = last > after ? last : after;
                }
            }
        }

        foreach (var stream in _newest.Keys)
        {
            var from = now - Day;
            var oldest = Shelves.Where(s => (s.Camera, s.Stream) == stream).Min(s => s.Oldest);
            var since = oldest > from ? oldest : from;
            double length = Math.Max((now - since).TotalDays, 1.0 / 1440);
            long perDay = (long)(index.Recorded(stream.Camera, stream.Stream, since, now) / length);
            Rates[stream] = perDay;
        }
    }

    public WallTime At { get; }
    public IReadOnlyList<Shelf> Shelves => _shelves;
    public HoldMap Holds { get; }

    /// <summary>Ended ones too.</summary>
    public IReadOnlyList<Hold> AllHolds { get; }

    /// <summary>Bytes a day, by the last one or as much of it as there is.</summary>
    public Dictionary<(string Camera, StreamKind Stream), long> Rates { get; } = [];

    public static Tally Count(VolumeIndex index, WallTime now) => new(index, index.Holds(ended: true), now);

    public long Used(string volume) => Shelves.Where(s => s.Volume == volume).Sum(s => s.Bytes);

    public long Held(string volume) => Shelves.Where(s => s.Volume == volume).Sum(s => s.Held);

    public IEnumerable<string> Cameras => Shelves.Select(s => s.Camera).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);

    public long Rate(string camera) => Rates.Where(r => r.Key.Camera == camera).Sum(r => r.Value);

    /// <summary>Which volume a stream is recorded to: where its newest segment is.</summary>
    public string? Home(string camera, StreamKind stream) => Shelves.Where(s => s.Camera == camera && s.Stream == stream).MaxBy(s => s.Newest)?.Volume;

    /// <summary>The oldest of a shelf that no hold keeps, at most so many, without the stream's newest unless that is older than its limit.</summary>
    public IReadOnlyList<StoredSegment> Heads(Shelf shelf, WallTime? cutoff, int count)
    {
        if (shelf.Heads is { Count: > 0 } known)
            return known;
        // None were there: only what was recorded since could change that, and the next count sees it.
        if (shelf.Heads is not null)
            return [];
        var heads = new List<StoredSegment>(count);
        var at = shelf.Oldest;
        while (heads.Count < count)
        {
            var batch = _index.From(shelf.Volume, shelf.Camera, shelf.Stream, at, count);
            if (batch.Count == 0)
                break;
            foreach (var segment in batch)
            {
                at = segment.Start + TimeSpan.FromMilliseconds(1);
                if (Holds.Holding(segment.Camera, segment.Stream, segment.Start, segment.End) is { } span)
                {
                    // A month that is held is passed over in one step.
                    var behind = span.To - SegmentIndex.LongestSegment;
                    if (behind > at)
                    {
                        at = behind;
                        break;
                    }
                }
                else if ((segment.End < _newest[(segment.Camera, segment.Stream)] || segment.End <= cutoff) && heads.Count < count)
                {
                    heads.Add(segment);
                }
            }
        }

        return shelf.Heads = heads;
    }

    /// <summary>Held segments of a volume beyond what holds may use there, the oldest of them.</summary>
    public IReadOnlyList<StoredSegment> Overrun(string volume, long limit, int count)
    {
        if (!_overrunFrom.TryGetValue(volume, out var from))
            _overrunFrom[volume] = from = LimitReached(volume, limit);
        return [.. HeldOn(volume, from, count).OrderBy(s => s.Start.Microseconds).Take(count)];
    }

    public void Removed(StoredSegment segment, bool held)
    {
        var shelf = Shelves.First(s => s.Volume == segment.Volume && s.Camera == segment.Camera && s.Stream == segment.Stream);
        shelf.Bytes -= segment.Bytes;
        if (held)
            shelf.Held -= segment.Bytes;
        shelf.Heads?.RemoveAll(h => h.Start == segment.Start);
        if (shelf.Heads is { Count: 0 })
            shelf.Heads = null;
    }

    public void Moved(StoredSegment segment, string to, bool held)
    {
        Removed(segment, held);
        if (Shelves.FirstOrDefault(s => s.Volume == to && s.Camera == segment.Camera && s.Stream == segment.Stream) is not { } shelf)
        {
            shelf = new(new(to, segment.Camera, segment.Stream, 0, 0, segment.Start, segment.End));
            _shelves.Add(shelf);
        }

        shelf.Bytes += segment.Bytes;
        if (held)
            shelf.Held += segment.Bytes;
    }

    /// <summary>In order of time the first holds' bytes fit; from here on they don't.</summary>
    WallTime LimitReached(string volume, long limit)
    {
        long sum = 0;
        foreach (var segment in HeldOn(volume, default, int.MaxValue).OrderBy(s => s.Start.Microseconds))
        {
            sum += segment.Bytes;
            if (sum > limit)
                return segment.Start;
        }

        return new(long.MaxValue);
    }

    IEnumerable<StoredSegment> HeldOn(string volume, WallTime from, int each)
    {
        foreach (var shelf in Shelves.Where(s => s.Volume == volume && s.Held > 0))
        {
            int found = 0;
            foreach (var span in Holds.Of(shelf.Camera, shelf.Stream))
            {
                var at = span.From - SegmentIndex.LongestSegment > from ? span.From - SegmentIndex.LongestSegment : from;
                while (found < each)
                {
                    var batch = _index.From(volume, shelf.Camera, shelf.Stream, at, Math.Min(each, 512));
                    if (batch.Count == 0 || batch[0].Start >= span.To)
                        break;
                    foreach (var segment in batch.Where(s => s.Start < span.To && s.End > span.From && s.End < _newest[(s.Camera, s.Stream)]))
                    {
                        found++;
                        yield return segment;
                    }

                    at = batch[^1].Start + TimeSpan.FromMilliseconds(1);
                }
            }
        }
    }
}
