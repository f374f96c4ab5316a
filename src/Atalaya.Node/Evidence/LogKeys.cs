using System.Security.Cryptography;
using System.Text;

using Atalaya.Evidence;
using Atalaya.Node.Options;
using Atalaya.Node.Store;

namespace Atalaya.Node.Evidence;

/// <summary>Who signs the node's log now.</summary>
/// <param name="All">The key in force, then an earlier one that still signs beside it.</param>
/// <param name="History">How the key in force came to be.</param>
sealed record LogSigners(IReadOnlyList<NoteSigner> All, KeyHistory History) : IDisposable
{
    public NoteSigner Current => All[0];

    /// <summary>Keys from before, by which the checkpoint that is there may be signed.</summary>
    public IReadOnlyList<NoteKey> Earlier => [.. History.Changes.Select(c => c.Statement.Earlier)];

    public void Dispose()
    {
        foreach (var signer in All)
            signer.Dispose();
    }
}

/// <summary>
/// The keys that sign the node's log. The first is made at its first start: <c>keys/log.pem</c> (encrypted), its passphrase, and <c>keys/log.vkey</c>, the public key in force with
/// the log's name, by which others know it. Later ones lie in <c>keys/log-ID.pem</c>; how they follow each other, signed, in <c>log/keys</c>. With a token configured new keys are the
/// token's, and no private key is in the folder.
/// </summary>
static class LogKeys
{
    /// <summary>A passphrase of 256 random bits can't be guessed, however fast.</summary>
    internal const int IterationsOfRandom = 1000;

    const string KeysName = "keys";

    /// <summary>Private keys that take the passphrase, but for the log's later ones.</summary>
    static readonly string[] Secrets = ["log.pem", "link.pem", "package.pem"];

    static string KeysOf(string data) => Path.Combine(data, KeysName);

    public static string PublicFile(string data) => Path.Combine(KeysOf(data), "log.vkey");

    public static string HistoryFile(string data) => Path.Combine(DataFolder.LogOf(data), KeyHistory.FileName);

    /// <exception cref="IOException">A file can't be read or written, or is missing though the log has begun; or the token can't be used.</exception>
    /// <exception cref="InvalidDataException">The files don't belong together.</exception>
    /// <exception cref="CryptographicException">The passphrase is another.</exception>
    public static LogSigners Open(LogDisk disk, string data, EvidenceOptions options, string site, DateTimeOffset now)
    {
        string shown = PublicFile(data);
        if (!Exists(disk, shown))
        {
            if (Exists(disk, Path.Combine(DataFolder.LogOf(data), LogFolder.CheckpointName)))
                throw new IOException($"{shown} is lost. Bring it and the log's private key back from a copy: without them nobody can tell that the log goes on. If they are gone for good: atalaya log begin-anew.");
            string origin = options.Origin.Length > 0 ? options.Origin : $"{Slug(site)}-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(4))}";
            return Begin(disk, data, options, origin);
        }

        var history = History(disk, data);
        string text = Text(disk, shown).Trim();
        if (!NoteKey.TryParse(text, out var key))
            throw new InvalidDataException($"{shown} isn't a public key.");
        if (options.Origin.Length > 0 && !IsNamed(key.Name, options.Origin))
            throw new InvalidDataException($"The log is called {key.Name} since its first start; evidence.origin says {options.Origin}. A log can't be renamed.");
        if (history.Changes is [.., var (last, _)] && last.Next.ToString() != key.ToString())
        {
            // A crash came between the statement, which counts, and the name of the key in force.
            if (last.Earlier.ToString() != key.ToString())
                throw new InvalidDataException($"{shown} isn't the key that {HistoryFile(data)} leads to.");
            key = last.Next;
            Keep(disk, shown, key + "\n");
        }

        var signers = new List<NoteSigner> { Signer(disk, data, options, key) };
        if (history.Changes is [.., var (change, _)] && !change.Revoked && now < change.At + options.KeyTransition)
        {
            try
            {
                signers.Add(Signer(disk, data, options, change.Earlier));
            }
            catch (Exception e) when (e is IOException or CryptographicException)
            {
                // It needn't sign any more: its statement leads to the one that does.
            }
        }

        return new(signers, history);
    }

