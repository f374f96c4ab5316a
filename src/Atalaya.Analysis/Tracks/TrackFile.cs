using System.Buffers;
using System.Buffers.Binary;
using System.Numerics;

using Atalaya.Incidents;
using Atalaya.Media;

namespace Atalaya.Analysis.Tracks;

/// <summary>One track in one analysed picture, as it is kept.</summary>
/// <param name="Id">Of the tracker; another tracker begins anew at 1.</param>
/// <param name="Coasting">This picture didn't show it.</param>
/// <param name="Born">The picture that first showed it.</param>
/// <param name="BornBox">Where it was then.</param>
/// <param name="VelocityX">Picture widths per second, to the right.</param>
/// <param name="VelocityY">Picture heights per second, downwards.</param>
public readonly record struct KeptTrack(
    long Id, ObjectClass Class, Box Box, float Score, bool Coasting, WallTime Born, Box BornBox, float VelocityX, float VelocityY);

/// <summary>What one analysed picture showed, as it is kept. A picture without tracks is one too: somebody looked.</summary>
/// <param name="Learning">The scene was being learned.</param>
public sealed record KeptPicture(WallTime At, bool Learning, IReadOnlyList<KeptTrack> Tracks)
{
    /// <summary>The camera turned or shook: rules wait.</summary>
    public bool Turning { get; init; }
}

/// <summary>Pictures that follow each other: of one stream, one size and one tracker.</summary>
/// <param name="Width">Of the analysed picture, pixels.</param>
/// <param name="BeginsAnew">A new tracker looked at the first picture: its numbers have nothing to do with those before.</param>
public sealed record TrackBlock(StreamKind Stream, int Width, int Height, bool BeginsAnew, IReadOnlyList<KeptPicture> Pictures);

/// <summary>
/// The file in which tracks are kept, byte for byte as in <c>ref/tracks.md</c>: a header, then blocks that each stand for themselves. Whatever else the
/// bytes are, reading ends and doesn't throw; what is damaged is left out and counted.
/// </summary>
public static class TrackFile
{
    public const int Version = 1, HeaderSize = 16, BlockHeaderSize = 32;

    /// <summary>Bytes of one block's pictures, and pictures in it, at most.</summary>
    public const int MaxPayload = 1 << 20, MaxPictures = 10_000;

    /// <summary>Tracks of one picture, at most.</summary>
    public const int MaxTracks = 1024;

    // Boxes and velocities are fractions of the picture in steps of 1/8192, a quarter of a pixel in a picture of 2048; so they reach to ±4.
    const float Scale = 8192;
    const byte CoastingBit = 0x80, FirstBit = 0x40, ClassBits = 0x0F, LearningBit = 1, TurningBit = 2, AnewBit = 1;

    static ReadOnlySpan<byte> Magic => "ATTRACKS"u8;
    static ReadOnlySpan<byte> BlockMagic => "TBLK"u8;

    public static byte[] Header()
    {
        byte[] header = new byte[HeaderSize];
        Magic.CopyTo(header);
        BinaryPrimitives.WriteUInt16LittleEndian(header.AsSpan(8), Version);
        return header;
    }

    /// <summary>Whether these bytes begin a file of the version that is written here.</summary>
    public static bool IsOurs(ReadOnlySpan<byte> file) =>
        file.Length >= HeaderSize && file.StartsWith(Magic) && BinaryPrimitives.ReadUInt16LittleEndian(file[8..]) == Version;

    /// <summary>Appends a block. Values that a step or a field can't hold are put at its edge.</summary>
    /// <exception cref="ArgumentException">It holds no picture, too many, or their times run backwards.</exception>
    public static void Write(TrackBlock block, IBufferWriter<byte> to)
    {
        if (block.Pictures.Count is 0 or > MaxPictures)
            throw new ArgumentException($"A block of {block.Pictures.Count} pictures; 1 to {MaxPictures} fit.", nameof(block));
        var payload = new ArrayBufferWriter<byte>(256);
        var met = new HashSet<long>();
        var before = block.Pictures[0].At;
        foreach (var picture in block.Pictures)
        {
            if (picture.At < before)
                throw new ArgumentException($"A block's pictures go back from {before} to {picture.At}.", nameof(block));
            PutVariable(payload, (ulong)(picture.At.Microseconds - before.Microseconds));
            before = picture.At;
            Put(payload, (byte)((picture.Learning ? LearningBit : 0) | (picture.Turning ? TurningBit : 0)));
            int count = Math.Min(picture.Tracks.Count, MaxTracks);
            PutVariable(payload, (ulong)count);
            for (int i = 0; i < count; i++)
                PutTrack(payload, picture.Tracks[i], picture.At, met.Add(picture.Tracks[i].Id));
        }

        if (payload.WrittenCount > MaxPayload)
            throw new ArgumentException($"A block of {payload.WrittenCount} bytes; {MaxPayload} fit.", nameof(block));
        var header = to.GetSpan(BlockHeaderSize)[..BlockHeaderSize];
        header.Clear();
        BlockMagic.CopyTo(header);
        BinaryPrimitives.WriteInt32LittleEndian(header[4..], payload.WrittenCount);
        BinaryPrimitives.WriteUInt16LittleEndian(header[12..], (ushort)block.Pictures.Count);
        header[14] = block.Stream == StreamKind.Sub ? (byte)1 : (byte)0;
        header[15] = block.BeginsAnew ? AnewBit : (byte)0;
        BinaryPrimitives.WriteInt64LittleEndian(header[16..], block.Pictures[0].At.Microseconds);
        BinaryPrimitives.WriteUInt16LittleEndian(header[24..], (ushort)Math.Clamp(block.Width, 0, ushort.MaxValue));
        BinaryPrimitives.WriteUInt16LittleEndian(header[26..], (ushort)Math.Clamp(block.Height, 0, ushort.MaxValue));
        BinaryPrimitives.WriteUInt32LittleEndian(header[8..], Checksum(header[12..], payload.WrittenSpan));
        to.Advance(BlockHeaderSize);
        to.Write(payload.WrittenSpan);
    }

