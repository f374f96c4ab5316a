using Microsoft.Win32.SafeHandles;

namespace Atalaya.Media.Mp4;

/// <summary>How a segment file ends.</summary>
public enum SegmentTail
{
    /// <summary>With a whole box.</summary>
    Whole,

    /// <summary>In the middle of a box: the writer was stopped.</summary>
    Torn,

    /// <summary>With zeros, as a file system leaves them after a loss of power.</summary>
    Zeros,

    /// <summary>With bytes that are no box a segment has.</summary>
    Garbage,
}

/// <param name="Format">Null if the codec is not ours; its fragments are still counted.</param>
/// <param name="Timescale">Ticks per second in the file.</param>
/// <param name="Delay">What the edit list takes from every media time, in file ticks.</param>
public sealed record SegmentTrack(uint Id, TrackFormat? Format, uint Timescale, long Delay);

/// <summary>One moof with its mdat.</summary>
/// <param name="Offset">Of the moof, in the file.</param>
/// <param name="Length">Bytes, to the end of the mdat.</param>
/// <param name="Start">Decode time of the first unit of the leading track: video if there is any.</param>
/// <param name="Presentation">Presentation time of the same unit.</param>
/// <param name="Duration">Of the leading track.</param>
/// <param name="Units">Of all tracks.</param>
public readonly record struct SegmentFragment(
    long Offset, long Length, MediaTime Start, MediaTime Presentation, MediaTime Duration, bool StartsWithKey, int Units);

/// <summary>A picture at which a player can start.</summary>
/// <param name="Fragment">Index of the fragment that holds it.</param>
/// <param name="Offset">Of that fragment's moof: from where a player must read.</param>
public readonly record struct RandomAccessPoint(int Fragment, long Offset, MediaTime Decode, MediaTime Presentation);

/// <summary>What is in a segment file, from its headers alone: media data is not read.</summary>
public sealed class SegmentScan
{
    SegmentScan()
    {
    }

    /// <summary>Bytes of ftyp and moov; zero if the file has no whole moov, and then nothing of it can be played.</summary>
    public long InitLength { get; private set; }
    public long FileLength { get; private set; }

    /// <summary>End of the last whole fragment, or of the init segment: what follows can't be played.</summary>
    public long WholeEnd { get; private set; }
    public SegmentTail Tail { get; private set; }

    /// <summary>One sentence with an offset about what is wrong with the tail or the head; null if nothing is.</summary>
    public string? Fault { get; private set; }
    public IReadOnlyList<SegmentTrack> Tracks { get; private set; } = [];
    public IReadOnlyList<SegmentFragment> Fragments { get; private set; } = [];
    public IReadOnlyList<RandomAccessPoint> RandomAccessPoints { get; private set; } = [];

    /// <summary>Decode time of the first fragment; zero if there is none.</summary>
    public MediaTime Start => Fragments.Count > 0 ? Fragments[0].Start : default;

    /// <summary>Decode time at which the last fragment ends.</summary>
    public MediaTime End => Fragments.Count > 0 ? Fragments[^1].Start + Fragments[^1].Duration : default;

    /// <summary>Never throws because of what is in the file; <see cref="IOException"/> if it can't be read.</summary>
    /// <param name="checkTail">
    /// Also looks into the media data of the last fragments, from behind until one is sound: after a loss of power a file system
    /// may have kept the headers and lost the data.
    /// </param>
    public static SegmentScan Read(SafeFileHandle file, bool checkTail = false) => new();
}
