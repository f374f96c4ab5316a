using Atalaya.Media;
using Atalaya.Media.Mp4;
using Atalaya.Node.Analysis;
using Atalaya.Node.Footage;
using Atalaya.Recording;

namespace Atalaya.Node.Redactions;

/// <summary>The footage of a stretch can't be read; the message says what of it, to an operator.</summary>
sealed class StretchException(string message) : Exception(message);

/// <summary>One picture of a stretch.</summary>
/// <param name="At">Microseconds from the start of the stretch.</param>
/// <param name="Segment">Index among the stretch's segments.</param>
/// <param name="Sample">Index in the segment's file.</param>
readonly record struct StretchPicture(long At, int Segment, int Sample);

/// <summary>Which pictures a stretch of recorded footage holds, in the order shown. Holds no media.</summary>
sealed class StretchPictures
{
    // JPEGs for the page: of one group of pictures at most so many at once.
    const int AtOnce = 12;

    readonly Recordings _recordings;
    readonly string _camera;

    StretchPictures(Recordings recordings, string camera, WallTime from, IReadOnlyList<Segment> segments, IReadOnlyList<StretchPicture> pictures, int width, int height)
    {
        _recordings = recordings;
        _camera = camera;
        From = from;
        Segments = segments;
        Pictures = pictures;
        Width = width;
        Height = height;
    }

    public WallTime From { get; }

    /// <summary>In order; the first may begin before the stretch.</summary>
    public IReadOnlyList<Segment> Segments { get; }

    /// <summary>Times rising.</summary>
    public IReadOnlyList<StretchPicture> Pictures { get; }

    /// <summary>Of the first segment, pixels.</summary>
    public int Width { get; }

    /// <inheritdoc cref="Width"/>
    public int Height { get; }

    /// <exception cref="StretchException">Nothing is recorded there, or a file can't be read.</exception>
    public static async Task<StretchPictures> ReadAsync(Recordings recordings, string camera, StreamKind stream, WallTime from, WallTime to, CancellationToken stop)
    {
        var segments = await recordings.Archive.SegmentsAsync(camera, stream, from, to, stop);
        var pictures = new List<StretchPicture>();
        for (int s = 0; s < segments.Count; s++)
        {
            using var opened = await OpenAsync(recordings, camera, segments[s], stop);
            var delay = opened.Delay;
            for (int i = 0; i < opened.Video.Samples.Count; i++)
            {
                var wall = segments[s].ToWall(opened.Video.Samples[i].Presentation - delay);
                if (wall >= from && wall < to)
                    pictures.Add(new(wall.Microseconds - from.Microseconds, s, i));
            }
        }

        if (pictures.Count == 0)
            throw new StretchException("Nothing is recorded in this stretch, or it is gone. The camera's timeline says why.");
        pictures.Sort((a, b) => a.At.CompareTo(b.At));
        return new(recordings, camera, from, segments, pictures, segments[0].Width, segments[0].Height);
    }

    /// <summary>Index of the last picture that is shown at a moment or before; 0 before the first.</summary>
    /// <param name="at">Microseconds from the start.</param>
    public int IndexOf(long at)
    {
        int low = 0, high = Pictures.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (Pictures[middle].At <= at)
                low = middle + 1;
            else
                high = middle;
        }

        return Math.Max(0, low - 1);
    }

    /// <summary>Whether the footage of a picture is still there.</summary>
    public async Task<bool> HasAsync(int index, CancellationToken stop)
    {
        using var file = await _recordings.Archive.OpenSegmentAsync(_camera, Segments[Pictures[index].Segment].Name, stop);
        return file is not null;
    }

    /// <summary>What it takes to decode a picture and some that follow it in the same file.</summary>
    /// <param name="index">Of the first.</param>
    /// <exception cref="StretchException">Its file is gone or can't be read.</exception>
    public async Task<(VideoFormat Format, IReadOnlyList<StillSource> Units)> SourcesAsync(int index, CancellationToken stop)
    {
        var first = Pictures[index];
        using var opened = await OpenAsync(_recordings, _camera, Segments[first.Segment], stop);
        var video = opened.Video;
        var wanted = new Dictionary<int, long>();
        for (int i = index; i < Pictures.Count && wanted.Count < AtOnce && Pictures[i].Segment == first.Segment; i++)
            wanted[Pictures[i].Sample] = Pictures[i].At;
        int key = video.FindKey(video.Samples[first.Sample].Presentation);
        if (key < 0 || key > first.Sample)
            key = 0;
        var units = new List<StillSource>();
        for (int i = key; i <= wanted.Keys.Max(); i++)
        {
            bool isWanted = wanted.TryGetValue(i, out long at);
            // Those that only help to decode have times that no wanted one has.
            units.Add(new(Read(video, i), isWanted ? RedactionPlan.TimeOf(at) : new(-1 - i), isWanted));
        }

        return ((VideoFormat)video.Formats[video.Samples[first.Sample].Description], units);
    }

    /// <summary>One segment's file, opened to read its pictures.</summary>
    /// <exception cref="StretchException">It is gone or can't be read.</exception>
    public static async Task<OpenedSegment> OpenAsync(Recordings recordings, string camera, Segment segment, CancellationToken stop)
    {
        var file = await recordings.Archive.OpenSegmentAsync(camera, segment.Name, stop)
            ?? throw new StretchException($"The footage from {segment.Start} on isn't there any more.");
        try
        {
            var video = Mp4File.Open(file.Handle).Video;
            return video is { Samples.Count: > 0 } ? new(file, video) : throw new StretchException($"The footage from {segment.Start} on holds no pictures.");
        }
        catch (Exception fault) when (fault is Mp4Exception or IOException or StretchException)
        {
            file.Dispose();
            throw fault as StretchException ?? new StretchException($"The footage from {segment.Start} on can't be read: {fault.Message}");
        }
    }

    /// <exception cref="StretchException">It can't be read.</exception>
    public static byte[] Read(Mp4Track video, int sample)
    {
        try
        {
            return video.ReadSample(sample);
        }
        catch (Exception fault) when (fault is Mp4Exception or IOException)
        {
            throw new StretchException($"A picture can't be read: {fault.Message}");
        }
    }
}

/// <summary>A segment's file and its pictures.</summary>
sealed class OpenedSegment(SegmentFile file, Mp4Track video) : IDisposable
{
    public Mp4Track Video => video;

    /// <summary>Wall time is told of decode times, which lie this much before those of showing.</summary>
    public MediaTime Delay { get; } = video.Samples[0].Presentation - video.Samples[0].Decode;

    public void Dispose() => file.Dispose();
}
