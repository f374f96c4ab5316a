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

    const int Type = 1087;      // EVP_PKEY_ED25519

    /// <param name="seed">32 bytes.</param>
    public static byte[] PublicKey(ReadOnlySpan<byte> seed)
    {
        using var key = RawKey.Private(Type, seed);
        return key.PublicBytes();
    }

    /// <param name="seed">32 bytes.</param>
    public static byte[] Sign(ReadOnlySpan<byte> seed, ReadOnlySpan<byte> message)
    {
        using var key = RawKey.Private(Type, seed);
        using var context = NewContext();
        RawKey.Check(!context.IsInvalid && SignInit(context, 0, 0, 0, key) == 1);
        byte[] signature = new byte[SignatureLength];
        nuint length = SignatureLength;
        RawKey.Check(Sign(context, signature, ref length, message, (nuint)message.Length) == 1 && length == SignatureLength);
        return signature;
    }

    /// <summary>Whether the key's owner signed just that. False, too, of what can't be a key or a signature.</summary>
    public static bool Verify(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        if (publicKey.Length != KeyLength || signature.Length != SignatureLength)
            return false;
        try
        {
            using var key = RawKey.Public(Type, publicKey);
            using var context = NewContext();
            return !key.IsInvalid && !context.IsInvalid && VerifyInit(context, 0, 0, 0, key) == 1
                && Verify(context, signature, SignatureLength, message, (nuint)message.Length) == 1;
        }
        finally
        {
            RawKey.ClearErrors();
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

    [LibraryImport(RawKey.Crypto, EntryPoint = "EVP_MD_CTX_new")]
    private static partial ContextHandle NewContext();

    [LibraryImport(RawKey.Crypto, EntryPoint = "EVP_MD_CTX_free")]
    private static partial void FreeContext(nint context);

    [LibraryImport(RawKey.Crypto, EntryPoint = "EVP_DigestSignInit")]
    private static partial int SignInit(ContextHandle context, nint keyContext, nint digest, nint engine, RawKey key);

    [LibraryImport(RawKey.Crypto, EntryPoint = "EVP_DigestSign")]
    private static partial int Sign(ContextHandle context, Span<byte> signature, ref nuint signatureLength, ReadOnlySpan<byte> message, nuint length);

    [LibraryImport(RawKey.Crypto, EntryPoint = "EVP_DigestVerifyInit")]
    private static partial int VerifyInit(ContextHandle context, nint keyContext, nint digest, nint engine, RawKey key);

    [LibraryImport(RawKey.Crypto, EntryPoint = "EVP_DigestVerify")]
    private static partial int Verify(ContextHandle context, ReadOnlySpan<byte> signature, nuint signatureLength, ReadOnlySpan<byte> message, nuint length);
}
