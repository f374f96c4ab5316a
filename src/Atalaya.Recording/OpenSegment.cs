using System.Security.Cryptography;
using Atalaya.Media;
using Atalaya.Media.Mp4;
using Microsoft.Win32.SafeHandles;

namespace Atalaya.Recording;

/// <summary>A segment being written. The writer's thread changes it, under <see cref="StreamLedger"/>'s gate where readers look.</summary>
sealed class OpenSegment(SegmentName name, string path, SafeFileHandle file, MediaTime mediaStart, IReadOnlyList<TrackFormat> tracks, long run, int sequence, bool startsWithKey)
{
    readonly List<AccessPoint> _points = [];

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

    public void Add(Fragment fragment, int frames)
    {
        if (fragment.StartsWithKey || _points.Count == 0)
            _points.Add(new(Committed, fragment.Start));
        Committed += fragment.Bytes;
        MediaEnd = fragment.Start + fragment.Duration;
        Frames += frames;
    }

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
