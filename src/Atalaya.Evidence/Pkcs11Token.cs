using System.Runtime.InteropServices;
using System.Text;

namespace Atalaya.Evidence;

/// <summary>An Ed25519 key in a token.</summary>
/// <param name="PublicKey">32 bytes.</param>
public sealed record TokenKey(string Label, byte[] PublicKey);

/// <summary>
/// A PKCS#11 token (OASIS PKCS #11 3.0; a smart card or a security module) that signs with Ed25519 keys which never leave it: CKM_EDDSA without parameters. Thread-safe; one thing at a time.
/// </summary>
/// <remarks>The module stays loaded until the process ends: few modules survive to be unloaded.</remarks>
public sealed unsafe class Pkcs11Token
{
    // Of the standard's headers: pkcs11t.h.
    const nuint Ok = 0, AlreadyInitialized = 0x191, AlreadyLoggedIn = 0x100;
    const nuint PrivateKeys = 3, PublicKeys = 2, Edwards = 0x40, EdDsa = 0x1057;
    const nuint Class = 0, LabelOf = 3, KeyType = 0x100, Id = 0x102, Point = 0x181;
    static readonly nuint Absent = nuint.MaxValue;
    const int MaxSlots = 64, MaxKeys = 64, MaxValue = 512, TokenInfoSize = 512, LabelSize = 32;

    // Of the function list, which begins with two bytes of version.
    const int Initialize = 0, GetSlotList = 4, GetTokenInfo = 6, OpenSession = 12, CloseSession = 13, Login = 18, GetAttributeValue = 24, FindObjectsInit = 26, FindObjects = 27,
        FindObjectsFinal = 28, SignInit = 42, SignOnce = 43;

    readonly Lock _gate = new();
    readonly nint* _functions;
    readonly string _module;
    readonly byte[] _pin;
    nuint? _session;            // under _gate

    Pkcs11Token(nint* functions, string module, string label, byte[] pin)
    {
        _functions = functions;
        (_module, Label, _pin) = (module, label, pin);
    }

    public string Label { get; }

    /// <param name="module">Path of the token's library.</param>
    /// <param name="label">Of the token.</param>
    /// <exception cref="IOException">The library, the token or the PIN doesn't do; the message says which.</exception>
    public static Pkcs11Token Open(string module, string label, string pin)
    {
        if (!NativeLibrary.TryLoad(module, out nint library) || !NativeLibrary.TryGetExport(library, "C_GetFunctionList", out nint export))
            throw new IOException($"{module} isn't a PKCS#11 module that can be loaded.");
        nint list = 0;
        Check(((delegate* unmanaged<nint*, nuint>)export)(&list), "C_GetFunctionList", module);
        var token = new Pkcs11Token((nint*)(list + sizeof(nint)), module, label, Encoding.UTF8.GetBytes(pin));
        // CK_C_INITIALIZE_ARGS: four callbacks, flags (CKF_OS_LOCKING_OK: it locks by itself), reserved.
        nint* arguments = stackalloc nint[] { 0, 0, 0, 0, 2, 0 };
        nuint begun = ((delegate* unmanaged<void*, nuint>)token._functions[Initialize])(arguments);
        if (begun != AlreadyInitialized)
            Check(begun, "C_Initialize", module);
        lock (token._gate)
            token.Session();
        return token;
    }

    /// <summary>The Ed25519 keys that it can sign with.</summary>
    /// <exception cref="IOException">It can't be asked just now.</exception>
    public IReadOnlyList<TokenKey> Keys() => WithSession(session => (IReadOnlyList<TokenKey>)[.. Pairs(session).Select(p => p.Key)]);

    /// <param name="publicKey">Of the key, 32 bytes.</param>
    /// <returns>64 bytes, checked.</returns>
    /// <exception cref="IOException">The token hasn't this key, or doesn't sign.</exception>
    public byte[] Sign(byte[] publicKey, byte[] message) => WithSession(session =>
    {
        nuint key = Pairs(session).Where(p => p.Key.PublicKey.AsSpan().SequenceEqual(publicKey)).Select(p => (nuint?)p.Private).FirstOrDefault()
            ?? throw new IOException($"The token {Label} no longer holds the key.");
        nuint* mechanism = stackalloc nuint[] { EdDsa, 0, 0 };
        Check(((delegate* unmanaged<nuint, void*, nuint, nuint>)_functions[SignInit])(session, mechanism, key), "C_SignInit");
        byte[] signature = new byte[Ed25519.SignatureLength];
        nuint length = (nuint)signature.Length;
        fixed (byte* from = message, to = signature)
            Check(((delegate* unmanaged<nuint, byte*, nuint, byte*, nuint*, nuint>)_functions[SignOnce])(session, from, (nuint)message.Length, to, &length), "C_Sign");
        // A module that signs otherwise (with a prehash) must not get into the log.
        return length == Ed25519.SignatureLength && Ed25519.Verify(publicKey, message, signature) ? signature : throw new IOException($"The token {Label} gave a signature that isn't one of pure Ed25519.");
    });

