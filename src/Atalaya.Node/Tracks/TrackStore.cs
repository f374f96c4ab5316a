using System.Buffers;
using System.Collections.Concurrent;
using System.Globalization;

using Atalaya.Analysis.Rules;
using Atalaya.Analysis.Tracks;
using Atalaya.Analysis.Wire;
using Atalaya.Media;
using Atalaya.Node.Analysis;
using Atalaya.Recording;

namespace Atalaya.Node.Tracks;

/// <summary>
/// What was seen, kept beside the archive: one file a camera and hour (<c>ref/tracks.md</c>). A cache: the archive's files are the truth, and what is lost here
/// can be seen again. So it is appended to and never synced, and recording doesn't know of it.
/// </summary>
sealed class TrackStore(string folder, TimeProvider clock, ILogger log)
{
    // Long enough that a block's header weighs nothing, short enough that playback follows at once.
    static readonly TimeSpan BlockLength = TimeSpan.FromSeconds(5);

    /// <summary>Pictures of one camera that wait for the disk: ten minutes at five a second. The oldest are dropped, and logged.</summary>
    const int MaxWaiting = 3000;
    const long HourMicroseconds = 3_600_000_000L;
    const string Extension = ".tracks";

    readonly ConcurrentDictionary<string, Waiting> _cameras = new(StringComparer.Ordinal);

    /// <summary>Notes one analysed picture. Quick: it is written later.</summary>
    public void Add(SeenPicture picture)
    {
        var waiting = _cameras.GetOrAdd(picture.Camera, static _ => new());
        var noted = Of(picture);
        lock (waiting)
        {
            waiting.Pictures.Enqueue(noted);
            if (waiting.Pictures.Count <= MaxWaiting)
                return;
            waiting.Pictures.Dequeue();
            if (waiting.Dropped++ == 0)
                log.LogWarning("{Camera}: tracks can't be written as fast as they come; the oldest are dropped.", picture.Camera);
        }
    }

    /// <summary>Writes what is due. From one loop only; never throws for the disk's sake.</summary>
    /// <param name="all">Also blocks that aren't full.</param>
    public void Flush(bool all)
    {
        foreach (var (camera, waiting) in _cameras)
        {
            lock (waiting.Writing)
                Write(camera, waiting, all);
        }
    }

    /// <summary>Blocks of a camera that hold a part of [from, to), in order; an hour is in memory at a time.</summary>
    public IEnumerable<TrackBlock> Read(string camera, WallTime from, WallTime to)
    {
        if (_cameras.TryGetValue(camera, out var waiting))
        {
            lock (waiting.Writing)
                Write(camera, waiting, all: true);
        }

        for (long hour = HourOf(from); hour * HourMicroseconds < to.Microseconds; hour++)
        {
            byte[] bytes;
            try
            {
                bytes = Bytes(PathOf(camera, hour));
            }
            catch (IOException fault)
            {
                log.LogWarning("Tracks can't be read: {Fault}", fault.Message);
                continue;
            }

            foreach (var block in TrackFile.Read(bytes, from, to, out _))
                yield return block;
        }
    }

    /// <summary>
    /// Puts what a look back at the footage showed in the place of whatever is kept of [from, to). Each hour's file is made anew and renamed: whoever
    /// reads finds the old one or the new one.
    /// </summary>
    /// <param name="pictures">In order; what lies outside is left out.</param>
    /// <exception cref="IOException">The disk didn't take it; an hour is as it was, or done.</exception>
    /// <exception cref="UnauthorizedAccessException">The same.</exception>
    public void Replace(string camera, WallTime from, WallTime to, IReadOnlyList<SeenPicture> pictures)
    {
        var waiting = _cameras.GetOrAdd(camera, static _ => new());
        lock (waiting.Writing)
        {
            Write(camera, waiting, all: true);
            var noted = new Queue<Noted>(pictures.Where(p => p.Wall >= from && p.Wall < to).Select(Of));
            // What comes after it, within a time that rules bridge, is another tracker's: perhaps in the next hour's file.
            for (long hour = HourOf(from); hour <= HourOf(to + RuleTrial.Unwatched); hour++)
                Replace(camera, hour, from, to, waiting, noted);
        }
    }

