using System.Security.Cryptography;

using Atalaya.Node.Store;
using Atalaya.Testing;

namespace Atalaya.Node.Tests.Store;

/// <summary>What was sealed is read as it was, from anywhere in it; changed, cut, swapped, or with another key, it isn't read at all.</summary>
public sealed class SealedFileTests
{
    static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(1)]
    [InlineData(65_535)]
    [InlineData(65_536)]
    [InlineData(65_537)]
    [InlineData(131_072)]
    [InlineData(200_000)]
    public async Task It_is_read_as_it_was_from_anywhere(int length)
    {
        using var folder = new TempFolder("sealed");
        var (path, key, content) = await SealAsync(folder, length);
        await using var within = SealedFile.OpenRead(path, key, length);
        byte[] read = new byte[length];
        await within.ReadExactlyAsync(read, Stop);
        read.ShouldBe(content);
        (await within.ReadAsync(new byte[1].AsMemory(), Stop)).ShouldBe(0);
        var random = new Random(length);
        for (int i = 0; i < 50; i++)
        {
            int from = random.Next(length), some = random.Next(1, length - from + 1);
            within.Position = from;
            byte[] part = new byte[some];
            within.ReadExactly(part);
            part.AsSpan().SequenceEqual(content.AsSpan(from, some)).ShouldBeTrue();
        }
    }

    [Fact]
    public async Task What_isn_t_as_it_was_is_refused()
    {
        using var folder = new TempFolder("sealed");
        const int Length = 200_000, Piece = 65_536 + 16;
        var (path, key, _) = await SealAsync(folder, Length);
        byte[] good = await File.ReadAllBytesAsync(path, Stop), bad = [.. good];
        bad[100_000] ^= 1;
        await RefusedAsync(bad);
        await RefusedAsync([.. good[Piece..(2 * Piece)], .. good[..Piece], .. good[(2 * Piece)..]]);
        await RefusedAsync(good[..^1]);
        await RefusedAsync(good[..(3 * Piece)], 3 * 65_536);
        await File.WriteAllBytesAsync(path, good, Stop);
        key[0] ^= 1;
        await RefusedAsync(good);

        async Task RefusedAsync(byte[] bytes, long length = Length)
        {
            await File.WriteAllBytesAsync(path, bytes, Stop);
            await using var within = SealedFile.OpenRead(path, key, length);
            await Should.ThrowAsync<CryptographicException>(() => within.CopyToAsync(Stream.Null, Stop));
        }
    }

    [Fact]
    public async Task Too_much_nothing_and_what_is_refused_leave_no_file()
    {
        using var folder = new TempFolder("sealed");
        string path = Path.Combine(folder.Path, "f");
        byte[] key = new byte[SealedFile.KeyLength];
        (await SealedFile.WriteAsync(new MemoryStream(new byte[100_001]), path, key, 100_000, _ => true, Stop)).ShouldBeNull();
        (await SealedFile.WriteAsync(new MemoryStream(), path, key, 100_000, _ => true, Stop)).ShouldBeNull();
        (await SealedFile.WriteAsync(new MemoryStream([1]), path, key, 100_000, _ => false, Stop)).ShouldBeNull();
        Directory.GetFiles(folder.Path).ShouldBeEmpty();
    }

    static async Task<(string Path, byte[] Key, byte[] Content)> SealAsync(TempFolder folder, int length)
    {
        byte[] content = RandomNumberGenerator.GetBytes(length), key = RandomNumberGenerator.GetBytes(SealedFile.KeyLength);
        string path = Path.Combine(folder.Path, "f");
        (await SealedFile.WriteAsync(new MemoryStream(content), path, key, length, _ => true, Stop)).ShouldBe((length, Convert.ToHexStringLower(SHA256.HashData(content))));
        return (path, key, content);
    }
}
