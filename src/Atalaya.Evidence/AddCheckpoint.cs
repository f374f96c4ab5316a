using System.Text;

namespace Atalaya.Evidence;

/// <summary>What a log asks a witness to sign (C2SP tlog-witness, the body of <c>add-checkpoint</c>): its checkpoint, and a proof that it grew out of the one the witness knows.</summary>
/// <param name="OldSize">Of the checkpoint that the witness signed last; 0: of none.</param>
/// <param name="Proof">Empty from nothing, and from the same size.</param>
public sealed record AddCheckpoint(long OldSize, IReadOnlyList<Digest> Proof, SignedNote Note)
{
    const int MaxProof = 63;
    /// <summary>A longer body isn't read, bytes.</summary>
    public const int MaxLength = SignedNote.MaxLength + 4096;

    public override string ToString() => $"old {OldSize}\n{string.Concat(Proof.Select(p => $"{p}\n"))}\n{Note}";

    public static bool TryParse(ReadOnlySpan<byte> body, out AddCheckpoint request)
    {
        request = null!;
        int split = body.IndexOf("\n\n"u8);
        if (split < 0 || body.Length > MaxLength || !Ascii.IsValid(body[..split]) || !SignedNote.TryParse(body[(split + 2)..], out var note))
            return false;
        string[] lines = Encoding.ASCII.GetString(body[..split]).Split('\n');
        if (lines.Length > 1 + MaxProof || !lines[0].StartsWith("old ", StringComparison.Ordinal) || !Checkpoint.TryReadSize(lines[0][4..], out long old))
            return false;
        var proof = new List<Digest>();
        foreach (string line in lines.Skip(1))
        {
            if (!Digest.TryParse(line, out var hash))
                return false;
            proof.Add(hash);
        }

        request = new(old, proof, note);
        return true;
    }
}