    /// <summary>All blocks of a file that hold a part of [from, to), in the order of the file.</summary>
    /// <param name="damaged">Bytes that are no block, or one that was changed: the end of a file that was cut off, at best.</param>
    /// <returns>Empty for a file of another version or kind, all of whose bytes are then damaged.</returns>
    public static IReadOnlyList<TrackBlock> Read(ReadOnlySpan<byte> file, WallTime from, WallTime to, out long damaged)
    {
        var blocks = new List<TrackBlock>();
        damaged = 0;
        if (!IsOurs(file))
        {
            damaged = file.Length;
            return blocks;
        }

        var rest = file[HeaderSize..];
        while (!rest.IsEmpty)
        {
            if (TryBlock(rest, from, to, out int length, out var block))
            {
                if (block is not null)
                    blocks.Add(block);
                rest = rest[length..];
                continue;
            }

            // On to what may be the next one: a node that was killed leaves half a block, and the next node writes behind it.
            int next = rest[1..].IndexOf(BlockMagic);
            damaged += next < 0 ? rest.Length : next + 1;
            rest = next < 0 ? [] : rest[(next + 1)..];
        }

        return blocks;
    }

    static bool TryBlock(ReadOnlySpan<byte> bytes, WallTime from, WallTime to, out int length, out TrackBlock? block)
    {
        length = 0;
        block = null;
        if (bytes.Length < BlockHeaderSize || !bytes.StartsWith(BlockMagic))
            return false;
        int size = BinaryPrimitives.ReadInt32LittleEndian(bytes[4..]);
        if (size is < 0 or > MaxPayload || size > bytes.Length - BlockHeaderSize)
            return false;
        var header = bytes[..BlockHeaderSize];
        var payload = bytes.Slice(BlockHeaderSize, size);
        if (BinaryPrimitives.ReadUInt32LittleEndian(header[8..]) != Checksum(header[12..], payload))
            return false;
        int count = BinaryPrimitives.ReadUInt16LittleEndian(header[12..]);
        long at = BinaryPrimitives.ReadInt64LittleEndian(header[16..]);
        if (count is 0 or > MaxPictures || header[14] > 1)
            return false;
        var pictures = new List<KeptPicture>(Math.Min(count, 1024));
        var births = new Dictionary<long, (WallTime Born, Box Box)>();
        var reader = new Cursor(payload);
        bool any = false;
        for (int i = 0; i < count; i++)
        {
            if (!reader.TryVariable(out ulong step) || !reader.TryByte(out byte flags) || !reader.TryVariable(out ulong tracks) || tracks > MaxTracks
                || step > long.MaxValue / 2 || at > (long.MaxValue / 2) - (long)step)
                return false;
            at += (long)step;
            var seen = new KeptTrack[tracks];
            for (int j = 0; j < seen.Length; j++)
            {
                if (!TryTrack(ref reader, new(at), births, out seen[j]))
                    return false;
            }

            var picture = new KeptPicture(new(at), (flags & LearningBit) != 0, seen) { Turning = (flags & TurningBit) != 0 };
            any |= picture.At >= from && picture.At < to;
            pictures.Add(picture);
        }

        if (!reader.IsAtEnd)
            return false;
        length = BlockHeaderSize + size;
        if (any)
        {
            block = new(
                header[14] == 1 ? StreamKind.Sub : StreamKind.Main, BinaryPrimitives.ReadUInt16LittleEndian(header[24..]), BinaryPrimitives.ReadUInt16LittleEndian(header[26..]),
                (header[15] & AnewBit) != 0, pictures);
        }

        return true;
    }

