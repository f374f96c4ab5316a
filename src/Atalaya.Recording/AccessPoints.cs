using Atalaya.Media;

namespace Atalaya.Recording;

/// <summary>A fragment where a decoder can start: its first byte, and the decode time of its first unit.</summary>
public readonly record struct AccessPoint(long Offset, MediaTime Media);

/// <summary>
/// The random access points of a segment, and where its media ends. Stored as LEB128 differences: a minute of one point a second takes about
/// 250 bytes.
/// </summary>
/// <remarks>
/// Layout: a flags byte (bit 0: the first fragment starts with a key frame), the count of entries, then for each entry and for the end, as
/// unsigned LEB128, the difference of offset and of media time (90 kHz) to the entry before; the first media time is relative to the segment's.
/// The first fragment is always listed, so that the entries cover the file even if it begins inside a group of pictures.
/// </remarks>
public sealed class AccessPoints
{
    public AccessPoints(IReadOnlyList<AccessPoint> entries, long endOffset, MediaTime mediaEnd, bool startsWithKey = true)
    {
        Entries = entries;
        EndOffset = endOffset;
        MediaEnd = mediaEnd;
        StartsWithKey = startsWithKey;
    }

    /// <summary>Rising in both; the first is the first fragment.</summary>
    public IReadOnlyList<AccessPoint> Entries { get; }

    /// <summary>Just after the last fragment (bytes).</summary>
    public long EndOffset { get; }

    public MediaTime MediaEnd { get; }

    /// <summary>False for the second file of a group of pictures so long that it had to be cut: decoding starts in the segment before.</summary>
    public bool StartsWithKey { get; }

    public byte[] Encode(MediaTime mediaStart)
    {
        var bytes = new List<byte>(16 + (Entries.Count * 5)) { (byte)(StartsWithKey ? 1 : 0) };
        Write(bytes, Entries.Count);
        long offset = 0, media = mediaStart.Ticks;
        foreach (var entry in Entries)
            Step(entry.Offset, entry.Media.Ticks);
        Step(EndOffset, MediaEnd.Ticks);
        return [.. bytes];

        void Step(long nextOffset, long nextMedia)
        {
            Write(bytes, nextOffset - offset);
            Write(bytes, nextMedia - media);
            (offset, media) = (nextOffset, nextMedia);
        }
    }

    /// <summary>Throws <see cref="FormatException"/> on bytes that <see cref="Encode"/> didn't make.</summary>
    public static AccessPoints Decode(ReadOnlySpan<byte> bytes, MediaTime mediaStart)
    {
        if (bytes.Length < 2)
            throw new FormatException($"Access points need at least 2 bytes, these are {bytes.Length}.");
        int at = 1;
        long count = Read(bytes, ref at);
        if (count > bytes.Length)
            throw new FormatException($"Access points claim {count} entries in {bytes.Length} bytes.");
        var entries = new AccessPoint[count];
        long offset = 0, media = mediaStart.Ticks;
        for (int i = 0; i < entries.Length; i++)
        {
            offset += Read(bytes, ref at);
            media += Read(bytes, ref at);
            entries[i] = new(offset, new(media));
        }

        return new(entries, offset + Read(bytes, ref at), new(media + Read(bytes, ref at)), (bytes[0] & 1) != 0);
    }

    static void Write(List<byte> to, long value)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(value);
        ulong left = (ulong)value;
        for (; left >= 0x80; left >>= 7)
            to.Add((byte)(left | 0x80));
        to.Add((byte)left);
    }

    static long Read(ReadOnlySpan<byte> from, ref int at)
    {
        ulong value = 0;
        for (int shift = 0; shift < 63; shift += 7)
        {
            if (at >= from.Length)
                throw new FormatException($"Access points end inside a number at byte {at}.");
            byte next = from[at++];
            value |= (ulong)(next & 0x7F) << shift;
            if (next < 0x80)
                return (long)value;
        }

        throw new FormatException($"Access points hold a number of more than 63 bits before byte {at}.");
    }
}
