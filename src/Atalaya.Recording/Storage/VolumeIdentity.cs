using System.Text.Json;
using System.Text.Json.Serialization;

namespace Atalaya.Recording.Storage;

/// <summary>What a disk says of itself in <see cref="FileName"/>: so that another disk, or none, isn't taken for it.</summary>
/// <param name="Volume">Made up when the volume was initialised.</param>
/// <param name="Archive">Which archive it is a part of: the same on all its volumes and in the index.</param>
sealed record VolumeIdentity(int Version, string Volume, string Name, string Archive, DateTimeOffset Created)
{
    public const string FileName = ".atalaya-volume";

    /// <summary>Null if there is none.</summary>
    /// <exception cref="IOException">It can't be read, or isn't one.</exception>
    public static VolumeIdentity? Read(string folder)
    {
        string path = Path.Combine(folder, FileName);
        try
        {
            return Parse(File.ReadAllBytes(path), path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    public static VolumeIdentity Parse(ReadOnlySpan<byte> json, string path)
    {
        try
        {
            return JsonSerializer.Deserialize(json, IdentityJson.Default.VolumeIdentity) is { Version: 1, Volume.Length: > 0, Name.Length: > 0, Archive.Length: > 0 } identity
                ? identity
                : throw new IOException($"{path} is no volume's identity, or one of a newer version.");
        }
        catch (JsonException e)
        {
            throw new IOException($"{path} is damaged: {e.Message} If this is the right disk, remove the file and adopt the volume.", e);
        }
    }

    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, IdentityJson.Default.VolumeIdentity);

    /// <summary>Durable when it returns; one that is there is replaced.</summary>
    public void Write(SegmentDisk disk, string folder)
    {
        string path = Path.Combine(folder, FileName), part = path + ".part";
        if (File.Exists(part))
            disk.Delete(part);
        using (var file = disk.Create(part))
        {
            disk.Write(file, [ToJson()], 0);
            disk.Sync(file);
        }

        if (File.Exists(path))
            disk.Delete(path);
        disk.Move(part, path);
        disk.SyncFolder(folder);
    }

    /// <summary>May the folder be used as this volume?</summary>
    /// <param name="found">What the folder says; null: nothing.</param>
    /// <param name="known">What the index knows of a volume of this name; null: nothing, or it can't be asked.</param>
    /// <param name="archive">Which archive this is; null: nobody knows yet.</param>
    /// <param name="hasFootage">The folder holds cameras' folders.</param>
    /// <param name="expectsFootage">The index knows segments there.</param>
    /// <returns>Null: yes. Otherwise what is wrong and what to do.</returns>
    public static string? Refusal(VolumeConfig config, VolumeIdentity? found, KnownVolume? known, string? archive, bool hasFootage, bool expectsFootage)
    {
        string adopt = $"`atalaya volume adopt {config.Name}`";
        if (config.Store is { } store && found is null)
        {
            return known is null
                ? $"{store} isn't initialised as a volume yet. Look that it is the right bucket, then: {adopt}."
                : $"{store} is empty of what volume '{config.Name}' should hold: it is another bucket, or was emptied. Correct its name; if its footage is lost for good: {adopt}.";
        }

        if (found is null)
        {
            if (known is not null || (expectsFootage && !hasFootage))
            {
                return $"{config.Path} is empty of what volume '{config.Name}' should hold: its disk isn't mounted there. Mount it. "
                    + $"If the disk is lost for good, put an empty one in its place: {adopt}.";
            }

            return hasFootage && !expectsFootage && !config.InitialiseWhenEmpty
                ? $"{config.Path} holds footage and doesn't say whose. If it belongs to this archive: {adopt}."
                : hasFootage || config.InitialiseWhenEmpty ? null
                : $"{config.Path} isn't initialised as a volume yet. Look that the disk is mounted there, then: {adopt}.";
        }

        if (found.Name != config.Name)
            return $"The disk at {config.Path} is volume '{found.Name}', the configuration calls it '{config.Name}'. Mount the right one there, or correct the name.";
        if (archive is not null && found.Archive != archive)
            return $"The disk at {config.Path} belongs to another archive (made {found.Created:yyyy-MM-dd}). Mount the right one, or take it over with what it holds: {adopt}.";
        if (known is not null && known.Id != found.Volume)
            return $"The disk at {config.Path} is called '{found.Name}', but isn't the one that was used so far. Mount that one, or replace it: {adopt}.";
        return null;
    }
}

/// <summary>What the index knows of a volume.</summary>
sealed record KnownVolume(string Name, string Id);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(VolumeIdentity))]
sealed partial class IdentityJson : JsonSerializerContext;
