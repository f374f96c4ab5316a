namespace Atalaya.Evidence.Tests;

public sealed class TileTests
{
    [Theory]
    [InlineData(0, 1234067, 256, "tile/0/x001/x234/067")]
    [InlineData(1, 0, 1, "tile/1/000.p/1")]
    [InlineData(Tile.Entries, 5, 255, "tile/entries/005.p/255")]
    [InlineData(Tile.Entries, 1000, 256, "tile/entries/x001/000")]
    [InlineData(7, 999, 256, "tile/7/999")]
    public void A_tile_has_the_path_of_the_specification(int level, long index, int width, string path)
    {
        var tile = new Tile(level, index, width);
        tile.Path.ShouldBe(path);
        Tile.TryParse(path, out var read).ShouldBeTrue();
        read.ShouldBe(tile);
    }

    [Theory]
    [InlineData("tile/0/1234067")]
    [InlineData("tile/0/x000/067")]
    [InlineData("tile/00/067")]
    [InlineData("tile/8/067")]
    [InlineData("tile/0/067.p/256")]
    [InlineData("tile/0/067.p/0")]
    [InlineData("tile/0/067.p/01")]
    [InlineData("tile/0/067.p")]
    [InlineData("tile/0/../067")]
    [InlineData("tile/0/x001/x234/067/")]
    [InlineData("tile/0/+67")]
    [InlineData("checkpoint")]
    [InlineData("")]
    public void No_other_path_is_a_tile(string path) => Tile.TryParse(path, out _).ShouldBeFalse();

    /// <summary>The example of the specification: 70,000 leaves.</summary>
    [Fact]
    public void A_tree_has_full_tiles_and_at_most_one_partial_of_a_level()
    {
        const long size = 70_000;
        Tile.Levels(size).ShouldBe(3);
        Tile.Of(0, size - 1, size).ShouldBe(new(0, 273, 112));
        new Tile(0, 272, 256).IsCoveredBy(size).ShouldBeTrue();
        new Tile(0, 273, 112).IsCoveredBy(size).ShouldBeTrue();
        new Tile(1, 0, 256).IsCoveredBy(size).ShouldBeTrue();
        new Tile(1, 1, 17).IsCoveredBy(size).ShouldBeTrue();
        new Tile(2, 0, 1).IsCoveredBy(size).ShouldBeTrue();
        new Tile(0, 273, 111).IsCoveredBy(size).ShouldBeTrue("a smaller tree's edge");
        new Tile(0, 273, 113).IsCoveredBy(size).ShouldBeFalse();
        new Tile(0, 273, 256).IsCoveredBy(size).ShouldBeFalse("not filled yet");
        new Tile(0, 274, 1).IsCoveredBy(size).ShouldBeFalse();
        new Tile(2, 0, 2).IsCoveredBy(size).ShouldBeFalse();
        new Tile(0, long.MaxValue, 1).IsCoveredBy(size).ShouldBeFalse();
    }

    [Fact]
    public void A_bundle_gives_back_its_leaves_and_nothing_that_is_cut_off()
    {
        byte[][] entries = [[], [1], new byte[EntryBundle.MaxEntry], [2, 3]];
        using var stream = new MemoryStream();
        foreach (byte[] entry in entries)
            EntryBundle.Append(stream, entry);
        byte[] bundle = stream.ToArray();
        EntryBundle.TryRead(bundle, 4, out var read).ShouldBeTrue();
        read.Select(r => r.ToArray()).ShouldBe(entries);
        EntryBundle.TryRead(bundle, 3, out _).ShouldBeFalse("one too many");
        EntryBundle.TryRead(bundle, 5, out _).ShouldBeFalse("one too few");
        EntryBundle.TryRead(bundle.AsMemory(0, bundle.Length - 1), 4, out _).ShouldBeFalse("cut off");
    }

    /// <summary>What is kept for ever: a change of these bytes needs a new version.</summary>
    [Fact]
    public void A_leaf_is_these_bytes()
    {
        byte[] record = "{\"camera\":\"gate\"}"u8.ToArray(), salt = [.. Enumerable.Range(0, 16).Select(i => (byte)i)];
        var leaf = new Leaf(LeafKind.Segment, 1_774_526_400_000_000, Leaf.Commit(salt, record));
        Convert.ToHexStringLower(leaf.Encode()).ShouldBe("0101" + "00064dec1fb77000" + Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData([.. salt, .. record])));
        Leaf.TryDecode(leaf.Encode(), out var read).ShouldBeTrue();
        read.ShouldBe(leaf);
        Leaf.TryDecode([2, .. leaf.Encode()[1..]], out _).ShouldBeFalse("another version");
        Leaf.TryDecode([1, 200, .. leaf.Encode()[2..]], out _).ShouldBeFalse("an unknown kind");
        Leaf.TryDecode(leaf.Encode().AsSpan(1), out _).ShouldBeFalse("cut off");
    }
}
