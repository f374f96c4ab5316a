using System.Runtime.InteropServices;

namespace Atalaya.Evidence;

/// <summary>A key of 32 bytes in OpenSSL 3, which .NET needs on Linux anyway: of the curves that the base library doesn't have.</summary>
sealed partial class RawKey() : SafeHandle(0, ownsHandle: true)
{
    /// <summary>In bytes.</summary>
    public const int Length = 32;

    public const string Crypto = "libcrypto.so.3";

    public override bool IsInvalid => handle == 0;

    /// <param name="type">OpenSSL's number of the algorithm.</param>
    /// <exception cref="InvalidOperationException">The algorithm is switched off.</exception>
    public static RawKey Private(int type, ReadOnlySpan<byte> key)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(key.Length, Length);
        var made = NewPrivateKey(type, 0, key, Length);
        Check(!made.IsInvalid);
        return made;
    }

    /// <summary>Invalid of what can't be one.</summary>
    public static RawKey Public(int type, ReadOnlySpan<byte> key)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(key.Length, Length);
        return NewPublicKey(type, 0, key, Length);
    }

    public byte[] PublicBytes()
    {
        byte[] bytes = new byte[Length];
        nuint length = Length;
        Check(GetPublicKey(this, bytes, ref length) == 1 && length == Length);
        return bytes;
    }

    public static void Check(bool done)
    {
        if (done)
            return;
        ClearErrors();
        throw new InvalidOperationException("OpenSSL's Curve25519 failed; it may be switched off by the system's configuration of OpenSSL.");
    }

    /// <summary>Of this thread, on which .NET uses the same library.</summary>
    [LibraryImport(Crypto, EntryPoint = "ERR_clear_error")]
    public static partial void ClearErrors();

    protected override bool ReleaseHandle()
    {
        FreeKey(handle);
        return true;
    }

    [LibraryImport(Crypto, EntryPoint = "EVP_PKEY_new_raw_private_key")]
    private static partial RawKey NewPrivateKey(int type, nint engine, ReadOnlySpan<byte> key, nuint length);

    [LibraryImport(Crypto, EntryPoint = "EVP_PKEY_new_raw_public_key")]
    private static partial RawKey NewPublicKey(int type, nint engine, ReadOnlySpan<byte> key, nuint length);

    [LibraryImport(Crypto, EntryPoint = "EVP_PKEY_get_raw_public_key")]
    private static partial int GetPublicKey(RawKey key, Span<byte> publicKey, ref nuint length);

    [LibraryImport(Crypto, EntryPoint = "EVP_PKEY_free")]
    private static partial void FreeKey(nint key);
}
