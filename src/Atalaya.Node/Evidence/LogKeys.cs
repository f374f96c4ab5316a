using System.Security.Cryptography;
using System.Text;

using Atalaya.Evidence;
using Atalaya.Node.Options;
using Atalaya.Node.Store;

namespace Atalaya.Node.Evidence;

/// <summary>
/// The key that signs the node's log, made at its first start: <c>keys/log.pem</c> (encrypted), its passphrase, and <c>keys/log.vkey</c>, the public key with the log's
/// name, by which others know it.
/// </summary>
static class LogKeys
{
    /// <summary>A passphrase of 256 random bits can't be guessed, however fast.</summary>
    const int IterationsOfRandom = 1000;

    public static string PublicFile(string data) => Path.Combine(data, "keys", "log.vkey");

    /// <exception cref="IOException">A file can't be read or written, or is missing though the log has begun.</exception>
    /// <exception cref="InvalidDataException">The files don't belong together.</exception>
    /// <exception cref="CryptographicException">The passphrase is another.</exception>
    public static NoteSigner Open(DataFolder folder, EvidenceOptions options, string site)
    {
        string secret = Path.Combine(folder.Keys, "log.pem"), shown = PublicFile(folder.Path), own = Path.Combine(folder.Keys, "log.passphrase");
        bool begun = File.Exists(shown);
        if (!begun && File.Exists(Path.Combine(folder.Log, LogFolder.CheckpointName)))
            throw new IOException($"{shown} is lost. Bring it and log.pem back from a copy: without them nobody can tell that the log goes on.");
        if (begun)
        {
            string text = File.ReadAllText(shown).Trim();
            if (!NoteKey.TryParse(text, out var key))
                throw new InvalidDataException($"{shown} isn't a public key.");
            if (options.Origin.Length > 0 && options.Origin != key.Name)
                throw new InvalidDataException($"The log is called {key.Name} since its first start; evidence.origin says {options.Origin}. A log can't be renamed.");
            byte[] seed = KeyFile.Decrypt(File.ReadAllText(secret), Passphrase());
            var signer = new NoteSigner(key.Name, NoteSignatureKind.Ed25519, seed);
            CryptographicOperations.ZeroMemory(seed);
            return signer.Key.ToString() == key.ToString() ? signer : throw new InvalidDataException($"{secret} isn't the key that {shown} is of.");
        }

        // Durable, and the public part last: what comes before it counts for nothing.
        var disk = new LocalLogDisk();
        if (options.PassphraseFile.Length == 0)
            Keep(own, Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)) + "\n");
        byte[] made = KeyFile.NewSeed();
        string origin = options.Origin.Length > 0 ? options.Origin : $"{Slug(site)}-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4))}";
        var first = new NoteSigner(origin, NoteSignatureKind.Ed25519, made);
        Keep(secret, KeyFile.Encrypt(made, Passphrase(), options.PassphraseFile.Length == 0 ? IterationsOfRandom : KeyFile.UsualIterations));
        Keep(shown, first.Key + "\n");
        CryptographicOperations.ZeroMemory(made);
        return first;

        string Passphrase()
        {
            string file = options.PassphraseFile.Length == 0 ? own : options.PassphraseFile;
            string text = File.ReadAllText(file).Trim();
            return text.Length > 0 ? text : throw new IOException($"{file} holds no passphrase.");
        }

        void Keep(string path, string text)
        {
            disk.Write(path + ".new", Encoding.UTF8.GetBytes(text));
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(path + ".new", UnixFileMode.UserRead | UnixFileMode.UserWrite);
            disk.Replace(path + ".new", path);
            disk.SyncFolder(folder.Keys);
        }
    }

    static string Slug(string site)
    {
        string slug = string.Concat(site.ToLowerInvariant().Select(c => char.IsAsciiLetterOrDigit(c) ? c : '-')).Trim('-');
        return slug.Length > 0 ? slug : "atalaya";
    }
}
