using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Atalaya.Media.Signing;

/// <summary>What a camera says of itself in its signatures: not more than a claim, the certificate says who it is.</summary>
public sealed record CameraMaker(string Firmware, string Serial, string Manufacturer);

/// <summary>
/// One message of ONVIF Media Signing: an SEI unit (user data unregistered) with the media signing UUID, whose payload is a list of tags, each with its length in two
/// bytes, the signature last. What is signed is all of it from the unit's header to before the signature's tag.
/// </summary>
sealed class SigningSei
{
    const byte General = 1, HashList = 2, SignatureTag = 3, Cryptography = 4, Vendor = 5, Certificates = 6, Arbitrary = 7;
    const byte UserDataUnregistered = 5, StopByte = 0x80;

    // Bits of the byte behind the UUID.
    const byte SentOnce = 0x80, HashedEscaped = 0x40;

    static ReadOnlySpan<byte> Uuid => [0x00, 0x5b, 0xc9, 0x3f, 0x2d, 0x71, 0x5e, 0x95, 0xad, 0xa4, 0x79, 0x6f, 0x90, 0x87, 0x7a, 0x6f];

    // 2.16.840.1.101.3.4.2.1 to 3, as DER writes an object identifier's contents.
    static ReadOnlySpan<byte> Sha2 => [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02];

    SigningSei(byte[] document) => Document = document;

    /// <summary>The bytes that are signed.</summary>
    public byte[] Document { get; }

    /// <summary>Null: this one isn't signed itself, a later one vouches for it.</summary>
    public byte[]? Signature { get; private set; }

    /// <summary>It carries what is sent once, not a signature of pictures.</summary>
    public bool IsCertificateOnly { get; private set; }

    /// <summary>Of the units' hashes; null: as said before. Empty name: one that we don't know.</summary>
    public HashAlgorithmName? Algorithm { get; private set; }

    /// <summary>PEM, the camera's own certificate first.</summary>
    public string? CertificateChain { get; private set; }

    public CameraMaker? Maker { get; private set; }

    /// <summary>It says which pictures it signs; else the five behind are meaningless.</summary>
    public bool HasGroup { get; private set; }

    /// <summary>Of groups signed; goes up by one, and round.</summary>
    public uint Counter { get; private set; }

    /// <summary>Slices that it signs.</summary>
    public int Units { get; private set; }

    /// <summary>It signs a part of a group of pictures, <see cref="Units"/> long, not a whole one.</summary>
    public bool IsPartial { get; private set; }

    public DateTimeOffset? From { get; private set; }
    public DateTimeOffset? To { get; private set; }

    /// <summary>Hash of the hashes of all its slices.</summary>
    public byte[] GroupHash { get; private set; } = [];

    /// <summary>Hash of the first slice of the group before it; all zeros or ones: there was none.</summary>
    public byte[] LinkedHash { get; private set; } = [];

    /// <summary>One for each slice; empty if the camera saves the bytes.</summary>
    public IReadOnlyList<byte[]> Hashes { get; private set; } = [];

    /// <summary>Is it a unit of media signing at all?</summary>
    public static bool IsSigning(ReadOnlySpan<byte> nal, Codec codec)
    {
        int header = codec == Codec.H265 ? 2 : 1;
        bool sei = codec == Codec.H265 ? nal.Length > 2 && ((nal[0] >> 1) & 63) is 39 or 40 : nal.Length > 1 && (nal[0] & 31) == 6;
        if (!sei || nal[header] != UserDataUnregistered)
            return false;
        int at = header + 1;
        while (at < nal.Length && nal[at] == 0xFF)
            at++;
        // The UUID begins with one zero only, and the size's last byte before it may be another: no byte can have been put between.
        return nal[(Math.Min(at, nal.Length - 1) + 1)..].StartsWith(Uuid);
    }

    /// <param name="nal">The unit, escaped as it travels.</param>
    /// <returns>False of one that makes no sense; <paramref name="fault"/> says why.</returns>
    public static bool TryParse(ReadOnlySpan<byte> nal, Codec codec, out SigningSei? sei, out string fault)
    {
        sei = null;
        fault = "";
        nal = WithoutTrailingZeros(nal);
        byte[] plain = new byte[nal.Length];
        int[] origin = new int[nal.Length];     // where a plain byte stands in the escaped unit
        int length = Unescape(nal, plain, origin);
        var bytes = plain.AsSpan(0, length);

        int at = codec == Codec.H265 ? 3 : 2;
        int size = 0;
        while (at < bytes.Length && bytes[at] == 0xFF)
            size += bytes[at++];
        if (at >= bytes.Length)
            return Fail("it ends in its size", out fault);
        size += bytes[at++];
        if (size < Uuid.Length + 1 || size > bytes.Length - at)
            return Fail($"it says {size} bytes and has {bytes.Length - at}", out fault);
        int end = at + size;
        at += Uuid.Length;
        byte flags = bytes[at++];

        int signature = FindTag(bytes[..end], at, SignatureTag);
        // What isn't signed itself is hashed whole by the one that vouches for it.
        int signed = signature >= 0 ? signature : bytes.Length;
        byte[] document = (flags & HashedEscaped) == 0 ? bytes[..signed].ToArray()
            : signature >= 0 ? nal[..(origin[signature - 1] + 1)].ToArray() : nal.ToArray();
        var found = new SigningSei(document) { IsCertificateOnly = (flags & SentOnce) != 0 };
        while (at < end)
        {
            if (end - at < 3)
                return Fail("it ends in a tag", out fault);
            byte tag = bytes[at];
            int tagLength = BinaryPrimitives.ReadUInt16BigEndian(bytes[(at + 1)..]);
            at += 3;
            if (tagLength > end - at)
                return Fail($"tag {tag} says {tagLength} bytes and has {end - at}", out fault);
            if (!found.TryTake(tag, bytes.Slice(at, tagLength)))
                return Fail($"tag {tag} makes no sense", out fault);
            at += tagLength;
        }

        sei = found;
        return true;
    }

