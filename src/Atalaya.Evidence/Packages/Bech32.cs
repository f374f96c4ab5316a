using System.Text;

namespace Atalaya.Evidence.Packages;

/// <summary>Bech32 (BIP 173) as age writes keys: longer than BIP 173 allows for addresses, and checked as it says.</summary>
static class Bech32
{
    const string Alphabet = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    const int ChecksumLength = 6, MaxLength = 200;

    public static string Encode(string prefix, ReadOnlySpan<byte> data)
    {
        byte[] groups = Regroup(data, 8, 5, pad: true)!;
        byte[] sum = Checksum(prefix, groups);
        var text = new StringBuilder(prefix).Append('1');
        foreach (byte group in (byte[])[.. groups, .. sum])
            text.Append(Alphabet[group]);
        return text.ToString();
    }

    /// <summary>Lower case alone, as age writes it. False of another prefix, too.</summary>
    public static bool TryDecode(string text, string prefix, out byte[] data)
    {
        data = [];
        if (text.Length > MaxLength || !text.StartsWith(prefix + "1", StringComparison.Ordinal) || text.Length < prefix.Length + 1 + ChecksumLength)
            return false;
        byte[] groups = new byte[text.Length - prefix.Length - 1];
        for (int i = 0; i < groups.Length; i++)
        {
            int value = Alphabet.IndexOf(text[prefix.Length + 1 + i], StringComparison.Ordinal);
            if (value < 0)
                return false;
            groups[i] = (byte)value;
        }

        if (!groups.AsSpan(groups.Length - ChecksumLength).SequenceEqual(Checksum(prefix, groups.AsSpan(0, groups.Length - ChecksumLength))))
            return false;
        if (Regroup(groups.AsSpan(0, groups.Length - ChecksumLength), 5, 8, pad: false) is not { } bytes)
            return false;
        data = bytes;
        return true;
    }

    static byte[] Checksum(string prefix, ReadOnlySpan<byte> groups)
    {
        uint sum = 1;
        foreach (char c in prefix)
            Add((uint)c >> 5);
        Add(0);
        foreach (char c in prefix)
            Add((uint)c & 31);
        foreach (byte group in groups)
            Add(group);
        for (int i = 0; i < ChecksumLength; i++)
            Add(0);
        sum ^= 1;
        byte[] checksum = new byte[ChecksumLength];
        for (int i = 0; i < ChecksumLength; i++)
            checksum[i] = (byte)((sum >> (5 * (ChecksumLength - 1 - i))) & 31);
        return checksum;

        void Add(uint value)
        {
            ReadOnlySpan<uint> generator = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];
            uint top = sum >> 25;
            sum = ((sum & 0x1ffffff) << 5) ^ value;
            for (int i = 0; i < generator.Length; i++)
            {
                if (((top >> i) & 1) == 1)
                    sum ^= generator[i];
            }
        }
    }

    /// <summary>Null if bits are left over that aren't padding.</summary>
    static byte[]? Regroup(ReadOnlySpan<byte> data, int from, int to, bool pad)
    {
        var result = new List<byte>();
        int held = 0, bits = 0;
        foreach (byte value in data)
        {
            held = (held << from) | value;
            bits += from;
            while (bits >= to)
            {
                bits -= to;
                result.Add((byte)((held >> bits) & ((1 << to) - 1)));
            }

            held &= (1 << bits) - 1;
        }

        if (pad && bits > 0)
            result.Add((byte)((held << (to - bits)) & ((1 << to) - 1)));
        return !pad && (bits >= from || held != 0) ? null : [.. result];
    }
}
