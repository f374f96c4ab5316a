using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

using Atalaya.Evidence;

namespace Atalaya.Federation.Links;

/// <summary>
/// Who a node says it is: a signed note (C2SP) of six lines, signed by the key of its log. It proves that key and card belong together; whose they are a person
/// finds out by comparing <see cref="Pairing.Digits"/>.
/// </summary>
/// <param name="Organisation">1 to 100 characters, no line break.</param>
/// <param name="Site">1 to 100 characters, no line break.</param>
/// <param name="LogKey">Verifies its log, its agreements and its receipts.</param>
/// <param name="LinkKey">Public key of its certificate on links, which also signs its messages: SubjectPublicKeyInfo (RFC 5280, 4.1.2.7), P-256.</param>
/// <param name="Address">HOST:PORT where it takes links; empty: nobody can dial it.</param>
public sealed record NodeCard(string Organisation, string Site, NoteKey LogKey, byte[] LinkKey, string Address)
{
    public const int MaxName = 100, MaxAddress = 260;

    const string Head = "atalaya node v1", NoAddress = "-";

    /// <summary>SHA-256 of the link key: what connections are pinned to.</summary>
    public Digest Pin => new(SHA256.HashData(LinkKey));

    /// <summary>What its log's key signs.</summary>
    public string Text => $"{Head}\n{Organisation}\n{Site}\n{LogKey}\n{Convert.ToBase64String(LinkKey)}\n{(Address.Length > 0 ? Address : NoAddress)}\n";

    /// <summary>One line of a card.</summary>
    public static bool IsName(string name) => name.Length is > 0 and <= MaxName && !name.Any(char.IsControl) && name.Trim() == name;

    /// <summary>Reads a card whose signature is by the log key that it names.</summary>
    /// <param name="fault">What is wrong, a sentence.</param>
    public static bool TryOpen(string note, [NotNullWhen(true)] out NodeCard? card, [NotNullWhen(false)] out string? fault)
    {
        card = null;
        fault = "It isn't a node's card.";
        if (!SignedNote.TryParse(Encoding.UTF8.GetBytes(note), out var signed) || signed.Text.Split('\n') is not [Head, var organisation, var site, var log, var link, var address, ""])
            return false;
        if (!IsName(organisation) || !IsName(site) || address.Length > MaxAddress || !NoteKey.TryParse(log, out var logKey) || !TryKey(link, out byte[] linkKey))
        {
            fault = "The card's name, address or key can't be read.";
            return false;
        }

        var read = new NodeCard(organisation, site, logKey, linkKey, address == NoAddress ? "" : address);
        if (read.Text != signed.Text || !signed.Signatures.Any(s => s.KeyId == logKey.Id && s.Name == logKey.Name && logKey.Verify(signed.TextBytes, s.Bytes, out _)))
        {
            fault = "The card isn't signed by the key that it names.";
            return false;
        }

        (card, fault) = (read, null);
        return true;
    }

    /// <summary>The one spelling of a P-256 key: algorithm, curve, and the uncompressed point behind it.</summary>
    static ReadOnlySpan<byte> KeyHead => [0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04];

    static bool TryKey(string text, out byte[] key)
    {
        key = [];
        Span<byte> bytes = stackalloc byte[KeyHead.Length + 64];
        if (!Convert.TryFromBase64String(text, bytes, out int length) || length != bytes.Length || !bytes.StartsWith(KeyHead))
            return false;
        try
        {
            using var ecdsa = ECDsa.Create();
            ecdsa.ImportSubjectPublicKeyInfo(bytes, out _);     // Whether the point is on the curve.
            key = bytes.ToArray();
            return true;
        }
        catch (CryptographicException)
        {
            return false;
        }
    }
}
