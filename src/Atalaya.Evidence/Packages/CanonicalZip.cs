using System.Buffers.Binary;
using System.Text;

namespace Atalaya.Evidence.Packages;

/// <summary>An entry of a canonical ZIP.</summary>
/// <param name="Name">ASCII letters, digits, and <c>. _ - /</c>.</param>
/// <param name="Bytes">Of its data, stored as it is.</param>
readonly record struct ZipEntry(string Name, long Bytes, uint Crc);

/// <summary>
/// The one way to write a ZIP (APPNOTE 6.3.9) that packages have: entries stored, no data descriptors, no comments, one time for all, ZIP64 fields where a value doesn't fit
/// and nowhere else. Names, lengths, checksums and the time settle every byte that isn't data, so a reader makes these bytes itself and compares.
/// </summary>
static class CanonicalZip
{
    /// <summary>Of a name, in bytes.</summary>
    public const int MaxName = 240;

    /// <summary>Of a local header with a name of the longest.</summary>
    public const int MaxHeader = FixedHeader + MaxName + Zip64Extra;

    const int FixedHeader = 30, Zip64Extra = 20;
    const uint Local = 0x04034b50, Central = 0x02014b50, End = 0x06054b50, End64 = 0x06064b50, Locator64 = 0x07064b50;
    const uint Most32 = uint.MaxValue;
    const ushort Most16 = ushort.MaxValue;
    const ushort Plain = 20, With64 = 45, Utf8 = 0x0800;

    public static bool IsName(string name) =>
        name.Length is > 0 and <= MaxName && name[0] != '/' && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-' or '/')
        && name.Split('/').All(part => part.Length > 0 && part is not ("." or ".."));

    /// <summary>ZIP's time in the low half and date in the high: UTC, to two seconds.</summary>
    public static uint Time(DateTimeOffset at)
    {
        var utc = at.UtcDateTime;
        return ((uint)(utc.Year - 1980) << 25) | ((uint)utc.Month << 21) | ((uint)utc.Day << 16) | ((uint)utc.Hour << 11) | ((uint)utc.Minute << 5) | ((uint)utc.Second / 2);
    }

    /// <summary>Whether <see cref="Time"/> can say it.</summary>
    public static bool HasTime(DateTimeOffset at) => at.UtcDateTime.Year is >= 1980 and <= 2107;

    public static byte[] LocalHeader(in ZipEntry entry, uint time)
    {
        bool large = entry.Bytes >= Most32;
        var writer = new Writer(new byte[FixedHeader + entry.Name.Length + (large ? Zip64Extra : 0)]);
        writer.Four(Local);
        writer.Two(large ? With64 : Plain);
        Common(ref writer, entry, time, large);
        writer.Two((ushort)entry.Name.Length);
        writer.Two((ushort)(large ? Zip64Extra : 0));
        writer.Text(entry.Name);
        if (large)
        {
            writer.Two(1);
            writer.Two(16);
            writer.Eight(entry.Bytes);
            writer.Eight(entry.Bytes);
        }

        return writer.Bytes;
    }

    /// <summary>All that follows the last entry's data.</summary>
    public static byte[] Directory(IReadOnlyList<ZipEntry> entries, uint time)
    {
        var parts = new List<byte[]>(entries.Count + 1);
        long offset = 0, length = 0;
        foreach (var entry in entries)
        {
            byte[] part = CentralHeader(entry, offset, time);
            parts.Add(part);
            length += part.Length;
            offset += LocalHeader(entry, time).Length + entry.Bytes;
        }

        parts.Add(Ending(entries.Count, offset, length));
        byte[] all = new byte[parts.Sum(p => p.Length)];
        int at = 0;
        foreach (byte[] part in parts)
        {
            part.CopyTo(all, at);
            at += part.Length;
        }

        return all;
    }

