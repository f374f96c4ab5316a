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

    readonly HashSet<string> _failing = new(StringComparer.Ordinal);    // volumes that refused last time, so that it is logged once; by one sweep at a time

    /// <summary>Step 1, durable. From here on nobody is shown the segments; their stretches are gaps of cause <see cref="GapCause.Policy"/>.</summary>
    /// <exception cref="DbException">Nothing happened, or all of it.</exception>
    public void Mark(IReadOnlyList<(StoredSegment Segment, string Detail)> removals)
    {
        if (removals.Count > 0)
            index.Mark(removals);
    }

    /// <summary>Steps 2 to 4 for what is marked: by this process a moment ago, or by one that was killed. A volume that refuses keeps its marks.</summary>
    /// <returns>Files removed.</returns>
    /// <exception cref="DbException">The marks can't be read or dropped; nothing is lost by it.</exception>
    public async Task<int> SweepAsync(int most, CancellationToken stop)
    {
        var usable = volumes.Local.Select(v => v.Name).Concat(volumes.Stores.Where(s => s.IsReady).Select(s => s.Name)).ToList();
        var marked = usable.Count == 0 ? [] : index.Marked(usable, most);
        int removed = 0;
        foreach (var group in marked.GroupBy(m => m.Volume))
        {
            List<(string Volume, string Camera, SegmentName Name)> files = [.. group];
            try
            {
                if (volumes.Find(group.Key) is { } volume)
                    Unlink(volume, files);
                else
                    await volumes.FindStore(group.Key)!.DeleteAsync(files.ConvertAll(f => (f.Camera, f.Name)), stop);

                // 4. Nothing refers to the files any more.
                index.Unmark(files);
                removed += files.Count;
                _failing.Remove(group.Key);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                if (_failing.Add(group.Key))
                    log.LogError(e, "Volume {Volume}: files can't be removed; tried again.", group.Key);
            }
        }

        return removed;
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
