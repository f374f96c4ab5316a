using System.Data.Common;
using System.Security.Cryptography;
using Microsoft.Extensions.Logging;

namespace Atalaya.Recording.Storage;

/// <summary>
/// Takes a closed segment to another volume: copy, sync, compare the digest, mark the copy, name it, sync the folder, and in one step of the index
/// copy and original change places; then the original goes like any other file (<see cref="SegmentRemoval"/>). Stopped anywhere, exactly one of both is
/// footage and the other is marked, or has no name.
/// </summary>
sealed class SegmentMove(VolumeIndex index, VolumeSet volumes, ILogger log)
{
    /// <summary>Copies without a name; whatever is found there at a start is removed.</summary>
    const string Folder = ".moving";

    const int ChunkBytes = 1 << 20;

    /// <summary>What a process that was killed was copying.</summary>
    public static void Clear(Volume volume)
    {
        string folder = Path.Combine(volume.Folder.Root, Folder);
        if (!Directory.Exists(folder))
            return;
        foreach (string file in Directory.EnumerateFiles(folder))
            volume.Disk.Delete(file);
    }

    /// <returns>False: the segment can't be moved as it is (gone, or damaged); the log says why.</returns>
    /// <exception cref="IOException">A disk or the object store refused; the segment is where it was.</exception>
    /// <exception cref="DbException">The index can't be asked; the segment is where it was.</exception>
    public async Task<bool> RunAsync(StoredSegment segment, Segment row, string to, CancellationToken stop)
    {
        var name = new SegmentName(segment.Start.Milliseconds, segment.Stream);
        if (volumes.Find(segment.Volume) is not { } from || from.Folder.PathOf(segment.Camera, name) is not { } source || !File.Exists(source))
        {
            log.LogWarning("{Camera} {Name} can't be moved: it isn't on volume {Volume}. Run a check of the archive.", segment.Camera, name, segment.Volume);
            return false;
        }

        bool whole = volumes.FindStore(to) is { } store
            ? await UploadAsync(store, segment, row, source, stop)
            : Copy(volumes.Find(to) ?? throw new IOException($"Volume '{to}' isn't in use."), segment, row, name, source, stop);
        if (!whole)
        {
            log.LogError("{Camera} {Name} on volume {Volume} isn't what was recorded: its SHA-256 differs. It stays where it is.", segment.Camera, name, segment.Volume);
            return false;
        }

        return index.EndMove(segment, to);
    }

    async Task<bool> UploadAsync(ObjectVolume store, StoredSegment segment, Segment row, string source, CancellationToken stop)
    {
        index.BeginMove(segment, store.Name);
        return await store.PutAsync(row, source, stop);
    }

    bool Copy(Volume volume, StoredSegment segment, Segment row, SegmentName name, string source, CancellationToken stop)
    {
        var disk = volume.Disk;
        string moving = Path.Combine(volume.Folder.Root, Folder), part = Path.Combine(moving, $"{segment.Camera}~{name}.part");
        string target = volume.Folder.PathOf(segment.Camera, name), hour = Path.GetDirectoryName(target)!;
        disk.MakeFolder(moving);
        if (File.Exists(part))
            disk.Delete(part);
        try
        {
            // 1. Copied, with the digest of what was read.
            using (var reading = File.OpenHandle(source, options: FileOptions.SequentialScan))
            using (var writing = disk.Create(part))
            using (var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256))
            {
                var buffer = new byte[ChunkBytes];
                long at = 0;
                for (int read; (read = RandomAccess.Read(reading, buffer, at)) > 0; at += read)
                {
                    stop.ThrowIfCancellationRequested();
                    disk.Write(writing, [buffer.AsMemory(0, read)], at);
                    hash.AppendData(buffer.AsSpan(0, read));
                }

                if (row.Sha256.Length > 0 && Convert.ToHexStringLower(hash.GetHashAndReset()) != row.Sha256)
                {
                    disk.Delete(part);
                    return false;
                }

                // 2. On the disk, and read again from there as far as the system lets us see it.
                disk.Sync(writing);
                if (row.Sha256.Length > 0 && SegmentReader.Digest(writing) != row.Sha256)
                    throw new IOException($"Volume '{volume.Name}' gave back other bytes than were written to it.");
            }

            // 3. From here the copy may have a name, and nobody takes it for footage.
            index.BeginMove(segment, volume.Name);

            // 4. Its name, durably, in folders that are.
            disk.MakeFolder(hour);
            for (string? parent = Path.GetDirectoryName(hour); parent is not null && parent.Length >= volume.Folder.Root.Length; parent = Path.GetDirectoryName(parent))
                disk.SyncFolder(parent);
            if (File.Exists(target))
                disk.Delete(target);    // of a move that was interrupted
            disk.Move(part, target);
            disk.SyncFolder(hour);
            return true;
        }
        catch
        {
            try
            {
                if (File.Exists(part))
                    disk.Delete(part);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // The next start clears the folder.
            }

            throw;
        }
    }
}
