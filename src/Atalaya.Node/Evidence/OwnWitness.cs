using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;

using Atalaya.Evidence;
using Atalaya.Node.Federation.Links;
using Atalaya.Node.Options;
using Atalaya.Node.Store;

namespace Atalaya.Node.Evidence;

/// <summary>A log that this node witnesses, and what came of it.</summary>
/// <param name="AskedAt">When somebody asked last, since the node's start; null: nobody.</param>
/// <param name="Answer">What came of that.</param>
sealed record WitnessedState(string Origin, Checkpoint? Last, string? Fork, DateTimeOffset? AskedAt, WitnessVerdict? Answer);

/// <summary>This node as a witness of others' logs, those that its options name and those of nodes that it is linked with: its key in <c>keys/witness.pem</c>, what it signed in <c>witness/</c>.</summary>
sealed class OwnWitness(NodeDatabase database, NodeLog log, LinkBook links, NodeOptions options, TimeProvider clock, ILogger<OwnWitness> logger) : IHostedService, IDisposable
{
    const int IterationsOfRandom = 1000;

    readonly SemaphoreSlim _opening = new(1, 1);
    readonly CancellationTokenSource _stop = new();
    Task _starting = Task.CompletedTask;
    readonly Dictionary<string, (DateTimeOffset At, WitnessVerdict Verdict)> _asked = new(StringComparer.Ordinal);   // under itself
    readonly ConcurrentDictionary<string, IReadOnlyList<NoteKey>> _keys = new(StringComparer.Ordinal);      // by origin
    readonly ConcurrentDictionary<string, string> _refused = new(StringComparer.Ordinal);       // links, told once
    volatile Witness? _witness;
    volatile NoteSigner? _signer;
    volatile IReadOnlyList<WitnessedLog> _logs = [];

    public bool IsUsed => options.Evidence.WitnessedLogs.Count > 0 || links.Active.Count > 0;

    public static string PublicFile(string data) => Path.Combine(data, "keys", "witness.vkey");

    /// <summary>The key that its signatures are checked with; null: it hasn't been opened yet.</summary>
    public NoteKey? Key => _signer?.Key;

    /// <summary>Logs with two histories, as sentences.</summary>
    public IReadOnlyList<string> Forks => [.. _logs.Where(l => l.Fork is not null).Select(l => $"The log {l.Origin} has two histories: its key signed two checkpoints of one size that differ. Both are kept in the data folder's 'witness'.")];

    public IReadOnlyList<WitnessedState> States
    {
        get
        {
            lock (_asked)
                return [.. _logs.Select(l => new WitnessedState(l.Origin, l.Last, l.Fork, _asked.TryGetValue(l.Origin, out var a) ? a.At : null, _asked.TryGetValue(l.Origin, out var b) ? b.Verdict : null))];
        }
    }

    public Task StartAsync(CancellationToken stop)
    {
        links.Changed += Learn;
        Learn();
        return Task.CompletedTask;
    }

    public async Task StopAsync(CancellationToken stop)
    {
        links.Changed -= Learn;
        await _stop.CancelAsync();
        await _starting;
    }

    /// <summary>Makes its key at the first start, whether it is used or not, so that it can be handed out; then opens it, unless it is open or not used.</summary>
    /// <returns>Null: it isn't used, or the log, whose name it has, isn't open.</returns>
    /// <exception cref="IOException">Its key or folder can't be used.</exception>
    /// <exception cref="InvalidDataException">What it keeps is damaged.</exception>
    public async Task<Witness?> OpenAsync(CancellationToken stop)
    {
        if (_witness is not null)
            return _witness;
        if (await log.HeadAsync(stop) is not var (_, key))
            return null;
        Know();     // what this node's own log is called
        await _opening.WaitAsync(stop);
        try
        {
            _signer ??= OpenKey(options.Evidence.WitnessName.Length > 0 ? options.Evidence.WitnessName : key.Name + "/witness");
            if (!IsUsed || _witness is not null)
                return _witness;
            var witness = new Witness(new LocalLogDisk(), Path.Combine(database.Folder.Path, "witness"), _signer, _keys, clock);
            (_logs, _witness) = (witness.Logs(), witness);
            logger.LogInformation("This node witnesses {Count} logs; as a witness its key is {Key}.", _keys.Count, _signer.Key);
            return witness;
        }
        catch (CryptographicException fault)
        {
            throw new IOException(fault.Message, fault);
        }
        finally
        {
            _opening.Release();
        }
    }

