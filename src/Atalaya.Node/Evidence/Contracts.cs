using System.ComponentModel;

using Atalaya.Evidence;

namespace Atalaya.Node.Evidence;

public sealed record LogJson(
    [property: Description("The log's name.")] string Origin,
    [property: Description("Its public key, as C2SP's signed notes write keys: hand it to whoever shall check the log.")] string Key,
    [property: Description("Leaves.")] long Size,
    [property: Description("Root of the Merkle tree above them, base64.")] string Root,
    [property: Description("The signed checkpoint (C2SP tlog-checkpoint): origin, size, root, signature.")] string Checkpoint,
    [property: Description("Why nothing is written just now; null: all is well.")] string? Fault,
    [property: Description("Of this node as a witness of others' logs: its public key, for them; null: it isn't made yet.")] string? WitnessKey,
    [property: Description("Who signs this log's checkpoints.")] IReadOnlyList<WitnessJson> Witnesses,
    [property: Description("Others' logs that this node witnesses.")] IReadOnlyList<WitnessedLogJson> Witnessed,
    [property: Description("The organisation's keys that others check signatures with, those of before, too.")] IReadOnlyList<KeyJson> Keys);

public sealed record WitnessJson(
    string Name,
    string Key,
    string Address,
    [property: Description("Leaves that it signed last since the node's start.")] long Size,
    DateTimeOffset? SignedAt,
    [property: Description("Why it didn't sign when it was asked last; null: it did, or wasn't asked yet.")] string? Fault,
    [property: Description("It knows another history of this log than the one that is here.")] bool Contradicts)
{
    internal static WitnessJson Of(WitnessState state) =>
        new(state.Witness.Key.Name, state.Witness.Key.ToString(), state.Witness.Address.ToString(), state.Size, state.SignedAt, state.Fault, state.Contradicts);
}

public sealed record WitnessedLogJson(
    string Origin,
    [property: Description("Leaves of the checkpoint that was signed last; null: none was.")] long? Size,
    string? Root,
    [property: Description("When somebody asked last since the node's start.")] DateTimeOffset? AskedAt,
    [property: Description("Whether that was signed; null: nobody asked.")] bool? Signed,
    [property: Description("Two checkpoints of one size that the log's key signed and that differ: proof that it shows two histories. Null: there are none.")] string? Fork)
{
    internal static WitnessedLogJson Of(WitnessedState state) =>
        new(state.Origin, state.Last?.Size, state.Last?.Root.ToString(), state.AskedAt, state.Answer is { } answer ? answer == WitnessVerdict.Signed : null, state.Fork);
}

public sealed record KeyJson(
    string Id,
    [property: Description("log: signs checkpoints and seals; package: signs manifests.")] string Purpose,
    [property: Description("As notes write keys, or a certificate in PEM.")] string Public,
    [property: Description("SHA-256, hexadecimal.")] string Fingerprint,
    DateTimeOffset BegunAt,
    DateTimeOffset? EndedAt,
    string Why,
    string? EndedWhy)
{
    internal static KeyJson Of(KeyRow row) => new(
        row.Id, row.Purpose, row.Public, row.Fingerprint, new Media.WallTime(row.BegunUs).ToDateTimeOffset(), row.EndedUs is { } at ? new Media.WallTime(at).ToDateTimeOffset() : null, row.Why, row.EndedWhy);
}

public sealed record SegmentProofJson(
    [property: Description("Index of the seal among the log's leaves, from 0.")] long Leaf,
    [property: Description("When it was sealed.")] DateTimeOffset At,
    [property: Description("What was sealed, to the byte: JSON with camera, stream, start, end, bytes and sha256 of the file.")] string Record,
    [property: Description("32 hexadecimal digits. SHA-256 of these 16 bytes and the record is what the leaf commits to.")] string Salt,
    [property: Description("The leaf itself, hexadecimal.")] string Entry,
    [property: Description("Hashes from the leaf to the root (RFC 6962, 2.1.1), base64.")] IReadOnlyList<string> Proof,
    [property: Description("The signed checkpoint that the proof leads to.")] string Checkpoint,
    [property: Description("The log's public key.")] string Key)
{
    internal static SegmentProofJson Of(LogRow row, IReadOnlyList<Digest> proof, SignedCheckpoint head, NoteKey key) => new(
        row.Leaf,
        new Media.WallTime(row.At).ToDateTimeOffset(),
        row.Record,
        Convert.ToHexStringLower(row.Salt),
        Convert.ToHexStringLower(row.ToLeaf().Encode()),
        [.. proof.Select(p => p.ToString())],
        head.Note.ToString(),
        key.ToString());
}
