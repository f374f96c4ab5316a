using System.Security.Cryptography;
using Atalaya.Media;
using Atalaya.Media.Mp4;
using Microsoft.Win32.SafeHandles;

namespace Atalaya.Recording;

/// <param name="End">Bytes of the file up to the end of the fragment.</param>
/// <param name="Frames">Units of the lead up to there.</param>
/// <param name="Digest">The first 16 bytes of the SHA-256 of the file up to there.</param>
readonly record struct FragmentMark(long End, MediaTime MediaEnd, int Frames, UInt128 Digest);

/// <summary>A segment being written. The writer's thread changes it, under <see cref="StreamLedger"/>'s gate where readers look.</summary>
sealed class OpenSegment(SegmentName name, string path, SafeFileHandle file, MediaTime mediaStart, IReadOnlyList<TrackFormat> tracks, long run, int sequence, bool startsWithKey)
{
    readonly List<AccessPoint> _points = [];
    readonly List<FragmentMark> _marks = new(128);    // a minute's

    public SegmentName Name { get; } = name;
    public WallTime Start => Name.Start;
    public string Path { get; } = path;
    public SafeFileHandle File { get; } = file;
    public IncrementalHash Hash { get; } = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    public MediaTime MediaStart { get; } = mediaStart;
    public MediaTime MediaEnd { get; private set; } = mediaStart;
    public long Run { get; } = run;
    public int Sequence { get; } = sequence;
    public int InitBytes { get; set; }

    /// <summary>Name of the volume that it is written to.</summary>
    public string Volume { get; init; } = Storage.VolumeConfig.DefaultName;

    /// <summary>Bytes in whole fragments: all that may be read.</summary>
    public long Committed { get; set; }
    public int Frames { get; private set; }
    public bool IsEmpty => _points.Count == 0;

    /// <summary>
    /// A sync of the file failed: what the disk holds is unknown, and nothing but writing it again tells. Touched by the publisher's thread only.
    /// </summary>
    public bool IsDoubtful { get; set; }

    /// <summary>Where each fragment ends, and what was written up to there. For the publisher's thread once the segment is closed.</summary>
    public IReadOnlyList<FragmentMark> Marks => _marks;

    /// <param name="digest">The first 16 bytes of the SHA-256 of all that was written so far, this fragment included.</param>
    public void Add(Fragment fragment, int frames, UInt128 digest)
    {
        if (fragment.StartsWithKey || _points.Count == 0)
            _points.Add(new(Committed, fragment.Start));
        Committed += fragment.Bytes;
        MediaEnd = fragment.Start + fragment.Duration;
        Frames += frames;
        _marks.Add(new(Committed, MediaEnd, Frames, digest));
    }

    /// <summary>What is left of a row when the file is cut at a mark.</summary>
    public static Segment Cut(Segment row, FragmentMark mark, WallTime end, long bytes, string sha256) => row with
    {
        End = end,
        Bytes = bytes,
        MediaDuration = mark.MediaEnd - row.MediaStart,
        Frames = mark.Frames,
        Sha256 = sha256,
        EndReason = SegmentEnd.DiskFailed,
        Points = new([.. row.Points.Entries.Where(p => p.Offset < mark.End)], mark.End, mark.MediaEnd, row.Points.StartsWithKey),
    };

    /// <summary>What an index would say of it if it ended here. An open segment has no digest.</summary>
    public Segment ToSegment(string camera, WallTime end, SegmentEnd reason, long bytes, string sha256)
    {
        var video = tracks.OfType<VideoFormat>().FirstOrDefault();
        return new(camera, Name.Stream, Start, end, Run, Sequence, Name.ToString(), bytes, MediaStart, MediaEnd - MediaStart, InitBytes,
            string.Join(',', tracks.Select(t => t.CodecString)), video?.Width ?? 0, video?.Height ?? 0, Frames, sha256, reason,
            new AccessPoints([.. _points], Committed, MediaEnd, startsWithKey))
        {
            Volume = Volume,
        };
    }

    /// <summary>Media time and wall time still run alike.</summary>
    public WallTime EndSoFar => RunClock.Floor(Start + (MediaEnd - MediaStart).ToTimeSpan());
}
