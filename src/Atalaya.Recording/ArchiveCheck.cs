using Atalaya.Media;
using Atalaya.Media.Mp4;
using Microsoft.Extensions.Logging;
using Atalaya.Recording.Storage;

namespace Atalaya.Recording;

public enum CheckFaultKind
{
    /// <summary>The index knows it, the disk doesn't.</summary>
    Missing,

    /// <summary>Another length than the index says.</summary>
    WrongSize,

    /// <summary>Boxes that make no whole segment.</summary>
    Damaged,

    /// <summary>The disk doesn't give its bytes.</summary>
    Unreadable,

    /// <summary>Another content than was written.</summary>
    WrongDigest,

    /// <summary>On the disk, unknown to the index; <c>--repair</c> adds it.</summary>
    NotIndexed,

    /// <summary>A file that is no segment, or lies where its name doesn't belong.</summary>
    Stray,

    /// <summary>Left open by a crash; the next start up recovers it.</summary>
    Unfinished,

    /// <summary>The index says that two segments, or a segment and a gap, hold the same time.</summary>
    Overlap,

    /// <summary>Neither a segment nor a gap: nobody knows what happened.</summary>
    Unexplained,

    /// <summary>The merged coverage that timelines are answered from isn't that of the segments; <c>--repair</c> makes it again.</summary>
    Coverage,
}

/// <param name="Path">Relative to the archive's folder.</param>
/// <param name="Repaired">True when <c>--repair</c> put it right.</param>
public sealed record CheckFault(CheckFaultKind Kind, string Path, string Detail, bool Repaired);

/// <summary>How much of each file is looked at.</summary>
public enum CheckDepth
{
    /// <summary>Whether it is there, and its length.</summary>
    Presence,

    /// <summary>Its boxes too: all headers, no media.</summary>
    Structure,

    /// <summary>Every byte: its SHA-256.</summary>
    Digest,
}

/// <param name="Repair">Put right what can be without deleting footage: see <c>design/archive.md</c>.</param>
/// <param name="DeleteUnreadable">Repair deletes files that hold nothing to play; otherwise it puts them aside.</param>
/// <param name="DeleteCopies">Repair deletes second copies of segments on other volumes, if both are what was recorded.</param>
public sealed record CheckOptions(CheckDepth Depth = CheckDepth.Digest, bool Repair = false, bool DeleteUnreadable = false, bool DeleteCopies = false);

/// <param name="Bytes">Of the files that were looked at.</param>
public sealed record CheckProgress(long Files, long FilesTotal, long Bytes);

public sealed record CheckResult(long Segments, long Bytes, long Gaps, IReadOnlyList<CheckFault> Faults)
{
    /// <summary>0: all is well, or was put right. 1: faults are left.</summary>
    public int ExitCode => Faults.All(f => f.Repaired) ? 0 : 1;
}

/// <param name="Added">Rows that were made.</param>
/// <param name="Digested">Rows that got their digest.</param>
/// <param name="Faults">Files that aren't what was written; their rows have no digest.</param>
public sealed record ReindexResult(long Added, long Digested, IReadOnlyList<CheckFault> Faults);

