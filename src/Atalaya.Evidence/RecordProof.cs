using System.Text;
using System.Text.Json;

namespace Atalaya.Evidence;

/// <summary>How a record's proof came out.</summary>
public enum RecordVerdict
{
    /// <summary>It is in the log that the key's owner signed.</summary>
    Proven,

    /// <summary>It, its proof or its checkpoint was changed; or it was never in the log.</summary>
    Altered,

    /// <summary>Another key than the known one signed, and no statement leads to it.</summary>
    UnknownSigner,
}

/// <summary>A record of a log with all that proves it, as a file for who believes nothing but a key: JSON, as <c>ref/log.md</c> says.</summary>
/// <param name="Leaf">Its index, from 0.</param>
public sealed record RecordProof(long Leaf, string Record, byte[] Salt, byte[] Entry, IReadOnlyList<Digest> Proof, SignedNote Checkpoint, NoteKey Key, KeyHistory Keys)
{
    public const string Format = "atalaya-record-1";

    /// <summary>A longer file isn't read, bytes.</summary>
    public const int MaxLength = 4 << 20;

    const int MaxProof = 63;

    public static bool TryParse(ReadOnlyMemory<byte> file, out RecordProof proof)
    {
        proof = null!;
        if (file.Length > MaxLength)
            return false;
        try
        {
            using var json = JsonDocument.Parse(file, new() { MaxDepth = 8 });
            var root = json.RootElement;
            if (root.ValueKind != JsonValueKind.Object || Text(root, "format") != Format || !root.TryGetProperty("leaf", out var number) || !number.TryGetInt64(out long leaf)
                || Text(root, "record") is not { } record || Text(root, "checkpoint") is not { } note || Text(root, "key") is not { } key || Text(root, "keys") is not { } keys
                || Text(root, "salt") is not { } salt || Text(root, "entry") is not { } entry
                || !root.TryGetProperty("proof", out var hashes) || hashes.ValueKind != JsonValueKind.Array || hashes.GetArrayLength() > MaxProof
                || !SignedNote.TryParse(Encoding.UTF8.GetBytes(note), out var checkpoint) || !NoteKey.TryParse(key, out var signer) || !KeyHistory.TryParse(Encoding.UTF8.GetBytes(keys), out var history))
            {
                return false;
            }

            var path = new List<Digest>();
            foreach (var hash in hashes.EnumerateArray())
            {
                if (hash.ValueKind != JsonValueKind.String || !Digest.TryParse(hash.GetString(), out var digest))
                    return false;
                path.Add(digest);
            }

            byte[] bytes = Convert.FromHexString(salt);
            proof = new(leaf, record, bytes, Convert.FromHexString(entry), path, checkpoint, signer, history);
            return bytes.Length == Evidence.Leaf.SaltLength;
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException)
        {
            return false;       // Not JSON, not hexadecimal, or half a character.
        }
    }

    /// <summary>Believes the known keys alone, and where their statements lead.</summary>
    /// <param name="why">A clause that says what doesn't fit; of <see cref="RecordVerdict.Proven"/> empty.</param>
    public RecordVerdict Check(IReadOnlyList<NoteKey> known, out string why)
    {
        why = "";
        if (!Evidence.Leaf.TryDecode(Entry, out var leaf) || leaf.Commitment != Evidence.Leaf.Commit(Salt, Encoding.UTF8.GetBytes(Record)))
            why = "the leaf isn't the one of this record";
        else if (!Evidence.Checkpoint.TryParse(Checkpoint.Text, out var checkpoint))
            why = "the checkpoint isn't one";
        else if (!Merkle.IsIncluded(Merkle.Leaf(Entry), Leaf, checkpoint.Size, [.. Proof], checkpoint.Root))
            why = "the proof doesn't lead from the leaf to the checkpoint";
        else
            return Signed(known, checkpoint, out why);
        return RecordVerdict.Altered;
    }

    RecordVerdict Signed(IReadOnlyList<NoteKey> known, Checkpoint checkpoint, out string why)
    {
        foreach (var key in known.Where(k => k.Name == checkpoint.Origin).Select(k => Keys.At(k, checkpoint.Size)))
        {
            why = "the signature of the checkpoint is false";
            if (!Checkpoint.Signatures.Any(s => s.KeyId == key.Id && s.Name == key.Name))
                continue;
            if (!Checkpoint.TryVerify([key], out _))
                return RecordVerdict.Altered;
            why = "";
            return RecordVerdict.Proven;
        }

        why = $"it is signed by {Key}, which isn't known here";
        return RecordVerdict.UnknownSigner;
    }

    static string? Text(JsonElement of, string name) => of.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
