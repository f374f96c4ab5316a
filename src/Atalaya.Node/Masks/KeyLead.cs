using Atalaya.Media;
using Atalaya.Media.Mp4;
using Atalaya.Node.Footage;
using Atalaya.Recording;

namespace Atalaya.Node.Masks;

/// <summary>What comes before a segment that begins inside a group of pictures: from the last key frame on.</summary>
static class KeyLead
{
    // A group of pictures that began in a segment before is looked for so far back.
    static readonly TimeSpan LongestGroup = TimeSpan.FromMinutes(10);

    /// <param name="of">The segment's own track.</param>
    /// <returns>The caller owns the units.</returns>
    /// <exception cref="PaintException">It isn't there any more.</exception>
    public static async Task<IReadOnlyList<AccessUnit>> ReadAsync(Recordings recordings, string camera, string segment, Mp4Track of, BlockPool pool)
    {
        if (!SegmentName.TryParse(segment, out var name))
            throw new PaintException($"'{segment}' is no segment.");
        var before = await recordings.Archive.SegmentsAsync(camera, name.Stream, name.Start - LongestGroup, name.Start + TimeSpan.FromMilliseconds(1));
        int at = before.ToList().FindIndex(s => s.Name == segment);
        var units = new List<AccessUnit>();
        for (int i = at - 1; i >= 0 && before[i].Run == before[at].Run; i--)
        {
            using var file = await recordings.Archive.OpenSegmentAsync(camera, before[i].Name);
            if (file is null || Mp4File.Open(file.Handle).Video is not { Samples.Count: > 0 } video || !video.Format.Equals(of.Format))
                break;
            int key = video.FindKey(video.Samples[^1].Presentation);
            units.InsertRange(0, [.. Enumerable.Range(Math.Max(0, key), video.Samples.Count - Math.Max(0, key)).Select(n => video.ReadUnit(n, pool))]);
            if (key >= 0)
                return units;
        }

        units.ForEach(u => u.Release());
        throw new PaintException("The key frame that its pictures are made from isn't there any more.");
    }
}
