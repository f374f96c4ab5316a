using System.Runtime.InteropServices;

namespace Atalaya.Evidence.Packages;

/// <summary>The key agreement X25519 (RFC 7748) by OpenSSL 3. The base library has none.</summary>
static partial class X25519
{
    /// <summary>Of private keys, public keys and shared secrets, in bytes.</summary>
    public const int Length = RawKey.Length;

    const int Type = 1034;      // EVP_PKEY_X25519

    public static byte[] PublicKey(ReadOnlySpan<byte> secret)
    {
        using var key = RawKey.Private(Type, secret);
        return key.PublicBytes();
    }

    /// <summary>Null of a public key with which every secret agrees on the same: it isn't one (RFC 7748, 6.1).</summary>
    public static byte[]? Agree(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> publicKey)
    {
        using var own = RawKey.Private(Type, secret);
        using var other = RawKey.Public(Type, publicKey);
        RawKey.Check(!other.IsInvalid);
        using var context = NewContext(own, 0);
        RawKey.Check(!context.IsInvalid && DeriveInit(context) == 1 && SetPeer(context, other) == 1);
        byte[] shared = new byte[Length];
        nuint length = Length;
        // OpenSSL refuses to agree on zero.
        if (Derive(context, shared, ref length) == 1 && length == Length && shared.AsSpan().ContainsAnyExcept((byte)0))
            return shared;
        RawKey.ClearErrors();
        return null;
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

    [LibraryImport(RawKey.Crypto, EntryPoint = "EVP_PKEY_CTX_new")]
    private static partial ContextHandle NewContext(RawKey key, nint engine);

    [LibraryImport(RawKey.Crypto, EntryPoint = "EVP_PKEY_CTX_free")]
    private static partial void FreeContext(nint context);

    [LibraryImport(RawKey.Crypto, EntryPoint = "EVP_PKEY_derive_init")]
    private static partial int DeriveInit(ContextHandle context);

    [LibraryImport(RawKey.Crypto, EntryPoint = "EVP_PKEY_derive_set_peer")]
    private static partial int SetPeer(ContextHandle context, RawKey peer);

    [LibraryImport(RawKey.Crypto, EntryPoint = "EVP_PKEY_derive")]
    private static partial int Derive(ContextHandle context, Span<byte> secret, ref nuint length);
}
