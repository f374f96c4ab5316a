using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Atalaya.Evidence.Packages;

/// <summary>Whom something is encrypted to: an X25519 public key as <c>age-keygen</c> prints it, <c>age1…</c>.</summary>
public sealed class AgeRecipient
{
    const string Prefix = "age";

    readonly byte[] _publicKey;

    AgeRecipient(byte[] publicKey) => _publicKey = publicKey;

    internal ReadOnlySpan<byte> PublicKey => _publicKey;

    public override string ToString() => Bech32.Encode(Prefix, _publicKey);

    /// <summary>False, too, of a key with which nothing can be kept secret.</summary>
    public static bool TryParse(string text, out AgeRecipient recipient)
    {
        recipient = null!;
        if (!Bech32.TryDecode(text, Prefix, out byte[] key) || key.Length != X25519.Length || X25519.Agree(RandomNumberGenerator.GetBytes(X25519.Length), key) is null)
            return false;
        recipient = new(key);
        return true;
    }
}

/// <summary>
/// Encrypts what is written to it in the age format, version 1 (C2SP age): a header with the file's key for each recipient, then pieces of 64 KiB, each sealed
/// with ChaCha20-Poly1305. <see cref="CompleteAsync"/> writes the last piece; without it the file can't be opened.
/// </summary>
public sealed class AgeStream : Stream
{
    const int PieceLength = 64 << 10, TagLength = 16, FileKeyLength = 16;

    readonly Stream _target;
    readonly ChaCha20Poly1305 _cipher;
    readonly byte[] _piece = new byte[PieceLength], _sealed = new byte[PieceLength + TagLength], _nonce = new byte[12];
    readonly byte[] _head;
    bool _begun, _complete;
    int _filled;
    ulong _number;

    /// <param name="target">Stays open.</param>
    /// <param name="recipients">At least one; each can open it alone.</param>
    /// <exception cref="PlatformNotSupportedException">The system's OpenSSL has no ChaCha20-Poly1305.</exception>
    public AgeStream(Stream target, IReadOnlyList<AgeRecipient> recipients)
    {
        ArgumentOutOfRangeException.ThrowIfZero(recipients.Count);
        _target = target;
        Span<byte> fileKey = stackalloc byte[FileKeyLength];
        RandomNumberGenerator.Fill(fileKey);
        byte[] start = RandomNumberGenerator.GetBytes(16);
        _head = [.. Header(fileKey, recipients), .. start];
        byte[] key = HKDF.DeriveKey(HashAlgorithmName.SHA256, fileKey.ToArray(), 32, start, "payload"u8.ToArray());
        _cipher = new(key);
        CryptographicOperations.ZeroMemory(fileKey);
        CryptographicOperations.ZeroMemory(key);
    }

    public override bool CanRead => false;
    public override bool CanSeek => false;
    public override bool CanWrite => true;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        ObjectDisposedException.ThrowIf(_complete, this);
        await BeginAsync(cancellationToken);
        while (buffer.Length > 0)
        {
            // A full piece waits until it is known whether it is the last.
            if (_filled == PieceLength)
                await SealAsync(last: false, cancellationToken);
            int part = Math.Min(buffer.Length, PieceLength - _filled);
            buffer[..part].CopyTo(_piece.AsMemory(_filled));
            _filled += part;
            buffer = buffer[part..];
        }
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("It is written asynchronously.");

    /// <summary>Nothing may be written after it.</summary>
    public async Task CompleteAsync(CancellationToken stop)
    {
        await BeginAsync(stop);
        await SealAsync(last: true, stop);
        _complete = true;
        await _target.FlushAsync(stop);
    }

    public override void Flush()
    {
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;     // A piece is sealed as a whole.

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            CryptographicOperations.ZeroMemory(_piece);
            _cipher.Dispose();
        }

        base.Dispose(disposing);
    }

    async Task BeginAsync(CancellationToken stop)
    {
        if (_begun)
            return;
        _begun = true;
        await _target.WriteAsync(_head, stop);
    }

    async Task SealAsync(bool last, CancellationToken stop)
    {
        // Eleven bytes of number, big-endian, and one that says whether it is the last.
        BinaryPrimitives.WriteUInt64BigEndian(_nonce.AsSpan(3), _number++);
        _nonce[11] = last ? (byte)1 : (byte)0;
        _cipher.Encrypt(_nonce, _piece.AsSpan(0, _filled), _sealed.AsSpan(0, _filled), _sealed.AsSpan(_filled, TagLength));
        await _target.WriteAsync(_sealed.AsMemory(0, _filled + TagLength), stop);
        _filled = 0;
    }

    static byte[] Header(ReadOnlySpan<byte> fileKey, IReadOnlyList<AgeRecipient> recipients)
    {
        var text = new StringBuilder("age-encryption.org/v1\n");
        byte[] wrapped = new byte[FileKeyLength + TagLength];
        foreach (var recipient in recipients)
        {
            byte[] secret = RandomNumberGenerator.GetBytes(X25519.Length);
            byte[] share = X25519.PublicKey(secret);
            byte[] shared = X25519.Agree(secret, recipient.PublicKey) ?? throw new CryptographicException("A recipient's key keeps no secret.");
            byte[] key = HKDF.DeriveKey(HashAlgorithmName.SHA256, shared, 32, [.. share, .. recipient.PublicKey], "age-encryption.org/v1/X25519"u8.ToArray());
            using (var cipher = new ChaCha20Poly1305(key))
                cipher.Encrypt(new byte[12], fileKey, wrapped.AsSpan(0, FileKeyLength), wrapped.AsSpan(FileKeyLength));
            CryptographicOperations.ZeroMemory(secret);
            CryptographicOperations.ZeroMemory(shared);
            CryptographicOperations.ZeroMemory(key);
            text.Append("-> X25519 ").Append(Unpadded(share)).Append('\n').Append(Unpadded(wrapped)).Append('\n');
        }

        text.Append("---");
        byte[] check = HKDF.DeriveKey(HashAlgorithmName.SHA256, fileKey.ToArray(), 32, [], "header"u8.ToArray());
        byte[] sum = HMACSHA256.HashData(check, Encoding.ASCII.GetBytes(text.ToString()));
        return Encoding.ASCII.GetBytes(text.Append(' ').Append(Unpadded(sum)).Append('\n').ToString());
    }

    static string Unpadded(ReadOnlySpan<byte> bytes) => Convert.ToBase64String(bytes).TrimEnd('=');
}
