using System.Security.Cryptography;
using Atalaya.Media;
using Atalaya.Media.Mp4;
using Microsoft.Win32.SafeHandles;

namespace Atalaya.Recording;

/// <summary>What the index would say of a file, from the file alone.</summary>
static class SegmentReader
{
    /// <summary>Null, with a sentence about why, when the file is no whole segment.</summary>
    /// <param name="fallback">Stands in for the trailer of a file that has none.</param>
    public static Segment? Describe(SafeFileHandle file, string camera, SegmentName name, SegmentTrailer? fallback, out string? fault)
    {
        var scan = SegmentScan.Read(file);
        var found = SegmentTrailer.Read(file);
        var trailer = found?.Trailer ?? fallback;
        fault = scan.InitLength == 0 ? "it has no ftyp and moov"
            : scan.Fragments.Count == 0 ? "it holds no fragment"
            : trailer is null ? "it has no trailer: it was cut short, or it is from another program"
            : found is { } t && t.Offset != scan.WholeEnd ? $"its media ends at byte {scan.WholeEnd}, its trailer begins at {t.Offset}"
            : trailer.Camera != camera || trailer.Stream != name.Stream || trailer.Start != name.StartMilliseconds
                ? $"it says that it is {trailer.Camera}, {trailer.Stream}, {trailer.Start}"
            : null;
        if (fault is not null)
            return null;
        return ToSegment(scan, trailer!, RandomAccess.GetLength(file), Digest(file));
    }

    /// <summary>From the last box alone, so without a digest; null if it doesn't say enough, as in files from before it did.</summary>
    public static Segment? FromTrailer(SafeFileHandle file, string camera, SegmentName name) =>
        SegmentTrailer.Read(file) is var (trailer, offset) && trailer.Camera == camera && trailer.Stream == name.Stream && trailer.Start == name.StartMilliseconds
            ? trailer.ToSegment(offset, RandomAccess.GetLength(file))
            : null;

    public static Segment ToSegment(SegmentScan scan, SegmentTrailer trailer, long bytes, string sha256)
    {
        var video = scan.Tracks.Select(t => t.Format).OfType<VideoFormat>().FirstOrDefault();
        var points = scan.Fragments.Where((f, i) => f.StartsWithKey || i == 0).Select(f => new AccessPoint(f.Offset, f.Start)).ToList();
        var mediaEnd = new MediaTime(trailer.MediaStart + trailer.MediaDuration);
        return new(trailer.Camera, trailer.Stream, new(trailer.Start * 1000), new(trailer.End * 1000), trailer.Run, trailer.Sequence,
            new SegmentName(trailer.Start, trailer.Stream).ToString(), bytes, new(trailer.MediaStart), new(trailer.MediaDuration), (int)scan.InitLength,
            string.Join(',', scan.Tracks.Select(t => t.Format?.CodecString ?? "?")), video?.Width ?? 0, video?.Height ?? 0, trailer.Frames, sha256,
            trailer.EndReason, new AccessPoints(points, scan.WholeEnd, mediaEnd, scan.Fragments[0].StartsWithKey));
    }

    /// <summary>SHA-256 in lower-case hex of the whole file, or of its first bytes.</summary>
    public static string Digest(SafeFileHandle file, long length = long.MaxValue)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Append(hash, file, length);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    public static void Append(IncrementalHash hash, SafeFileHandle file, long length)
    {
        var buffer = new byte[1 << 18];
        for (long at = 0; at < length;)
        {
            int read = RandomAccess.Read(file, buffer.AsSpan(0, (int)Math.Min(buffer.Length, length - at)), at);
            if (read == 0)
                return;
            hash.AppendData(buffer.AsSpan(0, read));
            at += read;
        }
    }
}