/// <summary>Compares disk and index, both ways.</summary>
static class ArchiveCheck
{
    /// <summary>Adds what object stores say of the segments that <see cref="Run"/> left to them.</summary>
    public static async Task<CheckResult> WithStoresAsync(
        CheckResult local, IReadOnlyList<ObjectVolume> stores, SegmentIndex index, CheckOptions options, CancellationToken stop)
    {
        var faults = local.Faults.ToList();
        long bytes = local.Bytes;
        var listed = new Dictionary<(string Volume, string Camera, SegmentName Name), long>();
        var away = new HashSet<ObjectVolume>();
        foreach (var store in stores)
        {
            try
            {
                foreach (var (camera, name, length) in await store.ListAsync(stop))
                    listed[(store.Name, camera, name)] = length;
            }
            catch (IOException e)
            {
                away.Add(store);
                if (index.HasSegmentsOn(store.Name))
                    faults.Add(new(CheckFaultKind.Unreadable, store.Name, $"{e.Message} What is there was not looked at.", false));
            }
        }

        foreach (var (camera, stream) in index.Streams())
        {
            foreach (var row in index.Segments(camera, stream, default, new(long.MaxValue)))
            {
                if (stores.FirstOrDefault(s => s.Name == row.Volume) is not { } store || away.Contains(store))
                    continue;
                var name = new SegmentName(row.Start.Milliseconds, row.Stream);
                string place = $"{store.Name}:{camera}/{name.RelativePath()}";
                try
                {
                    // It may have come since the list was made.
                    long? length = listed.Remove((store.Name, camera, name), out long found) ? found : await store.LengthAsync(camera, name, stop);
                    if (length is null && index.Find(camera, name)?.Volume != row.Volume)
                        continue;
                    bytes += length ?? 0;
                    if (length is null)
                        faults.Add(new(CheckFaultKind.Missing, place, "The index knows it, the object store doesn't.", false));
                    else if (length != row.Bytes)
                        faults.Add(new(CheckFaultKind.WrongSize, place, $"It has {length} bytes, the index says {row.Bytes}.", false));
                    else if (options.Depth == CheckDepth.Digest)
                        (await store.FetchAsync(row, stop))?.Dispose();     // compares
                }
                catch (IOException e) when (store.Fault is not null)
                {
                    away.Add(store);
                    faults.Add(new(CheckFaultKind.Unreadable, store.Name, $"{e.Message} What is there was looked at in part.", false));
                }
                catch (IOException e)
                {
                    faults.Add(new(CheckFaultKind.Damaged, place, e.Message, false));
                }
            }
        }

        foreach (var (volume, camera, name) in listed.Keys)
        {
            // On its way there, on its way out, or known by now.
            if (index.Find(camera, name)?.Volume != volume && !index.Deletions(camera, name.Stream).Contains((volume, name.Start)) && !away.Any(s => s.Name == volume))
                faults.Add(new(CheckFaultKind.NotIndexed, $"{volume}:{camera}/{name.RelativePath()}", "The object store has it, the index doesn't know it.", false));
        }

        return local with { Bytes = bytes, Faults = faults };
    }

