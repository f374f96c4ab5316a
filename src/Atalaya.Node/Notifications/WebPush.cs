using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Atalaya.Node.Notifications;

/// <summary>Messages to browsers: encrypted for one of them (RFC 8291, over RFC 8188's aes128gcm), and signed so that its push service knows whose they are (RFC 8292).</summary>
static class WebPush
{
    /// <summary>Octets of a public key of P-256, uncompressed; of a browser's secret; of the salt.</summary>
    public const int KeyLength = 65, SecretLength = 16, SaltLength = 16;

    /// <summary>The one record holds it all: 4096 octets are what every push service takes (RFC 8030, 7.2), and the header, the tag and the delimiter are among them.</summary>
    public const int MaxText = 4096 - Header - Tag - 1;

    const int Header = SaltLength + 4 + 1 + KeyLength, Tag = 16;

    /// <summary>RFC 8292, 2: at most a day; less, so that clocks may differ.</summary>
    static readonly TimeSpan Valid = TimeSpan.FromHours(12);

    /// <param name="receiver">The browser's public key (p256dh).</param>
    /// <param name="secret">The secret that it shares with us (auth).</param>
    /// <param name="own">A key pair for this message alone.</param>
    /// <returns>The body, with its header.</returns>
    /// <exception cref="CryptographicException">The receiver's key is no point of P-256.</exception>
    public static byte[] Encrypt(ReadOnlySpan<byte> text, ReadOnlySpan<byte> receiver, ReadOnlySpan<byte> secret, ReadOnlySpan<byte> salt, ECDiffieHellman own)
    {
        using var theirs = ECDiffieHellman.Create(Point(receiver));
        byte[] shared = own.DeriveRawSecretAgreement(theirs.PublicKey);
        byte[] ours = PublicKey(own.ExportParameters(false));
        // RFC 8291, 3.4: both keys are part of what is derived, so that nobody can put others in their place.
        byte[] material = HKDF.Expand(HashAlgorithmName.SHA256, HKDF.Extract(HashAlgorithmName.SHA256, shared, secret.ToArray()), 32, [.. "WebPush: info\0"u8, .. receiver, .. ours]);
        byte[] random = HKDF.Extract(HashAlgorithmName.SHA256, material, salt.ToArray());
        byte[] key = HKDF.Expand(HashAlgorithmName.SHA256, random, 16, "Content-Encoding: aes128gcm\0"u8.ToArray());
        byte[] nonce = HKDF.Expand(HashAlgorithmName.SHA256, random, 12, "Content-Encoding: nonce\0"u8.ToArray());

        byte[] body = new byte[Header + text.Length + 1 + Tag];
        salt.CopyTo(body);
        BinaryPrimitives.WriteUInt32BigEndian(body.AsSpan(SaltLength), 4096);
        body[SaltLength + 4] = KeyLength;
        ours.CopyTo(body, SaltLength + 5);
        // The delimiter of the last record, and no padding.
        byte[] record = [.. text, 2];
        using var cipher = new AesGcm(key, Tag);
        cipher.Encrypt(nonce, record, body.AsSpan(Header, record.Length), body.AsSpan(Header + record.Length));
        return body;
    }

    /// <summary>The Authorization header: who sends, to which push service, until when.</summary>
    /// <param name="contact">mailto: or https: of who runs this node, for the push service's people.</param>
    public static string Authorization(ECDsa key, Uri endpoint, string contact, DateTimeOffset now)
    {
        string claims = Part(new Dictionary<string, object>
        {
            ["aud"] = endpoint.GetLeftPart(UriPartial.Authority),
            ["exp"] = (now + Valid).ToUnixTimeSeconds(),
            ["sub"] = contact,
        });
        string signed = $"{Part(new Dictionary<string, object> { ["typ"] = "JWT", ["alg"] = "ES256" })}.{claims}";
        string signature = Base64Url.EncodeToString(key.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256));
        return $"vapid t={signed}.{signature}, k={Base64Url.EncodeToString(PublicKey(key.ExportParameters(false)))}";

        static string Part(Dictionary<string, object> values) => Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(values));
    }

    /// <summary>A new key pair by which push services know this node, as it is kept.</summary>
    public static string NewKey()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return Convert.ToBase64String(key.ExportPkcs8PrivateKey());
    }

    /// <summary>From <see cref="NewKey"/>.</summary>
    public static ECDsa Key(string kept)
    {
        var key = ECDsa.Create();
        key.ImportPkcs8PrivateKey(Convert.FromBase64String(kept), out _);
        return key;
    }

    /// <summary>What a browser subscribes with.</summary>
    public static string PublicKey(string kept)
    {
        using var key = Key(kept);
        return Base64Url.EncodeToString(PublicKey(key.ExportParameters(false)));
    }

    /// <summary>Reads what a browser gave; false: it is no such key or secret.</summary>
    public static bool TryRead(string? text, int length, out byte[] bytes)
    {
        bytes = [];
        if (text is not { Length: > 0 and < 200 } || !Base64Url.IsValid(text))
            return false;
        bytes = Base64Url.DecodeFromChars(text);
        return bytes.Length == length && (length != KeyLength || IsPoint(bytes));
    }

    static bool IsPoint(byte[] key)
    {
        if (key[0] != 4)
            return false;
        try
        {
            using var _ = ECDiffieHellman.Create(Point(key));
            return true;
        }
        catch (CryptographicException)
        {
            return false;
        }
    }

    static ECParameters Point(ReadOnlySpan<byte> key) => new() { Curve = ECCurve.NamedCurves.nistP256, Q = new() { X = key[1..33].ToArray(), Y = key[33..].ToArray() } };

    static byte[] PublicKey(ECParameters parameters) => [4, .. parameters.Q.X!, .. parameters.Q.Y!];
}
