using Atalaya.Media;

namespace Atalaya.Recording.Storage;

/// <summary>A closed segment as retention sees it.</summary>
readonly record struct StoredSegment(string Volume, string Camera, StreamKind Stream, WallTime Start, WallTime End, long Bytes);

/// <summary>One volume at the moment of planning, in bytes.</summary>
/// <param name="Free">May be written before the disk, or the volume's limit, is full.</param>
/// <param name="Unheld">Footage on it that no hold keeps.</param>
/// <param name="Relieved">There is a further tier with room, which takes what is too much.</param>
readonly record struct VolumeFill(string Name, long Free, long Reserve, long Unheld, bool Relieved);

/// <summary>One stream's footage on one volume.</summary>
/// <param name="Oldest">Unheld, in order of time, without the stream's newest: as many as a plan may remove, or all.</param>
/// <param name="Overrun">Held, but beyond what holds may use, in order of time.</param>
sealed record StreamShelf(string Volume, string Camera, StreamKind Stream, IReadOnlyList<StoredSegment> Oldest, IReadOnlyList<StoredSegment> Overrun);

/// <param name="Unheld">Bytes of the camera that no hold keeps, on all volumes.</param>
readonly record struct CameraKeep(RetentionLimits Limits, long Unheld);

enum RemovalCause
{
    /// <summary>Older than its camera's limit.</summary>
    Age,

    /// <summary>Its camera has more than its limit.</summary>
    Bytes,

    /// <summary>Its volume's reserve is used up.</summary>
    Reserve,

    /// <summary>Held, but holds use more than they may and there is nothing else left.</summary>
    Overrun,
}

readonly record struct Removal(StoredSegment Segment, RemovalCause Cause);

/// <summary>Which footage goes. Pure.</summary>
/// <remarks>
/// <para>Held footage never goes for a limit. It goes for space only when nothing unheld is left on the volume and holds use more than they may; then
/// the oldest of what is too much, so that what was held first stays.</para>
/// <para>The reserve is kept free by removing the oldest footage on the volume, whichever camera it is of: all cameras reach back equally far, whatever
/// they cost. But three quarters of a reserve's size of unheld footage stay until the disk has less than a quarter of the reserve: that is the part of
/// the reserve in which recording goes on when all the rest is held, or taken by somebody else.</para>
/// <para>A volume with a further tier behind it that has room is relieved by moving; it removes only below a quarter of its reserve.</para>
/// </remarks>
static class RetentionPlan
{
    /// <param name="most">Removals, the most urgent first.</param>
    public static List<Removal> Make(
        WallTime now, IReadOnlyList<VolumeFill> volumes, IReadOnlyList<StreamShelf> shelves, IReadOnlyDictionary<string, CameraKeep> cameras, int most)
    {
        var removals = new List<Removal>();
        var gone = new HashSet<StoredSegment>();

        // Room first: what goes for it then counts for the limits, too.
        foreach (var volume in volumes)
        {
            long free = volume.Free, unheld = volume.Unheld;
            long least = volume.Reserve / 4, ring = volume.Reserve - least;
            var here = shelves.Where(s => s.Volume == volume.Name).ToList();
            foreach (var segment in InOrder(here, s => s.Oldest))
            {
                bool wanted = free < least || (free < volume.Reserve && unheld > ring && !volume.Relieved);
                if (!wanted || !Take(segment, IsExpired(segment) ? RemovalCause.Age : RemovalCause.Reserve))
                    break;
                free += segment.Bytes;
                unheld -= segment.Bytes;
            }

            if (free >= least || here.Exists(s => s.Oldest.Any(o => !gone.Contains(o))))
                continue;
            foreach (var segment in InOrder(here, s => s.Overrun))
            {
                if (free >= least || !Take(segment, RemovalCause.Overrun))
                    break;
                free += segment.Bytes;
            }
        }

        foreach (var segment in InOrder(shelves, s => s.Oldest).Where(IsExpired))
            Take(segment, RemovalCause.Age);
        foreach (var (camera, keep) in cameras.Where(c => c.Value.Limits.Bytes is not null).OrderBy(c => c.Key, StringComparer.Ordinal))
        {
            long over = keep.Unheld - keep.Limits.Bytes!.Value - gone.Where(s => s.Camera == camera).Sum(s => s.Bytes);
            foreach (var segment in InOrder(shelves.Where(s => s.Camera == camera), s => s.Oldest).Where(s => !gone.Contains(s)))
            {
                if (over <= 0 || !Take(segment, RemovalCause.Bytes))
                    break;
                over -= segment.Bytes;
            }
        }

        return removals;

        bool IsExpired(StoredSegment s) => cameras.GetValueOrDefault(s.Camera).Limits?.Age is { } age && s.End <= now - age;

        bool Take(StoredSegment segment, RemovalCause cause)
        {
            if (removals.Count >= most || !gone.Add(segment))
                return false;
            removals.Add(new(segment, cause));
            return true;
        }
    }

    static IEnumerable<StoredSegment> InOrder(IEnumerable<StreamShelf> shelves, Func<StreamShelf, IEnumerable<StoredSegment>> segments) =>
        shelves.SelectMany(segments).OrderBy(s => s.Start.Microseconds).ThenBy(s => s.Camera, StringComparer.Ordinal).ThenBy(s => s.Stream);
}
