using System.Text;

using Atalaya.Evidence;
using Atalaya.Node.Updates;

namespace Atalaya.Fuzz;

public static partial class FuzzTargets
{
    public static void UpdateManifestText(ReadOnlySpan<byte> input)
    {
        string text = Encoding.UTF8.GetString(input);
        if (UpdateManifest.TryParse(text, out var manifest) && (manifest.Text != text || manifest.Length is < 1 or > UpdateManifest.MaxLength))
            throw new InvalidOperationException("A manifest has two spellings, or a length that can't be.");
    }

    static IEnumerable<byte[]> UpdateManifestTextSeeds() => [Encoding.UTF8.GetBytes(new UpdateManifest(new(1, 2, 3), "linux-x64", new(1, 0, 0), 123456, Digest.Of("payload"u8)).Text)];

    public static void UpdateHead(ReadOnlySpan<byte> input)
    {
        try
        {
            UpdateFile.Open(new MemoryStream(input.ToArray()), [ReleaseKey.Key]);
        }
        catch (InvalidDataException)
        {
            // Refused with a sentence.
        }
    }

    static NoteSigner ReleaseKey => new("releases.example.org", NoteSignatureKind.Ed25519, new byte[32]);

    static IEnumerable<byte[]> UpdateHeadSeeds()
    {
        var note = new SignedNote(new UpdateManifest(new(1, 2, 3), "linux-x64", new(1, 0, 0), 3, Digest.Of("abc"u8)).Text, []);
        byte[] signed = (note with { Signatures = [ReleaseKey.Sign(note.TextBytes, DateTimeOffset.UnixEpoch)] }).ToBytes();
        return [[.. "ATALAYAU"u8, 0, 0, (byte)(signed.Length >> 8), (byte)signed.Length, .. signed, .. "abc"u8]];
    }
}
