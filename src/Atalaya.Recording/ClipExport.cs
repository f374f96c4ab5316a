using Atalaya.Media;
using Atalaya.Media.Mp4;

namespace Atalaya.Recording;

/// <param name="From">First moment shown; the file holds the pictures from the key frame before it, hidden by an edit list.</param>
/// <param name="To">End, not included.</param>
public sealed record ExportRequest(string Camera, StreamKind Stream, WallTime From, WallTime To);

/// <param name="From">First moment in the clip: later than asked for if nothing was recorded then.</param>
/// <param name="Gaps">What the clip lacks between <paramref name="From"/> and <paramref name="To"/>, with causes; its pictures follow each other without a pause there.</param>
/// <param name="Bytes">Length of the file.</param>
public sealed record ExportResult(string Path, WallTime From, WallTime To, MediaTime Duration, int Frames, long Bytes, IReadOnlyList<Gap> Gaps);

/// <summary>The stretch asked for holds nothing, or pictures that don't fit into one file. The message says which, and what to do.</summary>
public sealed class ExportException(string message) : Exception(message);

/// <summary>Cuts a stretch out of an archive.</summary>
static class ClipExport
{
    /// <param name="segments">That hold a part of the stretch, in order; the first from a key frame at or before its start.</param>
    /// <param name="pathOf">Where the bytes of a segment are just now.</param>
    /// <param name="gaps">Of the stretch, not clipped.</param>
    public static ExportResult Run(
        ExportRequest request, IReadOnlyList<Segment> segments, Func<Segment, string> pathOf, IReadOnlyList<Gap> gaps, string path,
        IProgress<double>? progress, CancellationToken stop)
    {
        if (request.To <= request.From)
            throw new ExportException($"The stretch ends at {request.To}, before it begins at {request.From}.");
        if (segments.Count == 0)
            throw new ExportException($"Nothing of {request.Camera} is recorded between {request.From} and {request.To}.");

        if (File.Exists(path))
            throw new IOException($"{path} is there already.");

        // Footage lies end to end on the clip's time line: media time within a run, and the next run right behind.
        var sources = new List<Mp4Source>(segments.Count);
        var offset = MediaTime.Zero;
        for (int i = 0; i < segments.Count; i++)
        {
            var segment = segments[i];
            if (i == 0)
                offset = MediaTime.Zero - segment.MediaStart;
            else if (segment.Run != segments[i - 1].Run || segment.MediaStart != segments[i - 1].MediaEnd)
                offset = segments[i - 1].MediaEnd + offset - segment.MediaStart;
            sources.Add(new(pathOf(segment), offset));
        }

        var delay = ReorderDelay(sources[0].Path);
        var firstShown = segments.First(s => s.End > request.From);
        int shown = segments.ToList().IndexOf(firstShown);
        var from = Clamp(firstShown, request.From) + sources[shown].Offset + delay;
        var to = Clamp(segments[^1], request.To) + sources[^1].Offset + delay;
        if (to <= from)
            throw new ExportException($"Nothing of {request.Camera} is recorded between {request.From} and {request.To}.");

        // One that a killed process left is written over; one that another process writes just now is locked, and stays that process's.
        string part = path + ".part";
        var file = new FileStream(part, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1 << 18);
        try
        {
            Mp4Clip clip;
            using (file)
            {
                file.SetLength(0);
                clip = Mp4Writer.Write(sources, from, to, file, progress is null ? null : (done, all) => progress.Report(all > 0 ? (double)done / all : 1), stop);
                file.Flush(flushToDisk: true);
            }

            File.Move(part, path);
            var start = request.From > firstShown.Start ? request.From : firstShown.Start;
            var end = request.To < segments[^1].End ? request.To : segments[^1].End;
            return new(path, start, end, clip.To - clip.From, clip.VideoSamples > 0 ? clip.VideoSamples : clip.AudioSamples, new FileInfo(path).Length,
                Clip(gaps, start, end));
        }
        catch (Mp4Exception e)
        {
            throw new ExportException($"{request.Camera} from {request.From} to {request.To} can't be put into one file: {e.Message}");
        }
        finally
        {
            File.Delete(part);
        }
    }

    /// <summary>The parts of gaps that lie in [from, to).</summary>
    public static List<Gap> Clip(IEnumerable<Gap> gaps, WallTime from, WallTime to) =>
        [.. gaps.Where(g => g.From < to && (g.To is null || g.To > from)).Select(g => g with
        {
            From = g.From > from ? g.From : from,
            To = g.To is { } end && end < to ? end : to,
        })];

    static MediaTime Clamp(Segment segment, WallTime at) => segment.ToMedia(at < segment.Start ? segment.Start : at > segment.End ? segment.End : at);

    /// <summary>Wall time is told of decode times; a clip is cut by presentation times, which lie this much later.</summary>
    static MediaTime ReorderDelay(string path)
    {
        using var file = File.OpenHandle(path, share: FileShare.ReadWrite | FileShare.Delete);
        var video = SegmentScan.Read(file).Tracks.FirstOrDefault(t => t.Format is VideoFormat);
        return video is null ? MediaTime.Zero : MediaTime.FromScale(video.Delay, (int)video.Timescale);
    }
}
