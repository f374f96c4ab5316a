using System.Buffers.Binary;
using System.Text;

namespace Atalaya.Evidence;

/// <summary>One signature under a note. Believed only when a known key says so.</summary>
/// <param name="Name">Of the key.</param>
/// <param name="KeyId">First bytes of a digest of it.</param>
public sealed record NoteSignature(string Name, uint KeyId, byte[] Bytes)
{
    const string Start = "— ";

    /// <summary>Without the newline.</summary>
    public override string ToString()
    {
        byte[] bytes = new byte[4 + Bytes.Length];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, KeyId);
        Bytes.CopyTo(bytes, 4);
        return $"{Start}{Name} {Convert.ToBase64String(bytes)}";
    }

    public static bool TryParse(string line, out NoteSignature signature)
    {
        signature = null!;
        if (!line.StartsWith(Start, StringComparison.Ordinal) || line[Start.Length..].Split(' ') is not [var name, var data] || !NoteKey.IsName(name)
            || !StrictBase64.TryDecode(data, out byte[] bytes) || bytes.Length < 5)
        {
            return false;
        }

        signature = new(name, BinaryPrimitives.ReadUInt32BigEndian(bytes), bytes[4..]);
        return true;
    }
}

/// <summary>A signature that a known key confirms.</summary>
/// <param name="Time">Of a cosignature.</param>
public sealed record VerifiedSignature(NoteKey Key, DateTimeOffset? Time);

/// <summary>A text and signatures below it (C2SP signed-note). Nothing in it is to be believed before <see cref="TryVerify"/>.</summary>
/// <param name="Text">With its last newline.</param>
public sealed record SignedNote(string Text, IReadOnlyList<NoteSignature> Signatures)
{
    /// <summary>A note that is longer isn't read, bytes.</summary>
    public const int MaxLength = 64 << 10;

    const int MaxSignatures = 100;

    static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public byte[] TextBytes => Encoding.UTF8.GetBytes(Text);

    public byte[] ToBytes() => Encoding.UTF8.GetBytes(ToString());

    public override string ToString() => $"{Text}\n{string.Concat(Signatures.Select(s => $"{s}\n"))}";

    public static bool TryParse(ReadOnlySpan<byte> bytes, out SignedNote note)
    {
        note = null!;
        string all;
        try
        {
            if (bytes.Length > MaxLength)
                return false;
            all = Utf8.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            return false;
        }

        // The last empty line parts them.
        int split = all.LastIndexOf("\n\n", StringComparison.Ordinal);
        if (split < 0 || !all.EndsWith('\n') || all.Any(c => c < ' ' && c != '\n'))
            return false;
        string[] lines = all[(split + 2)..].Split('\n');
        var signatures = new List<NoteSignature>();
        foreach (string line in lines.SkipLast(1))
        {
            if (signatures.Count == MaxSignatures || !NoteSignature.TryParse(line, out var signature))
                return false;
            signatures.Add(signature);
        }

        note = new(all[..(split + 1)], signatures);
        return signatures.Count > 0;
    }

    /// <summary>
    /// Looks at the signatures of known keys; others say nothing. False if there is none, or one of them is false: then nothing of the note is to be believed.
    /// </summary>
    public bool TryVerify(IEnumerable<NoteKey> known, out IReadOnlyList<VerifiedSignature> verified)
    {
        byte[] text = TextBytes;
        var found = new List<VerifiedSignature>();
        verified = found;
        foreach (var key in known)
        {
            foreach (var signature in Signatures.Where(s => s.KeyId == key.Id && string.Equals(s.Name, key.Name, StringComparison.Ordinal)))
            {
                if (!key.Verify(text, signature.Bytes, out var time))
                {
                    verified = [];
                    return false;
                }

                found.Add(new(key, time));
            }
        }

        return found.Count > 0;
    }
}
