using Atalaya.Media;

namespace Atalaya.Recording;

/// <param name="At">When it was taken, by the archive's clock.</param>
/// <param name="Data">As in <see cref="AccessUnit.Data"/>; a decoder can start with it.</param>
public sealed record KeyPicture(WallTime At, VideoFormat Format, ReadOnlyMemory<byte> Data);

/// <param name="Pictures">In order.</param>
/// <param name="IsSettled">Nothing can come into the stretch any more: it is over, and none of its segments is open.</param>
public sealed record KeyPictureSet(IReadOnlyList<KeyPicture> Pictures, bool IsSettled)
{
    /// <summary>By then a segment that begins in a stretch is known: its first fragment is written, whatever the fragment's length.</summary>
    internal static readonly TimeSpan Settles = TimeSpan.FromSeconds(5);

    /// <summary>Of each slot of a stretch the first access point in it, by segment. Pure.</summary>
    internal static IEnumerable<(Segment Segment, List<AccessPoint> Points)> Choose(IReadOnlyList<Segment> segments, WallTime from, WallTime to, TimeSpan every)
    {
        long next = 0;      // slot
        foreach (var segment in segments)
        {
            var chosen = new List<AccessPoint>();
            for (int i = segment.Points.StartsWithKey ? 0 : 1; i < segment.Points.Entries.Count; i++)
            {
                var at = segment.ToWall(segment.Points.Entries[i].Media);
                if (at >= to)
                    break;
                long slot = (at - from).Ticks / every.Ticks;
                if (at < from || slot < next)
                    continue;
                chosen.Add(segment.Points.Entries[i]);
                next = slot + 1;
            }

            if (chosen.Count > 0)
                yield return (segment, chosen);
        }
    }
}
