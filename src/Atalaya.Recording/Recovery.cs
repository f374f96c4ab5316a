using System.Security.Cryptography;
using Atalaya.Media;
using Atalaya.Media.Mp4;
using Atalaya.Recording.Storage;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace Atalaya.Recording;

/// <summary>What a start up owes the process before it: its open files, and what the index hasn't heard.</summary>
sealed class Recovery(VolumeSet volumes, ILogger log)
{
    public const string CrashDetail = "The process ended without warning.";

    /// <summary>So many files of a stream are read whole when they are indexed: as many as a crash can have left without a row.</summary>
    const int Few = 64;

    /// <summary>What systems keep of a file as one piece: they lose it as one, too.</summary>
    const int Page = 4096;

    readonly Dictionary<(string, StreamKind), WallTime> _recovered = [];

    /// <summary>The earliest start of a file that was taken from the open folder; null if none was.</summary>
    public WallTime? EarliestRecovered(string camera, StreamKind stream) => _recovered.TryGetValue((camera, stream), out var at) ? at : null;

    /// <summary>
    /// Takes every file of the open folder to its place, cut after the last whole fragment; one that holds none is removed. A file that can't
    /// be handled stays, with a line in the log.
    /// </summary>
    /// <remarks>
    /// Of a file whose sync failed, now or in the process before, what counts is what the disk holds and not what the system remembers. Files grow at their
    /// end only, so a lost page reads as zeros, and coded pictures never hold a page of zeros.
    /// </remarks>
    public void RecoverOpenFiles(Func<string, StreamKind, StreamLedger> ledger)
    {
        var strays = new List<string>();
        RecoverOpenFiles(volumes.OpenFiles(strays), ledger);
        foreach (string stray in strays)
            log.LogWarning("{Path} is no segment; it stays where it is.", stray);
    }

    /// <param name="files">That nobody is writing.</param>
    public void RecoverOpenFiles(IReadOnlyList<(string Camera, SegmentName Name, string Path, Volume Volume)> files, Func<string, StreamKind, StreamLedger> ledger)
    {
        foreach (var (camera, name, path, volume) in files)
        {
            try
            {
                bool recovered = RecoverOpen(volume, camera, name, path, ledger(camera, name.Stream));
                volume.Publisher.Trust(path);
                if (recovered)
                    _recovered[(camera, name.Stream)] = EarliestRecovered(camera, name.Stream) is { } before && before < name.Start ? before : name.Start;
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or Mp4Exception)
            {
                log.LogError(e, "{Path} was left open and can't be recovered; it stays where it is.", path);
            }
        }
    }

    bool RecoverOpen(Volume volume, string camera, SegmentName name, string path, StreamLedger ledger)
    {
        var disk = volume.Disk;
        using var file = disk.Reopen(path);
        if (File.Exists(ArchiveFolder.DoubtPath(path)) || !TrySync(disk, file, path))
        {
            // From here on nothing unwritten is left, only lost pages. If that is wrong, too, the file stays.
            disk.Sync(file);
            disk.DropCache(file);
        }

        var scan = SegmentScan.Read(file, checkTail: true);
        if (SegmentTrailer.Read(file) is { } whole && whole.Offset == scan.WholeEnd && whole.Trailer.Start == name.StartMilliseconds
            && (whole.Trailer.Content is { } content ? content == SegmentReader.Digest(file, whole.Offset) : FirstZeros(file, scan) is null))
        {
            // Stopped between trailer and name: nothing is missing.
            var complete = SegmentReader.ToSegment(scan, whole.Trailer, RandomAccess.GetLength(file), SegmentReader.Digest(file)) with { Volume = volume.Name };
            volume.Publisher.Publish(complete, path, file, default, ledger);
            log.LogInformation("{Camera} {Stream}: {Name} was complete and has its name now.", camera, name.Stream, name);
            return true;
        }

        if (FirstZeros(file, scan) is { } zeros)
            scan.CutAt(zeros, $"The page at byte {zeros} is not there.");
        if (scan.Fragments.Count == 0)
        {
            log.LogInformation("{Camera} {Stream}: {Name} was left open by a crash with no whole fragment in it; removed ({Bytes} bytes).",
                camera, name.Stream, name, scan.FileLength);
            disk.Delete(path);
            return false;
        }

        disk.Truncate(file, scan.WholeEnd);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        SegmentReader.Append(hash, file, scan.WholeEnd);
        var (row, gap) = CrashRow(camera, name, path, scan);
        byte[] box = SegmentTrailer.Of(row, gap, gap is null ? null : CrashDetail, Convert.ToHexStringLower(hash.GetCurrentHash()), []).ToBox();
        hash.AppendData(box);
        row = row with { Bytes = scan.WholeEnd + box.Length, Sha256 = Convert.ToHexStringLower(hash.GetHashAndReset()), Volume = volume.Name };
        volume.Publisher.Publish(row, path, file, box, ledger);
        log.LogWarning("{Camera} {Stream}: {Name} was left open by a crash; recovered {Seconds:0.0} s, cut {Bytes} bytes behind the last whole fragment.",
            camera, name.Stream, name, (scan.End - scan.Start).Seconds, scan.FileLength - scan.WholeEnd);
        return true;
    }

