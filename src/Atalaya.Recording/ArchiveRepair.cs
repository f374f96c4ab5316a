using System.Security.Cryptography;
using Atalaya.Media.Mp4;
using Atalaya.Recording.Storage;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace Atalaya.Recording;

/// <summary>
/// What <c>--repair</c> does about a row and its file. A file that has a name never changes: one that must be cut is made again beside it, and the old
/// one is kept in <see cref="ArchiveFolder.Damaged"/>, where nothing looks for footage. Nothing is deleted unless that was asked for.
/// </summary>
sealed class ArchiveRepair(SegmentIndex index, bool deleteUnreadable, ILogger log)
{
    const string MissingDetail = "The file was not on the disk when the archive was checked.";
    const string UnreadableDetail = "The file held nothing that can be played when the archive was checked.";
    const string CutDetail = "The file was cut short; what follows was not in it when the archive was checked.";

    /// <summary>The index stops claiming a file that isn't there.</summary>
    /// <returns>What was done.</returns>
    public string Forget(Segment row)
    {
        index.Drop(row, new(row.Camera, row.Stream, row.Start, row.End, GapCause.Disk, MissingDetail));
        return "Its time is a gap now.";
    }

    /// <summary>Makes a file right that isn't what its row says.</summary>
    /// <returns>What was done; null if nothing can be: its bytes are others than were written, but they can be played.</returns>
    /// <exception cref="IOException">The disk failed meanwhile; what there was is there still.</exception>
    public string? Renew(Segment row, Volume volume, string path)
    {
        using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
        long length = RandomAccess.GetLength(file);
        if (length > row.Bytes && row.Sha256.Length > 0 && SegmentReader.Digest(file, row.Bytes) == row.Sha256)
        {
            Replace(row, volume, path, file, row.Bytes, default);
            return $"{length - row.Bytes} bytes behind its end were cut off; what was written is there.";
        }

        var scan = SegmentScan.Read(file);
        if (scan.Fragments.Count == 0)
        {
            string? kept = PutAside(volume, row.Camera, path);
            index.Drop(row, new(row.Camera, row.Stream, row.Start, row.End, GapCause.Disk, UnreadableDetail));
            return kept is null ? "It was deleted; its time is a gap now." : $"It was put aside as {kept}; its time is a gap now.";
        }

        if (scan.WholeEnd >= row.Points.EndOffset && length == row.Bytes && SegmentTrailer.Read(file) is not null)
            return null;

        var end = RunClock.Floor(row.ToWall(scan.End));
        end = end >= row.End ? row.End : end <= row.Start ? row.Start + TimeSpan.FromMilliseconds(1) : end;
        bool shorter = end < row.End;
        var cut = row with
        {
            End = end,
            MediaDuration = scan.End - row.MediaStart,
            Frames = Recovery.Frames(path, scan),
            EndReason = shorter ? SegmentEnd.DiskFailed : row.EndReason,
            Points = new([.. scan.Fragments.Where((f, i) => f.StartsWithKey || i == 0).Select(f => new AccessPoint(f.Offset, f.Start))], scan.WholeEnd, scan.End, row.Points.StartsWithKey),
        };
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        SegmentReader.Append(hash, file, scan.WholeEnd);
        byte[] box = SegmentTrailer.Of(cut, shorter ? GapCause.Disk : null, shorter ? CutDetail : null, Convert.ToHexStringLower(hash.GetCurrentHash()), []).ToBox();
        hash.AppendData(box);
        cut = cut with { Bytes = scan.WholeEnd + box.Length, Sha256 = Convert.ToHexStringLower(hash.GetHashAndReset()) };
        Replace(cut, volume, path, file, scan.WholeEnd, box);
        if (shorter)
            index.Write([], [new(row.Camera, row.Stream, end, row.End, GapCause.Disk, CutDetail)]);
        return $"It was cut after its last whole fragment: {(row.End - end).TotalSeconds:0.0} s are a gap now. The old file is in {ArchiveFolder.DamagedName}.";
    }

    /// <summary>The new file is on the disk before the old one goes; stopped anywhere, the next start up finds one of them.</summary>
    void Replace(Segment row, Volume volume, string path, SafeFileHandle old, long keep, ReadOnlyMemory<byte> trailer)
    {
        var disk = volume.Disk;
        string part = volume.Folder.OpenPath(row.Camera, new(row.Start.Milliseconds, row.Stream));
        disk.MakeFolder(volume.Folder.Open);
        using var file = disk.Create(part);
        var buffer = new byte[1 << 20];
        for (long at = 0; at < keep;)
        {
            int read = RandomAccess.Read(old, buffer.AsSpan(0, (int)Math.Min(buffer.Length, keep - at)), at);
            if (read == 0)
                throw new IOException($"{path} became shorter while it was read.");
            disk.Write(file, [buffer.AsMemory(0, read)], at);
            at += read;
        }

        if (!trailer.IsEmpty)
            disk.Write(file, [trailer], keep);
        disk.Sync(file);
        disk.SyncFolder(volume.Folder.Open);
        PutAside(volume, row.Camera, path, keepAlways: true);
        volume.Publisher.Publish(row, part, file, default, new(row.Camera, row.Stream, null));
        index.Write([row], []);
    }

    /// <summary>Where it is kept, relative to the volume; null if it was deleted, as asked.</summary>
    string? PutAside(Volume volume, string camera, string path, bool keepAlways = false)
    {
        var disk = volume.Disk;
        if (deleteUnreadable && !keepAlways)
        {
            disk.Delete(path);
            disk.SyncFolder(Path.GetDirectoryName(path)!);
            log.LogWarning("{Path} was deleted: it held nothing that can be played.", path);
            return null;
        }

        disk.MakeFolder(volume.Folder.Damaged);
        string aside = Path.Combine(volume.Folder.Damaged, $"{camera}~{Path.GetFileName(path)}");
        for (int i = 2; File.Exists(aside); i++)
            aside = Path.Combine(volume.Folder.Damaged, $"{camera}~{Path.GetFileNameWithoutExtension(path)}~{i}{SegmentName.Extension}");
        disk.Move(path, aside);
        disk.SyncFolder(volume.Folder.Damaged);
        disk.SyncFolder(Path.GetDirectoryName(path)!);
        log.LogWarning("{Path} was put aside as {Aside}.", path, aside);
        return volume.Folder.Relative(aside);
    }
}
