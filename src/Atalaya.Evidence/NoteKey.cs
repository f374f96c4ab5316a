using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Atalaya.Evidence;

/// <summary>What a signature of a note states. The numbers are C2SP's.</summary>
public enum NoteSignatureKind : byte
{
    /// <summary>The text was signed: a log's own statement.</summary>
    Ed25519 = 1,

    /// <summary>At a certain time the signer had seen no larger tree, and all that it saw before are its beginnings (tlog-cosignature).</summary>
    Cosignature = 4,
}

/// <summary>
/// Whose signatures of notes are believed (C2SP signed-note): a name, what they state, and an Ed25519 public key. Written as
/// <c>name+id+base64</c>.
/// </summary>
public sealed class NoteKey
{
    readonly byte[] _publicKey;

    /// <param name="name">Without spaces and plus signs, by convention an address without its scheme.</param>
    /// <param name="publicKey">32 bytes.</param>
    /// <exception cref="ArgumentException">The name isn't one.</exception>
    public NoteKey(string name, NoteSignatureKind kind, ReadOnlySpan<byte> publicKey)
    {
        if (!IsName(name))
            throw new ArgumentException($"'{name}' can't name a key: it must not be empty, nor hold spaces, control characters or '+'.", nameof(name));
        ArgumentOutOfRangeException.ThrowIfNotEqual(publicKey.Length, Ed25519.KeyLength);
        Name = name;
        Kind = kind;
        _publicKey = publicKey.ToArray();
        Span<byte> hash = stackalloc byte[Digest.Length];
        SHA256.HashData([.. Encoding.UTF8.GetBytes(name), (byte)'\n', (byte)kind, .. _publicKey], hash);
        Id = BinaryPrimitives.ReadUInt32BigEndian(hash);
    }

    public string Name { get; }
    public NoteSignatureKind Kind { get; }

    /// <summary>Tells keys apart, not a proof of anything.</summary>
    public uint Id { get; }

    public ReadOnlySpan<byte> PublicKey => _publicKey;

    public static bool IsName(string name) => name.Length > 0 && !name.Any(c => char.IsWhiteSpace(c) || char.IsControl(c) || c == '+');

    public override string ToString() => $"{Name}+{Id:x8}+{Convert.ToBase64String([(byte)Kind, .. _publicKey])}";

    public static bool TryParse(string text, out NoteKey key)
    {
        key = null!;
        // A base64 text may hold a plus sign.
        if (text.Split('+', 3) is not [var name, var id, var data] || !IsName(name) || id.Length != 8
            || !uint.TryParse(id, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint number)
            || !StrictBase64.TryDecode(data, out byte[] bytes) || bytes.Length != 1 + Ed25519.KeyLength
            || (NoteSignatureKind)bytes[0] is not (NoteSignatureKind.Ed25519 or NoteSignatureKind.Cosignature))
        {
            return false;
        }

        key = new(name, (NoteSignatureKind)bytes[0], bytes.AsSpan(1));
        return key.Id == number;
    }

    /// <summary>Whether this key's owner made the signature of the text.</summary>
    /// <param name="time">When, of a cosignature; null of others.</param>
    public bool Verify(ReadOnlySpan<byte> text, ReadOnlySpan<byte> signature, out DateTimeOffset? time)
    {
        time = null;
        if (Kind == NoteSignatureKind.Ed25519)
            return Ed25519.Verify(_publicKey, text, signature);
        if (signature.Length != 8 + Ed25519.SignatureLength || BinaryPrimitives.ReadUInt64BigEndian(signature) is var seconds && seconds > (ulong)DateTimeOffset.MaxValue.ToUnixTimeSeconds())
            return false;
        time = DateTimeOffset.FromUnixTimeSeconds((long)seconds);
        return Ed25519.Verify(_publicKey, Cosigned((long)seconds, text), signature[8..]);
    }

    /// <summary>What a cosignature signs.</summary>
    internal static byte[] Cosigned(long seconds, ReadOnlySpan<byte> checkpoint) =>
        [.. Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"cosignature/v1\ntime {seconds}\n")), .. checkpoint];
}

/// <summary>Signs notes: with a private key in memory until it is disposed of, or by asking whoever has the key.</summary>
public sealed class NoteSigner : IDisposable
{
    readonly byte[] _seed = [];
    readonly Func<byte[], byte[]>? _ask;

    /// <param name="seed">The private key, 32 bytes; copied.</param>
    public NoteSigner(string name, NoteSignatureKind kind, ReadOnlySpan<byte> seed)
    {
        Key = new(name, kind, Ed25519.PublicKey(seed));
        _seed = GC.AllocateArray<byte>(seed.Length, pinned: true);
        seed.CopyTo(_seed);
    }

    /// <param name="sign">Signs a message with the private key of <paramref name="key"/>, pure Ed25519; from any thread. What it throws comes out of the note.</param>
    public NoteSigner(NoteKey key, Func<byte[], byte[]> sign) => (Key, _ask) = (key, sign);

    /// <summary>What others know the signatures by.</summary>
    public NoteKey Key { get; }

    /// <param name="at">When; cosignatures carry it, to the second.</param>
    public NoteSignature Sign(ReadOnlySpan<byte> text, DateTimeOffset at)
    {
        if (Key.Kind == NoteSignatureKind.Ed25519)
            return new(Key.Name, Key.Id, Sign(text));
        byte[] signature = new byte[8 + Ed25519.SignatureLength];
        BinaryPrimitives.WriteInt64BigEndian(signature, at.ToUnixTimeSeconds());
        Sign(NoteKey.Cosigned(at.ToUnixTimeSeconds(), text)).CopyTo(signature, 8);
        return new(Key.Name, Key.Id, signature);
    }

    public void Dispose() => CryptographicOperations.ZeroMemory(_seed);

    byte[] Sign(ReadOnlySpan<byte> message) => _ask is null ? Ed25519.Sign(_seed, message) : _ask(message.ToArray());
}
