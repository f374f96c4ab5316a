using System.Buffers;
using System.Security.Cryptography;
using System.Text;

namespace Atalaya.Evidence.Packages;

/// <summary>What is to be known of a file before it can be packed: its bytes were read once.</summary>
public sealed record PackedFile(long Bytes, Digest Sha256, uint Crc, IReadOnlyList<ManifestFragment> Fragments)
{
    /// <param name="starts">Offset in the file and milliseconds from its start of each fragment, in order; the first counts from the file's first byte, whatever it says.</param>
    public static async Task<PackedFile> ReadAsync(Stream file, IReadOnlyList<(long Offset, long At)> starts, CancellationToken stop)
    {
        using var whole = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var piece = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var crc = default(Crc32);
        var fragments = new List<ManifestFragment>();
        byte[] buffer = ArrayPool<byte>.Shared.Rent(1 << 20);
        long at = 0, begin = 0;
        int next = 1;
        try
        {
            while (await file.ReadAsync(buffer, stop) is > 0 and var read)
            {
                var part = buffer.AsMemory(0, read);
                whole.AppendData(part.Span);
                crc.Append(part.Span);
                while (part.Length > 0)
                {
                    long end = next < starts.Count ? starts[next].Offset : long.MaxValue;
                    int take = (int)Math.Min(part.Length, end - at);
                    piece.AppendData(part.Span[..take]);
                    at += take;
                    part = part[take..];
                    if (at == end)
                    {
                        Close();
                        next++;
                    }
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        if (at > begin)
            Close();
        return new(at, new(whole.GetHashAndReset()), crc.Value, fragments);

        void Close()
        {
            fragments.Add(new(starts.Count > 0 ? starts[next - 1].At : 0, begin, at - begin, new(piece.GetHashAndReset())));
            begin = at;
        }
    }
}

/// <summary>A file of footage on its way into a package.</summary>
/// <param name="Open">Gives the same bytes that were read before.</param>
public sealed record PackedVideo(string Path, PackedFile File, Func<CancellationToken, Task<Stream>> Open);

/// <summary>What a package holds beside its manifest.</summary>
/// <param name="Index">The page that plays it.</param>
/// <param name="Checkpoint">A signed note that covers every proof in the manifest.</param>
/// <param name="Keys">Statements of key changes; may be empty.</param>
/// <param name="Video">As the manifest has them.</param>
public sealed record PackageParts(ReadOnlyMemory<byte> Index, ReadOnlyMemory<byte> Checkpoint, ReadOnlyMemory<byte> Keys, IReadOnlyList<PackedVideo> Video);

/// <summary>Who signs a package.</summary>
/// <param name="Manifest">Gives the CMS signature of the manifest's bytes.</param>
/// <param name="Time">Gives a timestamp of them; null: there is none.</param>
/// <param name="Seal">Gives the log's signature of a text.</param>
public sealed record PackageSigners(
    Func<ReadOnlyMemory<byte>, byte[]> Manifest, Func<ReadOnlyMemory<byte>, CancellationToken, Task<byte[]?>> Time, Func<string, CancellationToken, Task<SignedNote>> Seal);

/// <param name="Sha256">Of what was written.</param>
/// <param name="Manifest">Digest of the manifest.</param>
public sealed record WrittenPackage(long Bytes, Digest Sha256, Digest Manifest, bool HasTime);

/// <summary>Writes packages, from their first byte to their last: what they are written to needn't be sought in.</summary>
public static class PackageWriter
{
    /// <param name="manifest">Its <see cref="PackageManifest.Files"/> are filled in here.</param>
    /// <param name="written">Bytes.</param>
    /// <exception cref="InvalidDataException">A file isn't what was read of it before, or the manifest tells something impossible; the message says which.</exception>
    public static async Task<WrittenPackage> WriteAsync(
        PackageManifest manifest, PackageParts parts, PackageSigners signers, Stream target, IProgress<long>? written, CancellationToken stop)
    {
        manifest = manifest with
        {
            Files =
            [
                FileOf(PackageEntry.Index, parts.Index), FileOf(PackageEntry.Checkpoint, parts.Checkpoint), FileOf(PackageEntry.Keys, parts.Keys),
                .. parts.Video.Select(v => new ManifestFile(v.Path, v.File.Bytes, v.File.Sha256)),
            ],
        };
        byte[] text = manifest.ToBytes();
        // What the check would refuse is never written.
        if (!PackageManifest.TryParse(text, out _, out string fault))
            throw new InvalidDataException(fault);
        byte[] signature = signers.Manifest(text);
        byte[]? time = await signers.Time(text, stop);
        var signed = new List<(string Name, Digest Digest)> { (PackageEntry.Manifest, Digest.Of(text)), (PackageEntry.Signature, Digest.Of(signature)) };
        if (time is not null)
            signed.Add((PackageEntry.Timestamp, Digest.Of(time)));
        var seal = await signers.Seal(PackageText.Seal(signed), stop);
        byte[] sums = Encoding.ASCII.GetBytes(PackageText.Sums([(PackageEntry.Index, manifest.Files[0].Sha256), .. signed, .. manifest.Files.Skip(1).Select(f => (f.Path, f.Sha256))]));

        using var zip = new Zip(target, CanonicalZip.Time(manifest.Created), written);
        await zip.AddAsync(PackageEntry.Index, parts.Index, stop);
        await zip.AddAsync(PackageEntry.Manifest, text, stop);
        await zip.AddAsync(PackageEntry.Signature, signature, stop);
        if (time is not null)
            await zip.AddAsync(PackageEntry.Timestamp, time, stop);
        await zip.AddAsync(PackageEntry.Sums, sums, stop);
        await zip.AddAsync(PackageEntry.Checkpoint, parts.Checkpoint, stop);
        await zip.AddAsync(PackageEntry.Keys, parts.Keys, stop);
        foreach (var video in parts.Video)
            await zip.AddAsync(video, stop);
        await zip.AddAsync(PackageEntry.Seal, seal.ToBytes(), stop);
        await zip.EndAsync(stop);
        return new(zip.Bytes, zip.Digest(), signed[0].Digest, time is not null);
    }

    static ManifestFile FileOf(string path, ReadOnlyMemory<byte> bytes) => new(path, bytes.Length, Digest.Of(bytes.Span));

    /// <summary>A canonical ZIP as it grows.</summary>
    sealed class Zip(Stream target, uint time, IProgress<long>? written) : IDisposable
    {
        readonly List<ZipEntry> _entries = [];
        readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

        public long Bytes { get; private set; }

        public Digest Digest() => new(_hash.GetHashAndReset());

        public async Task AddAsync(string name, ReadOnlyMemory<byte> data, CancellationToken stop)
        {
            await BeginAsync(new(name, data.Length, Crc32.Of(data.Span)), stop);
            await WriteAsync(data, stop);
        }

        public async Task AddAsync(PackedVideo video, CancellationToken stop)
        {
            await BeginAsync(new(video.Path, video.File.Bytes, video.File.Crc), stop);
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            byte[] buffer = ArrayPool<byte>.Shared.Rent(1 << 20);
            try
            {
                await using var file = await video.Open(stop);
                for (long left = video.File.Bytes; left > 0;)
                {
                    int read = await file.ReadAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, left)), stop);
                    if (read == 0)
                        break;
                    hash.AppendData(buffer.AsSpan(0, read));
                    await WriteAsync(buffer.AsMemory(0, read), stop);
                    left -= read;
                }
            }
            finally
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }

            if (new Digest(hash.GetHashAndReset()) != video.File.Sha256)
                throw new InvalidDataException($"{video.Path} changed while it was being packed.");
        }

