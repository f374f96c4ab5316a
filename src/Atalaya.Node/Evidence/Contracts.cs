using System.ComponentModel;

using Atalaya.Evidence;

namespace Atalaya.Node.Evidence;

public sealed record LogJson(
    [property: Description("The log's name.")] string Origin,
    [property: Description("Its public key, as C2SP's signed notes write keys: hand it to whoever shall check the log.")] string Key,
    [property: Description("Leaves.")] long Size,
    [property: Description("Root of the Merkle tree above them, base64.")] string Root,
    [property: Description("The signed checkpoint (C2SP tlog-checkpoint): origin, size, root, signature.")] string Checkpoint,
    [property: Description("Why nothing is written just now; null: all is well.")] string? Fault);

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
