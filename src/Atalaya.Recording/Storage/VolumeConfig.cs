namespace Atalaya.Recording.Storage;

/// <summary>What a volume is for. Footage is recorded to fast ones and moves on as it ages.</summary>
public enum VolumeTier
{
    /// <summary>Recorded to.</summary>
    Fast,

    /// <summary>Takes what fast ones have no room for; a local or mounted file system.</summary>
    Large,

    /// <summary>A bucket of an S3-compatible store.</summary>
    Object,
}

/// <summary>Space as bytes, or as a part of the volume. Text: <c>20GiB</c> is for options to read; here it is a number.</summary>
/// <param name="Bytes">Used when <paramref name="Fraction"/> is zero.</param>
/// <param name="Fraction">0 to 1.</param>
public readonly record struct VolumeShare(long Bytes, double Fraction = 0)
{
    public long Of(long capacity) => Fraction > 0 ? (long)(capacity * Fraction) : Bytes;
}

/// <summary>Where the bucket is and who asks. Never written to a log.</summary>
/// <param name="Endpoint">http(s)://host[:port]; paths are <c>endpoint/bucket/key</c>.</param>
/// <param name="Prefix">Put before every key; empty or ending with a slash.</param>
public sealed record ObjectStoreConfig(string Endpoint, string Bucket, string Prefix, string Region, string AccessKey, string SecretKey)
{
    // A record writes out all it has; this one holds a secret.
    public override string ToString() => $"{Endpoint}/{Bucket}/{Prefix}";
}

/// <summary>One disk, mounted file system or bucket that footage lies on. A snapshot.</summary>
public sealed record VolumeConfig
{
    /// <summary>The volume of an archive that names none, and of all that was recorded before there were several.</summary>
    public const string DefaultName = "archive";

    /// <summary>Names it in the index and in its identity file; never changed. The same letters as a camera's id.</summary>
    public required string Name { get; init; }
    public VolumeTier Tier { get; init; } = VolumeTier.Fast;

    /// <summary>Folder; of an object store the folder of its local cache.</summary>
    public required string Path { get; init; }

    /// <summary>Of <see cref="VolumeTier.Object"/> only.</summary>
    public ObjectStoreConfig? Store { get; init; }

    /// <summary>
    /// Kept free, and out of the reach of holds. 5 %: file systems slow down when they are full, and recording needs somewhere to go when everything
    /// else is held.
    /// </summary>
    public VolumeShare Reserve { get; init; } = new(0, 0.05);

    /// <summary>What footage may take at most; null: the disk. Beside other users of the same disk.</summary>
    public long? MaxBytes { get; init; }

    /// <summary>An empty folder is taken without being asked. For the one inside the data folder: it is no mount point.</summary>
    public bool InitialiseWhenEmpty { get; init; }

    public static VolumeConfig Default(string folder) => new() { Name = DefaultName, Path = folder, InitialiseWhenEmpty = true };
}
