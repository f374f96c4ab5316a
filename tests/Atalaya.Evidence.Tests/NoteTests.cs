using System.Security.Cryptography;
using System.Text;

namespace Atalaya.Evidence.Tests;

public sealed class NoteTests
{
    static readonly DateTimeOffset At = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Theory]    // RFC 8032, section 7.1
    [InlineData("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60", "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b")]
    [InlineData("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb", "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00")]
    [InlineData("c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7", "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a")]
    public void Signatures_are_those_of_the_standard(string seed, string key, string message, string signature)
    {
        byte[] secret = Convert.FromHexString(seed), text = Convert.FromHexString(message), signed = Convert.FromHexString(signature);
        Convert.ToHexStringLower(Ed25519.PublicKey(secret)).ShouldBe(key);
        Convert.ToHexStringLower(Ed25519.Sign(secret, text)).ShouldBe(signature);
        Ed25519.Verify(Convert.FromHexString(key), text, signed).ShouldBeTrue();
        Ed25519.Verify(Convert.FromHexString(key), [.. text, 0], signed).ShouldBeFalse();
        signed[5] ^= 1;
        Ed25519.Verify(Convert.FromHexString(key), text, signed).ShouldBeFalse();
        Ed25519.Verify(new byte[32], text, new byte[64]).ShouldBeFalse("nonsense is refused, not thrown back");
        Ed25519.Verify([1], text, signed).ShouldBeFalse();
    }

    [Fact]
    public void The_well_known_note_of_another_program_is_believed()
    {
        NoteKey.TryParse("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", out var key).ShouldBeTrue();
        const string text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n\n"
            + "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
        SignedNote.TryParse(Encoding.UTF8.GetBytes(text), out var note).ShouldBeTrue();
        note.TryVerify([key], out var verified).ShouldBeTrue();
        verified.ShouldHaveSingleItem().Key.Name.ShouldBe("PeterNeumann");
        note.ToString().ShouldBe(text);
        (note with { Text = note.Text.Replace("problem", "Problem", StringComparison.Ordinal) }).TryVerify([key], out _).ShouldBeFalse();
    }

    [Fact]
    public void A_signer_signs_what_its_key_confirms()
    {
        using var log = Signer("log.example.org/north", NoteSignatureKind.Ed25519, 1);
        using var witness = Signer("witness.example.net", NoteSignatureKind.Cosignature, 2);
        NoteKey.TryParse(witness.Key.ToString(), out var parsed).ShouldBeTrue();
        var signed = SignedCheckpoint.Sign(new("log.example.org/north", 5, Merkle.EmptyRoot), log, At);
        var both = signed.Note with { Signatures = [.. signed.Note.Signatures, witness.Sign(signed.Note.TextBytes, At)] };
        SignedNote.TryParse(both.ToBytes(), out var note).ShouldBeTrue();
        note.TryVerify([log.Key, parsed], out var verified).ShouldBeTrue();
        verified.Select(v => v.Time).ShouldBe([null, At]);
        SignedCheckpoint.TryOpen(both.ToBytes(), [log.Key], out var opened, out _).ShouldBeTrue("a stranger's signature says nothing");
        opened.Checkpoint.ShouldBe(signed.Checkpoint);

        byte[] late = both.Signatures[1].Bytes;
        late[7] ^= 1;     // another time
        (both with { Signatures = [both.Signatures[0], both.Signatures[1] with { Bytes = late }] }).TryVerify([log.Key, witness.Key], out _)
            .ShouldBeFalse("one false signature of a known key spoils the note");
    }

    [Theory]
    [InlineData("text\n\n")]
    [InlineData("text\n\n— name AAAAAAA=")]
    [InlineData("text\n\n- name AAAAAAA=\n")]
    [InlineData("text\n\n— na+me AAAAAAA=\n")]
    [InlineData("text\n\n— na me AAAAAAA=\n")]
    [InlineData("text\n\n—  AAAAAAA=\n")]
    [InlineData("text\n\n— name AAAA\n")]
    [InlineData("text\n\n— name AAAAAAB=\n")]
    [InlineData("text\n\n— name AAA AAAA=\n")]
    [InlineData("te\txt\n\n— name AAAAAAA=\n")]
    [InlineData("text\r\n\r\n— name AAAAAAA=\r\n")]
    [InlineData("text\n— name AAAAAAA=\n")]
    [InlineData("")]
    public void What_is_not_a_note_is_refused(string text) => SignedNote.TryParse(Encoding.UTF8.GetBytes(text), out _).ShouldBeFalse();

    [Theory]
    [InlineData("origin\n5\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n", true)]
    [InlineData("origin\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\nan extension\n", true)]
    [InlineData("origin\n05\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n", false)]
    [InlineData("origin\n-5\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n", false)]
    [InlineData("origin\n99999999999999999999\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n", false)]
    [InlineData("\n5\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n", false)]
    [InlineData("origin\n5\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFV=\n", false)]
    [InlineData("origin\n5\n47DEQpj8HBSa\n", false)]
    [InlineData("origin\n5\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\nline\n", false)]
    [InlineData("origin\n5\n", false)]
    public void A_checkpoint_has_three_lines_at_least(string text, bool isOne) => Checkpoint.TryParse(text, out _).ShouldBe(isOne);

    [Fact]
    public void A_key_file_opens_with_its_passphrase_alone()
    {
        byte[] seed = KeyFile.NewSeed();
        string pem = KeyFile.Encrypt(seed, "correct horse", iterations: 1000);
        KeyFile.Decrypt(pem, "correct horse").ShouldBe(seed);
        Should.Throw<CryptographicException>(() => KeyFile.Decrypt(pem, "battery staple"));
        Should.Throw<CryptographicException>(() => KeyFile.Decrypt("nothing", "correct horse"));
    }

    /// <summary>Made with <c>openssl genpkey -algorithm ed25519 | openssl pkcs8 -topk8 -v2 aes-256-cbc -v2prf hmacWithSHA256 -passout pass:test</c>.</summary>
    [Fact]
    public void A_key_file_of_openssl_opens()
    {
        byte[] seed = KeyFile.Decrypt(
            """
            -----BEGIN ENCRYPTED PRIVATE KEY-----
            MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAjiQMLwTz3aowICCAAw
            DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEDjHeuq9N74GEG5IEtlgYiwEQGjW
            etO1EthtFkkTotVjQQ9HLQwdnDyTMsEc2ic7uqxSWhlAui5vdmHceg/4RLsO9D/d
            iEF/XZ2h+9gHTIu3sL0=
            -----END ENCRYPTED PRIVATE KEY-----
            """, "test");
        Convert.ToBase64String(Ed25519.PublicKey(seed)).ShouldBe("4ud8wnhJUK18SMAI3F7KzPyslv1Qvq0urVIKcRnkhTk=");
    }

    static NoteSigner Signer(string name, NoteSignatureKind kind, byte seed) => new(name, kind, [.. Enumerable.Repeat(seed, 32)]);
}
