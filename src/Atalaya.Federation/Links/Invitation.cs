using System.Buffers.Text;
using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;

using Atalaya.Evidence;

namespace Atalaya.Federation.Links;

/// <summary>
/// A one-time code that lets one node join another. It names where, and the key that must be found there, so that nobody stands in between; its secret shows that who joins was invited.
/// </summary>
/// <param name="Inviter">What the inviting node is to the one that joins.</param>
/// <param name="Address">HOST:PORT.</param>
/// <param name="Pin"><see cref="NodeCard.Pin"/> of the inviting node.</param>
/// <param name="Secret">16 random bytes.</param>
public sealed record Invitation(LinkKind Inviter, string Address, Digest Pin, byte[] Secret)
{
    public const int SecretLength = 16;

    const string Prefix = "atalaya-link-";
    const byte Version = 1;
    const int HeadLength = 2 + Digest.Length + SecretLength, CheckLength = 4;

    /// <summary>Tells invitations apart and gives nothing away, hexadecimal.</summary>
    public string Id => IdOf(Secret);

    public static string IdOf(ReadOnlySpan<byte> secret) => Convert.ToHexStringLower(SHA256.HashData(secret).AsSpan(0, 8));

    /// <summary>What shows that the one who joins has the secret: bound to both nodes' keys.</summary>
    public byte[] Proof(Digest joiner)
    {
        byte[] said = new byte[Digest.Length * 2];
        joiner.CopyTo(said);
        Pin.CopyTo(said.AsSpan(Digest.Length));
        return HMACSHA256.HashData(Secret, said);
    }

    /// <summary>The code: letters, digits, - and _.</summary>
    public override string ToString()
    {
        byte[] address = Encoding.ASCII.GetBytes(Address), bytes = new byte[HeadLength + address.Length + CheckLength];
        (bytes[0], bytes[1]) = (Version, (byte)Inviter);
        Pin.CopyTo(bytes.AsSpan(2));
        Secret.CopyTo(bytes, 2 + Digest.Length);
        address.CopyTo(bytes, HeadLength);
        SHA256.HashData(bytes.AsSpan(..^CheckLength)).AsSpan(0, CheckLength).CopyTo(bytes.AsSpan(^CheckLength..));
        return Prefix + Base64Url.EncodeToString(bytes);
    }

    /// <param name="fault">What is wrong and what to do, a sentence.</param>
    public static bool TryParse(string code, [NotNullWhen(true)] out Invitation? invitation, [NotNullWhen(false)] out string? fault)
    {
        invitation = null;
        fault = "It isn't an invitation code: those begin with " + Prefix + ".";
        code = new([.. code.Where(c => !char.IsWhiteSpace(c))]);     // Mail programs break long lines.
        if (!code.StartsWith(Prefix, StringComparison.Ordinal))
            return false;
        fault = "The code isn't whole. Copy it again from its first to its last letter.";
        if (code.Length > 1000 || !Base64Url.IsValid(code.AsSpan(Prefix.Length)))
            return false;
        byte[] bytes = Base64Url.DecodeFromChars(code.AsSpan(Prefix.Length));
        if (bytes.Length <= HeadLength + CheckLength || bytes.Length > HeadLength + NodeCard.MaxAddress + CheckLength
            || !SHA256.HashData(bytes.AsSpan(..^CheckLength)).AsSpan(0, CheckLength).SequenceEqual(bytes.AsSpan(^CheckLength..)))
            return false;
        string address = Encoding.ASCII.GetString(bytes.AsSpan(HeadLength..^CheckLength));
        if (bytes[0] != Version || !Enum.IsDefined((LinkKind)bytes[1]) || !LinkAddress.TryParse(address, out _, out _))
        {
            fault = "The code is of another version. Bring both nodes to the same one.";
            return false;
        }

        (invitation, fault) = (new((LinkKind)bytes[1], address, new(bytes.AsSpan(2, Digest.Length)), bytes[(2 + Digest.Length)..HeadLength]), null);
        return true;
    }
}

/// <summary>Where a node takes links: HOST:PORT, [IPv6]:PORT.</summary>
public static class LinkAddress
{
    public static bool TryParse(string text, out string host, out int port)
    {
        (host, port) = ("", 0);
        if (text.Length > NodeCard.MaxAddress || !text.All(c => c is > ' ' and < '\x7f') || text.LastIndexOf(':') is not (> 0 and var colon))
            return false;
        host = text[..colon];
        return int.TryParse(text.AsSpan(colon + 1), System.Globalization.NumberStyles.None, null, out port) && port is > 0 and <= 65535
            && Uri.CheckHostName(host) is UriHostNameType.Dns or UriHostNameType.IPv4 or UriHostNameType.IPv6;
    }
}