    /// <summary>What a local header says, not whether it says it canonically.</summary>
    /// <param name="bytes">From the header's begin, up to <see cref="MaxHeader"/>.</param>
    public static bool TryReadHeader(ReadOnlySpan<byte> bytes, out ZipEntry entry, out uint time)
    {
        entry = default;
        time = 0;
        if (bytes.Length < FixedHeader || BinaryPrimitives.ReadUInt32LittleEndian(bytes) != Local)
            return false;
        time = BinaryPrimitives.ReadUInt32LittleEndian(bytes[10..]);
        uint crc = BinaryPrimitives.ReadUInt32LittleEndian(bytes[14..]);
        long length = BinaryPrimitives.ReadUInt32LittleEndian(bytes[18..]);
        int name = BinaryPrimitives.ReadUInt16LittleEndian(bytes[26..]);
        if (name is 0 or > MaxName || bytes.Length < FixedHeader + name)
            return false;
        string text = Encoding.Latin1.GetString(bytes.Slice(FixedHeader, name));
        if (length == Most32)
        {
            if (bytes.Length < FixedHeader + name + Zip64Extra)
                return false;
            length = BinaryPrimitives.ReadInt64LittleEndian(bytes[(FixedHeader + name + 4)..]);
        }

        // What is longer than any file is no length, and would make sums of them wrap.
        if (!IsName(text) || length is < 0 or > 1L << 50)
            return false;
        entry = new(text, length, crc);
        return true;
    }

    static byte[] CentralHeader(in ZipEntry entry, long offset, uint time)
    {
        bool large = entry.Bytes >= Most32, far = offset >= Most32;
        int extra = large || far ? 4 + (large ? 16 : 0) + (far ? 8 : 0) : 0;
        var writer = new Writer(new byte[46 + entry.Name.Length + extra]);
        ushort needed = large || far ? With64 : Plain;
        writer.Four(Central);
        writer.Two(needed);
        writer.Two(needed);
        Common(ref writer, entry, time, large);
        writer.Two((ushort)entry.Name.Length);
        writer.Two((ushort)extra);
        writer.Two(0);                              // comment
        writer.Two(0);                              // disk
        writer.Two(0);                              // text or not: not said
        writer.Four(0);                             // attributes: none
        writer.Four(far ? Most32 : (uint)offset);
        writer.Text(entry.Name);
        if (extra > 0)
        {
            writer.Two(1);
            writer.Two((ushort)(extra - 4));
            if (large)
            {
                writer.Eight(entry.Bytes);
                writer.Eight(entry.Bytes);
            }

            if (far)
                writer.Eight(offset);
        }

        return writer.Bytes;
    }

    static byte[] Ending(int count, long start, long length)
    {
        bool large = count >= Most16 || start >= Most32 || length >= Most32;
        var writer = new Writer(new byte[22 + (large ? 56 + 20 : 0)]);
        if (large)
        {
            writer.Four(End64);
            writer.Eight(44);
            writer.Two(With64);
            writer.Two(With64);
            writer.Four(0);
            writer.Four(0);
            writer.Eight(count);
            writer.Eight(count);
            writer.Eight(length);
            writer.Eight(start);
            writer.Four(Locator64);
            writer.Four(0);
            writer.Eight(start + length);
            writer.Four(1);
        }

        writer.Four(End);
        writer.Two(0);
        writer.Two(0);
        writer.Two((ushort)Math.Min(count, Most16));
        writer.Two((ushort)Math.Min(count, Most16));
        writer.Four((uint)Math.Min(length, Most32));
        writer.Four((uint)Math.Min(start, Most32));
        writer.Two(0);
        return writer.Bytes;
    }

    static void Common(ref Writer writer, in ZipEntry entry, uint time, bool large)
    {
        writer.Two(Utf8);   // names
        writer.Two(0);      // stored
        writer.Four(time);
        writer.Four(entry.Crc);
        writer.Four(large ? Most32 : (uint)entry.Bytes);
        writer.Four(large ? Most32 : (uint)entry.Bytes);
    }

    ref struct Writer(byte[] bytes)
    {
        int _at;

        public readonly byte[] Bytes => bytes;

        public void Two(ushort value)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(_at), value);
            _at += 2;
        }

        public void Four(uint value)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(_at), value);
            _at += 4;
        }

        public void Eight(long value)
        {
            BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(_at), value);
            _at += 8;
        }

        public void Text(string text) => _at += Encoding.ASCII.GetBytes(text, bytes.AsSpan(_at));
    }
}
