using System.Buffers.Binary;
using System.Formats.Tar;
using System.IO.Compression;
using System.Security.Cryptography;

using Atalaya.Evidence;

namespace Atalaya.Node.Updates;

/// <summary>
/// An update as a file that travels by hand: eight letters, the length of a signed note, the note with the manifest, and the payload, a gzip'd tar of the built folder. Nothing of the payload is looked
/// at before its digest is what a known key signed.
/// </summary>
static class UpdateFile
{
    const int MaxEntries = 50_000;
    const long MaxUnpacked = 4L << 30;

    const UnixFileMode Plain = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
    const UnixFileMode Program = Plain | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    static ReadOnlySpan<byte> Magic => "ATALAYAU"u8;

    /// <summary>Packs a built folder: the same files make the same payload.</summary>
    public static async Task<UpdateManifest> MakeAsync(string folder, Version version, Version replaces, string runsOn, NoteSigner signer, string path, DateTimeOffset at, CancellationToken stop)
    {
        string payload = path + ".payload";
        try
        {
            await using (var file = new FileStream(payload, FileMode.CreateNew, FileAccess.Write))
            {
                await using var zip = new GZipStream(file, CompressionLevel.Optimal);
                await using var tar = new TarWriter(zip, TarEntryFormat.Ustar);
                foreach (string each in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
                {
                    await using var content = File.OpenRead(each);
                    bool runs = !OperatingSystem.IsWindows() && (File.GetUnixFileMode(each) & UnixFileMode.UserExecute) != UnixFileMode.None;
                    await tar.WriteEntryAsync(new UstarTarEntry(TarEntryType.RegularFile, Path.GetRelativePath(folder, each).Replace('\\', '/'))
                    {
                        DataStream = content,
                        Mode = runs ? Program : Plain,
                        ModificationTime = DateTimeOffset.UnixEpoch,
                    }, stop);
                }
            }

            await using var packed = File.OpenRead(payload);
            var manifest = new UpdateManifest(version, runsOn, replaces, packed.Length, new(await SHA256.HashDataAsync(packed, stop)));
            if (!UpdateManifest.TryParse(manifest.Text, out _))
                throw new InvalidDataException($"The folder makes a payload of {packed.Length} bytes; at most {UpdateManifest.MaxLength} can be.");
            var note = new SignedNote(manifest.Text, []);
            byte[] signed = (note with { Signatures = [signer.Sign(note.TextBytes, at)] }).ToBytes();
            await using var update = new FileStream(path, FileMode.CreateNew, FileAccess.Write);
            update.Write(Magic);
            byte[] length = new byte[4];
            BinaryPrimitives.WriteInt32BigEndian(length, signed.Length);
            await update.WriteAsync(length, stop);
            await update.WriteAsync(signed, stop);
            packed.Position = 0;
            await packed.CopyToAsync(update, stop);
            return manifest;
        }
        finally
        {
            File.Delete(payload);
        }
    }

    /// <summary>Reads who signed what; the stream stands at the payload then.</summary>
    /// <exception cref="InvalidDataException">It is no update, or none of the known keys signed it.</exception>
    public static (UpdateManifest Manifest, NoteKey Key) Open(Stream update, IReadOnlyList<NoteKey> known)
    {
        byte[] head = new byte[Magic.Length + 4];
        if (update.ReadAtLeast(head, head.Length, throwOnEndOfStream: false) < head.Length || !head.AsSpan().StartsWith(Magic))
            throw new InvalidDataException("It isn't an update of Atalaya.");
        int length = BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(Magic.Length));
        if (length is < 1 or > SignedNote.MaxLength)
            throw new InvalidDataException("It isn't an update of Atalaya: its manifest has no length.");
        byte[] bytes = new byte[length];
        if (update.ReadAtLeast(bytes, length, throwOnEndOfStream: false) < length)
            throw new InvalidDataException("The file ends within its manifest: it wasn't copied whole.");
        if (!SignedNote.TryParse(bytes, out var note))
            throw new InvalidDataException("Its manifest can't be read.");
        if (!note.TryVerify(known, out var verified))
            throw new InvalidDataException($"No release key that is known here signed it. It names {string.Join(", ", note.Signatures.Select(s => $"'{Api.Problems.Shown(s.Name)}'"))}.");
        if (!UpdateManifest.TryParse(note.Text, out var manifest))
            throw new InvalidDataException("It was signed, but this program doesn't know such a manifest.");
        return (manifest, verified[0].Key);
    }

    /// <summary>Copies the payload to where nobody else writes, or nowhere, and compares its digest.</summary>
    /// <exception cref="InvalidDataException">It isn't what was signed.</exception>
    public static async Task TakeAsync(Stream update, UpdateManifest manifest, Stream? to, CancellationToken stop)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = new byte[128 << 10];
        long left = manifest.Length;
        while (left > 0)
        {
            int read = await update.ReadAsync(buffer.AsMemory(0, (int)Math.Min(buffer.Length, left)), stop);
            if (read == 0)
                throw new InvalidDataException($"The file ends {left} bytes early: it wasn't copied whole.");
            hash.AppendData(buffer.AsSpan(0, read));
            if (to is not null)
                await to.WriteAsync(buffer.AsMemory(0, read), stop);
            left -= read;
        }

        if (await update.ReadAsync(buffer.AsMemory(0, 1), stop) > 0)
            throw new InvalidDataException("There is more in the file than was signed.");
        if (new Digest(hash.GetHashAndReset()) != manifest.Payload)
            throw new InvalidDataException("Its payload isn't the one that was signed.");
    }

    /// <summary>Unpacks a payload whose digest was compared. Files and folders alone, all of them inside.</summary>
    public static async Task UnpackAsync(Stream payload, string folder, CancellationToken stop)
    {
        await using var zip = new GZipStream(payload, CompressionMode.Decompress, leaveOpen: true);
        await using var tar = new TarReader(zip, leaveOpen: true);
        int entries = 0;
        long bytes = 0;
        while (await tar.GetNextEntryAsync(copyData: false, stop) is { } entry)
        {
            bytes += entry.Length;
            if (++entries > MaxEntries || bytes > MaxUnpacked || entry.EntryType != TarEntryType.RegularFile || !IsInside(entry.Name))
                throw new InvalidDataException($"The payload holds what no update does: '{Api.Problems.Shown(entry.Name)}'.");
            string path = Path.Combine(folder, entry.Name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            await using var file = new FileStream(path, FileMode.CreateNew, FileAccess.Write);
            if (entry.DataStream is { } data)
                await data.CopyToAsync(file, stop);
            file.Flush(flushToDisk: true);
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(path, (entry.Mode & UnixFileMode.UserExecute) != UnixFileMode.None ? Program : Plain);
        }
    }

    static bool IsInside(string name) => name.Length is > 0 and < 1000 && !name.StartsWith('/') && !name.Contains('\\') && !name.Any(char.IsControl) && name.Split('/').All(part => part is not ("" or "." or ".."));
}
