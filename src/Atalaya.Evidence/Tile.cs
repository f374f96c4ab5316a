using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace Atalaya.Evidence;

/// <summary>
/// A stretch of 256 neighbouring hashes of a tree (C2SP tlog-tiles), or of the leaves themselves. Level 0 holds hashes of leaves, each level above the
/// roots of full tiles below.
/// </summary>
/// <param name="Level">0 to 7; <see cref="Entries"/> for the leaves themselves.</param>
/// <param name="Index">From the left, from 0.</param>
/// <param name="Width">1 to 256: how many there are; a narrower one is partial.</param>
public readonly record struct Tile(int Level, long Index, int Width)
{
    public const int FullWidth = 256;

    /// <summary>Stands for the level of the leaves' own bytes.</summary>
    public const int Entries = -1;

    /// <summary>More need no tree: level 7 holds trees of 256⁷ leaves.</summary>
    const int MaxLevel = 7;

    public bool IsFull => Width == FullWidth;

    public Tile Full => this with { Width = FullWidth };

    /// <summary>Hashes of a level that a tree has.</summary>
    public static long Count(int level, long size) => level == Entries ? size : size >> (8 * level);

    /// <summary>Levels of a tree that have hashes.</summary>
    public static int Levels(long size)
    {
        int levels = 0;
        while (Count(levels, size) > 0)
            levels++;
        return levels;
    }

    /// <summary>The tile of a level that holds the hash of this index, as wide as it is in a tree of this size.</summary>
    public static Tile Of(int level, long hash, long size)
    {
        long index = hash / FullWidth;
        return new(level, index, (int)Math.Min(FullWidth, Count(level, size) - (index * FullWidth)));
    }

    /// <summary>Whether a tree of this size has all that the tile holds.</summary>
    public bool IsCoveredBy(long size) => Count(Level, size) is var count && count >= Width && Index <= (count - Width) / FullWidth;

    /// <summary>Below the log's folder or address: <c>tile/0/x001/x234/067.p/5</c>.</summary>
    public string Path
    {
        get
        {
            var path = new StringBuilder("tile/").Append(Level == Entries ? "entries" : Level.ToString(CultureInfo.InvariantCulture)).Append('/');
            string digits = Index.ToString("D3", CultureInfo.InvariantCulture);
            digits = digits.PadLeft((digits.Length + 2) / 3 * 3, '0');
            for (int i = 0; i < digits.Length; i += 3)
                path.Append(i + 3 < digits.Length ? "x" : "").Append(digits, i, 3).Append(i + 3 < digits.Length ? "/" : "");
            if (!IsFull)
                path.Append(".p/").Append(Width);
            return path.ToString();
        }
    }

    /// <summary>Of a full tile's path: the folder of its partial ones.</summary>
    public string PartialFolder => Full.Path + ".p";

    /// <summary>Reads a path in its one spelling.</summary>
    public static bool TryParse(string path, out Tile tile)
    {
        tile = default;
        string[] parts = path.Split('/');
        int width = FullWidth, last = parts.Length - 1;
        if (parts.Length < 3 || parts[0] != "tile" || parts.Length > 12)
            return false;
        if (parts[last - 1].EndsWith(".p", StringComparison.Ordinal))
        {
            if (!TryNumber(parts[last], 3, out long w) || w is < 1 or >= FullWidth)
                return false;
            (width, last) = ((int)w, last - 1);
            parts[last] = parts[last][..^2];
        }

        long level = Entries, index = 0;
        if (parts[1] != "entries" && (!TryNumber(parts[1], 1, out level) || level > MaxLevel))
            return false;
        for (int i = 2; i <= last; i++)
        {
            string digits = parts[i];
            if (i < last)
            {
                if (!digits.StartsWith('x'))
                    return false;
                digits = digits[1..];
            }

            if (digits.Length != 3 || !TryNumber(digits.TrimStart('0') is { Length: > 0 } number ? number : "0", 3, out long three) || index > long.MaxValue / 1000 - 1)
                return false;
            index = (index * 1000) + three;
        }

        tile = new((int)level, index, width);
        return last >= 2 && string.Equals(tile.Path, path, StringComparison.Ordinal);
    }

    static bool TryNumber(string text, int digits, out long number)
    {
        number = 0;
        return text.Length <= digits && (text == "0" || !text.StartsWith('0')) && long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
    }
}

/// <summary>The leaves of one tile, each behind its length in two bytes, big-endian.</summary>
public static class EntryBundle
{
    /// <summary>Of one leaf, in bytes.</summary>
    public const int MaxEntry = ushort.MaxValue;

    public static void Append(MemoryStream bundle, ReadOnlySpan<byte> entry)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(entry.Length, MaxEntry);
        Span<byte> length = stackalloc byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(length, (ushort)entry.Length);
        bundle.Write(length);
        bundle.Write(entry);
    }

    /// <summary>The leaves of a bundle that must hold exactly so many.</summary>
    public static bool TryRead(ReadOnlyMemory<byte> bundle, int count, out List<ReadOnlyMemory<byte>> entries)
    {
        entries = new(count);
        while (!bundle.IsEmpty && entries.Count < count)
        {
            if (bundle.Length < 2 || BinaryPrimitives.ReadUInt16BigEndian(bundle.Span) is var length && bundle.Length < 2 + length)
                return false;
            entries.Add(bundle.Slice(2, length));
            bundle = bundle[(2 + length)..];
        }

        return bundle.IsEmpty && entries.Count == count;
    }
}
