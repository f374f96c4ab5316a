using System.Runtime.InteropServices;

namespace Atalaya.Evidence;

/// <summary>
/// Ed25519 signatures (RFC 8032) by OpenSSL 3, which .NET needs on Linux anyway. The base library has no Ed25519.
/// </summary>
public static partial class Ed25519
{
    /// <summary>Of a private key (its seed) and of a public key.</summary>
    public const int KeyLength = 32;

    public const int SignatureLength = 64;

    const string Crypto = "libcrypto.so.3";
    const int Type = 1087;      // EVP_PKEY_ED25519

    /// <param name="seed">32 bytes.</param>
    public static byte[] PublicKey(ReadOnlySpan<byte> seed)
    {
        using var key = PrivateKey(seed);
        byte[] bytes = new byte[KeyLength];
        nuint length = KeyLength;
        Check(GetPublicKey(key, bytes, ref length) == 1 && length == KeyLength);
        return bytes;
    }

    /// <param name="seed">32 bytes.</param>
    public static byte[] Sign(ReadOnlySpan<byte> seed, ReadOnlySpan<byte> message)
    {
        using var key = PrivateKey(seed);
        using var context = NewContext();
        Check(!context.IsInvalid && SignInit(context, 0, 0, 0, key) == 1);
        byte[] signature = new byte[SignatureLength];
        nuint length = SignatureLength;
        Check(Sign(context, signature, ref length, message, (nuint)message.Length) == 1 && length == SignatureLength);
        return signature;
    }

    /// <summary>Whether the key's owner signed just that. False, too, of what can't be a key or a signature.</summary>
    public static bool Verify(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        if (publicKey.Length != KeyLength || signature.Length != SignatureLength)
            return false;
        try
        {
            using var key = NewPublicKey(Type, 0, publicKey, KeyLength);
            using var context = NewContext();
            return !key.IsInvalid && !context.IsInvalid && VerifyInit(context, 0, 0, 0, key) == 1
                && Verify(context, signature, SignatureLength, message, (nuint)message.Length) == 1;
        }
        finally
        {
            ClearErrors();      // Of this thread, on which .NET uses the same library.
        }
    }

    static KeyHandle PrivateKey(ReadOnlySpan<byte> seed)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(seed.Length, KeyLength);
        var key = NewPrivateKey(Type, 0, seed, KeyLength);
        Check(!key.IsInvalid);
        return key;
    }

    static void Check(bool done)
    {
        if (done)
            return;
        ClearErrors();
        throw new InvalidOperationException("OpenSSL's Ed25519 failed; it may be switched off by the system's configuration of OpenSSL.");
    }

    sealed class KeyHandle() : SafeHandle(0, ownsHandle: true)
    {
        public override bool IsInvalid => handle == 0;

        protected override bool ReleaseHandle()
        {
            FreeKey(handle);
            return true;
        }
    }

    sealed class ContextHandle() : SafeHandle(0, ownsHandle: true)
    {
        public override bool IsInvalid => handle == 0;

        protected override bool ReleaseHandle()
        {
            FreeContext(handle);
            return true;
        }
    }

    [LibraryImport(Crypto, EntryPoint = "EVP_PKEY_new_raw_private_key")]
    private static partial KeyHandle NewPrivateKey(int type, nint engine, ReadOnlySpan<byte> key, nuint length);

    [LibraryImport(Crypto, EntryPoint = "EVP_PKEY_new_raw_public_key")]
    private static partial KeyHandle NewPublicKey(int type, nint engine, ReadOnlySpan<byte> key, nuint length);

    [LibraryImport(Crypto, EntryPoint = "EVP_PKEY_get_raw_public_key")]
    private static partial int GetPublicKey(KeyHandle key, Span<byte> publicKey, ref nuint length);

    [LibraryImport(Crypto, EntryPoint = "EVP_PKEY_free")]
    private static partial void FreeKey(nint key);

    [LibraryImport(Crypto, EntryPoint = "EVP_MD_CTX_new")]
    private static partial ContextHandle NewContext();

    [LibraryImport(Crypto, EntryPoint = "EVP_MD_CTX_free")]
    private static partial void FreeContext(nint context);

    [LibraryImport(Crypto, EntryPoint = "EVP_DigestSignInit")]
    private static partial int SignInit(ContextHandle context, nint keyContext, nint digest, nint engine, KeyHandle key);

    [LibraryImport(Crypto, EntryPoint = "EVP_DigestSign")]
    private static partial int Sign(ContextHandle context, Span<byte> signature, ref nuint signatureLength, ReadOnlySpan<byte> message, nuint length);

    [LibraryImport(Crypto, EntryPoint = "EVP_DigestVerifyInit")]
    private static partial int VerifyInit(ContextHandle context, nint keyContext, nint digest, nint engine, KeyHandle key);

    [LibraryImport(Crypto, EntryPoint = "EVP_DigestVerify")]
    private static partial int Verify(ContextHandle context, ReadOnlySpan<byte> signature, nuint signatureLength, ReadOnlySpan<byte> message, nuint length);

    [LibraryImport(Crypto, EntryPoint = "ERR_clear_error")]
    private static partial void ClearErrors();
}