    /// <summary>The first key of a log.</summary>
    public static LogSigners Begin(LogDisk disk, string data, EvidenceOptions options, string origin)
    {
        var first = Make(disk, data, options, origin, $"{Path.Combine(KeysOf(data), "log.pem")}", null);
        // The public part last: what comes before it counts for nothing.
        Keep(disk, PublicFile(data), first.Key + "\n");
        return new([first], KeyHistory.Empty);
    }

    /// <summary>
    /// Has the key followed by a new one. In this order: its private key, the statement, the name of the key in force; a crash between the last two is mended at the next start, before
    /// that nothing has happened.
    /// </summary>
    /// <param name="size">Leaves of the log now.</param>
    public static LogSigners Rotate(LogDisk disk, string data, EvidenceOptions options, LogSigners now, long size, DateTimeOffset at, bool revoke, string reason)
    {
        string draft = Path.Combine(KeysOf(data), "log.next.pem");
        var next = Make(disk, data, options, now.Current.Key.Name, draft, now.Current.Key);
        if (Exists(disk, draft))
        {
            disk.Replace(draft, SecretFile(data, next.Key));
            disk.SyncFolder(KeysOf(data));
        }

        var history = now.History.Add(new(now.Current.Key.Name, now.Current.Key, next.Key, size, at, revoke, KeyStatement.Line(reason)), now.Current, next);
        Keep(disk, HistoryFile(data), history.ToString());
        Keep(disk, PublicFile(data), next.Key + "\n");
        return new(revoke || options.KeyTransition <= TimeSpan.Zero ? [next] : [next, now.Current], history);
    }

    /// <exception cref="InvalidDataException">It is damaged.</exception>
    public static KeyHistory History(LogDisk disk, string data)
    {
        string file = HistoryFile(data);
        if (disk.Read(file) is not { } bytes)
            return KeyHistory.Empty;
        return KeyHistory.TryParse(bytes, out var history) ? history : throw new InvalidDataException($"{file} isn't a list of signed changes of keys: it was changed, or damaged.");
    }

    /// <summary>A log that follows a lost one has its name and a number.</summary>
    static bool IsNamed(string name, string origin) =>
        name == origin || (name.StartsWith(origin + ".", StringComparison.Ordinal) && name[(origin.Length + 1)..].All(char.IsAsciiDigit));

    static bool Exists(LogDisk disk, string file) => disk.Read(file) is not null;

    /// <exception cref="IOException">There is none, or it can't be read.</exception>
    static string Text(LogDisk disk, string file) => disk.Read(file) is { } bytes ? Encoding.UTF8.GetString(bytes) : throw new FileNotFoundException($"{file} isn't there.", file);

    static string SecretFile(string data, NoteKey key) => Path.Combine(KeysOf(data), $"log-{key.Id:x8}.pem");

    static NoteSigner Signer(LogDisk disk, string data, EvidenceOptions options, NoteKey key)
    {
        string file = SecretFile(data, key);
        if (!Exists(disk, file))
            file = Path.Combine(KeysOf(data), "log.pem");
        if (Exists(disk, file))
        {
            string passphrase = Passphrase(disk, data, options);
            byte[] seed;
            try
            {
                seed = KeyFile.Decrypt(Text(disk, file), passphrase);
            }
            catch (CryptographicException fault)
            {
                throw new CryptographicException($"{file}: {Explain(fault, options)}", fault);
            }

            var signer = new NoteSigner(key.Name, NoteSignatureKind.Ed25519, seed);
            CryptographicOperations.ZeroMemory(seed);
            if (signer.Key.ToString() == key.ToString())
                return signer;
            signer.Dispose();
            if (options.Token.Module.Length == 0)
                throw new InvalidDataException($"{file} isn't the key that {PublicFile(data)} is of.");
        }
        else if (options.Token.Module.Length == 0)
        {
            throw new IOException($"{file} is lost. Bring it back from a copy. If it is gone for good: atalaya log begin-anew.");
        }

        return TokenKeys.Open(options.Token).Signer(key);
    }

