using Atalaya.Media;

namespace Atalaya.Recording.Storage;

/// <summary>One volume at the moment of planning a move.</summary>
/// <param name="Usable">Bytes that footage has or could have there, without the reserve.</param>
/// <param name="Room">Bytes that may still come; negative: none.</param>
/// <param name="Oldest">Start of the oldest footage there that may move; null: none.</param>
readonly record struct TierFill(string Name, VolumeTier Tier, long Usable, long Room, WallTime? Oldest);

/// <summary>From where to where the next segment moves. Pure.</summary>
static class TierPlan
{
    /// <summary>The oldest footage of the returned volume is to move; null: nothing is. Footage never moves to a faster tier.</summary>
    public static (string From, string To)? Next(WallTime now, IReadOnlyList<TierFill> volumes, StorageConfig config)
    {
        foreach (var from in volumes.Where(v => v.Tier != VolumeTier.Object && v.Oldest is not null).OrderBy(v => v.Oldest!.Value.Microseconds))
        {
            var age = now - from.Oldest!.Value;
            bool full = from.Room < from.Usable * (1 - config.MoveAt);
            var large = from.Tier == VolumeTier.Fast ? To(VolumeTier.Large) : null;
            var store = To(VolumeTier.Object);
            if (store is not null && config.ObjectAfter is { } late && age >= late)
                return (from.Name, store);
            if (large is not null && ((config.LargeAfter is { } early && age >= early) || full))
                return (from.Name, large);
            // Without a large tier, or with a full one, the bucket is the next.
            if (store is not null && full)
                return (from.Name, store);
        }

        return null;

        string? To(VolumeTier tier) => volumes.Where(v => v.Tier == tier && v.Room > 0).OrderByDescending(v => v.Room).Select(v => v.Name).FirstOrDefault();
    }
}
