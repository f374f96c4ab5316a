using System.Text;
using System.Text.Json;

using Atalaya.Evidence;
using Atalaya.Node.Options;
using Atalaya.Node.Store;

namespace Atalaya.Node.Evidence;

enum KeyAct
{
    /// <summary>The key is followed by a new one.</summary>
    Rotate,

    /// <summary>As <see cref="Rotate"/>, and the earlier one counts for nothing any more.</summary>
    Revoke,

    /// <summary>The log is lost, and another begins that says so.</summary>
    BeginAnew,
}

/// <summary>
/// What somebody at the machine asks of the log's keys: a file that the node finds at its next look, or at its next start, and removes when it is done. So only the node writes keys and log.
/// </summary>
/// <param name="Key">Of <see cref="KeyAct.Rotate"/> and <see cref="KeyAct.Revoke"/>, once it has begun: the key that is to be followed, so that a crash doesn't have its successor followed as well.</param>
/// <param name="Lost">Of <see cref="KeyAct.BeginAnew"/>, once it has begun: what the lost log was called and where it is put, so that a crash changes nothing.</param>
sealed record KeyChange(KeyAct Act, string Reason, LostLog? Lost = null, string? Key = null)
{
    public static string File(string data) => Path.Combine(data, "keys", "log.request");

    public static KeyChange? Read(LogDisk disk, string data) => disk.Read(File(data)) is { } bytes ? JsonSerializer.Deserialize<KeyChange>(bytes) : null;

    public void Write(LogDisk disk, string data)
    {
        string file = File(data);
        disk.Write(file + ".new", JsonSerializer.SerializeToUtf8Bytes(this));
        disk.Replace(file + ".new", file);
        disk.SyncFolder(Path.GetDirectoryName(file)!);
    }

    public static void Remove(LogDisk disk, string data)
    {
        disk.DeleteFile(File(data));
        disk.SyncFolder(Path.GetDirectoryName(File(data))!);
    }

    /// <summary>Has the key followed by another, once, wherever it is interrupted, and removes the request. The log must not be open.</summary>
    /// <param name="signers">As <see cref="LogKeys.Open"/> gives them.</param>
    /// <returns>Who signs from now on.</returns>
    /// <exception cref="IOException">A file can't be read or written, or the token can't be used.</exception>
    /// <exception cref="InvalidDataException">The log or the keys are damaged.</exception>
    public async Task<LogSigners> FollowAsync(LogDisk disk, string data, EvidenceOptions options, LogSigners signers, TimeProvider clock)
    {
        string key = Key ?? signers.Current.Key.ToString();
        if (Key is null)
            (this with { Key = key }).Write(disk, data);
        if (key == signers.Current.Key.ToString())
        {
            await using var whole = EvidenceLog.Open(disk, DataFolder.LogOf(data), signers.All, signers.Earlier, clock);
            signers = LogKeys.Rotate(disk, data, options, signers, whole.Head.Checkpoint.Size, clock.GetUtcNow(), Act == KeyAct.Revoke, Reason);
        }

        Remove(disk, data);
        return signers;
    }
}

/// <param name="Origin">Its name; empty: nobody can tell.</param>
/// <param name="Folder">Added to the names of what is put aside.</param>
/// <param name="Checkpoint">Its last one, as it was found; empty: none was.</param>
sealed record LostLog(string Origin, string Folder, string Checkpoint)
{
    /// <summary>What can still be told of the log in a data folder.</summary>
    public static LostLog Of(DataFolder folder, DateTimeOffset now)
    {
        var disk = new LocalLogDisk();
        string note = disk.Read(Path.Combine(folder.Log, LogFolder.CheckpointName)) is { Length: < SignedNote.MaxLength } bytes ? Encoding.UTF8.GetString(bytes) : "";
        string origin = "";
        if (disk.Read(LogKeys.PublicFile(folder.Path)) is { } shown && NoteKey.TryParse(Encoding.UTF8.GetString(shown).Trim(), out var key))
            origin = key.Name;
        else if (SignedNote.TryParse(Encoding.UTF8.GetBytes(note), out var parsed) && Atalaya.Evidence.Checkpoint.TryParse(parsed.Text, out var checkpoint))
            origin = checkpoint.Origin;
        return new(origin, $"lost-{now.UtcDateTime:yyyyMMdd'T'HHmmss'Z'}", note);
    }

    /// <summary>Log and keys go aside, nothing is removed. Done twice it is the same: once the keys' folder has its name, keys that are found are the next log's.</summary>
    /// <param name="passphraseIsLost">Then all that was encrypted with it is lost: it goes aside, too.</param>
    public void PutAside(DataFolder folder, bool passphraseIsLost)
    {
        var disk = new LocalLogDisk();
        string log = $"{folder.Log}.{Folder}", keys = Path.Combine(folder.Keys, Folder), draft = keys + ".new";
        if (Directory.Exists(folder.Log) && !Directory.Exists(log))
            Directory.Move(folder.Log, log);
        disk.SyncFolder(folder.Path);
        if (Directory.Exists(keys))
            return;
        Directory.CreateDirectory(draft);
        string[] encrypted = passphraseIsLost ? [.. LogKeys.Encrypted(folder)] : [];
        foreach (string file in Directory.GetFiles(folder.Keys, "log*").Where(f => Path.GetExtension(f) is ".pem" or ".vkey").Union(encrypted, StringComparer.Ordinal))
            File.Move(file, Path.Combine(draft, Path.GetFileName(file)), overwrite: true);

        disk.SyncFolder(draft);
        disk.SyncFolder(folder.Keys);
        Directory.Move(draft, keys);
        disk.SyncFolder(folder.Keys);
    }

    /// <summary>A sentence for the first record of the log that follows.</summary>
    public static string Describe(LostLog lost, string reason)
    {
        var text = new StringBuilder($"Follows the lost log {(lost.Origin.Length > 0 ? lost.Origin : "of this node")}");
        if (SignedNote.TryParse(Encoding.UTF8.GetBytes(lost.Checkpoint), out var note) && Atalaya.Evidence.Checkpoint.TryParse(note.Text, out var checkpoint))
            text.Append($", which had {checkpoint.Size} leaves under the root {checkpoint.Root}");
        return text.Append($". {KeyStatement.Line(reason)}").ToString();
    }

    /// <summary>A log that follows a lost one has its name and the next number.</summary>
    public string NextOrigin(string fallback)
    {
        string name = Origin.Length > 0 ? Origin : fallback;
        int dot = name.LastIndexOf('.');
        return dot > 0 && int.TryParse(name.AsSpan(dot + 1), out int number) && number is > 1 and < 1000
            ? $"{name[..dot]}.{number + 1}"
            : $"{name}.2";
    }
}
