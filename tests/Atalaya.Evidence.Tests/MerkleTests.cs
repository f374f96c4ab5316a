namespace Atalaya.Evidence.Tests;

/// <summary>The tree is that of RFC 6962, and no proof passes that isn't one.</summary>
public sealed class MerkleTests
{
    // The entries and roots that implementations of Certificate Transparency test themselves with.
    static readonly string[] Entries = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];

    static readonly string[] Roots =
    [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    [Fact]
    public void Roots_are_those_of_the_known_trees()
    {
        Merkle.EmptyRoot.ShouldBe(Hex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
        for (int size = 1; size <= Entries.Length; size++)
            Merkle.Root(Leaves(size)).ShouldBe(Hex(Roots[size - 1]), $"of {size}");
    }

    [Fact]
    public void Proofs_are_those_of_the_known_trees()
    {
        var tree = Tree([.. Leaves(8)], 8);
        tree.Inclusion(0).ShouldBe(
        [
            Hex("96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"),
            Hex("5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"),
            Hex("6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"),
        ]);
        tree.Inclusion(5).ShouldBe(
        [
            Hex("bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"),
            Hex("ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"),
            Hex("d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"),
        ]);
        tree.Consistency(6).ShouldBe(
        [
            Hex("0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"),
            Hex("ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"),
            Hex("d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"),
        ]);
    }

    /// <summary>A tree's shape changes at powers of two and at the tiles' edges; all sizes are few enough to try.</summary>
    [Fact]
    public void Every_proof_of_every_tree_up_to_a_thousand_leaves_is_right_and_damaged_ones_are_refused()
    {
        const int largest = 1000;
        var leaves = Enumerable.Range(0, largest).Select(i => Merkle.Leaf(BitConverter.GetBytes(i))).ToArray();
        var roots = Enumerable.Range(0, largest + 1).Select(size => Merkle.Root(leaves.AsSpan(0, size))).ToArray();
        Parallel.For(1, largest + 1, size =>
        {
            var random = new Random(size);
            var tree = Tree(leaves, size);
            if (tree.Root() != roots[size])
                throw new InvalidOperationException($"The tiles of {size} leaves have another root.");
            for (int index = 0; index < size; index++)
            {
                Digest[] proof = [.. tree.Inclusion(index)];
                if (!Merkle.IsIncluded(leaves[index], index, size, proof, roots[size]))
                    throw new InvalidOperationException($"Leaf {index} of {size} isn't proved.");
                if (AnyBitPasses([leaves[index], roots[size], .. proof], p => Merkle.IsIncluded(p[0], index, size, p.AsSpan(2), p[1]), random))
                    throw new InvalidOperationException($"Leaf {index} of {size} is proved with a bit changed.");
                if (index % 97 == size % 97)
                    RefuseDamage(proof, p => Merkle.IsIncluded(leaves[index], index, size, p, roots[size]), $"leaf {index} of {size}", random);
                if (index % 101 == size % 101)
                {
                    Merkle.IsIncluded(leaves[index], index + 1, size, proof, roots[size]).ShouldBeFalse($"leaf {index} of {size} in its neighbour's place");
                    Merkle.IsIncluded(leaves[(index + 1) % largest], index, size, proof, roots[size]).ShouldBeFalse($"its neighbour in place of leaf {index} of {size}");
                    Merkle.IsIncluded(leaves[index], index, size, proof, roots[size - 1]).ShouldBeFalse($"leaf {index} of {size} under an older root");
                }
            }

            for (int earlier = 0; earlier <= size; earlier++)
            {
                Digest[] proof = [.. tree.Consistency(earlier)];
                if (!Merkle.IsConsistent(earlier, roots[earlier], size, roots[size], proof))
                    throw new InvalidOperationException($"{size} leaves aren't proved to begin with {earlier}.");
                if (earlier > 0 && AnyBitPasses([roots[earlier], roots[size], .. proof], p => Merkle.IsConsistent(earlier, p[0], size, p[1], p.AsSpan(2)), random))
                    throw new InvalidOperationException($"{size} leaves are proved to begin with {earlier} with a bit changed.");
                if (earlier % 97 == size % 97)
                    RefuseDamage(proof, p => Merkle.IsConsistent(earlier, roots[earlier], size, roots[size], p), $"{earlier} to {size}", random);
                if (earlier % 101 == size % 101 && earlier > 0)
                {
                    Merkle.IsConsistent(earlier, roots[earlier - 1], size, roots[size], proof).ShouldBeFalse($"{earlier} to {size} from another root");
                    Merkle.IsConsistent(earlier, roots[earlier], size, roots[size - 1], proof).ShouldBeFalse($"{earlier} to {size} to another root");
                }
            }
        });
    }

    /// <summary>
    /// All of them, not a choice: of leaf, proof and root. Up to 32 leaves here, up to ATALAYA_PROOF_LEAVES in <c>make bits</c>; of larger trees the test above changes one bit of each proof.
    /// </summary>
    [Fact]
    public void Every_single_bit_of_every_proof_counts()
    {
        int largest = int.TryParse(Environment.GetEnvironmentVariable("ATALAYA_PROOF_LEAVES"), out int asked) ? asked : 32;
        var leaves = Enumerable.Range(0, largest).Select(i => Merkle.Leaf(BitConverter.GetBytes(i))).ToArray();
        var roots = Enumerable.Range(0, largest + 1).Select(size => Merkle.Root(leaves.AsSpan(0, size))).ToArray();
        long refused = 0, proofs = 0;
        Parallel.For(1, largest + 1, size =>
        {
            var tree = Tree(leaves, size);
            for (int index = 0; index < size; index++)
            {
                Digest[] parts = [leaves[index], roots[size], .. tree.Inclusion(index)];
                EachBit(parts, p => Merkle.IsIncluded(p[0], index, size, p.AsSpan(2), p[1]), $"leaf {index} of {size}");
            }

            for (int earlier = 1; earlier <= size; earlier++)
            {
                Digest[] parts = [roots[earlier], roots[size], .. tree.Consistency(earlier)];
                EachBit(parts, p => Merkle.IsConsistent(earlier, p[0], size, p[1], p.AsSpan(2)), $"{earlier} to {size}");
            }
        });

        refused.ShouldBeGreaterThan(largest * largest * 1000L);
        TestContext.Current.TestOutputHelper?.WriteLine($"{refused:N0} changed bits of {proofs:N0} proofs of trees of up to {largest} leaves refused.");

        void EachBit(Digest[] parts, Func<Digest[], bool> passes, string what)
        {
            if (!passes(parts))
                Assert.Fail($"{what} isn't proved.");
            Interlocked.Increment(ref proofs);
            Interlocked.Add(ref refused, 256L * parts.Length);
            for (int i = 0; i < parts.Length; i++)
            {
                var kept = parts[i];
                byte[] bytes = kept.ToArray();
                for (int bit = 0; bit < 256; bit++)
                {
                    bytes[bit / 8] ^= (byte)(1 << (bit % 8));
                    parts[i] = new(bytes);
                    if (passes(parts))
                        Assert.Fail($"{what}: bit {bit} of hash {i} may be anything.");
                    bytes[bit / 8] ^= (byte)(1 << (bit % 8));
                }

                parts[i] = kept;
            }
        }
    }

    [Fact]
    public void Sizes_that_no_tree_has_are_refused()
    {
        var leaf = Merkle.Leaf([1]);
        Merkle.IsIncluded(leaf, -1, 1, [], leaf).ShouldBeFalse();
        Merkle.IsIncluded(leaf, 1, 1, [], leaf).ShouldBeFalse();
        Merkle.IsIncluded(leaf, 0, 0, [], leaf).ShouldBeFalse();
        Merkle.IsIncluded(leaf, 0, long.MaxValue, [.. Enumerable.Repeat(leaf, 100)], leaf).ShouldBeFalse();
        Merkle.IsConsistent(2, leaf, 1, leaf, []).ShouldBeFalse();
        Merkle.IsConsistent(-1, leaf, 1, leaf, []).ShouldBeFalse();
        Merkle.IsConsistent(0, leaf, 1, leaf, []).ShouldBeFalse("the empty tree has one root");
        Merkle.IsConsistent(3, leaf, long.MaxValue, leaf, [.. Enumerable.Repeat(leaf, 100)]).ShouldBeFalse();
    }

    /// <summary>Whether a proof passes with one bit of it changed, any of all.</summary>
    static bool AnyBitPasses(Digest[] parts, Func<Digest[], bool> passes, Random random)
    {
        int part = random.Next(parts.Length);
        byte[] bytes = parts[part].ToArray();
        bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
        parts[part] = new(bytes);
        return passes(parts);
    }

    /// <summary>One bit of each hash, one hash less, one more, two exchanged.</summary>
    static void RefuseDamage(Digest[] proof, Func<Digest[], bool> passes, string what, Random random)
    {
        for (int i = 0; i < proof.Length; i++)
        {
            byte[] bytes = proof[i].ToArray();
            bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
            Digest[] flipped = [.. proof];
            flipped[i] = new(bytes);
            passes(flipped).ShouldBeFalse($"{what}: a bit of hash {i}");
            passes([.. proof[..i], .. proof[(i + 1)..]]).ShouldBeFalse($"{what}: without hash {i}");
        }

        passes([.. proof, Merkle.EmptyRoot]).ShouldBeFalse($"{what}: a hash too many");
        if (proof.Length > 1)
            passes([proof[1], proof[0], .. proof[2..]]).ShouldBeFalse($"{what}: exchanged");
    }

    static TileTree Tree(Digest[] leaves, int size)
    {
        // By the definition of a tile, not by the code that writes them.
        return new(size, tile =>
        {
            byte[] bytes = new byte[tile.Width * Digest.Length];
            int span = (int)Math.Pow(256, tile.Level);
            for (int i = 0; i < tile.Width; i++)
                Merkle.Root(leaves.AsSpan((int)((tile.Index * 256) + i) * span, span)).CopyTo(bytes.AsSpan(i * Digest.Length));
            return bytes;
        });
    }

    static Digest[] Leaves(int count) => [.. Entries.Take(count).Select(e => Merkle.Leaf(Convert.FromHexString(e)))];

    static Digest Hex(string text) => new(Convert.FromHexString(text));
}