    T WithSession<T>(Func<nuint, T> use)
    {
        lock (_gate)
        {
            nuint session = Session();
            try
            {
                return use(session);
            }
            catch (IOException)
            {
                // The token may have been taken out and put back: the next one begins anew.
                _ = ((delegate* unmanaged<nuint, nuint>)_functions[CloseSession])(session);
                _session = null;
                throw;
            }
        }
    }

    nuint Session()
    {
        if (_session is { } open)
            return open;
        nuint* slots = stackalloc nuint[MaxSlots];
        nuint count = MaxSlots;
        Check(((delegate* unmanaged<byte, nuint*, nuint*, nuint>)_functions[GetSlotList])(1, slots, &count), "C_GetSlotList");
        byte* info = stackalloc byte[TokenInfoSize];
        for (nuint i = 0; i < count; i++)
        {
            if (((delegate* unmanaged<nuint, byte*, nuint>)_functions[GetTokenInfo])(slots[i], info) != Ok || Encoding.UTF8.GetString(info, LabelSize).TrimEnd(' ', '\0') != Label)
                continue;
            nuint session = 0;
            Check(((delegate* unmanaged<nuint, nuint, void*, void*, nuint*, nuint>)_functions[OpenSession])(slots[i], 4, null, null, &session), "C_OpenSession");   // CKF_SERIAL_SESSION
            nuint login;
            fixed (byte* pin = _pin)
                login = ((delegate* unmanaged<nuint, nuint, byte*, nuint, nuint>)_functions[Login])(session, 1, pin, (nuint)_pin.Length);       // CKU_USER
            if (login is not (Ok or AlreadyLoggedIn))
            {
                _ = ((delegate* unmanaged<nuint, nuint>)_functions[CloseSession])(session);
                Check(login, "C_Login");
            }

            _session = session;
            return session;
        }

        throw new IOException($"{_module} shows no token called '{Label}'.");
    }

    /// <summary>Private keys, and the public one that has the same id.</summary>
    List<(nuint Private, TokenKey Key)> Pairs(nuint session)
    {
        var pairs = new List<(nuint, TokenKey)>();
        var open = Find(session, PublicKeys).Select(k => (Id: Value(session, k, Id), Point: Value(session, k, Point))).ToArray();
        foreach (nuint secret in Find(session, PrivateKeys))
        {
            byte[] id = Value(session, secret, Id);
            byte[]? point = open.FirstOrDefault(p => p.Id.AsSpan().SequenceEqual(id)).Point;
            // A DER octet string; some modules leave that off.
            if (point is [0x04, Ed25519.KeyLength, .. var inner] && inner.Length == Ed25519.KeyLength)
                point = inner;
            if (point is { Length: Ed25519.KeyLength })
                pairs.Add((secret, new(Encoding.UTF8.GetString(Value(session, secret, LabelOf)), point)));
        }

        return pairs;
    }

    nuint[] Find(nuint session, nuint kind)
    {
        nuint type = Edwards;
        Attribute* template = stackalloc Attribute[] { new(Class, &kind, (nuint)sizeof(nuint)), new(KeyType, &type, (nuint)sizeof(nuint)) };
        Check(((delegate* unmanaged<nuint, Attribute*, nuint, nuint>)_functions[FindObjectsInit])(session, template, 2), "C_FindObjectsInit");
        nuint* found = stackalloc nuint[MaxKeys];
        nuint count = 0, all = 0;
        nuint result;
        // As many as there are room for, in as many pieces as the module likes.
        while ((result = ((delegate* unmanaged<nuint, nuint*, nuint, nuint*, nuint>)_functions[FindObjects])(session, found + all, MaxKeys - all, &count)) == Ok && count > 0)
            all += count;
        Check(((delegate* unmanaged<nuint, nuint>)_functions[FindObjectsFinal])(session), "C_FindObjectsFinal");
        Check(result, "C_FindObjects");
        return new Span<nuint>(found, (int)all).ToArray();
    }

    byte[] Value(nuint session, nuint key, nuint type)
    {
        byte* value = stackalloc byte[MaxValue];
        var attribute = new Attribute(type, value, MaxValue);
        nuint result = ((delegate* unmanaged<nuint, nuint, Attribute*, nuint, nuint>)_functions[GetAttributeValue])(session, key, &attribute, 1);
        return result == Ok && attribute.Length != Absent && attribute.Length <= MaxValue ? new Span<byte>(value, (int)attribute.Length).ToArray() : [];
    }

    void Check(nuint result, string call) => Check(result, call, $"token {Label}");

    static void Check(nuint result, string call, string where)
    {
        if (result == Ok)
            return;
        throw new IOException($"{call} ({where}): " + (ulong)result switch
        {
            0xa0 or 0xa1 or 0xa2 => "the PIN is wrong.",
            0xa4 => "the PIN is locked.",
            0xe0 => "the token isn't there.",
            0x70 => "it doesn't know EdDSA (CKM_EDDSA).",
            var other => $"error 0x{other:x} (CKR_… of PKCS#11).",
        });
    }

    // CK_ATTRIBUTE.
    readonly struct Attribute(nuint type, void* value, nuint length)
    {
        public readonly nuint Type = type;
        public readonly void* Value = value;
        public readonly nuint Length = length;
    }
}