    /// <summary>Cameras that have files.</summary>
    public IEnumerable<string> Cameras() =>
        Directory.Exists(folder) ? Directory.EnumerateDirectories(folder).Select(d => Path.GetFileName(d)!).Where(SegmentName.IsCamera) : [];

    /// <summary>Days of a camera that have files, midnight UTC.</summary>
    public IEnumerable<WallTime> Days(string camera)
    {
        string mine = Path.Combine(folder, camera);
        if (!Directory.Exists(mine))
            yield break;
        foreach (string day in Directory.EnumerateDirectories(mine))
        {
            if (DateTimeOffset.TryParseExact(Path.GetFileName(day), "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at))
                yield return WallTime.From(at);
        }
    }

    /// <summary>Removes the hours of a day that <paramref name="isKept"/> doesn't want.</summary>
    /// <param name="isKept">Given an hour's start and end.</param>
    public void Forget(string camera, WallTime day, Func<WallTime, WallTime, bool> isKept)
    {
        for (long hour = HourOf(day); hour < HourOf(day) + 24; hour++)
        {
            string path = PathOf(camera, hour);
            if (File.Exists(path) && !isKept(new(hour * HourMicroseconds), new((hour + 1) * HourMicroseconds)))
                File.Delete(path);
        }

        string folderOfDay = Path.GetDirectoryName(PathOf(camera, HourOf(day)))!, mine = Path.Combine(folder, camera);
        if (Directory.Exists(folderOfDay) && !Directory.EnumerateFileSystemEntries(folderOfDay).Any())
            Directory.Delete(folderOfDay);
        if (Directory.Exists(mine) && !Directory.EnumerateFileSystemEntries(mine).Any())
            Directory.Delete(mine);
    }

    // Under waiting.Writing.
    void Write(string camera, Waiting waiting, bool all)
    {
        try
        {
            while (Next(waiting, all) is { } next)
            {
                var bytes = new ArrayBufferWriter<byte>(4096);
                TrackFile.Write(next.Block, bytes);
                Append(PathOf(camera, next.Hour), bytes.WrittenSpan);
                waiting.Told = false;
            }
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            if (!waiting.Told)
                log.LogWarning("{Camera}: tracks can't be written: {Fault}", camera, fault.Message);
            waiting.Told = true;
        }
    }

    /// <summary>The pictures at the front that make one block.</summary>
    (long Hour, TrackBlock Block)? Next(Waiting waiting, bool all)
    {
        lock (waiting)
        {
            if (!waiting.Pictures.TryPeek(out var first) || (!all && WallTime.Now(clock) - first.Picture.At < BlockLength))
                return null;
            var block = Take(waiting.Pictures, waiting.Tracker);
            waiting.Tracker = first.Tracker;
            return (HourOf(first.Picture.At), block);
        }
    }

    /// <summary>One hour, one tracker, one size, times that rise. There is a picture.</summary>
    /// <param name="tracker">Of the block before.</param>
    static TrackBlock Take(Queue<Noted> from, long tracker)
    {
        var first = from.Peek();
        var pictures = new List<KeptPicture>();
        long hour = HourOf(first.Picture.At);
        int tracks = 0;
        while (from.TryPeek(out var next) && next with { Picture = first.Picture } == first && HourOf(next.Picture.At) == hour
            && (pictures.Count == 0 || (next.Picture.At >= pictures[^1].At && next.Picture.At - first.Picture.At < BlockLength)) && tracks < TrackFile.MaxTracks)
        {
            pictures.Add(next.Picture);
            tracks += next.Picture.Tracks.Count;
            from.Dequeue();
        }

        return new(first.Stream, first.Width, first.Height, first.Tracker != tracker, pictures);
    }

    // Under waiting.Writing. Takes this hour's pictures from the front.
    void Replace(string camera, long hour, WallTime from, WallTime to, Waiting waiting, Queue<Noted> noted)
    {
        string path = PathOf(camera, hour);
        byte[] old = Bytes(path);
        if (old.Length == 0 && !(noted.TryPeek(out var next) && HourOf(next.Picture.At) == hour))
            return;
        var kept = TrackFile.Read(old, new(long.MinValue), new(long.MaxValue), out _);
        var bytes = new ArrayBufferWriter<byte>(old.Length + 4096);
        bytes.Write(TrackFile.Header());
        int blocks = 0;
        foreach (var block in kept)
            Put(block with { Pictures = [.. block.Pictures.Where(p => p.At < from)] });
        while (noted.TryPeek(out var first) && HourOf(first.Picture.At) == hour)
        {
            // A stretch that follows the last one goes on with its tracks.
            Put(Take(noted, first.Picture.At - waiting.PastTo < RuleTrial.Unwatched ? waiting.PastTracker : -1));
            (waiting.PastTo, waiting.PastTracker) = (first.Picture.At, first.Tracker);
        }

        bool anew = true;
        foreach (var block in kept)
        {
            var rest = block with { BeginsAnew = block.BeginsAnew || anew, Pictures = [.. block.Pictures.Where(p => p.At >= to)] };
            anew &= rest.Pictures.Count == 0;
            Put(rest);
        }

        if (blocks == 0)
        {
            File.Delete(path);
            return;
        }

        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        string part = path + ".part";
        File.WriteAllBytes(part, bytes.WrittenSpan);
        File.Move(part, path, overwrite: true);

        void Put(TrackBlock block)
        {
            if (block.Pictures.Count == 0)
                return;
            TrackFile.Write(block, bytes);
            blocks++;
        }
    }

    // Empty where there is none.
    static byte[] Bytes(string path)
    {
        if (!File.Exists(path))
            return [];
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        byte[] bytes = new byte[file.Length];
        return bytes[..file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false)];
    }

    static void Append(string path, ReadOnlySpan<byte> block)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        Span<byte> header = stackalloc byte[TrackFile.HeaderSize];
        // A file of another version is seen anew rather than mixed.
        if (file.ReadAtLeast(header, header.Length, throwOnEndOfStream: false) < header.Length || !TrackFile.IsOurs(header))
        {
            file.SetLength(0);
            file.Position = 0;
            file.Write(TrackFile.Header());
        }

        file.Seek(0, SeekOrigin.End);
        file.Write(block);
    }