    bool TryTake(byte tag, ReadOnlySpan<byte> value) => tag switch
    {
        General => TryTakeGeneral(value),
        HashList => TryTakeHashes(value),
        SignatureTag => TryTakeSignature(value),
        Cryptography => TryTakeCryptography(value),
        Vendor => TryTakeVendor(value),
        Certificates => TryTakeCertificates(value),
        _ => true,  // arbitrary data, and what later versions add: signed with the rest
    };

    /// <summary>Version; three bytes of the signer's version; partial; start and, from version 2, end in 100 ns since 1601; counter; units; two hashes.</summary>
    bool TryTakeGeneral(ReadOnlySpan<byte> value)
    {
        int times = value.Length > 0 ? value[0] switch { 1 => 1, 2 => 2, _ => 0 } : 0;
        int head = 5 + (times * 8) + 6;
        if (times == 0 || value.Length <= head || (value.Length - head) % 2 != 0)
            return false;
        IsPartial = value[4] != 0;
        From = Time(BinaryPrimitives.ReadInt64BigEndian(value[5..]));
        To = times == 2 ? Time(BinaryPrimitives.ReadInt64BigEndian(value[13..])) : From;
        Counter = BinaryPrimitives.ReadUInt32BigEndian(value[(head - 6)..]);
        Units = BinaryPrimitives.ReadUInt16BigEndian(value[(head - 2)..]);
        int half = (value.Length - head) / 2;
        GroupHash = value.Slice(head, half).ToArray();
        LinkedHash = value[(head + half)..].ToArray();
        HasGroup = true;
        return half is 32 or 48 or 64;
    }

    bool TryTakeHashes(ReadOnlySpan<byte> value)
    {
        if (value.Length < 1 || value[0] != 1)
            return false;
        value = value[1..];
        // The group hash has the same length; without it there is nothing to cut the list by.
        int size = GroupHash.Length > 0 ? GroupHash.Length : 32;
        if (value.Length % size != 0)
            return false;
        var hashes = new List<byte[]>(value.Length / size);
        for (; !value.IsEmpty; value = value[size..])
            hashes.Add(value[..size].ToArray());
        Hashes = hashes;
        return true;
    }

    bool TryTakeSignature(ReadOnlySpan<byte> value)
    {
        if (value.Length < 3 || value[0] != 1)
            return false;
        int size = BinaryPrimitives.ReadUInt16BigEndian(value[1..]);
        if (size > value.Length - 3)
            return false;
        Signature = value.Slice(3, size).ToArray();
        return true;
    }

    bool TryTakeCryptography(ReadOnlySpan<byte> value)
    {
        if (value.Length < 2 || value[0] != 1 || value[1] > value.Length - 2)
            return false;
        var oid = value.Slice(2, value[1]);
        if (oid.Length > 2 && oid[0] == 6 && oid[1] == oid.Length - 2)
            oid = oid[2..];
        Algorithm = oid.Length == Sha2.Length + 1 && oid.StartsWith(Sha2) ? oid[^1] switch
        {
            1 => HashAlgorithmName.SHA256,
            2 => HashAlgorithmName.SHA384,
            3 => HashAlgorithmName.SHA512,
            _ => new(""),
        } : new("");
        return true;
    }

    bool TryTakeVendor(ReadOnlySpan<byte> value)
    {
        if (value.Length < 1 || value[0] != 1)
            return false;
        value = value[1..];
        Span<string> texts = ["", "", ""];
        foreach (ref string text in texts)
        {
            if (value.IsEmpty || value[0] > value.Length - 1)
                return false;
            text = Encoding.UTF8.GetString(value.Slice(1, value[0])).TrimEnd('\0');
            value = value[(1 + value[0])..];
        }

        Maker = new(texts[0], texts[1], texts[2]);
        return true;
    }

    bool TryTakeCertificates(ReadOnlySpan<byte> value)
    {
        if (value.Length < 3 || value[0] != 1)
            return false;
        CertificateChain = Encoding.ASCII.GetString(value[2..]).TrimEnd('\0');
        return true;
    }

    static int FindTag(ReadOnlySpan<byte> bytes, int at, byte tag)
    {
        while (bytes.Length - at >= 3)
        {
            if (bytes[at] == tag)
                return at;
            at += 3 + BinaryPrimitives.ReadUInt16BigEndian(bytes[(at + 1)..]);
        }

        return -1;
    }

    /// <summary>A slice ends with its stop bit; some muxers leave zeros behind it that the camera never sent.</summary>
    public static ReadOnlySpan<byte> WithoutTrailingZeros(ReadOnlySpan<byte> nal) => nal.TrimEnd((byte)0);

    static int Unescape(ReadOnlySpan<byte> nal, Span<byte> plain, Span<int> origin)
    {
        int length = 0, zeros = 0;
        for (int i = 0; i < nal.Length; i++)
        {
            if (zeros >= 2 && nal[i] == 3)
            {
                zeros = 0;
                continue;
            }

            zeros = nal[i] == 0 ? zeros + 1 : 0;
            origin[length] = i;
            plain[length++] = nal[i];
        }

        return length;
    }

    static DateTimeOffset? Time(long ticks) => ticks > 0 && ticks < DateTime.MaxValue.Ticks - DateTime.UnixEpoch.Ticks ? DateTimeOffset.FromFileTime(ticks).ToUniversalTime() : null;

    static bool Fail(string what, out string fault)
    {
        fault = what;
        return false;
    }
}
