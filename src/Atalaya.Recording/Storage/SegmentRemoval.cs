using System.Collections.Concurrent;
using System.Data.Common;
using Atalaya.Media;
using Microsoft.Extensions.Logging;

namespace Atalaya.Recording.Storage;

/// <summary>
/// The only way a closed segment leaves a volume: mark in the index, unlink, sync the folder, drop the mark. Stopped anywhere, a file is either
/// footage, or it is marked, and then the next sweep finishes.
/// </summary>
sealed class SegmentRemoval(VolumeIndex index, VolumeSet volumes, TimeProvider clock, ILogger log)
{
    /// <summary>An empty folder of an hour that is over for so long is removed.</summary>
    static readonly TimeSpan Settled = TimeSpan.FromHours(2);

    readonly ConcurrentDictionary<string, bool> _failing = new(StringComparer.Ordinal);     // volumes that refused last time, so that it is logged once

    /// <summary>Step 1, durable. From here on nobody is shown the segments; their stretches are gaps of cause <see cref="GapCause.Policy"/>.</summary>
    /// <exception cref="DbException">Nothing happened, or all of it.</exception>
    public void Mark(IReadOnlyList<(StoredSegment Segment, string Detail)> removals)
    {
        if (removals.Count > 0)
            index.Mark(removals);
    }

    /// <summary>
    /// Steps 2 to 4 for what is marked on local volumes: by this process a moment ago, or by one that was killed. A volume that refuses keeps its marks.
    /// </summary>
    /// <returns>Files removed.</returns>
    /// <exception cref="DbException">The marks can't be read or dropped; nothing is lost by it.</exception>
    public int Sweep(int most)
    {
        int removed = 0;
        foreach (var group in index.Marked([.. volumes.Local.Where(v => v.Hung is null).Select(v => v.Name)], most).GroupBy(m => m.Volume))
        {
            List<(string Volume, string Camera, SegmentName Name)> files = [.. group];
            try
            {
                Unlink(volumes.Find(group.Key)!, files);
                removed += Swept(group.Key, files);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                Failed(group.Key, e);
            }
        }

        return removed;
    }

    /// <summary>The same in an object store. Nothing may be on its way there meanwhile: what isn't footage yet is marked, too.</summary>
    /// <exception cref="DbException">As above.</exception>
    public async Task<int> SweepAsync(ObjectVolume store, int most, CancellationToken stop)
    {
        List<(string Volume, string Camera, SegmentName Name)> files = [.. index.Marked([store.Name], most)];
        if (files.Count == 0)
            return 0;
        try
        {
            await store.DeleteAsync(files.ConvertAll(f => (f.Camera, f.Name)), stop);
            return Swept(store.Name, files);
        }
        catch (IOException e)
        {
            Failed(store.Name, e);
            return 0;
        }
    }

    int Swept(string volume, List<(string Volume, string Camera, SegmentName Name)> files)
    {
        // 4. Nothing refers to the files any more.
        index.Unmark(files);
        _failing.TryRemove(volume, out _);
        return files.Count;
    }

    void Failed(string volume, Exception e)
    {
        if (_failing.TryAdd(volume, true))
            log.LogError(e, "Volume {Volume}: files can't be removed; tried again.", volume);
    }

    void Unlink(Volume volume, List<(string Volume, string Camera, SegmentName Name)> files)
    {
        var folders = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var (_, camera, name) in files)
        {
            // 2. One that isn't there was removed before a crash, or never came to be.
            string path = volume.Folder.PathOf(camera, name);
            if (File.Exists(path))
                volume.Disk.Delete(path);
            if (Directory.Exists(Path.GetDirectoryName(path)))
                folders.Add(Path.GetDirectoryName(path)!);
        }

        // 3. Before the marks go, the names are gone for good: a file that came back would be nobody's.
        foreach (string folder in folders)
            volume.Disk.SyncFolder(folder);

        // Empty folders mean nothing; if power takes their removal back they are removed with the next file.
        foreach (var (_, camera, name) in files.Where(f => f.Name.Start < WallTime.Now(clock) - Settled))
        {
            string hour = Path.GetDirectoryName(volume.Folder.PathOf(camera, name))!, day = Path.GetDirectoryName(hour)!;
            foreach (string folder in (string[])[hour, day, Path.GetDirectoryName(day)!])
            {
                if (!Directory.Exists(folder) || Directory.EnumerateFileSystemEntries(folder).Any())
                    break;
                volume.Disk.RemoveFolder(folder);
            }
        }
    }
}