    /// <param name="body">Of add-checkpoint.</param>
    /// <inheritdoc cref="OpenAsync"/>
    public async Task<WitnessAnswer?> AddAsync(ReadOnlyMemory<byte> body, CancellationToken stop)
    {
        if (await OpenAsync(stop) is not { } witness)
            return null;
        var answer = witness.Add(body.Span);
        if (answer.Verdict is WitnessVerdict.Malformed or WitnessVerdict.UnknownLog || !AddCheckpoint.TryParse(body.Span, out var request) || !Checkpoint.TryParse(request.Note.Text, out var asked))
            return answer;
        lock (_asked)
            _asked[asked.Origin] = (clock.GetUtcNow(), answer.Verdict);
        bool forked = _logs.Any(l => l.Origin == asked.Origin && l.Fork is not null);
        if (answer.Verdict == WitnessVerdict.Signed || answer.Fork is not null)
            _logs = witness.Logs();
        if (answer.Fork is not null && !forked)
            logger.LogError("The log {Origin} has two histories; both checkpoints are kept in {File}.", asked.Origin, answer.Fork);
        return answer;
    }

    public void Dispose()
    {
        _witness?.Dispose();
        _signer?.Dispose();
        _opening.Dispose();
        _stop.Dispose();
    }

    /// <summary>Whose logs these are: a log whose link ended isn't witnessed any more; what it had shown stays.</summary>
    void Learn()
    {
        Know();
        if (_starting.IsCompleted && _witness is null)
            _starting = Task.Run(BeginAsync, CancellationToken.None);
    }

    void Know()
    {
        var known = options.Evidence.WitnessedLogs.Select(t => NoteKey.TryParse(t, out var k) ? k : throw new InvalidDataException(t))
            .GroupBy(k => k.Name, StringComparer.Ordinal).ToDictionary(g => g.Key, g => (IReadOnlyList<NoteKey>)[.. g.DistinctBy(k => k.ToString())], StringComparer.Ordinal);
        var heard = new List<Link>();
        // Who was linked first has the name: nobody who comes later speaks for that log.
        foreach (var link in links.Active.OrderBy(l => l.CreatedAt.Microseconds))
        {
            if (LogNames.OwnerOf(link.LogKey, link.Keys, log.Newest?.Checkpoint.Origin, options.Evidence, heard) is { } owner)
            {
                if (_refused.TryAdd(link.Id, owner))
                    logger.LogError("The log of {Link} isn't witnessed: its name, {Origin}, is that of {Owner}.", link.Name, link.LogKey.Name, owner);
                continue;
            }

            heard.Add(link);
            known[link.LogKey.Name] = [.. known.GetValueOrDefault(link.LogKey.Name, []).Concat(link.LogKeys).DistinctBy(k => k.ToString())];
        }

        foreach (string gone in _keys.Keys.Where(k => !known.ContainsKey(k)))
            _keys.TryRemove(gone, out _);
        foreach (var (origin, keys) in known)
            _keys[origin] = keys;
    }

    // So that a contradiction that was kept is told from the start on.
    async Task BeginAsync()
    {
        try
        {
            await OpenAsync(_stop.Token);
        }
        catch (Exception fault) when (fault is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            logger.LogError("This node can't witness other logs: {Reason}", fault.Message);
        }
        catch (OperationCanceledException)
        {
            // The node is stopping.
        }
    }

    NoteSigner OpenKey(string name)
    {
        string secret = Path.Combine(database.Folder.Keys, "witness.pem"), shown = PublicFile(database.Folder.Path), own = Path.Combine(database.Folder.Keys, "witness.passphrase");
        if (File.Exists(shown))
        {
            if (!NoteKey.TryParse(File.ReadAllText(shown).Trim(), out var key))
                throw new InvalidDataException($"{shown} isn't a public key.");
            return new(key.Name, NoteSignatureKind.Cosignature, KeyFile.Decrypt(File.ReadAllText(secret), File.ReadAllText(own).Trim()));
        }

        byte[] seed = KeyFile.NewSeed();
        string passphrase = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));
        Keep(own, passphrase + "\n");
        Keep(secret, KeyFile.Encrypt(seed, passphrase, IterationsOfRandom));
        var signer = new NoteSigner(name, NoteSignatureKind.Cosignature, seed);
        CryptographicOperations.ZeroMemory(seed);
        Keep(shown, signer.Key + "\n");
        return signer;
    }

    void Keep(string path, string text)
    {
        var disk = new LocalLogDisk();
        disk.Write(path + ".new", Encoding.UTF8.GetBytes(text));
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path + ".new", UnixFileMode.UserRead | UnixFileMode.UserWrite);
        disk.Replace(path + ".new", path);
        disk.SyncFolder(database.Folder.Keys);
    }
}
