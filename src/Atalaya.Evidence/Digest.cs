using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Atalaya.Evidence;

/// <summary>A SHA-256 digest as a value: compared, kept in lists and passed on without allocation.</summary>
public readonly record struct Digest
{
    public const int Length = 32;

    readonly ulong _a, _b, _c, _d;

    /// <param name="bytes">Exactly 32.</param>
    public Digest(ReadOnlySpan<byte> bytes)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(bytes.Length, Length);
        _a = BinaryPrimitives.ReadUInt64BigEndian(bytes);
        _b = BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]);
        _c = BinaryPrimitives.ReadUInt64BigEndian(bytes[16..]);
        _d = BinaryPrimitives.ReadUInt64BigEndian(bytes[24..]);
    }

    public static Digest Of(ReadOnlySpan<byte> data)
    {
        Span<byte> hash = stackalloc byte[Length];
        SHA256.HashData(data, hash);
        return new(hash);
    }

    /// <param name="target">At least 32 bytes.</param>
    public void CopyTo(Span<byte> target)
    {
        BinaryPrimitives.WriteUInt64BigEndian(target, _a);
        BinaryPrimitives.WriteUInt64BigEndian(target[8..], _b);
        BinaryPrimitives.WriteUInt64BigEndian(target[16..], _c);
        BinaryPrimitives.WriteUInt64BigEndian(target[24..], _d);
    }

    public byte[] ToArray()
    {
        byte[] bytes = new byte[Length];
        CopyTo(bytes);
        return bytes;
    }

    /// <summary>Base64, as notes and proofs have it.</summary>
    public override string ToString() => Convert.ToBase64String(ToArray());

    /// <summary>Reads base64 of exactly one spelling: 44 characters, no spaces, no loose bits at the end.</summary>
    public static bool TryParse(ReadOnlySpan<char> base64, out Digest digest)
    {
        digest = default;
        if (!StrictBase64.TryDecode(base64, out byte[] bytes) || bytes.Length != Length)
            return false;
        digest = new(bytes);
        return true;
    }
}

/// <summary>RFC 4648 section 4, one text for the same bytes: what is signed must not have two spellings.</summary>
static class StrictBase64
{
    public static bool TryDecode(ReadOnlySpan<char> text, out byte[] bytes)
    {
        bytes = new byte[text.Length / 4 * 3];
        if (text.Length % 4 != 0 || !Convert.TryFromBase64Chars(text, bytes, out int length))
            return false;
        bytes = bytes[..length];
        // The framework skips white space and ignores loose bits.
        return text.SequenceEqual(Convert.ToBase64String(bytes));
    }
}