    /// <summary>What the process before wrote and didn't sync: a failure that nobody was told of yet is told to whoever asks first.</summary>
    bool TrySync(SegmentDisk disk, SafeFileHandle file, string path)
    {
        try
        {
            disk.Sync(file);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            log.LogWarning(e, "{Path}: the disk didn't take all that was written.", path);
            return false;
        }
    }

    /// <summary>The first page among the fragments that holds nothing but zeros; null if there is none, or if it may be silence.</summary>
    static long? FirstZeros(SafeFileHandle file, SegmentScan scan)
    {
        if (scan.Tracks.Any(t => t.Format is null or AudioFormat { Codec: Codec.L16 }))
            return null;
        var buffer = new byte[64 * Page];
        for (long at = scan.InitLength / Page * Page; at + Page <= scan.WholeEnd;)
        {
            int read = RandomAccess.Read(file, buffer, at);
            for (int page = 0; page + Page <= read && at + page + Page <= scan.WholeEnd; page += Page)
            {
                if (!buffer.AsSpan(page, Page).ContainsAnyExcept((byte)0))
                    return at + page;
            }

            if (read < Page)
                return null;
            at += read / Page * Page;
        }

        return null;
    }

    (Segment Row, GapCause? Gap) CrashRow(string camera, SegmentName name, string path, SegmentScan scan)
    {
        var duration = scan.End - scan.Start;
        long start = name.StartMilliseconds;
        long end = Math.Max(start + 1, RunClock.Floor(name.Start + duration.ToTimeSpan()).Milliseconds);
        // A segment that only waited for its name has a successor that starts at its true end.
        long? next = volumes.Segments(camera, name.Stream, new((start + 1) * 1000)).Select(s => (long?)s.Name.StartMilliseconds).FirstOrDefault()
            ?? volumes.OpenFiles().Where(f => f.Camera == camera && f.Name.Stream == name.Stream && f.Name.StartMilliseconds > start)
                .Select(f => (long?)f.Name.StartMilliseconds).FirstOrDefault();
        bool followed = next is { } n && n - end <= Math.Max(2, (end - start) / 100);
        if (followed)
            end = next!.Value;
        var before = Before(camera, name);
        bool continues = before is not null && before.End == start && before.MediaStart + before.MediaDuration == scan.Start.Ticks
            && before.EndReason is SegmentEnd.Rotated or SegmentEnd.FormatChanged;
        var trailer = new SegmentTrailer
        {
            Camera = camera,
            Stream = name.Stream,
            Start = start,
            End = end,
            Run = continues ? before!.Run : start,
            Sequence = continues ? before!.Sequence + 1 : 0,
            MediaStart = scan.Start.Ticks,
            MediaDuration = duration.Ticks,
            Frames = Frames(path, scan),
            EndReason = SegmentEnd.Crash,
        };
        return (SegmentReader.ToSegment(scan, trailer, 0, ""), followed ? null : GapCause.Crash);
    }

    SegmentTrailer? Before(string camera, SegmentName name)
    {
        var hour = name.Start - SegmentIndex.LongestSegment - SegmentIndex.LongestSegment;
        var before = volumes.Segments(camera, name.Stream, hour).Select(s => s.Name)
            .TakeWhile(n => n.StartMilliseconds < name.StartMilliseconds).Select(n => (SegmentName?)n).LastOrDefault();
        return before is { } b ? Trailer(camera, b) : null;
    }

