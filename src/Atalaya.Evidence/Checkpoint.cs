using System.Globalization;

namespace Atalaya.Evidence;

/// <summary>The state of a log in three lines (C2SP tlog-checkpoint): whose it is, how many leaves it has, and the root above them.</summary>
/// <param name="Origin">The log's name, unique in the world.</param>
/// <param name="Size">Leaves.</param>
public sealed record Checkpoint(string Origin, long Size, Digest Root)
{
    /// <summary>The text of its note.</summary>
    public string Text => string.Create(CultureInfo.InvariantCulture, $"{Origin}\n{Size}\n{Root}\n");

    /// <summary>Lines beyond the third are allowed, and mean nothing here.</summary>
    public static bool TryParse(string text, out Checkpoint checkpoint)
    {
        checkpoint = null!;
        if (!text.EndsWith('\n') || text[..^1].Split('\n') is not { Length: >= 3 } lines || lines.Any(l => l.Length == 0)
            || !TryReadSize(lines[1], out long size) || !Digest.TryParse(lines[2], out var root))
        {
            return false;
        }

        checkpoint = new(lines[0], size, root);
        return true;
    }

    /// <summary>A decimal number without leading zeros.</summary>
    internal static bool TryReadSize(string text, out long size) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out size) && (text == "0" || text[0] != '0');
}

/// <summary>A checkpoint and the note that it came in.</summary>
public sealed record SignedCheckpoint(Checkpoint Checkpoint, SignedNote Note)
{
    public static SignedCheckpoint Sign(Checkpoint checkpoint, NoteSigner signer, DateTimeOffset at) => Sign(checkpoint, [signer], at);

    public static SignedCheckpoint Sign(Checkpoint checkpoint, IReadOnlyList<NoteSigner> signers, DateTimeOffset at)
    {
        var note = new SignedNote(checkpoint.Text, []);
        return new(checkpoint, note with { Signatures = [.. signers.Select(s => s.Sign(note.TextBytes, at))] });
    }

    /// <summary>Reads a note that at least one of the keys signed.</summary>
    /// <param name="fault">What is wrong, as a clause: "…isn't a signed note".</param>
    public static bool TryOpen(ReadOnlySpan<byte> bytes, IReadOnlyList<NoteKey> keys, out SignedCheckpoint signed, out string fault)
    {
        signed = null!;
        fault = "";
        if (!SignedNote.TryParse(bytes, out var note))
            fault = "isn't a signed note";
        else if (!Checkpoint.TryParse(note.Text, out var checkpoint))
            fault = "isn't a checkpoint";
        else if (!note.TryVerify(keys, out _))
            fault = $"isn't signed by {string.Join(" or ", keys.Select(k => k.Name))}, or its signature is false";
        else
            signed = new(checkpoint, note);
        return signed is not null;
    }
}
