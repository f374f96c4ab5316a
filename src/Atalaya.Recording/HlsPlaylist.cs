using System.Globalization;
using System.Text;
using Atalaya.Media;

namespace Atalaya.Recording;

/// <summary>
/// An HLS media playlist (RFC 8216, version 7) over the segments as they lie on the disk: every entry is a byte range of whole fragments that
/// begins with a key frame, so nothing is remuxed and any static file server could serve it.
/// </summary>
/// <remarks>
/// <para>A stretch in the past is a VOD playlist. One that reaches into the future is an EVENT playlist without an end: hls.js asks again and
/// plays on to the present. Entries never change from one reload to the next, only more come; so the open segment is listed up to its last
/// complete entry, and <c>EXT-X-START</c> keeps the player from jumping to the end.</para>
/// <para>Durations are media time; <c>EXT-X-PROGRAM-DATE-TIME</c> of every entry carries the wall clock, which may run up to 0.5 % faster or
/// slower.</para>
/// </remarks>
public static class HlsPlaylist
{
    /// <summary>An entry ends at the first key frame after so much media: fewer requests than fragments, and a seek loads little more than it shows.</summary>
    static readonly MediaTime EntryLength = MediaTime.FromSeconds(4);

    /// <summary>May not change while a playlist grows; longer groups of pictures than this are rare (seconds).</summary>
    const int GrowingTarget = 12;

    readonly record struct Entry(Segment Segment, long Offset, long End, MediaTime Start, MediaTime Stop)
    {
        public MediaTime Duration => Stop - Start;
    }

    /// <summary>Null if there is nothing to list.</summary>
    /// <param name="segments">In order. If the last is still open, its digest is empty.</param>
    /// <param name="from">The list begins with the key frame at or before.</param>
    /// <param name="to">The list ends with the entry that holds it.</param>
    /// <param name="growing">More may come.</param>
    /// <param name="pieces">
    /// Instead of byte ranges of the segments' files, files of their own: <c>PIECES/NAME/OFFSET-END.m4s</c>, and <c>….init.mp4</c> for the one before the first of each segment.
    /// </param>
    public static string? Write(IReadOnlyList<Segment> segments, WallTime from, WallTime to, bool growing, string? pieces = null)
    {
        var entries = Entries(segments, from, to, growing);
        if (entries.Count == 0)
            return null;
        var text = new StringBuilder(256 + (entries.Count * 160));
        text.Append("#EXTM3U\n#EXT-X-VERSION:7\n");
        int target = (int)Math.Ceiling(entries.Max(e => e.Duration.Seconds));
        text.Append(CultureInfo.InvariantCulture, $"#EXT-X-TARGETDURATION:{Math.Max(1, growing ? Math.Max(GrowingTarget, target) : target)}\n");
        text.Append(growing ? "#EXT-X-PLAYLIST-TYPE:EVENT\n" : "#EXT-X-PLAYLIST-TYPE:VOD\n");
        if (segments.All(s => s.Points.StartsWithKey))
            text.Append("#EXT-X-INDEPENDENT-SEGMENTS\n");
        var start = entries[0].Segment.ToMedia(from) - entries[0].Start;
        text.Append(CultureInfo.InvariantCulture, $"#EXT-X-START:TIME-OFFSET={Math.Max(0, start.Seconds):0.000},PRECISE=YES\n");
        Segment? file = null;
        foreach (var entry in entries)
        {
            var segment = entry.Segment;
            if (segment != file)
            {
                if (file is not null && !Continues(file, segment))
                    text.Append("#EXT-X-DISCONTINUITY\n");
                if (pieces is null)
                    text.Append(CultureInfo.InvariantCulture, $"#EXT-X-MAP:URI=\"segments/{segment.Name}.mp4\",BYTERANGE=\"{segment.InitBytes}@0\"\n");
                else
                    text.Append(CultureInfo.InvariantCulture, $"#EXT-X-MAP:URI=\"{pieces}/{segment.Name}/{entry.Offset}-{entry.End}.init.mp4\"\n");
                file = segment;
            }

            text.Append(CultureInfo.InvariantCulture, $"#EXT-X-PROGRAM-DATE-TIME:{segment.ToWall(entry.Start)}\n");
            text.Append(CultureInfo.InvariantCulture, $"#EXTINF:{entry.Duration.Seconds:0.000000},\n");
            if (pieces is null)
                text.Append(CultureInfo.InvariantCulture, $"#EXT-X-BYTERANGE:{entry.End - entry.Offset}@{entry.Offset}\nsegments/{segment.Name}.mp4\n");
            else
                text.Append(CultureInfo.InvariantCulture, $"{pieces}/{segment.Name}/{entry.Offset}-{entry.End}.m4s\n");
        }

        if (!growing)
            text.Append("#EXT-X-ENDLIST\n");
        return text.ToString();
    }

    /// <summary>A decoder may go on without a reset.</summary>
    static bool Continues(Segment before, Segment after) =>
        before.Run == after.Run && before.EndReason == SegmentEnd.Rotated && before.Codecs == after.Codecs
        && before.Width == after.Width && before.Height == after.Height;

    /// <summary>
    /// Where a decoder must start to show a moment: segment, and point in it. A segment that begins inside a group of pictures, because that was too long
    /// for one file, is decoded from the one before.
    /// </summary>
    static (int Segment, int Point) Begin(IReadOnlyList<Segment> segments, WallTime from)
    {
        int begin = 0;
        while (begin < segments.Count && segments[begin].End <= from)
            begin++;
        if (begin == segments.Count)
            return (begin, 0);
        var points = segments[begin].Points.Entries;
        var at = segments[begin].ToMedia(from);
        int first = 0;
        while (first + 1 < points.Count && points[first + 1].Media <= at)
            first++;
        while (first == 0 && begin > 0 && !segments[begin].Points.StartsWithKey && segments[begin - 1].Run == segments[begin].Run)
            first = segments[--begin].Points.Entries.Count - 1;
        return (begin, Math.Max(first, 0));
    }

    static List<Entry> Entries(IReadOnlyList<Segment> segments, WallTime from, WallTime to, bool growing)
    {
        var entries = new List<Entry>();
        var (begin, first) = Begin(segments, from);
        for (int s = begin; s < segments.Count; s++)
        {
            var segment = segments[s];
            var points = segment.Points.Entries;
            // So is a row that was made from a trailer and has no digest yet; but nothing follows the one that is being written.
            bool open = segment.Sha256.Length == 0 && s == segments.Count - 1;
            for (int i = s == begin ? first : 0; i < points.Count && segment.ToWall(points[i].Media) < to;)
            {
                int next = i + 1;
                while (next < points.Count && points[next].Media - points[i].Media < EntryLength)
                    next++;
                // The end of what is written is the end of an entry only if nothing can follow it.
                if (next == points.Count && open && growing)
                    break;
                var (end, stop) = next < points.Count ? (points[next].Offset, points[next].Media) : (segment.Points.EndOffset, segment.Points.MediaEnd);
                if (stop > points[i].Media)
                    entries.Add(new(segment, points[i].Offset, end, points[i].Media, stop));
                i = next;
            }
        }

        return entries;
    }
}