    static NoteSigner Make(LogDisk disk, string data, EvidenceOptions options, string origin, string file, NoteKey? not)
    {
        if (options.Token.Module.Length > 0)
            return TokenKeys.Open(options.Token).Next(origin, not);
        MakePassphrase(disk, data, options);
        byte[] made = KeyFile.NewSeed();
        var signer = new NoteSigner(origin, NoteSignatureKind.Ed25519, made);
        Keep(disk, file, KeyFile.Encrypt(made, Passphrase(disk, data, options), options.PassphraseFile.Length == 0 ? IterationsOfRandom : KeyFile.UsualIterations));
        CryptographicOperations.ZeroMemory(made);
        return signer;
    }

    /// <summary>Of all private keys in the data folder, unless there is one, the options name a file, or a key was encrypted with one that is missing: another would open nothing, and hide that.</summary>
    internal static void MakePassphrase(LogDisk disk, string data, EvidenceOptions options)
    {
        if (IsPassphraseLost(disk, data, options) && !IsAnyEncrypted(disk, data))
            Keep(disk, OwnPassphrase(data), Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)) + "\n");
    }

    /// <summary>It was the node's own, and isn't there.</summary>
    internal static bool IsPassphraseLost(LogDisk disk, string data, EvidenceOptions options) => options.PassphraseFile.Length == 0 && !Exists(disk, OwnPassphrase(data));

    /// <summary>Files of private keys that take the passphrase.</summary>
    internal static IEnumerable<string> Encrypted(DataFolder folder) => Directory.GetFiles(folder.Keys, "*.pem").Where(f => Path.GetFileName(f) is var name
        && (name is "link.pem" or "package.pem" || name.StartsWith("log", StringComparison.Ordinal)) && IsEncrypted(new LocalLogDisk(), f));

    static bool IsEncrypted(LogDisk disk, string file) => disk.Read(file) is { } bytes && Encoding.UTF8.GetString(bytes).Contains("BEGIN ENCRYPTED PRIVATE KEY", StringComparison.Ordinal);

    // Of the log's keys the first or the one in force: a disk isn't asked for names.
    static bool IsAnyEncrypted(LogDisk disk, string data) =>
        Secrets.Any(name => IsEncrypted(disk, Path.Combine(KeysOf(data), name)))
        || (disk.Read(PublicFile(data)) is { } shown && NoteKey.TryParse(Encoding.UTF8.GetString(shown).Trim(), out var key) && IsEncrypted(disk, SecretFile(data, key)));

    static string OwnPassphrase(string data) => Path.Combine(KeysOf(data), "log.passphrase");

    /// <exception cref="IOException">It can't be read; the message says what to do.</exception>
    internal static string Passphrase(LogDisk disk, string data, EvidenceOptions options)
    {
        bool isOwn = options.PassphraseFile.Length == 0;
        string file = isOwn ? OwnPassphrase(data) : options.PassphraseFile;
        string text;
        try
        {
            text = Text(disk, file).Trim();
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"the passphrase of this node's keys can't be read from {file}{(isOwn ? "" : " (evidence.passphraseFile)")}: {fault.Message} Bring it back; nothing else is lost.", fault);
        }

        return text.Length > 0 ? text : throw new IOException($"{file} holds no passphrase.");
    }

    /// <summary>Why a key couldn't be opened, with what to do.</summary>
    internal static string Explain(Exception fault, EvidenceOptions options) => fault is CryptographicException or ArgumentException
        ? $"{fault.Message} It takes the passphrase that it was encrypted with: {(options.PassphraseFile.Length > 0 ? $"look at {options.PassphraseFile} (evidence.passphraseFile)" : "bring keys/log.passphrase back from a copy")}."
        : fault.Message;

    internal static void Keep(LogDisk disk, string path, string text)
    {
        disk.Write(path + ".new", Encoding.UTF8.GetBytes(text));
        if (Path.GetFileName(Path.GetDirectoryName(path)) == KeysName)
            disk.Hide(path + ".new");
        disk.Replace(path + ".new", path);
        disk.SyncFolder(Path.GetDirectoryName(path)!);
    }

    static string Slug(string site)
    {
        string slug = string.Concat(site.ToLowerInvariant().Select(c => char.IsAsciiLetterOrDigit(c) ? c : '-')).Trim('-');
        return slug.Length > 0 ? slug : "atalaya";
    }
}
