using Microsoft.Win32.SafeHandles;

namespace Atalaya.Media.Mp4;

/// <summary>
/// Reads single key pictures out of a segment by the offsets of their fragments, as an index keeps them: the moov, one moof and one picture are read,
/// nothing else of the file. Never throws because of what is in it.
/// </summary>
public sealed class KeyPictures
{
    const int MaxMoov = 1 << 20, MaxMoof = 1 << 20;

    /// <summary>A larger picture is no camera's (bytes).</summary>
    public const int MaxPicture = 16 << 20;

    // ftyp, then moov; a few more for files of other programs.
    const int MaxBoxesBefore = 8;

    readonly FileBytes _file;
    readonly Moov _moov;
    readonly List<FragmentSample> _samples = [];

    KeyPictures(FileBytes file, Moov moov, VideoFormat format)
    {
        _file = file;
        _moov = moov;
        Format = format;
    }

    public VideoFormat Format { get; }

    /// <summary>Null if the file has no moov at its begin with video that we know, in NAL units behind four bytes of length.</summary>
    /// <exception cref="IOException">The file can't be read.</exception>
    public static KeyPictures? Open(SafeFileHandle file) => Open(new FileBytes(file));

    internal static KeyPictures? Open(FileBytes file)
    {
        Span<byte> head = stackalloc byte[BoxHeader.MaxSize];
        long at = 0;
        for (int i = 0; i < MaxBoxesBefore; i++)
        {
            int got = file.Read(at, head);
            if (BoxHeader.Parse(head[..got], file.Length - at, out var header) != BoxFault.None)
                return null;
            if (header.Type != BoxType.Moov)
            {
                at += header.Size;
                continue;
            }

            byte[] bytes = new byte[Math.Min(header.Size, MaxMoov)];
            if (header.Size > MaxMoov || file.Read(at, bytes) < bytes.Length)
                return null;
            try
            {
                var moov = Moov.Parse(bytes, at);
                var track = moov.Tracks.Find(t => t.IsVideo);
                return track?.Entries is [{ NalLengthSize: 4 }, ..] && track.Format(default, default) is VideoFormat format ? new(file, moov, format) : null;
            }
            catch (Mp4Exception)
            {
                return null;
            }
        }

        return null;
    }

    /// <summary>The first key picture of the fragment whose moof begins at <paramref name="offset"/>, as in <see cref="AccessUnit.Data"/>; null if there is none.</summary>
    /// <exception cref="IOException">The file can't be read.</exception>
    public byte[]? Read(long offset)
    {
        byte[] bytes = new byte[4096];
        int got = _file.Read(offset, bytes);
        if (BoxHeader.Parse(bytes.AsSpan(0, got), _file.Length - offset, out var header) != BoxFault.None || header.Type != BoxType.Moof || header.Size > MaxMoof)
            return null;
        if (header.Size > got)
        {
            bytes = new byte[header.Size];
            if (_file.Read(offset, bytes) < bytes.Length)
                return null;
        }

        _samples.Clear();
        if (MoofReader.Read(bytes.AsSpan(0, (int)header.Size), offset, _moov, _samples) is not null)
            return null;
        foreach (var sample in _samples)
        {
            if (!sample.IsKey || sample.Description != 0 || sample.Track < 0 || !_moov.Tracks[sample.Track].IsVideo)
                continue;
            if (sample.Size is 0 or > MaxPicture || sample.Offset > _file.Length - sample.Size)
                return null;
            byte[] picture = new byte[sample.Size];
            return _file.Read(sample.Offset, picture) == picture.Length ? picture : null;
        }

        return null;
    }
}
