using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Atalaya.Testing;

/// <summary>What an authenticator shows: RFC 6238 with RFC 4226's truncation, by the tests' own hand.</summary>
public static class Totp
{
    /// <param name="key">Base32; spaces don't count.</param>
    /// <param name="steps">Half minutes from now.</param>
    public static string Code(string key, int steps)
    {
        byte[] counter = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(counter, (TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() / 30) + steps);
        byte[] mac = Mac(Bytes(key), counter);
        int at = mac[^1] & 15;
        return ((BinaryPrimitives.ReadInt32BigEndian(mac.AsSpan(at)) & 0x7fffffff) % 1_000_000).ToString("D6");
    }

    [System.Diagnostics.CodeAnalysis.SuppressMessage("Security", "CA5350", Justification = "RFC 6238's default, and what authenticators speak.")]
    static byte[] Mac(byte[] key, byte[] counter) => HMACSHA1.HashData(key, counter);

    static byte[] Bytes(string base32)
    {
        var bytes = new List<byte>();
        int bits = 0, value = 0;
        foreach (char c in base32.Where(char.IsAsciiLetterOrDigit))
        {
            value = (value << 5) | "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".IndexOf(c, StringComparison.Ordinal);
            bits += 5;
            if (bits < 8)
                continue;
            bits -= 8;
            bytes.Add((byte)(value >> bits));
            value &= (1 << bits) - 1;
        }

        return [.. bytes];
    }
}
