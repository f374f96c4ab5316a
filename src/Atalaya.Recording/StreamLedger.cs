using Atalaya.Media;

namespace Atalaya.Recording;

/// <summary>
/// What is known of one stream that the index doesn't say yet: the open segment, closed ones on their way to the disk, and the gap that lasts.
/// Outlives its recorders. The writer's thread changes it, anyone reads it.
/// </summary>
sealed class StreamLedger(string camera, StreamKind stream, IndexWriter? index)
{
    readonly Lock _gate = new();
    readonly List<(Segment Segment, string Path)> _closing = [];    // under _gate, as all below
    OpenSegment? _open;
    WallTime? _lastEnd;
    Gap? _gap;
    readonly List<Gap> _parts = [];     // of the gap in front of the open segment, or of the one that lasts: those that ended

    public string Camera { get; } = camera;
    public StreamKind Stream { get; } = stream;

    /// <summary>Where the newest segment ended; nothing may begin before.</summary>
    public WallTime? LastEnd
    {
        get
        {
            lock (_gate)
                return _lastEnd;
        }
    }

    /// <summary>What a start up found: the stream's last end, and the gap that is open since then or later.</summary>
    /// <param name="parts">What the gap was before, from <paramref name="lastEnd"/> on, if it had other causes.</param>
    public void Resume(WallTime lastEnd, Gap gap, bool isIndexed, params IEnumerable<Gap> parts)
    {
        lock (_gate)
        {
            _lastEnd = lastEnd;
            _gap = gap;
            _parts.Clear();
            _parts.AddRange(parts);
            if (!isIndexed)
                index?.Add(gap);
        }
    }

    public void Opened(OpenSegment segment)
    {
        lock (_gate)
            _open = segment;
    }

    /// <summary>A fragment is with the operating system. The first one of a segment ends the gap.</summary>
    public void Written(OpenSegment segment, Media.Mp4.Fragment fragment, int frames, UInt128 digest)
    {
        lock (_gate)
        {
            if (_gap is { } gap)
            {
                End(gap with { To = segment.Start });
                _gap = null;
            }

            segment.Add(fragment, frames, digest);
        }
    }

    /// <summary>In its parts; empty if the segment follows another at once. Until the next gap opens.</summary>
    public IReadOnlyList<Gap> GapBefore(OpenSegment segment)
    {
        lock (_gate)
            return [.. _parts.Where(p => p.To <= segment.Start)];
    }

    /// <summary>The segment is complete but for its way to the disk.</summary>
    public void Closed(OpenSegment segment, Segment row)
    {
        lock (_gate)
        {
            _open = null;
            _parts.Clear();
            _lastEnd = row.End;
            _closing.Add((row, segment.Path));
        }
    }

    /// <summary>The segment never got a fragment.</summary>
    public void Discarded()
    {
        lock (_gate)
            _open = null;
    }

    /// <summary>It has its final name; the index is to say the rest.</summary>
    public void Published(Segment row)
    {
        lock (_gate)
        {
            index?.Add(row);
            _closing.RemoveAll(c => c.Segment.Start == row.Start);
        }
    }

    /// <summary>The disk lost the end of a closed segment, or all of it.</summary>
    /// <param name="from">Where what is left of it ends.</param>
    public void Lost(Segment row, WallTime from, string detail)
    {
        lock (_gate)
        {
            index?.Add(new Gap(Camera, Stream, from, row.End, GapCause.Disk, detail));
            if (from == row.Start)
                _closing.RemoveAll(c => c.Segment.Start == row.Start);
        }
    }

    /// <summary>Nothing is recorded from the last end on. Without anything recorded before there is nothing to miss.</summary>
    public void OpenGap(GapCause cause, string detail)
    {
        lock (_gate)
        {
            if (_lastEnd is not { } from || _gap is not null)
                return;
            _gap = new(Camera, Stream, from, null, cause, detail);
            index?.Add(_gap);
        }
    }

    /// <summary>The gap goes on for another reason.</summary>
    public void ChangeCause(GapCause cause, string detail, WallTime at)
    {
        lock (_gate)
        {
            if (_gap is not { } gap || gap.Cause == cause || at <= gap.From)
                return;
            End(gap with { To = at });
            _gap = gap with { From = at, Cause = cause, Detail = detail };
            index?.Add(_gap);
        }
    }

    /// <summary>Segments that the index may not have yet, in order; the open one last.</summary>
    public List<Segment> Segments()
    {
        lock (_gate)
        {
            List<Segment> segments = [.. _closing.Select(c => c.Segment)];
            if (_open is { IsEmpty: false } open)
                segments.Add(open.ToSegment(Camera, open.EndSoFar, SegmentEnd.Rotated, open.Committed, ""));
            return segments;
        }
    }

    /// <summary>Where the bytes of a segment are that hasn't its final name yet, and how many may be read.</summary>
    public (string Path, long Length)? FindOpen(SegmentName name)
    {
        lock (_gate)
        {
            if (_open is { IsEmpty: false } open && open.Name == name)
                return (open.Path, open.Committed);
            foreach (var (segment, path) in _closing)
            {
                if (segment.Start == name.Start && segment.Stream == name.Stream)
                    return (path, segment.Points.EndOffset);
            }

            return null;
        }
    }

    /// <summary>Whether a segment is being written just now.</summary>
    public bool IsRecording
    {
        get
        {
            lock (_gate)
                return _open is { IsEmpty: false };
        }
    }

    void End(Gap gap)
    {
        index?.Add(gap);
        if (gap.To > gap.From)
            _parts.Add(gap);
    }
}
