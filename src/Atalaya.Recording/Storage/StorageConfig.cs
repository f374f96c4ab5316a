namespace Atalaya.Recording.Storage;

/// <summary>How long footage is kept; null: no such limit. What goes first is what either limit asks for.</summary>
public sealed record RetentionLimits(TimeSpan? Age = null, long? Bytes = null)
{
    public static RetentionLimits None { get; } = new();
}

/// <summary>Where footage lies, how long, and how fast it is moved and removed. A snapshot.</summary>
public sealed record StorageConfig
{
    /// <summary>At least one fast one.</summary>
    public required IReadOnlyList<VolumeConfig> Volumes { get; init; }

    /// <summary>Of cameras that have none of their own, removed ones among them.</summary>
    public RetentionLimits Retention { get; init; } = RetentionLimits.None;

    /// <summary>From fast to large after this; null: only when the fast volume fills up.</summary>
    public TimeSpan? LargeAfter { get; init; }

    /// <summary>From large (or fast, without a large one) to the object store after this; null: only when it fills up.</summary>
    public TimeSpan? ObjectAfter { get; init; }

    /// <summary>
    /// Part of what a volume may hold from which its oldest footage moves on, if there is a further tier. 0.9: deletion begins at 1, and moving has to be done before.
    /// </summary>
    public double MoveAt { get; init; } = 0.9;

    /// <summary>Bytes a second that moving may take. 40 MB/s: five times what 20 cameras record, a third of a spinning disk.</summary>
    public long MoveRate { get; init; } = 40_000_000;

    /// <summary>Files a second that may be removed. 20: four times what 200 cameras record, and no burst at midnight.</summary>
    public int DeleteRate { get; init; } = 20;

    /// <summary>Part of what holds may use from which a warning is told, and from which an alarm.</summary>
    public double HoldsWarn { get; init; } = 0.5;
    public double HoldsAlarm { get; init; } = 0.8;

    /// <summary>Whole segments of the object store that are kept here to be read. 4 GiB: two hours of a camera at 4 Mbit/s.</summary>
    public long CacheBytes { get; init; } = 4L << 30;

    public static StorageConfig Default(string folder) => new() { Volumes = [VolumeConfig.Default(folder)] };

    /// <summary>Every fault at once, as sentences.</summary>
    public IEnumerable<string> Faults()
    {
        if (!Volumes.Any(v => v.Tier == VolumeTier.Fast))
            yield return "There is no fast volume: nothing could be recorded.";
        foreach (var same in Volumes.GroupBy(v => v.Name, StringComparer.Ordinal).Where(g => g.Count() > 1))
            yield return $"Two volumes are called '{same.Key}'.";
        foreach (var volume in Volumes)
        {
            if (!SegmentName.IsCamera(volume.Name))
                yield return $"'{volume.Name}' can't be a volume's name: use up to 64 letters, digits, '.', '_' and '-', not starting with a dot.";
            if (volume.Tier == VolumeTier.Object && volume.Store is null)
                yield return $"Volume '{volume.Name}' has no bucket.";
            if (volume.Reserve.Fraction is < 0 or > 0.9 || volume.Reserve.Bytes < 0)
                yield return $"The reserve of volume '{volume.Name}' must be bytes, or a part of at most 90 %.";
        }

        var local = Volumes.Where(v => v.Tier != VolumeTier.Object).Select(v => (v.Name, Path: Path.TrimEndingDirectorySeparator(Path.GetFullPath(v.Path)) + "/")).ToList();
        foreach (var (name, path) in local)
        {
            foreach (var other in local.Where(o => o.Name != name && path.StartsWith(o.Path, StringComparison.Ordinal)))
                yield return $"The folder of volume '{name}' is inside that of '{other.Name}'.";
        }
    }
}
