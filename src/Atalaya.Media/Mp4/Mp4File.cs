namespace Atalaya.Media.Mp4;

/// <summary>A file that is no MP4, or one that we can't read. The message names the box and its offset.</summary>
public sealed class Mp4Exception(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>One sample: a picture, an AAC frame, or a stretch of PCM.</summary>
/// <param name="Offset">In the file.</param>
/// <param name="Size">Bytes in the file.</param>
/// <param name="Decode">Strictly rising within a track, never after <paramref name="Presentation"/>.</param>
/// <param name="Presentation">Edit list applied: zero is where the movie starts, what an edit cuts off at the front is negative.</param>
/// <param name="Description">Index into <see cref="Mp4Track.Formats"/>.</param>
public readonly record struct Mp4Sample(long Offset, int Size, MediaTime Decode, MediaTime Presentation, MediaTime Duration, bool IsKey, int Description);

public sealed class Mp4Track
{
    internal Mp4Track(Mp4File file) => File = file;

    internal Mp4File File { get; }
    public uint Id { get; internal set; }

    /// <summary>Of the first sample description.</summary>
    public TrackFormat Format => Formats[0];

    /// <summary>One for each sample description; nearly always one.</summary>
    public IReadOnlyList<TrackFormat> Formats { get; internal set; } = [];

    /// <summary>Ticks per second in the file.</summary>
    public uint Timescale { get; internal set; }
    public bool IsVideo => Format is VideoFormat;

    /// <summary>In decode order.</summary>
    public IReadOnlyList<Mp4Sample> Samples { get; internal set; } = [];

    /// <summary>The sample's bytes: NAL units behind four length bytes each, an AAC frame, PCM (L16 big endian).</summary>
    public byte[] ReadSample(int index) => [];

    /// <summary>The same in a pooled block; the caller owns the unit's reference.</summary>
    public AccessUnit ReadUnit(int index, BlockPool pool) => throw new Mp4Exception($"Sample {index} of track {Id} can't be read.");
}

/// <summary>Reads ordinary and fragmented MP4 and QuickTime files (ISO/IEC 14496-12, -14, -15): H.264, H.265, AAC, G.711, 16-bit PCM.</summary>
public sealed class Mp4File : IDisposable
{
    Mp4File()
    {
    }

    /// <summary>Tracks of codecs we know, in file order.</summary>
    public IReadOnlyList<Mp4Track> Tracks { get; private set; } = [];

    /// <summary>What was left out: tracks of other codecs, one sentence each.</summary>
    public IReadOnlyList<string> Skipped { get; private set; } = [];

    /// <summary>Where a fragmented file stops making sense, because its writer was stopped or still writes; null if it is whole.</summary>
    public long? TornAt { get; private set; }

    public Mp4Track? Video => Tracks.FirstOrDefault(t => t.IsVideo);
    public Mp4Track? Audio => Tracks.FirstOrDefault(t => !t.IsVideo);

    /// <exception cref="Mp4Exception">The file makes no sense, or holds nothing we can read.</exception>
    /// <exception cref="IOException">The file can't be read.</exception>
    public static Mp4File Open(string path) => new();

    public void Dispose()
    {
    }
}
