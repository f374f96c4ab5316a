using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Text;

namespace Atalaya.Evidence;

/// <summary>
/// An Ed25519 private key as encrypted PKCS#8 in PEM (RFC 5958, RFC 8410): PBKDF2 with HMAC-SHA-256, then AES-256 in CBC mode, as
/// <c>openssl pkey</c> reads and writes it.
/// </summary>
public static class KeyFile
{
    /// <summary>For passphrases that a person chose (OWASP's advice of 2023), some tenths of a second.</summary>
    public const int UsualIterations = 600_000;

    /// <summary>A file that asks for more wants to keep us busy.</summary>
    const int MaxIterations = 1_000_000;

    const string Label = "ENCRYPTED PRIVATE KEY";
    const string Ed25519Id = "1.3.101.112", Pbes2 = "1.2.840.113549.1.5.13", Pbkdf2 = "1.2.840.113549.1.5.12", HmacSha256 = "1.2.840.113549.2.9", Aes256 = "2.16.840.1.101.3.4.1.42";

    public static byte[] NewSeed() => RandomNumberGenerator.GetBytes(Ed25519.KeyLength);

    /// <param name="seed">32 bytes.</param>
    /// <param name="iterations">Of the passphrase's digest; one of 256 random bits needs few.</param>
    public static string Encrypt(ReadOnlySpan<byte> seed, string passphrase, int iterations = UsualIterations)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(seed.Length, Ed25519.KeyLength);
        byte[] salt = RandomNumberGenerator.GetBytes(16), start = RandomNumberGenerator.GetBytes(16);
        var inner = new AsnWriter(AsnEncodingRules.DER);
        using (inner.PushSequence())
        {
            inner.WriteInteger(0);
            using (inner.PushSequence())
                inner.WriteObjectIdentifier(Ed25519Id);
            using (inner.PushOctetString())
                inner.WriteOctetString(seed);
        }

        byte[] plain = inner.Encode();
        using var aes = Aes.Create();
        aes.Key = Key(passphrase, salt, iterations);
        byte[] encrypted = aes.EncryptCbc(plain, start);
        CryptographicOperations.ZeroMemory(plain);

        var outer = new AsnWriter(AsnEncodingRules.DER);
        using (outer.PushSequence())
        {
            using (outer.PushSequence())
            {
                outer.WriteObjectIdentifier(Pbes2);
                using (outer.PushSequence())
                {
                    using (outer.PushSequence())
                    {
                        outer.WriteObjectIdentifier(Pbkdf2);
                        using (outer.PushSequence())
                        {
                            outer.WriteOctetString(salt);
                            outer.WriteInteger(iterations);
                            using (outer.PushSequence())
                            {
                                outer.WriteObjectIdentifier(HmacSha256);
                                outer.WriteNull();
                            }
                        }
                    }

                    using (outer.PushSequence())
                    {
                        outer.WriteObjectIdentifier(Aes256);
                        outer.WriteOctetString(start);
                    }
                }
            }

            outer.WriteOctetString(encrypted);
        }

        return PemEncoding.WriteString(Label, outer.Encode()) + "\n";
    }

    /// <summary>The private key.</summary>
    /// <exception cref="CryptographicException">The passphrase is another, or the text isn't such a key; the message says which.</exception>
    public static byte[] Decrypt(string pem, string passphrase)
    {
        byte[] salt, start, encrypted;
        int iterations;
        try
        {
            var fields = PemEncoding.Find(pem);
            if (!pem.AsSpan()[fields.Label].SequenceEqual(Label))
                throw new CryptographicException("It isn't an encrypted private key.");
            var outer = new AsnReader(Convert.FromBase64String(pem[fields.Base64Data]), AsnEncodingRules.DER).ReadSequence();
            var scheme = outer.ReadSequence();
            Expect(scheme, Pbes2);
            var parameters = scheme.ReadSequence();
            var derivation = parameters.ReadSequence();
            Expect(derivation, Pbkdf2);
            var how = derivation.ReadSequence();
            salt = how.ReadOctetString();
            if (!how.TryReadInt32(out iterations) || iterations is < 1 or > MaxIterations)
                throw new CryptographicException("Its passphrase is to be hashed an unreasonable number of times.");
            if (how.HasData && how.PeekTag() == Asn1Tag.Integer)
                how.ReadInteger();      // the key's length, which follows from the cipher
            Expect(how.ReadSequence(), HmacSha256);
            var cipher = parameters.ReadSequence();
            Expect(cipher, Aes256);
            start = cipher.ReadOctetString();
            encrypted = outer.ReadOctetString();
        }
        catch (Exception e) when (e is AsnContentException or ArgumentException or FormatException)
        {
            throw new CryptographicException("It isn't an encrypted private key in PEM.", e);
        }

        byte[] plain;
        try
        {
            using var aes = Aes.Create();
            aes.Key = Key(passphrase, salt, iterations);
            plain = aes.DecryptCbc(encrypted, start);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            throw new CryptographicException("The passphrase is another, or the file is damaged.", e);
        }

        try
        {
            var inner = new AsnReader(plain, AsnEncodingRules.DER).ReadSequence();
            inner.ReadInteger();
            Expect(inner.ReadSequence(), Ed25519Id);
            byte[] seed = new AsnReader(inner.ReadOctetString(), AsnEncodingRules.DER).ReadOctetString();
            return seed.Length == Ed25519.KeyLength ? seed : throw new CryptographicException("It isn't an Ed25519 key.");
        }
        catch (AsnContentException e)
        {
            throw new CryptographicException("The passphrase is another, or the file is damaged.", e);      // One in 256 wrong ones leaves a padding that looks right.
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plain);
        }
    }

    static byte[] Key(string passphrase, byte[] salt, int iterations) =>
        Rfc2898DeriveBytes.Pbkdf2(Encoding.UTF8.GetBytes(passphrase), salt, iterations, HashAlgorithmName.SHA256, 32);

    static void Expect(AsnReader reader, string id)
    {
        if (reader.ReadObjectIdentifier() is var found && found != id)
            throw new CryptographicException($"It is encrypted or made in a way that isn't known here: {found} instead of {id}.");
    }
}
