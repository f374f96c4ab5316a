using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

using Atalaya.Evidence;

namespace Atalaya.Federation.Links;

/// <summary>
/// How two people make sure that their nodes know each other and nobody in between. The one that joins commits to a random number before it sees the other's; so nobody
/// can choose theirs to make the digits equal (as in RFC 6189, 4.4.1.1).
/// </summary>
public static class Pairing
{
    /// <summary>Of a random number, bytes.</summary>
    public const int NonceLength = 32;

    /// <summary>The same at both ends: of the two link keys, in one order. 16 hexadecimal digits.</summary>
    public static string LinkId(Digest one, Digest other)
    {
        byte[] a = new byte[Digest.Length], b = new byte[Digest.Length];
        one.CopyTo(a);
        other.CopyTo(b);
        if (a.AsSpan().SequenceCompareTo(b) > 0)
            (a, b) = (b, a);
        return Convert.ToHexStringLower(SHA256.HashData([.. "atalaya link v1\n"u8, .. a, .. b]).AsSpan(0, 8));
    }

    public static byte[] Commitment(ReadOnlySpan<byte> nonce) => SHA256.HashData([.. "atalaya pairing v1\n"u8, .. nonce]);

    /// <summary>
    /// The short authentication string: eight decimal digits in two groups. Who stands in between makes them equal with one chance in a hundred million, and has one try.
    /// </summary>
    /// <param name="joiner">Card note of the node that joins, to the byte.</param>
    /// <param name="inviter">Card note of the one that invited.</param>
    /// <param name="inviterIs">What the node that invited is to the one that joins, as each end has it: two that don't mean the same show other digits.</param>
    public static string Digits(string joiner, string inviter, ReadOnlySpan<byte> joinerNonce, ReadOnlySpan<byte> inviterNonce, LinkKind inviterIs)
    {
        using var sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        sha.AppendData("atalaya digits v2\n"u8);
        sha.AppendData(SHA256.HashData(Encoding.UTF8.GetBytes(joiner)));
        sha.AppendData(SHA256.HashData(Encoding.UTF8.GetBytes(inviter)));
        sha.AppendData(joinerNonce);
        sha.AppendData(inviterNonce);
        sha.AppendData([(byte)inviterIs, (byte)inviterIs.Opposite()]);
        ulong number = BinaryPrimitives.ReadUInt64BigEndian(sha.GetHashAndReset()) % 100_000_000;
        return string.Create(CultureInfo.InvariantCulture, $"{number / 10_000:0000} {number % 10_000:0000}");
    }
}
