using Atalaya.Recording.Storage;

namespace Atalaya.Node.Options;

public sealed record StorageOptions
{
    /// <summary>The name of the list in the file.</summary>
    public const string VolumesKey = "storage.volumes";

    [Option("Disks, mounted file systems and buckets that footage lies on; see below. Empty: one fast volume 'archive' in the data folder.", Max = "32")]
    public IReadOnlyList<VolumeEntry> Volumes { get; init; } = [];

    public RetentionOptions Retention { get; init; } = new();

    [Option("Footage moves from fast to large volumes after this. Empty: only when its volume fills up.", Min = "1min", Max = "3650d")]
    public TimeSpan? LargeAfter { get; init; }

    [Option("Footage moves to the object store after this. Empty: only when its volume fills up.", Min = "1min", Max = "3650d")]
    public TimeSpan? ObjectAfter { get; init; }

    [Option("Part of a volume's room from which its oldest footage moves on, where there is a further tier. 0.9: removing begins at 1, and moving has to come before.",
        Min = "0.1", Max = "0.99")]
    public double MoveAt { get; init; } = 0.9;

    [Option("Bytes a second that moving may take. 40 MB: several times what 20 cameras record, a third of a spinning disk. Moving pauses while a disk makes its writer wait.",
        Min = "100kB", Max = "10GB")]
    public ByteSize MoveRate { get; init; } = new(40_000_000);

    [Option("Files a second that retention may remove, and rows. 20: four times what 200 cameras record, so that a lowered limit costs hours, not the disk.",
        Min = "1", Max = "1000")]
    public int DeleteRate { get; init; } = 20;

    [Option("Part of what holds may use from which a warning is told. 0.5: time to ask who still needs what.", Min = "0.05", Max = "1")]
    public double HoldsWarn { get; init; } = 0.5;

    [Option("The same for an alarm. 0.8: a fifth is left to act in; a hold that would cross it has to be accepted.", Min = "0.05", Max = "1")]
    public double HoldsAlarm { get; init; } = 0.8;

    [Option("Whole segments of the object store that are kept here to be read. 4 GiB: two hours of a camera at 4 Mbit/s; an export from the store must fit.",
        Min = "100MiB", Max = "10TiB")]
    public ByteSize Cache { get; init; } = new(4L << 30);

    public S3Options S3 { get; init; } = new();
}

public sealed record RetentionOptions
{
    [Option("Footage goes when it is older than so many days. Empty: no such limit.", Min = "0.01", Max = "36500")]
    public double? Days { get; init; }

    [Option("Footage of one camera, both streams together, goes from the oldest on when it is more. Held footage doesn't count. Empty: no such limit.", Min = "10MB", Max = "1000TB")]
    public ByteSize? Bytes { get; init; }

    internal bool IsEmpty => Days is null && Bytes is null;

    internal RetentionLimits ToLimits() => new(Days is { } days ? TimeSpan.FromDays(days) : null, Bytes?.Bytes);
}

public sealed record S3Options
{
    [Option("Access key of the object store.", Max = "200", Secret = true)]
    public string AccessKey { get; init; } = "";

    [Option("Its secret. Best given in the environment: ATALAYA_STORAGE__S3__SECRETKEY.", Max = "200", Secret = true)]
    public string SecretKey { get; init; } = "";
}

/// <summary>A volume as the configuration file writes it.</summary>
public sealed record VolumeEntry
{
    [Option("Names it in the index and in the identity file on it: letters, digits, dots, underscores, hyphens. Never changed.", Min = "1", Max = "64")]
    public string Name { get; init; } = "";

    [Option("'fast' is recorded to, 'large' takes what moves on, 'object' is a bucket.")]
    public VolumeTier Tier { get; init; } = VolumeTier.Fast;

    [Option("Folder, absolute: the mount point, or a folder below it. Not for 'object'.", Max = "1000")]
    public string Path { get; init; } = "";

    [Option("Kept free, and out of the reach of holds: a size, or a percentage of the volume. 5%: file systems slow down when full, and recording goes on here when all else is held.")]
    public VolumeShare Reserve { get; init; } = new(0, 0.05);

    [Option("What footage may take at most, on a disk that others use, too. Empty: the disk; of a bucket no limit.", Min = "10MB", Max = "1000TB")]
    public ByteSize? MaxBytes { get; init; }

    [Option("'object' only: http(s)://host[:port] of the store.", Max = "500")]
    public string Endpoint { get; init; } = "";

    [Option("'object' only: the bucket; it must exist.", Max = "100")]
    public string Bucket { get; init; } = "";

    [Option("'object' only: put before every key, so that several archives can share a bucket.", Max = "200")]
    public string Prefix { get; init; } = "";

    [Option("'object' only: the region that requests are signed for; most stores other than Amazon's take any.", Min = "1", Max = "50")]
    public string Region { get; init; } = "us-east-1";
}
