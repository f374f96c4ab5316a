using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

using Atalaya.Evidence;
using Atalaya.Federation.Links;

namespace Atalaya.Federation.Tests.Links;

/// <summary>What two nodes show each other is read as it was written, and not otherwise.</summary>
public sealed class LinkDocumentTests : IDisposable
{
    readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256), _other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
    readonly NoteSigner _signer = new("log.example.org/north", NoteSignatureKind.Ed25519, RandomNumberGenerator.GetBytes(32));

    public void Dispose()
    {
        _key.Dispose();
        _other.Dispose();
        _signer.Dispose();
    }

    [Fact]
    public void A_card_is_believed_only_as_its_logs_key_signed_it()
    {
        var card = new NodeCard("Guardia", "Ceuta ص", _signer.Key, _key.ExportSubjectPublicKeyInfo(), "192.0.2.1:8443");
        string note = Signed(card.Text, _signer);
        NodeCard.TryOpen(note, out var read, out string? fault).ShouldBeTrue(fault);
        read.Text.ShouldBe(card.Text);
        read.Pin.ShouldBe(card.Pin);

        NodeCard.TryOpen(note.Replace("Guardia", "Gendarmes", StringComparison.Ordinal), out _, out _).ShouldBeFalse();
        using var stranger = new NoteSigner("log.example.org/north", NoteSignatureKind.Ed25519, RandomNumberGenerator.GetBytes(32));
        NodeCard.TryOpen(Signed(card.Text, stranger), out _, out fault).ShouldBeFalse();
        fault.ShouldContain("isn't signed");
        NodeCard.TryOpen(Signed(card.Text + "more\n", _signer), out _, out _).ShouldBeFalse();
    }

    [Fact]
    public void An_invitation_survives_a_mail_and_no_wrong_letter()
    {
        var invitation = new Invitation(LinkKind.Centre, "[2001:db8::1]:8443", Digest.Of("key"u8), RandomNumberGenerator.GetBytes(Invitation.SecretLength));
        string code = invitation.ToString();
        Invitation.TryParse(code.Insert(30, "\r\n "), out var read, out string? fault).ShouldBeTrue(fault);
        (read.Inviter, read.Address, read.Pin, read.Id).ShouldBe((invitation.Inviter, invitation.Address, invitation.Pin, invitation.Id));
        read.Secret.ShouldBe(invitation.Secret);
        for (int i = 0; i < code.Length; i++)
            Invitation.TryParse(code[..i] + (code[i] == 'A' ? 'B' : 'A') + code[(i + 1)..], out _, out _).ShouldBeFalse($"letter {i}");
        for (int i = 0; i < code.Length; i++)
            Invitation.TryParse(code[..i], out _, out _).ShouldBeFalse($"the first {i} letters");
    }

    [Theory]
    [InlineData("centre.example.org:8443", true)]
    [InlineData("192.0.2.1:1", true)]
    [InlineData("[::1]:65535", true)]
    [InlineData("192.0.2.1", false)]
    [InlineData("192.0.2.1:0", false)]
    [InlineData("192.0.2.1:65536", false)]
    [InlineData("a b:80", false)]
    [InlineData("http://a:80", false)]
    [InlineData(":80", false)]
    public void An_address_is_a_host_and_a_port(string text, bool isOne) => LinkAddress.TryParse(text, out _, out _).ShouldBe(isOne);

    [Fact]
    public void The_digits_depend_on_everything_that_was_shown()
    {
        byte[] joiner = RandomNumberGenerator.GetBytes(32), inviter = RandomNumberGenerator.GetBytes(32);
        string digits = Pairing.Digits("a", "b", joiner, inviter, LinkKind.Partner);
        digits.ShouldMatch("^[0-9]{4} [0-9]{4}$");
        Pairing.Digits("a", "b", joiner, inviter, LinkKind.Partner).ShouldBe(digits);
        string[] others =
        [
            Pairing.Digits("b", "a", joiner, inviter, LinkKind.Partner), Pairing.Digits("a", "c", joiner, inviter, LinkKind.Partner), Pairing.Digits("a", "b", inviter, joiner, LinkKind.Partner),
            Pairing.Digits("a", "b", joiner, inviter, LinkKind.Centre), Pairing.Digits("a", "b", joiner, inviter, LinkKind.Site),
        ];
        others.ShouldAllBe(o => o != digits);
        Pairing.LinkId(Digest.Of("a"u8), Digest.Of("b"u8)).ShouldBe(Pairing.LinkId(Digest.Of("b"u8), Digest.Of("a"u8)));
    }

    [Fact]
    public void A_message_is_by_its_sender_to_the_last_bit()
    {
        var sealedMessage = SealedMessage.Seal(Message(1, default), _key);
        sealedMessage.IsBy(_key).ShouldBeTrue();
        sealedMessage.IsBy(_other).ShouldBeFalse();
        for (int bit = 0; bit < sealedMessage.Bytes.Length * 8; bit++)
        {
            byte[] bytes = (byte[])sealedMessage.Bytes.Clone();
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            (sealedMessage with { Bytes = bytes }).IsBy(_key).ShouldBeFalse();
        }
    }

    [Theory]
    [InlineData("{\"version\":1}", "lacks")]
    [InlineData("[]", "isn't one of this version")]
    [InlineData("{", "isn't JSON")]
    [InlineData("{\"colour\":1}", "'colour', which this version doesn't know")]
    [InlineData("{\"kind\":1,\"kind\":2}", "'kind' twice")]
    public void What_is_not_a_message_is_told_apart(string text, string told)
    {
        Envelope.TryParse(Encoding.UTF8.GetBytes(text), out _, out string? fault).ShouldBeFalse();
        fault.ShouldContain(told);
    }

    [Fact]
    public void An_envelope_with_any_member_missing_wrong_or_double_is_refused()
    {
        string whole = Encoding.UTF8.GetString(Message(3, Digest.Of("x"u8)).ToBytes());
        Envelope.TryParse(Encoding.UTF8.GetBytes(whole), out var read, out string? fault).ShouldBeTrue(fault);
        read.ToBytes().ShouldBe(Encoding.UTF8.GetBytes(whole));
        foreach (var (from, to) in new[]
        {
            ("\"version\":1", "\"version\":2"), ("\"lane\":\"urgent\"", "\"lane\":\"bulk\""), ("\"number\":3", "\"number\":0"), ("\"number\":3", "\"number\":3.5"), ("\"kind\":\"a.b\"", "\"kind\":\"a b\""),
            ("\"body\":{", "\"body\":[{"), ("\"link\":\"0123", "\"link\":\"123"), ("\"number\":3", "\"number\":3,\"number\":4"),
        })
        {
            whole.ShouldContain(from);
            Envelope.TryParse(Encoding.UTF8.GetBytes(whole.Replace(from, to, StringComparison.Ordinal)), out _, out _).ShouldBeFalse(to);
        }
    }

    [Fact]
    public void A_batch_is_whole_or_nothing()
    {
        SealedMessage[] messages = [SealedMessage.Seal(Message(1, default), _key), SealedMessage.Seal(Message(2, Digest.Of("x"u8)), _key)];
        byte[] batch = MessageBatch.Write(messages);
        MessageBatch.TryRead(batch, out var read, out _).ShouldBeTrue();
        read.Select(m => m.Hash).ShouldBe(messages.Select(m => m.Hash));
        int first = MessageBatch.LengthOf(messages[0]);
        for (int length = 1; length < batch.Length; length++)
            MessageBatch.TryRead(batch.AsMemory(0, length), out _, out _).ShouldBe(length == first, $"the first {length} bytes");
        MessageBatch.TryRead(new byte[MessageBatch.MaxLength + 1], out _, out _).ShouldBeFalse();
    }

    /// <summary>Whatever is doubled, swapped or left out on the way: a lane applies each message once, in its order, and says when the sender has two histories.</summary>
    [Fact]
    public void A_lane_takes_each_message_once_and_in_order()
    {
        var random = new Random(7);
        for (int round = 0; round < 300; round++)
        {
            var sent = new List<(Envelope Envelope, Digest Hash)>();
            for (int n = 1; n <= 20; n++)
            {
                var envelope = Message(n, n == 1 ? default : sent[^1].Hash);
                sent.Add((envelope, Digest.Of(envelope.ToBytes())));
            }

            var cursor = default(LaneCursor);
            var applied = new List<long>();
            for (int step = 0; step < 400; step++)
            {
                var (envelope, hash) = sent[step < 200 ? random.Next(20) : (int)Math.Min(cursor.Number, 19)];
                var arrival = cursor.Judge(envelope, hash);
                arrival.ShouldBe(envelope.Number == cursor.Number + 1 ? Arrival.Next : envelope.Number > cursor.Number ? Arrival.Ahead : Arrival.Known);
                if (arrival == Arrival.Next)
                {
                    applied.Add(envelope.Number);
                    cursor = cursor.After(envelope, hash);
                }
            }

            applied.ShouldBe(Enumerable.Range(1, 20).Select(n => (long)n));
            var forked = Message(20, sent[18].Hash) with { Kind = "another.history" };
            cursor.Judge(forked, Digest.Of(forked.ToBytes())).ShouldBe(Arrival.Forked);
            cursor.Judge(Message(21, Digest.Of("unknown"u8)), default).ShouldBe(Arrival.Forked);
        }
    }

    Envelope Message(long number, Digest previous) => new(
        "0123456789abcdef", Digest.Of(_key.ExportSubjectPublicKeyInfo()), Lane.Urgent, number, previous, new(2026, 11, 22, 1, 2, 3, 456, TimeSpan.Zero), "a.b",
        JsonDocument.Parse("""{"text":"ñ عربي \"<>","n":1.50}""").RootElement);

    static string Signed(string text, NoteSigner signer)
    {
        var note = new SignedNote(text, []);
        return (note with { Signatures = [signer.Sign(note.TextBytes, DateTimeOffset.UnixEpoch)] }).ToString();
    }
}
