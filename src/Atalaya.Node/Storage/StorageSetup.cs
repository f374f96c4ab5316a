using Atalaya.Node.Options;
using Atalaya.Recording.Storage;

namespace Atalaya.Node.Storage;

/// <summary>The archive's storage out of the node's options.</summary>
static class StorageSetup
{
    /// <param name="data">The data folder.</param>
    public static StorageConfig Of(StorageOptions options, string data)
    {
        data = Path.GetFullPath(data);
        string archive = Path.Combine(data, "archive");
        return new()
        {
            Volumes = options.Volumes.Count == 0 ? [VolumeConfig.Default(archive)] : [.. options.Volumes.Select(v => Of(v, options.S3, data))],
            Retention = options.Retention.ToLimits(),
            LargeAfter = options.LargeAfter,
            ObjectAfter = options.ObjectAfter,
            MoveAt = options.MoveAt,
            MoveRate = options.MoveRate.Bytes,
            DeleteRate = options.DeleteRate,
            HoldsWarn = options.HoldsWarn,
            HoldsAlarm = options.HoldsAlarm,
            CacheBytes = options.Cache.Bytes,
        };
    }

    /// <summary>What is wrong with the volumes, in sentences.</summary>
    public static IEnumerable<string> Faults(StorageOptions options, string data)
    {
        foreach (var volume in options.Volumes)
        {
            if (volume.Tier == VolumeTier.Object)
            {
                if (!Uri.TryCreate(volume.Endpoint, UriKind.Absolute, out var endpoint) || endpoint.Scheme is not ("http" or "https") || endpoint.UserInfo.Length > 0)
                    yield return $"Volume '{Shown(volume.Name)}' needs an endpoint, as in https://s3.example.org, without credentials.";
                if (volume.Bucket.Length == 0)
                    yield return $"Volume '{Shown(volume.Name)}' needs a bucket.";
                if (volume.Path.Length > 0)
                    yield return $"Volume '{Shown(volume.Name)}' is a bucket; it has no path.";
                if (options.S3.AccessKey.Length == 0 || options.S3.SecretKey.Length == 0)
                    yield return $"Volume '{Shown(volume.Name)}' needs storage.s3.accessKey and storage.s3.secretKey.";
            }
            else if (!Path.IsPathFullyQualified(volume.Path))
            {
                yield return $"Volume '{Shown(volume.Name)}' needs a path that begins at the root, as in /mnt/footage.";
            }
        }

        if (options.HoldsWarn > options.HoldsAlarm)
            yield return "storage.holdsWarn must not be above storage.holdsAlarm.";
        if (options.LargeAfter is { } large && options.ObjectAfter is { } store && large > store)
            yield return "storage.largeAfter must not be above storage.objectAfter.";
        foreach (string fault in Of(options, data).Faults())
            yield return fault;
    }

    static VolumeConfig Of(VolumeEntry entry, S3Options keys, string data)
    {
        bool isObject = entry.Tier == VolumeTier.Object;
        string path = isObject ? Path.Combine(data, "cache", entry.Name) : entry.Path.Length == 0 ? data : Path.GetFullPath(entry.Path);
        string prefix = entry.Prefix.Trim('/');
        return new()
        {
            Name = entry.Name,
            Tier = entry.Tier,
            Path = path,
            Store = isObject ? new(entry.Endpoint, entry.Bucket, prefix.Length == 0 ? "" : prefix + "/", entry.Region, keys.AccessKey, keys.SecretKey) : null,
            Reserve = entry.Reserve,
            MaxBytes = entry.MaxBytes?.Bytes,
            // What lies in the data folder isn't a mount point that could be empty.
            InitialiseWhenEmpty = !isObject && path.StartsWith(Path.TrimEndingDirectorySeparator(data) + Path.DirectorySeparatorChar, StringComparison.Ordinal),
        };
    }

    static string Shown(string text) => OptionError.Shown(text);
}