    /// <param name="isBeingWritten">Files of this process that are no fault: open, or on their way into the index.</param>
    /// <param name="settled">Up to where the index is complete.</param>
    public static CheckResult Run(
        VolumeSet volumes, SegmentIndex index, Recovery recovery, Func<string, SegmentName, bool> isBeingWritten,
        Func<string, StreamKind, WallTime> settled, CheckOptions options, ILogger log, IProgress<CheckProgress>? progress, CancellationToken stop)
    {
        var repair = options.Repair ? new ArchiveRepair(index, options.DeleteUnreadable, log) : null;
        var faults = new List<CheckFault>();
        long files = 0, bytes = 0, segments = 0, gaps = 0;
        var streams = index.Streams().Concat(volumes.Cameras().SelectMany(c => new[] { (c, StreamKind.Main), (c, StreamKind.Sub) })).Distinct().ToList();
        var listed = streams.ToDictionary(s => s, s => volumes.Segments(s.Item1, s.Item2).ToList());
        long total = listed.Values.Sum(l => l.Count);
        foreach (var (camera, stream) in streams)
        {
            var rows = index.Segments(camera, stream, default, new(long.MaxValue));
            segments += rows.Count;
            foreach (var row in rows)
            {
                stop.ThrowIfCancellationRequested();
                CheckFile(row);
            }

            var known = rows.Select(r => r.Start.Milliseconds).ToHashSet();
            var removed = index.Deletions(camera, stream);
            var lacking = listed[(camera, stream)]
                .Where(s => !known.Contains(s.Name.StartMilliseconds) && !isBeingWritten(camera, s.Name) && !removed.Contains((s.Volume.Name, s.Name.Start))
                    && File.Exists(s.Volume.Folder.PathOf(camera, s.Name))      // retention goes on meanwhile
                    && index.Find(camera, s.Name) is null)                      // and so does recording: its row came since
                .ToList();
            CheckCopies(camera, stream, rows, removed);
            if (options.Repair)
                recovery.CatchUp(index, camera, stream, default, open: false, stop, until: settled(camera, stream));
            foreach (var (name, volume) in lacking)
            {
                files++;
                bool repaired = options.Repair && index.Find(camera, name) is not null;
                faults.Add(new(CheckFaultKind.NotIndexed, volumes.Relative(volume.Folder.PathOf(camera, name)),
                    repaired ? "It was not in the index." : options.Repair ? "It is not in the index and can't be read." : "It is not in the index; --repair adds it.", repaired));
            }

            gaps += CheckTime(camera, stream);
            CheckCoverage(camera, stream);
        }

        foreach (var volume in volumes.Local)
        {
            foreach (string camera in volume.Folder.Cameras())
                faults.AddRange(volume.Folder.Strays(camera).Select(p => new CheckFault(CheckFaultKind.Stray, volumes.Relative(p), "It is no segment in its place.", false)));
        }

        var strays = new List<string>();
        foreach (var (camera, name, path, _) in volumes.OpenFiles(strays).Where(f => !isBeingWritten(f.Camera, f.Name) && File.Exists(f.Path)))
            faults.Add(new(CheckFaultKind.Unfinished, volumes.Relative(path), "It was left open; the next start of the node recovers it.", false));
        faults.AddRange(strays.Select(p => new CheckFault(CheckFaultKind.Stray, volumes.Relative(p), "It is no open segment.", false)));
        return new(segments, bytes, gaps, faults);

        void CheckFile(Segment row)
        {
            var name = new SegmentName(row.Start.Milliseconds, row.Stream);
            files++;
            for (bool again = false; ; again = true)
            {
                if (volumes.FindStore(row.Volume) is not null)
                    break;
                string? path = volumes.PathOf(row.Camera, name, row.Volume);
                if (FaultOf(row, path) is not var (kind, detail))
                    break;
                // Retention and moving go on meanwhile: a fault is one only if the row says the same afterwards.
                var now = index.Find(row.Camera, name);
                if (now is null)
                    break;
                if (!again && (now.Volume != row.Volume || now.Sha256 != row.Sha256))
                {
                    row = now;
                    continue;
                }

                string relative = path is null ? $"{row.Camera}/{name.RelativePath()}" : volumes.Relative(path);
                string? done = repair is null ? null : Repair(row, path, kind);
                faults.Add(new(kind, relative, done is null ? detail : $"{detail} {done}", done is not null));
                break;
            }

            progress?.Report(new(files, total, bytes));
        }

        (CheckFaultKind Kind, string Detail)? FaultOf(Segment row, string? path)
        {
            if (path is null)
                return (CheckFaultKind.Missing, volumes.Find(row.Volume) is null ? $"It is on volume '{row.Volume}', which isn't in use." : "The index knows it, the disk doesn't.");
            try
            {
                using var file = File.OpenHandle(path);
                long length = RandomAccess.GetLength(file);
                bytes += length;
                if (length != row.Bytes)
                    return (CheckFaultKind.WrongSize, $"It has {length} bytes, the index says {row.Bytes}.");
                if (options.Depth == CheckDepth.Presence)
                    return null;
                var scan = SegmentScan.Read(file);
                if (scan.Fragments.Count == 0 || scan.InitLength != row.InitBytes || scan.WholeEnd != row.Points.EndOffset)
                    return (CheckFaultKind.Damaged, scan.Fault ?? $"Its fragments end at byte {scan.WholeEnd}, the index says {row.Points.EndOffset}.");
                if (SegmentTrailer.Read(file) is not var (trailer, offset) || trailer.Camera != row.Camera || trailer.Start != row.Start.Milliseconds)
                    return (CheckFaultKind.Damaged, "Its last box doesn't say what the index says.");
                if (options.Depth != CheckDepth.Digest)
                    return null;
                // A row without a digest was made from the trailer, which has that of what is before it.
                if (row.Sha256.Length > 0)
                    return SegmentReader.Digest(file) is var digest && digest == row.Sha256 ? null : (CheckFaultKind.WrongDigest, $"Its SHA-256 is {digest}, it was written as {row.Sha256}.");
                return trailer.Content is not { } content || SegmentReader.Digest(file, offset) is var now && now == content
                    ? null : (CheckFaultKind.WrongDigest, $"The SHA-256 of its content isn't {content}, as it was written.");
            }
            catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
            {
                return (CheckFaultKind.Missing, "The index knows it, the disk doesn't.");
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return (CheckFaultKind.Unreadable, $"It can't be read: {e.Message} Look into the system's log about the disk.");
            }
        }

        string? Repair(Segment row, string? path, CheckFaultKind kind)
        {
            var volume = volumes.Local.FirstOrDefault(v => path is null ? v.Name == row.Volume : !Path.GetRelativePath(v.Folder.Root, path).StartsWith("..", StringComparison.Ordinal));
            try
            {
                return volume is null ? null
                    : kind == CheckFaultKind.Missing ? repair!.Forget(row)
                    : kind is CheckFaultKind.WrongSize or CheckFaultKind.Damaged ? repair!.Renew(row, volume, path!)
                    : null;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or Mp4Exception)
            {
                log.LogError(e, "{Path} could not be repaired.", path);
                return null;
            }
        }

        // A move whose index was lost halfway leaves one segment on two volumes.
        void CheckCopies(string camera, StreamKind stream, IReadOnlyList<Segment> rows, HashSet<(string Volume, WallTime Start)> removed)
        {
            if (volumes.Local.Count < 2)
                return;
            var places = rows.ToDictionary(r => r.Start);
            foreach (var (name, volume) in listed[(camera, stream)])
            {
                if (places.TryGetValue(name.Start, out var row) && row.Volume != volume.Name && !removed.Contains((volume.Name, name.Start))
                    && File.Exists(volume.Folder.PathOf(camera, name)) && index.Find(camera, name)?.Volume != volume.Name && !index.Deletions(camera, stream).Contains((volume.Name, name.Start)))
                {
                    string path = volume.Folder.PathOf(camera, name), said = $"A second copy: the index says that this segment is on volume '{row.Volume}'.";
                    string? done = !options.Repair || !options.DeleteCopies ? null : RemoveCopy(row, name, volume, path);
                    faults.Add(new(CheckFaultKind.Stray, volumes.Relative(path),
                        $"{said} {done ?? (options.DeleteCopies && options.Repair ? "It stays: not both are what was recorded." : "--repair --delete-copies removes it if both are what was recorded.")}", done is not null));
                }
            }
        }

        // Read again now, both: what is deleted here can't be had again.
        string? RemoveCopy(Segment row, SegmentName name, Volume volume, string copy)
        {
            try
            {
                if (row.Sha256.Length == 0 || volumes.Find(row.Volume) is not { } home || home.Folder.PathOf(row.Camera, name) is not { } original || !IsIt(original) || !IsIt(copy)
                    || index.Find(row.Camera, name)?.Volume != row.Volume)
                {
                    return null;
                }

                volume.Disk.Delete(copy);
                volume.Disk.SyncFolder(Path.GetDirectoryName(copy)!);
                log.LogWarning("{Path} was deleted: it was a second copy of a segment on volume {Volume}.", copy, row.Volume);
                return "It was deleted.";
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                log.LogError(e, "{Path} could not be compared or deleted.", copy);
                return null;
            }

            bool IsIt(string path)
            {
                using var file = File.OpenHandle(path, options: FileOptions.SequentialScan);
                return SegmentReader.Digest(file) == row.Sha256;
            }
        }

        void CheckCoverage(string camera, StreamKind stream)
        {
            if (index.IsCovered(camera, stream))
                return;
            if (options.Repair)
                index.RebuildCoverage();
            bool repaired = options.Repair && index.IsCovered(camera, stream);
            faults.Add(new(CheckFaultKind.Coverage, $"{camera} {SegmentIndex.Text(stream)}",
                "The merged coverage isn't that of the segments: timelines are wrong." + (options.Repair ? "" : " --repair makes it again."), repaired));
        }

        int CheckTime(string camera, StreamKind stream)
        {
            // Segments and gaps are read one after the other: what was removed or indexed in between looks like a fault, once.
            var (found, count) = TimeFaults(camera, stream);
            if (found.Count > 0)
                found = [.. TimeFaults(camera, stream).Found.Intersect(found)];
            faults.AddRange(found);
            return count;
        }

        (List<CheckFault> Found, int Gaps) TimeFaults(string camera, StreamKind stream)
        {
            var found = new List<CheckFault>();
            var until = settled(camera, stream);
            var spans = index.Spans(camera, stream, default, until).Select(s => (s.From, To: (WallTime?)s.To, What: "segment"));
            var holes = index.Gaps(camera, stream, default, until);
            string place = $"{camera} {SegmentIndex.Text(stream)}";
            WallTime? at = null;
            bool endless = false;
            foreach (var (from, to, what) in spans.Concat(holes.Select(g => (g.From, g.To, What: "gap"))).OrderBy(s => s.From.Microseconds).ThenBy(s => s.To?.Microseconds))
            {
                if (endless || from < at)
                    found.Add(new(CheckFaultKind.Overlap, place, $"The {what} from {from} begins before the end of what is before it, {at}.", false));
                else if (from > at)
                    found.Add(new(CheckFaultKind.Unexplained, place, $"Between {at} and {from} there is neither a segment nor a gap.", false));
                endless |= to is null;
                at = to is null || at > to ? at : to;
            }

            return (found, holes.Count);
        }
    }
}