        public Task EndAsync(CancellationToken stop) => WriteAsync(CanonicalZip.Directory(_entries, time), stop);

        public void Dispose() => _hash.Dispose();

        Task BeginAsync(ZipEntry entry, CancellationToken stop)
        {
            if (!CanonicalZip.IsName(entry.Name))
                throw new InvalidDataException($"'{entry.Name}' can't be a name in a package.");
            _entries.Add(entry);
            return WriteAsync(CanonicalZip.LocalHeader(entry, time), stop);
        }

        async Task WriteAsync(ReadOnlyMemory<byte> data, CancellationToken stop)
        {
            await target.WriteAsync(data, stop);
            _hash.AppendData(data.Span);
            Bytes += data.Length;
            written?.Report(Bytes);
        }
    }
}

/// <summary>Texts that follow from digests alone.</summary>
static class PackageText
{
    /// <summary>Of the note <c>seal</c>.</summary>
    public static string Seal(IEnumerable<(string Name, Digest Digest)> signed) => $"atalaya package v1\n{string.Concat(signed.Select(s => $"{Hexadecimal(s.Digest)} {s.Name}\n"))}";

    /// <summary><c>SHA256SUMS</c>, as <c>sha256sum -c</c> takes it.</summary>
    public static string Sums(IEnumerable<(string Name, Digest Digest)> files) => string.Concat(files.Select(f => $"{Hexadecimal(f.Digest)}  {f.Name}\n"));

    static string Hexadecimal(Digest digest) => Convert.ToHexStringLower(digest.ToArray());
}