    /// <summary>Null if the file is gone or has none.</summary>
    public SegmentTrailer? Trailer(string camera, SegmentName name)
    {
        try
        {
            if (volumes.PathOf(camera, name, null) is not { } path)
                return null;
            using var file = File.OpenHandle(path);
            return SegmentTrailer.Read(file)?.Trailer;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Units of the leading track; the scan counts all tracks together.</summary>
    public static int Frames(string path, SegmentScan scan)
    {
        if (scan.Tracks.Count == 1)
            return scan.Fragments.Sum(f => f.Units);
        using var media = Mp4File.Open(path);
        return (media.Video ?? media.Audio)?.Samples.Count ?? 0;
    }

    /// <summary>
    /// Puts files that the index lacks into it, from a moment on, and explains the time between them.
    /// </summary>
    /// <param name="open">Nothing is being recorded: the ledger is closed with a gap that lasts. Otherwise its recorder says what follows.</param>
    /// <param name="until">Gaps are explained up to there: behind it a segment may still be on its way. Null: all of them.</param>
    /// <param name="files">Told of each file that was looked at.</param>
    /// <returns>Segments added.</returns>
    /// <remarks>
    /// A few files are read whole for their digests. Of many, only the trailers are: a month of 20 cameras is 26 TB. Their rows have no digest until
    /// <see cref="Digest"/> has read them.
    /// </remarks>
    public int CatchUp(
        SegmentIndex index, string camera, StreamKind stream, WallTime earliest, bool open, CancellationToken stop, IProgress<long>? files = null, WallTime? until = null)
    {
        var added = new List<Segment>();
        var told = new List<Gap>();
        int count = 0;
        var anchor = index.Before(camera, stream, earliest) is { } before ? before.Start : default;
        var known = index.Spans(camera, stream, anchor, new(long.MaxValue)).Select(s => s.From.Microseconds).ToHashSet();
        var removed = index.Deletions(camera, stream);
        foreach (var (name, volume) in volumes.Segments(camera, stream, earliest))
        {
            if (known.Contains(name.Start.Microseconds) || removed.Contains((volume.Name, name.Start)))
                continue;
            stop.ThrowIfCancellationRequested();
            string path = volume.Folder.PathOf(camera, name);
            string? fault = null;
            try
            {
                using var file = File.OpenHandle(path);
                files?.Report(RandomAccess.GetLength(file));
                if ((count + added.Count >= Few ? SegmentReader.FromTrailer(file, camera, name) : null)
                    is { } segment || (segment = SegmentReader.Describe(file, camera, name, null, out fault)) is not null)
                {
                    added.Add(segment with { Volume = volume.Name });
                    told.AddRange(SegmentTrailer.Read(file)?.Trailer.GapsBefore() ?? []);
                    known.Add(name.Start.Microseconds);     // a move that was never indexed left it twice
                }
                else
                {
                    log.LogWarning("{Path} can't be indexed: {Fault}.", volumes.Relative(path), fault);
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                log.LogWarning(e, "{Path} can't be read.", volumes.Relative(path));
            }

            if (added.Count == 64)
                Flush();
        }

        Flush();
        Explain(index, camera, stream, anchor, open, until ?? new(long.MaxValue));
        return count;

        void Flush()
        {
            index.Write(added, told);
            count += added.Count;
            added.Clear();
            told.Clear();
        }
    }

    /// <summary>Reads the files of rows that have no digest, and puts it in where their content is what was written. Stopped anywhere, it goes on from there.</summary>
    /// <param name="fault">Path and what is wrong.</param>
    /// <returns>Digests put in.</returns>
    public long Digest(SegmentIndex index, string camera, StreamKind stream, Action<string, string> fault, CancellationToken stop, IProgress<long>? files = null)
    {
        long digested = 0;
        WallTime after = default;
        var done = new List<Segment>();
        while (index.Undigested(camera, stream, after, 64) is { Count: > 0 } rows)
        {
            foreach (var row in rows)
            {
                after = row.Start;
                if (stop.IsCancellationRequested)
                    break;
                var name = new SegmentName(row.Start.Milliseconds, row.Stream);
                if (volumes.PathOf(camera, name, row.Volume) is not { } path)
                    continue;
                try
                {
                    using var file = File.OpenHandle(path);
                    if (SegmentTrailer.Read(file) is not var (trailer, offset))
                        fault(volumes.Relative(path), "It has no trailer.");
                    else if (trailer.Content is { } content && SegmentReader.Digest(file, offset) is var now && now != content)
                        fault(volumes.Relative(path), $"The SHA-256 of its content is {now}, it was written as {content}.");
                    else
                        done.Add(row with { Sha256 = SegmentReader.Digest(file) });
                    files?.Report(row.Bytes);
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException)
                {
                    fault(volumes.Relative(path), $"It can't be read: {e.Message}");
                }
            }

            index.Write(done, []);
            digested += done.Count;
            done.Clear();
            stop.ThrowIfCancellationRequested();
        }

        return digested;
    }

    /// <summary>Why nothing follows a segment at once, as far as files tell.</summary>
    (GapCause Cause, string Detail) CauseBehind(string camera, StreamKind stream, WallSpan span, IReadOnlyList<WallSpan> recorded)
    {
        // A file tells of the gap in front of it. One that doesn't followed another at once, and that one is gone.
        var next = recorded.FirstOrDefault(s => s.From > span.From);
        if (next != default && Trailer(camera, new(next.From.Milliseconds, stream)) is { Content: not null, Before: null })
            return (GapCause.Policy, "The files of this stretch are gone: removed by retention, or lost.");
        return Trailer(camera, new(span.From.Milliseconds, stream)) is { GapCause: { } cause } trailer ? (cause, trailer.GapDetail ?? "") : (GapCause.Crash, CrashDetail);
    }

    /// <summary>Makes the gaps of a stream fill exactly what its segments leave, from the segment that starts at <paramref name="anchor"/> on.</summary>
    void Explain(SegmentIndex index, string camera, StreamKind stream, WallTime anchor, bool open, WallTime until)
    {
        var recorded = index.Spans(camera, stream, anchor, until);
        if (recorded.Count == 0)
            return;
        var known = index.Gaps(camera, stream, recorded[0].From, new(long.MaxValue));
        var gaps = GapLedger.Explain(camera, stream, recorded, known, span => CauseBehind(camera, stream, span, recorded));
        var end = open ? new WallTime(long.MaxValue) : recorded[^1].To;
        if (!open)
            gaps.RemoveAll(g => g.From >= end);
        var old = known.Where(g => g.From >= recorded[0].From && g.From < end);
        if (!old.SequenceEqual(gaps))
            index.ReplaceGaps(camera, stream, recorded[0].From, end, gaps);
    }
}
