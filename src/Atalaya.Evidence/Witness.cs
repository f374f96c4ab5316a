using System.Text;

namespace Atalaya.Evidence;

/// <summary>How a witness answers; the numbers are the HTTP status codes of C2SP tlog-witness.</summary>
public enum WitnessVerdict
{
    /// <summary>It grew out of what is known; here is the signature.</summary>
    Signed = 200,

    /// <summary>The request can't be read, or claims to have shrunk.</summary>
    Malformed = 400,

    /// <summary>No known key of the log signed it.</summary>
    NotSigned = 403,

    /// <summary>Nobody told this witness of such a log.</summary>
    UnknownLog = 404,

    /// <summary>It doesn't start from what the witness knows, or contradicts it.</summary>
    Conflict = 409,

    /// <summary>The proof doesn't show that it grew out of what is known.</summary>
    NotConsistent = 422,
}

/// <param name="Size">Of the checkpoint that the witness knows.</param>
/// <param name="Signature">Of the witness; null unless it signed.</param>
/// <param name="Fork">Where the two contradicting checkpoints are kept; null: there are none.</param>
public sealed record WitnessAnswer(WitnessVerdict Verdict, long Size = 0, NoteSignature? Signature = null, string? Fork = null);

/// <param name="Last">Signed last; null: none yet.</param>
/// <param name="Fork">Two notes, parted by an empty line: checkpoints of one size that the log's key signed and that differ. Null: there are none.</param>
public sealed record WitnessedLog(string Origin, Checkpoint? Last, string? Fork);

/// <summary>
/// Signs checkpoints of others' logs, only ever such that begin with all that it signed before: two histories of one log would need a second witness that lies.
/// </summary>
/// <remarks>
/// Of each log it keeps the last checkpoint in a file, durable before it answers. Two checkpoints of one size that the log's key signed and that differ prove
/// that the log lied; both are kept. One process at a time.
/// </remarks>
public sealed class Witness : IDisposable
{
    readonly LogDisk _disk;
    readonly string _folder;
    readonly NoteSigner _signer;
    readonly IReadOnlyDictionary<string, IReadOnlyList<NoteKey>> _logs;
    readonly TimeProvider _clock;
    readonly IDisposable _lock;
    readonly Lock _gate = new();

    /// <param name="signer">Of cosignatures.</param>
    /// <param name="logs">Keys by origin.</param>
    /// <exception cref="IOException">The folder can't be used, or another process does.</exception>
    public Witness(LogDisk disk, string folder, NoteSigner signer, IReadOnlyDictionary<string, IReadOnlyList<NoteKey>> logs, TimeProvider clock)
    {
        if (signer.Key.Kind != NoteSignatureKind.Cosignature)
            throw new ArgumentException("A witness needs a key of cosignatures.", nameof(signer));
        (_disk, _folder, _signer, _logs, _clock) = (disk, Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)), signer, logs, clock);
        disk.MakeFolder(_folder);
        disk.SyncFolder(Path.GetDirectoryName(_folder)!);
        _lock = disk.Lock(Path.Combine(_folder, ".lock"));
    }

    /// <param name="body">Of an <c>add-checkpoint</c> request.</param>
    /// <exception cref="IOException">What is new couldn't be kept: then it isn't signed.</exception>
    /// <exception cref="InvalidDataException">What is kept of the log is damaged: nothing of it is signed until somebody has looked.</exception>
    public WitnessAnswer Add(ReadOnlySpan<byte> body)
    {
        if (!AddCheckpoint.TryParse(body, out var request) || !Checkpoint.TryParse(request.Note.Text, out var next))
            return new(WitnessVerdict.Malformed);
        if (!_logs.TryGetValue(next.Origin, out var keys))
            return new(WitnessVerdict.UnknownLog);
        if (!request.Note.TryVerify(keys, out _))
            return new(WitnessVerdict.NotSigned);
        if (request.OldSize > next.Size || (request.OldSize == 0 && request.Proof.Count > 0))
            return new(WitnessVerdict.Malformed);
        lock (_gate)    // Two requests that both grow out of the same checkpoint: the second must see the first.
        {
            string file = FileOf(next.Origin);
            var known = Known(file, next.Origin);
            var (size, root) = known is null ? (0, Merkle.EmptyRoot) : (known.Checkpoint.Size, known.Checkpoint.Root);
            if (next.Size == size && next.Root != root)
                return new(WitnessVerdict.Conflict, size, Fork: known is null ? null : KeepFork(file, known, request.Note));
            if (request.OldSize != size)
                return new(WitnessVerdict.Conflict, size);
            if (!Merkle.IsConsistent(size, root, next.Size, next.Root, [.. request.Proof]))
                return new(WitnessVerdict.NotConsistent, size);
            // Durable before anybody has the signature. Witnesses' signatures of the same note aren't ours to keep.
            Keep(file, request.Note.ToBytes());
            return new(WitnessVerdict.Signed, next.Size, _signer.Sign(request.Note.TextBytes, _clock.GetUtcNow()));
        }
    }

    /// <summary>What is known of each log: its last checkpoint that was signed, and contradictions of it.</summary>
    /// <exception cref="IOException">The folder can't be read.</exception>
    /// <exception cref="InvalidDataException">What is kept of a log is damaged.</exception>
    public IReadOnlyList<WitnessedLog> Logs() =>
        [.. _logs.Keys.Order(StringComparer.Ordinal).Select(origin =>
        {
            string file = FileOf(origin);
            return new WitnessedLog(origin, Known(file, origin)?.Checkpoint, _disk.Read(ForkOf(file)) is { } fork ? Encoding.UTF8.GetString(fork) : null);
        })];

    public void Dispose() => _lock.Dispose();

    string FileOf(string origin) => Path.Combine(_folder, Convert.ToHexStringLower(Digest.Of(Encoding.UTF8.GetBytes(origin)).ToArray()));

    static string ForkOf(string file) => file + ".fork";

    // It was checked before it was kept, by a key that may since have been followed by another.
    SignedCheckpoint? Known(string file, string origin)
    {
        if (_disk.Read(file) is not { } bytes)
            return null;
        return SignedNote.TryParse(bytes, out var note) && Checkpoint.TryParse(note.Text, out var checkpoint) && checkpoint.Origin == origin
            ? new(checkpoint, note)
            : throw new InvalidDataException($"{file} isn't the checkpoint of {origin} that was signed last: it was changed, or damaged.");
    }

    string KeepFork(string file, SignedCheckpoint known, SignedNote other)
    {
        string fork = ForkOf(file);
        if (_disk.Read(fork) is null)      // The first contradiction is enough.
            Keep(fork, [.. known.Note.ToBytes(), (byte)'\n', .. other.ToBytes()]);
        return fork;
    }

    void Keep(string file, byte[] bytes)
    {
        _disk.Write(file + ".new", bytes);
        _disk.Replace(file + ".new", file);
        _disk.SyncFolder(_folder);
    }
}
