namespace Atalaya.Recording.Storage;

/// <summary>Volumes that share their footage: what one has no room for goes to the next.</summary>
/// <param name="Room">Bytes that footage may take in all, without the reserves; null: no limit.</param>
/// <param name="Held">Bytes.</param>
/// <param name="Cameras">Recorded there.</param>
sealed record StoragePool(IReadOnlyList<string> Volumes, long? Room, long Held, IReadOnlyList<string> Cameras);

/// <summary>What today's rates lead to. Pure.</summary>
static class StorageForecast
{
    /// <summary>How far back each camera's footage will reach: its own limit, or the share of the room that makes all others reach equally far.</summary>
    /// <param name="cameras">Bytes a day and limits.</param>
    /// <returns>Null: without end.</returns>
    public static Dictionary<string, TimeSpan?> Reach(long? room, IReadOnlyDictionary<string, (long PerDay, RetentionLimits Limits)> cameras)
    {
        var reach = new Dictionary<string, TimeSpan?>(StringComparer.Ordinal);
        var open = cameras.ToDictionary(c => c.Key, c => (Rate: Math.Max(1, c.Value.PerDay), Own: OwnLimit(c.Value.PerDay, c.Value.Limits)), StringComparer.Ordinal);
        double left = room ?? double.PositiveInfinity;
        while (open.Count > 0)
        {
            double days = Math.Max(0, left) / open.Values.Sum(c => (double)c.Rate);
            var bound = open.Where(c => c.Value.Own is { } own && own <= days).Select(c => c.Key).ToList();
            if (bound.Count == 0)
            {
                foreach (string camera in open.Keys)
                    reach[camera] = Days(days);
                return reach;
            }

            foreach (string camera in bound)
            {
                reach[camera] = Days(open[camera].Own!.Value);
                left -= open[camera].Own!.Value * open[camera].Rate;
                open.Remove(camera);
            }
        }

        return reach;
    }

    /// <summary>When a volume will have come to its reserve; null: its limits keep it from that, or nothing comes.</summary>
    /// <param name="room">Bytes that footage may take there, without the reserve.</param>
    /// <param name="cameras">Recorded there: bytes a day, bytes there now, and the most that its limits let there be; null: no limit.</param>
    public static TimeSpan? FullIn(long room, long used, IEnumerable<(long PerDay, long Bytes, double? Most)> cameras)
    {
        var all = cameras.ToList();
        if (all.TrueForAll(c => c.Most is not null) && used - all.Sum(c => c.Bytes) + all.Sum(c => Math.Max(c.Most!.Value, 0)) <= room)
            return null;
        double perDay = all.Where(c => c.Most is not { } most || c.Bytes < most).Sum(c => (double)c.PerDay);
        return perDay < 1 ? null : Days(Math.Max(0, room - used) / perDay);
    }

    /// <summary>In days.</summary>
    public static double? OwnLimit(long perDay, RetentionLimits limits)
    {
        double? byBytes = limits.Bytes is { } bytes ? bytes / (double)Math.Max(1, perDay) : null;
        return limits.Age is { } age ? Math.Min(age.TotalDays, byBytes ?? double.MaxValue) : byBytes;
    }

    // A century is without end.
    static TimeSpan? Days(double days) => days < 36500 ? TimeSpan.FromDays(days) : null;
}

/// <summary>Sizes and lengths in sentences.</summary>
static class InWords
{
    public static string Of(TimeSpan span) =>
        span.TotalDays >= 1.95 ? $"{Math.Round(span.TotalDays):0} days" : span.TotalHours >= 1.95 ? $"{Math.Round(span.TotalHours):0} hours" : $"{Math.Max(1, Math.Round(span.TotalMinutes)):0} minutes";

    public static string Of(long bytes) => bytes switch
    {
        >= 1_000_000_000_000 => Invariant($"{bytes / 1e12:0.0} TB"),
        >= 1_000_000_000 => Invariant($"{bytes / 1e9:0.0} GB"),
        _ => Invariant($"{bytes / 1e6:0.0} MB"),
    };

    static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