    static void PutTrack(ArrayBufferWriter<byte> to, KeptTrack track, WallTime at, bool isFirst)
    {
        PutVariable(to, (ulong)Math.Max(0, track.Id));
        Put(to, (byte)(((byte)track.Class & ClassBits) | (track.Coasting ? CoastingBit : 0) | (isFirst ? FirstBit : 0)));
        Put(to, (byte)Math.Round(Math.Clamp(track.Score, 0, 1) * 255));
        PutBox(to, track.Box);
        PutFraction(to, track.VelocityX);
        PutFraction(to, track.VelocityY);
        if (!isFirst)
            return;
        PutVariable(to, (ulong)Math.Max(0, at.Microseconds - track.Born.Microseconds));
        PutBox(to, track.BornBox);
    }

    static bool TryTrack(ref Cursor from, WallTime at, Dictionary<long, (WallTime Born, Box Box)> births, out KeptTrack track)
    {
        track = default;
        if (!from.TryVariable(out ulong id) || id > long.MaxValue || !from.TryByte(out byte flags) || !from.TryByte(out byte score)
            || !Enum.IsDefined((ObjectClass)(flags & ClassBits)) || !from.TryBox(out var box) || !from.TryFraction(out float vx) || !from.TryFraction(out float vy))
            return false;
        (WallTime Born, Box Box) birth;
        if ((flags & FirstBit) != 0)
        {
            if (!from.TryVariable(out ulong age) || age > (ulong)Math.Max(0, at.Microseconds) || !from.TryBox(out var bornBox))
                return false;
            birth = (new(at.Microseconds - (long)age), bornBox);
            births[(long)id] = birth;
        }
        else if (!births.TryGetValue((long)id, out birth))
        {
            return false;
        }

        track = new((long)id, (ObjectClass)(flags & ClassBits), box, score / 255f, (flags & CoastingBit) != 0, birth.Born, birth.Box, vx, vy);
        return true;
    }

    static void Put(ArrayBufferWriter<byte> to, byte value)
    {
        to.GetSpan(1)[0] = value;
        to.Advance(1);
    }

    static void PutFraction(ArrayBufferWriter<byte> to, float value)
    {
        float steps = float.IsFinite(value) ? MathF.Round(value * Scale) : 0;
        BinaryPrimitives.WriteInt16LittleEndian(to.GetSpan(2), (short)Math.Clamp(steps, short.MinValue, short.MaxValue));
        to.Advance(2);
    }

    static void PutBox(ArrayBufferWriter<byte> to, Box box)
    {
        PutFraction(to, box.X);
        PutFraction(to, box.Y);
        PutFraction(to, box.Width);
        PutFraction(to, box.Height);
    }

    // Seven bits a byte, the least first; the highest bit says that more follow.
    static void PutVariable(ArrayBufferWriter<byte> to, ulong value)
    {
        while (value >= 0x80)
        {
            Put(to, (byte)(value | 0x80));
            value >>= 7;
        }

        Put(to, (byte)value);
    }

    // CRC-32C (Castagnoli), as in iSCSI (RFC 3720 appendix B.4).
    static uint Checksum(ReadOnlySpan<byte> header, ReadOnlySpan<byte> payload)
    {
        uint crc = uint.MaxValue;
        foreach (byte value in header)
            crc = BitOperations.Crc32C(crc, value);
        while (payload.Length >= 8)
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(payload));
            payload = payload[8..];
        }

        foreach (byte value in payload)
            crc = BitOperations.Crc32C(crc, value);
        return ~crc;
    }

    ref struct Cursor(ReadOnlySpan<byte> bytes)
    {
        ReadOnlySpan<byte> _rest = bytes;

        public readonly bool IsAtEnd => _rest.IsEmpty;

        public bool TryByte(out byte value)
        {
            value = 0;
            if (_rest.IsEmpty)
                return false;
            value = _rest[0];
            _rest = _rest[1..];
            return true;
        }

        public bool TryVariable(out ulong value)
        {
            value = 0;
            for (int shift = 0; shift < 63; shift += 7)
            {
                if (!TryByte(out byte part))
                    return false;
                value |= (ulong)(part & 0x7F) << shift;
                if ((part & 0x80) == 0)
                    return true;
            }

            return false;
        }

        public bool TryFraction(out float value)
        {
            value = 0;
            if (_rest.Length < 2)
                return false;
            value = BinaryPrimitives.ReadInt16LittleEndian(_rest) / Scale;
            _rest = _rest[2..];
            return true;
        }

        public bool TryBox(out Box box)
        {
            box = default;
            if (!TryFraction(out float x) || !TryFraction(out float y) || !TryFraction(out float width) || !TryFraction(out float height) || width < 0 || height < 0)
                return false;
            box = new(x, y, width, height);
            return true;
        }
    }
}
