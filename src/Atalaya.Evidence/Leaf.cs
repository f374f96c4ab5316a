using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Atalaya.Evidence;

/// <summary>What a leaf speaks of. The numbers are in every log: add, never change.</summary>
public enum LeafKind : byte
{
    /// <summary>A closed file of footage, with its digest.</summary>
    Segment = 1,

    /// <summary>A stretch without recording that ended, with its cause.</summary>
    Gap = 2,

    /// <summary>Somebody looked at footage or live pictures.</summary>
    Access = 3,

    /// <summary>Footage was cut into a file.</summary>
    Export = 4,

    /// <summary>Footage is kept beyond its time, or no longer.</summary>
    Hold = 5,

    /// <summary>Footage was removed as retention says.</summary>
    Deletion = 6,

    /// <summary>What raises alarms was changed.</summary>
    Policy = 7,

    /// <summary>A key of this organisation began, was followed by another, or was revoked.</summary>
    Key = 8,

    /// <summary>A person's account was made, changed or closed.</summary>
    User = 9,

    /// <summary>What somebody may do was given, changed or taken.</summary>
    Grant = 10,

    /// <summary>What analysis reports of a camera was changed.</summary>
    Rule = 11,

    /// <summary>What is hidden of a camera's picture was changed.</summary>
    Mask = 12,

    /// <summary>Footage made from sealed footage: with parts of the picture hidden.</summary>
    Derived = 13,

    /// <summary>Footage was released to somebody outside, fetched by them, or taken back.</summary>
    Disclosure = 14,

    /// <summary>A recipient confirmed what was handed over.</summary>
    Receipt = 15,

    /// <summary>An exercise began or ended.</summary>
    Drill = 16,

    /// <summary>How the node is set up was changed: cameras, how long footage is kept, what is asked of people.</summary>
    Setting = 17,

    /// <summary>A link to another node was begun, changed or ended, or refused what the other side sent.</summary>
    Link = 18,

    /// <summary>An agreement with another organisation was written, signed, or denounced.</summary>
    Agreement = 19,

    /// <summary>Another organisation was asked for something, or asked; and what came of it.</summary>
    Request = 20,
}

/// <summary>
/// One entry of the log: 42 bytes that tell its kind, when it was written, and a digest of the record that it stands for with a salt. Whoever has the record and its
/// salt can show that it is in the log; without them the leaf says nothing, so deleting either makes it mute.
/// </summary>
/// <param name="At">When it was written: microseconds since 1970, UTC.</param>
/// <param name="Commitment"><see cref="Commit"/> of the record.</param>
public readonly record struct Leaf(LeafKind Kind, long At, Digest Commitment)
{
    /// <summary>In bytes.</summary>
    public const int Length = 2 + 8 + Digest.Length;

    /// <summary>Of a salt, in bytes: nobody guesses records through it.</summary>
    public const int SaltLength = 16;

    const byte Version = 1;

    /// <summary>SHA-256 of salt and record. Salts have one length, so both are bound.</summary>
    public static Digest Commit(ReadOnlySpan<byte> salt, ReadOnlySpan<byte> record)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(salt.Length, SaltLength);
        Span<byte> hash = stackalloc byte[Digest.Length];
        using var sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        sha.AppendData(salt);
        sha.AppendData(record);
        sha.GetHashAndReset(hash);
        return new(hash);
    }

    public static byte[] NewSalt() => RandomNumberGenerator.GetBytes(SaltLength);

    public byte[] Encode()
    {
        byte[] bytes = new byte[Length];
        bytes[0] = Version;
        bytes[1] = (byte)Kind;
        BinaryPrimitives.WriteInt64BigEndian(bytes.AsSpan(2), At);
        Commitment.CopyTo(bytes.AsSpan(10));
        return bytes;
    }

    /// <summary>False of another version, an unknown kind, or another length.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, out Leaf leaf)
    {
        leaf = default;
        if (bytes.Length != Length || bytes[0] != Version || !Enum.IsDefined((LeafKind)bytes[1]))
            return false;
        leaf = new((LeafKind)bytes[1], BinaryPrimitives.ReadInt64BigEndian(bytes[2..]), new(bytes[10..]));
        return true;
    }
}
