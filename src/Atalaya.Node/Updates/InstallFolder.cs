using Atalaya.Evidence;

namespace Atalaya.Node.Updates;

/// <summary>
/// Versions side by side: <c>versions/0.2.0/…</c>, and <c>atalaya</c>, a link to the executable of the one in use. The link is replaced in one step; what runs goes on until it is started anew. The
/// version before stays, for the way back.
/// </summary>
sealed class InstallFolder(string root)
{
    string Link => Path.Combine(root, "atalaya");

    string Versions => Path.Combine(root, "versions");

    string Previous => Path.Combine(root, "previous");

    string KeyFile => Path.Combine(root, "release-keys");

    /// <summary>The version in use; null: none.</summary>
    public Version? Installed =>
        new FileInfo(Link).LinkTarget is { } target && target.Replace('\\', '/').Split('/') is ["versions", var name, "atalaya"] && UpdateManifest.TryVersion(name, out var version) ? version : null;

    /// <summary>Whose updates are taken here: one public key a line. Empty: nobody has said.</summary>
    public IReadOnlyList<NoteKey> Keys =>
        File.Exists(KeyFile)
            ? [.. File.ReadAllLines(KeyFile).Where(l => l.Trim().Length > 0).Select(l => NoteKey.TryParse(l.Trim(), out var key) ? key : throw new InvalidDataException($"{KeyFile} has a line that is no public key."))]
            : [];

    /// <summary>Unpacks an update beside what is there, and makes it the one in use from the next start on.</summary>
    /// <param name="known">Who may sign it.</param>
    /// <exception cref="InvalidDataException">It can't be: a sentence.</exception>
    public async Task<UpdateManifest> InstallAsync(string path, IReadOnlyList<NoteKey> known, CancellationToken stop)
    {
        await using var update = File.OpenRead(path);
        var (manifest, by) = UpdateFile.Open(update, known);
        if (manifest.Refuse(Installed, UpdateManifest.Here) is { } refusal)
            throw new InvalidDataException(refusal);
        string folder = Path.Combine(Versions, manifest.Version.ToString()), part = folder + ".part";
        Directory.CreateDirectory(Versions);
        // What an earlier try left.
        if (Directory.Exists(part))
            Directory.Delete(part, recursive: true);
        await using (var payload = new FileStream(part + ".payload", FileMode.Create, FileAccess.ReadWrite, FileShare.None, 64 << 10, FileOptions.DeleteOnClose))
        {
            await UpdateFile.TakeAsync(update, manifest, payload, stop);
            payload.Position = 0;
            Directory.CreateDirectory(part);
            await UpdateFile.UnpackAsync(payload, part, stop);
        }

        if (!File.Exists(Path.Combine(part, "atalaya")))
            throw new InvalidDataException("There is no executable 'atalaya' in it.");
        // After a way back, the same version again: a node may still run from there, so it goes with the next install.
        string old = folder + ".old";
        if (Directory.Exists(old))
            Directory.Delete(old, recursive: true);
        if (Directory.Exists(folder))
            Directory.Move(folder, old);
        Directory.Move(part, folder);
        // At the first use: a key that signed nothing here isn't kept.
        if (Keys.Count == 0)
            await File.WriteAllTextAsync(KeyFile, $"{by}\n", stop);
        Switch(manifest.Version);
        return manifest;
    }

    /// <summary>The version that was in use before is again, from the next start on.</summary>
    public Version Back()
    {
        string name = File.Exists(Previous) ? File.ReadAllText(Previous).Trim() : "";
        if (!UpdateManifest.TryVersion(name, out var version) || !File.Exists(Path.Combine(Versions, name, "atalaya")))
            throw new InvalidDataException("There is no version before this one here.");
        Switch(version);
        return version;
    }

    void Switch(Version to)
    {
        if (Installed is { } before)
            File.WriteAllText(Previous, $"{before}\n");
        string next = Link + ".new";
        File.Delete(next);
        File.CreateSymbolicLink(next, $"versions/{to}/atalaya");
        File.Move(next, Link, overwrite: true);     // rename(2): there is one or the other at any moment.
    }
}
