using Atalaya.Node.Previews;
using Atalaya.Testing;

using Microsoft.Extensions.Logging.Abstractions;

namespace Atalaya.Node.Tests.Previews;

public sealed class PreviewCacheTests
{
    const long Minute = 29_539_680;

    static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task The_budget_is_kept_and_what_was_looked_at_last_stays()
    {
        using var folder = new TempFolder("cache");
        var cache = new PreviewCache(folder.Path, 3 * 4096, NullLogger.Instance);
        for (int i = 0; i < 3; i++)
            await cache.PutAsync(At(i), Sprite(i), Stop);
        (await cache.FindAsync(At(0), Stop))!.Layout.Tiles[0].At.ShouldBe(0);
        await cache.PutAsync(At(3), Sprite(3), Stop);
        cache.Bytes.ShouldBe(3 * 4096);
        cache.Known().ShouldBe([At(0), At(2), At(3)], ignoreOrder: true);
        Files(folder).Length.ShouldBe(3);
        (await cache.FindAsync(At(1), Stop)).ShouldBeNull();
    }

    [Fact]
    public async Task It_is_found_again_and_what_is_none_of_it_goes()
    {
        using var folder = new TempFolder("cache");
        await new PreviewCache(folder.Path, 1 << 20, NullLogger.Instance).PutAsync(At(0), Sprite(0), Stop);
        File.WriteAllText(folder.File("gate", "2026-03-01", "x.jpg"), "left by a crash");
        File.Copy(Files(folder)[0], Files(folder)[0] + ".0123");
        var cache = new PreviewCache(folder.Path, 1 << 20, NullLogger.Instance);
        cache.Load(Stop);
        Files(folder).Length.ShouldBe(1);
        (await cache.FindAsync(At(0), Stop)).ShouldNotBeNull();

        // Deleted, or damaged, behind its back.
        File.WriteAllText(Files(folder)[0], "damage");
        (await cache.FindAsync(At(0), Stop)).ShouldBeNull();
        cache.Bytes.ShouldBe(0);
        Files(folder).ShouldBeEmpty();
    }

    [Fact]
    public void A_sprite_comes_back_as_it_was_and_bytes_that_are_none_don_t()
    {
        var sprite = Sprite(7);
        var back = PreviewSprite.Read(sprite.Jpeg)!;
        (back.Tag, back.LayoutText).ShouldBe((sprite.Tag, sprite.LayoutText));
        for (int length = 0; length < sprite.Jpeg.Length; length++)
            PreviewSprite.Read(sprite.Jpeg[..length]).ShouldBeNull();
        for (int at = 0; at < sprite.Jpeg.Length; at++)
        {
            foreach (byte value in (byte[])[0, 0x22, 0x7D, 0xFF])
            {
                byte[] bytes = [.. sprite.Jpeg];
                bytes[at] = value;
                _ = PreviewSprite.Read(bytes);      // Whatever it finds, it doesn't throw.
            }
        }
    }

    static PreviewMinute At(int minute) => new("gate", Minute + minute);

    static PreviewSprite Sprite(int number) =>
        PreviewSprite.Of([0xFF, 0xD8, 1, 2, 3, 0xFF, 0xD9], new(192, 108, [new(number, 0, 0), new(number + 5000, 192, 0)]));

    static string[] Files(TempFolder folder) => Directory.GetFiles(folder.Path, "*", SearchOption.AllDirectories);
}
