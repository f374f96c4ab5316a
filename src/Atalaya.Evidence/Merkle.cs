using System.Numerics;
using System.Security.Cryptography;

namespace Atalaya.Evidence;

/// <summary>Hashes and verdicts of the Merkle tree of RFC 6962, section 2.1 (RFC 9162 has the same). Pure: nothing here reads anything.</summary>
/// <remarks>Sizes and indices are counts of leaves, from 0.</remarks>
public static class Merkle
{
    /// <summary>Of a tree without leaves.</summary>
    public static Digest EmptyRoot { get; } = Digest.Of([]);

    public static Digest Leaf(ReadOnlySpan<byte> entry)
    {
        Span<byte> hash = stackalloc byte[Digest.Length];
        using var sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        sha.AppendData([0]);
        sha.AppendData(entry);
        sha.GetHashAndReset(hash);
        return new(hash);
    }

    public static Digest Node(Digest left, Digest right)
    {
        Span<byte> both = stackalloc byte[1 + (2 * Digest.Length)];
        both[0] = 1;
        left.CopyTo(both[1..]);
        right.CopyTo(both[(1 + Digest.Length)..]);
        return Digest.Of(both);
    }

    /// <summary>
    /// The root above hashes of neighbours: of leaves, or of complete trees of one size. The last may stand for a smaller tree, which changes nothing:
    /// the tree is split at the largest power of two.
    /// </summary>
    public static Digest Root(ReadOnlySpan<Digest> hashes)
    {
        if (hashes.Length == 0)
            return EmptyRoot;
        if (hashes.Length == 1)
            return hashes[0];
        int split = (int)Split(hashes.Length);
        return Node(Root(hashes[..split]), Root(hashes[split..]));
    }

    /// <summary>Whether the leaf with this hash stands at <paramref name="index"/> of the tree with this size and root. RFC 9162, section 2.1.3.2.</summary>
    public static bool IsIncluded(Digest leaf, long index, long size, ReadOnlySpan<Digest> proof, Digest root)
    {
        if (index < 0 || index >= size)
            return false;
        long at = index, last = size - 1;
        var hash = leaf;
        foreach (var sibling in proof)
        {
            if (last == 0)
                return false;
            if ((at & 1) == 1 || at == last)
            {
                hash = Node(sibling, hash);
                int alone = BitOperations.TrailingZeroCount(at);     // levels on which the last one has no sibling; at isn't 0 here
                (at, last) = (at >> alone, last >> alone);
            }
            else
            {
                hash = Node(hash, sibling);
            }

            (at, last) = (at >> 1, last >> 1);
        }

        return last == 0 && hash == root;
    }

    /// <summary>
    /// Whether the second tree begins with all leaves of the first, in their order. RFC 9162, section 2.1.4.2; every tree begins with the empty one,
    /// which needs no proof.
    /// </summary>
    public static bool IsConsistent(long firstSize, Digest firstRoot, long secondSize, Digest secondRoot, ReadOnlySpan<Digest> proof)
    {
        if (firstSize < 0 || firstSize > secondSize)
            return false;
        if (firstSize == secondSize)
            return proof.IsEmpty && firstRoot == secondRoot;
        if (firstSize == 0)
            return proof.IsEmpty && firstRoot == EmptyRoot;
        // A first tree that is complete is a part of the second itself, and not said again in the proof.
        var start = firstRoot;
        if (!BitOperations.IsPow2(firstSize))
        {
            if (proof.IsEmpty)
                return false;
            start = proof[0];
            proof = proof[1..];
        }

        int complete = BitOperations.TrailingZeroCount(firstSize);
        long at = (firstSize - 1) >> complete, last = (secondSize - 1) >> complete;
        var (first, second) = (start, start);
        foreach (var sibling in proof)
        {
            if (last == 0)
                return false;
            if ((at & 1) == 1 || at == last)
            {
                (first, second) = (Node(sibling, first), Node(sibling, second));
                int alone = BitOperations.TrailingZeroCount(at);
                (at, last) = (at >> alone, last >> alone);
            }
            else
            {
                second = Node(second, sibling);
            }

            (at, last) = (at >> 1, last >> 1);
        }

        return last == 0 && first == firstRoot && second == secondRoot;
    }

    /// <summary>The largest power of two below a number of at least two.</summary>
    internal static long Split(long count) => 1L << BitOperations.Log2((ulong)count - 1);
}
