using Atalaya.Media;
using Atalaya.Media.Mp4;
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

/// <param name="Digests">Read every byte and compare SHA-256. Without it presence, size and structure only.</param>
/// <param name="Repair">Put unindexed files into the index. Nothing is ever deleted or changed on the disk.</param>
public sealed record CheckOptions(bool Digests = true, bool Repair = false);

public sealed record CheckProgress(long Files, long FilesTotal, long Bytes);

public sealed record CheckResult(long Segments, long Bytes, long Gaps, IReadOnlyList<CheckFault> Faults)
{
    /// <summary>0: all is well, or was put right. 1: faults are left.</summary>
    public int ExitCode => Faults.All(f => f.Repaired) ? 0 : 1;
}

/// <summary>Compares disk and index, both ways.</summary>
static class ArchiveCheck
{
    /// <param name="isBeingWritten">Files of this process that are no fault: open, or on their way into the index.</param>
    public static CheckResult Run(
        VolumeSet volumes, SegmentIndex index, Recovery recovery, Func<string, SegmentName, bool> isBeingWritten, CheckOptions options,
        IProgress<CheckProgress>? progress, CancellationToken stop)
    {
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
                .Where(s => !known.Contains(s.Name.StartMilliseconds) && !isBeingWritten(camera, s.Name) && !removed.Contains((s.Volume.Name, s.Name.Start))).ToList();
            CheckCopies(camera, stream, rows, removed);
            if (options.Repair)
                recovery.CatchUp(index, camera, stream, default, open: false, stop);
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
        foreach (var (camera, name, path, _) in volumes.OpenFiles(strays).Where(f => !isBeingWritten(f.Camera, f.Name)))
            faults.Add(new(CheckFaultKind.Unfinished, volumes.Relative(path), "It was left open; the next start of the node recovers it.", false));
        faults.AddRange(strays.Select(p => new CheckFault(CheckFaultKind.Stray, volumes.Relative(p), "It is no open segment.", false)));
        return new(segments, bytes, gaps, faults);

        void CheckFile(Segment row)
        {
            var name = new SegmentName(row.Start.Milliseconds, row.Stream);
            string? path = volumes.PathOf(row.Camera, name, row.Volume);
            string relative = path is null ? $"{row.Camera}/{name.RelativePath()}" : volumes.Relative(path);
            if (path is null)
            {
                Add(CheckFaultKind.Missing, volumes.Find(row.Volume) is null ? $"It is on volume '{row.Volume}', which isn't in use." : "The index knows it, the disk doesn't.");
                files++;
                return;
            }

            try
            {
                using var file = File.OpenHandle(path);
                long length = RandomAccess.GetLength(file);
                bytes += length;
                var scan = SegmentScan.Read(file);
                if (length != row.Bytes)
                    Add(CheckFaultKind.WrongSize, $"It has {length} bytes, the index says {row.Bytes}.");
                else if (scan.Fragments.Count == 0 || scan.InitLength != row.InitBytes || scan.WholeEnd != row.Points.EndOffset)
                    Add(CheckFaultKind.Damaged, scan.Fault ?? $"Its fragments end at byte {scan.WholeEnd}, the index says {row.Points.EndOffset}.");
                else if (SegmentTrailer.Read(file) is not { } trailer || trailer.Trailer.Camera != row.Camera || trailer.Trailer.Start != row.Start.Milliseconds)
                    Add(CheckFaultKind.Damaged, "Its last box doesn't say what the index says.");
                else if (options.Digests && row.Sha256.Length > 0 && SegmentReader.Digest(file) is var digest && digest != row.Sha256)
                    Add(CheckFaultKind.WrongDigest, $"Its SHA-256 is {digest}, it was written as {row.Sha256}.");
            }
            catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
            {
                Add(CheckFaultKind.Missing, "The index knows it, the disk doesn't.");
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                Add(CheckFaultKind.Damaged, $"It can't be read: {e.Message}");
            }

            files++;
            progress?.Report(new(files, total, bytes));

            void Add(CheckFaultKind kind, string detail) => faults.Add(new(kind, relative, detail, false));
        }

        // A move whose index was lost halfway leaves one segment on two volumes.
        void CheckCopies(string camera, StreamKind stream, IReadOnlyList<Segment> rows, HashSet<(string Volume, WallTime Start)> removed)
        {
            if (volumes.Local.Count < 2)
                return;
            var places = rows.ToDictionary(r => r.Start, r => r.Volume);
            foreach (var (name, volume) in listed[(camera, stream)])
            {
                if (places.TryGetValue(name.Start, out string? place) && place != volume.Name && !removed.Contains((volume.Name, name.Start)))
                {
                    faults.Add(new(CheckFaultKind.Stray, volumes.Relative(volume.Folder.PathOf(camera, name)),
                        $"The index says that this segment is on volume '{place}'.", false));
                }
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
            var spans = index.Spans(camera, stream, default, new(long.MaxValue)).Select(s => (s.From, To: (WallTime?)s.To, What: "segment"));
            var holes = index.Gaps(camera, stream, default, new(long.MaxValue));
            WallTime? at = null;
            bool endless = false;
            foreach (var (from, to, what) in spans.Concat(holes.Select(g => (g.From, g.To, What: "gap"))).OrderBy(s => s.From.Microseconds).ThenBy(s => s.To?.Microseconds))
            {
                string place = $"{camera} {SegmentIndex.Text(stream)}";
                if (endless || from < at)
                    faults.Add(new(CheckFaultKind.Overlap, place, $"The {what} from {from} begins before the end of what is before it, {at}.", false));
                else if (from > at)
                    faults.Add(new(CheckFaultKind.Unexplained, place, $"Between {at} and {from} there is neither a segment nor a gap.", false));
                endless |= to is null;
                at = to is null || at > to ? at : to;
            }

            return holes.Count;
        }
    }
}