    string PathOf(string camera, long hour)
    {
        var at = new WallTime(hour * HourMicroseconds).ToDateTimeOffset();
        return Path.Combine(
            folder, camera, at.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture), at.ToString("HH", CultureInfo.InvariantCulture) + Extension);
    }

    static long HourOf(WallTime at) => at.Microseconds / HourMicroseconds;

    static Noted Of(SeenPicture picture) => new(
        picture.Stream, picture.Width, picture.Height, picture.Tracker,
        new(picture.Wall, picture.Learning, [.. picture.Tracks.Take(TrackFile.MaxTracks).Select(t => Of(t, picture))]) { Turning = picture.Turning });

    static KeptTrack Of(SeenTrack track, SeenPicture picture)
    {
        double age = Math.Max(0, (picture.Media - track.Born).Seconds);
        return new(
            track.Id, track.Class, track.Box, track.Score, track.Coasting, picture.Wall - TimeSpan.FromSeconds(age), track.BornBox, track.VelocityX, track.VelocityY);
    }

    readonly record struct Noted(StreamKind Stream, int Width, int Height, long Tracker, KeptPicture Picture);

    /// <summary>What waits of one camera; under itself.</summary>
    sealed class Waiting
    {
        public Queue<Noted> Pictures { get; } = [];

        /// <summary>Held while its file is written, so that blocks stay in order.</summary>
        public Lock Writing { get; } = new();

        /// <summary>Of the last block; -1 before the first, which therefore begins anew.</summary>
        public long Tracker { get; set; } = -1;

        /// <summary>Of the last picture that took an older one's place, and when that was; under <see cref="Writing"/>.</summary>
        public long PastTracker { get; set; } = -1;
        public WallTime PastTo { get; set; }
        public long Dropped { get; set; }
        public bool Told { get; set; }
    }
}
