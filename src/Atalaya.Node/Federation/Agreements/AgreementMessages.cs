using System.Data.Common;
using System.IO.Compression;
using System.Text;
using System.Text.Json;

using Atalaya.Evidence;
using Atalaya.Federation.Agreements;
using Atalaya.Media;
using Atalaya.Node.Federation.Links;

namespace Atalaya.Node.Federation.Agreements;

/// <summary>
/// What partners tell each other of agreements: an offer with the document, a second signature, a denunciation. Nothing of it is believed but what the keys in the document signed.
/// </summary>
sealed class AgreementMessages(AgreementBook book, TimeProvider clock) : MessageHandler
{
    public const string Proposed = "agreement.proposed", Signed = "agreement.signed", Denounced = "agreement.denounced";

    /// <summary>A denunciation counts from the day that it is given; one that arrives later than this must be given anew.</summary>
    static readonly TimeSpan OldestDenunciation = TimeSpan.FromDays(31);

    /// <summary>Offers of one partner that may wait: more would be a flood, not a negotiation.</summary>
    const int MaxOffers = 20;

    public override IReadOnlyList<string> Kinds { get; } = [Proposed, Signed, Denounced];

    internal static object Offer(StoredAgreement offered) => new
    {
        id = offered.Id,
        version = offered.Version,
        sha256 = offered.Digest,
        document = Pack(AgreementReader.Write(offered.Document)),
        note = offered.Signed.Note.ToString(),
    };

    internal static object SignatureOf(StoredAgreement binding) => new { id = binding.Id, version = binding.Version, sha256 = binding.Digest, note = binding.Signed.Note.ToString() };

    internal static object DenunciationOf(StoredAgreement denounced) => new { id = denounced.Id, version = denounced.Version, sha256 = denounced.Digest, note = denounced.Denunciation };

    public override async Task<MessageVerdict> ApplyAsync(Incoming message, DbConnection connection, DbTransaction transaction, CancellationToken stop)
    {
        if (message.From.IsOwn)
            return MessageVerdict.Refused("Agreements are made with partners; this node belongs to the same organisation.");
        if (Text(message, "note") is not { } text || !SignedNote.TryParse(Encoding.UTF8.GetBytes(text), out var note))
            return MessageVerdict.Refused("Its note can't be read.");
        if (Text(message, "id") is not { } id || Text(message, "sha256") is not { } digest || !message.Body.TryGetProperty("version", out var number) || number.ValueKind != JsonValueKind.Number
            || !number.TryGetInt32(out int version))
        {
            return MessageVerdict.Refused("It must name id, version and sha256.");
        }

        var before = await AgreementStore.OfAsync(connection, transaction, message.From.Id);
        var here = before.FirstOrDefault(a => a.Id == id && a.Version == version);
        if (message.Kind == Proposed)
        {
            var (offered, fault) = await ReadOfferAsync(message, note, before, here, stop);
            if (offered is null)
                return MessageVerdict.Refused(fault);
            if (offered.Id != id || offered.Version != version || offered.Digest != digest)
                return MessageVerdict.Refused("The document isn't the one that the message names: id, version or digest differ.");
            await AgreementStore.PutAsync(connection, transaction, offered);
            return MessageVerdict.Applied;
        }

        if (here is null || here.Digest != digest)
            return MessageVerdict.Refused($"Version {version} of '{id}' with this digest isn't here.");
        return message.Kind == Signed ? await SignAsync(here, note, before, connection, transaction) : await DenounceAsync(here, note, before, connection, transaction);
    }

    public override Task AppliedAsync(Incoming message, CancellationToken stop) => book.ReloadAsync(stop);

    async Task<(StoredAgreement? Offered, string Fault)> ReadOfferAsync(
        Incoming message, SignedNote note, IReadOnlyList<StoredAgreement> before, StoredAgreement? here, CancellationToken stop)
    {
        if (Text(message, "document") is not { } packed || Unpack(packed) is not { } bytes)
            return (null, "Its document can't be unpacked, or is too large.");
        if (AgreementReader.Read(bytes, out var faults) is not { } document)
            return (null, $"Its document isn't sound: {faults[0]}");
        if (!SignedAgreement.TryRead(document, note, out var signed, out string fault))
            return (null, fault);
        Party own, other;
        try
        {
            (own, other) = await book.PartiesAsync(message.From, document, stop);
        }
        catch (AgreementRefusedException refused)
        {
            return (null, refused.Message);
        }

        if (!signed.SignedBy.Contains(other))
            return (null, "It isn't signed by who sends it.");
        string digest = AgreementStore.Hex(document);
        if (here is { State: AgreementState.Offered or AgreementState.Binding })
        {
            return here.Digest == digest ? (here, "") : (null, here.State == AgreementState.Binding
                ? $"Version {here.Version} of '{here.Id}' is signed by both, with another digest."
                : $"This organisation has offered another version {here.Version} of '{here.Id}' itself. Agree who offers, and take another id.");
        }

        // Nobody has seen it but its writers: it isn't written over.
        if (here is { State: AgreementState.Draft } && here.Digest != digest)
            return (null, $"This organisation has a draft of its own of version {here.Version} of '{here.Id}'. Agree who offers: it deletes its draft there, or you take another id.");
        if (AgreementBook.ChainFault(signed, before) is { } broken)
            return (null, broken);
        if (here is null && before.Count(a => a.State == AgreementState.Received) >= MaxOffers)
            return (null, $"{MaxOffers} offers wait already; nobody here has signed them.");
        // Our own signature in it would bind us by what we didn't keep: it is taken when somebody here signs.
        var theirs = SignedAgreement.Unsigned(document).With(SignedAgreement.SignatureOf(note, other)!)!;
        return (new(message.From.Id, digest, theirs, AgreementState.Received, own.Organisation, other.Organisation, WallTime.Now(clock), "", null, "", null, "", "", null), "");
    }

    async Task<MessageVerdict> SignAsync(StoredAgreement here, SignedNote note, IReadOnlyList<StoredAgreement> before, DbConnection connection, DbTransaction transaction)
    {
        if (here.State == AgreementState.Binding)
            return MessageVerdict.Applied;
        if (here.State != AgreementState.Offered)
            return MessageVerdict.Refused("This organisation hasn't offered it.");
        if (!SignedAgreement.TryRead(here.Document, note, out var signed, out string fault))
            return MessageVerdict.Refused(fault);
        if (!signed.IsBinding)
            return MessageVerdict.Refused("A signature is missing.");
        if (AgreementBook.ChainFault(signed, before) is { } broken)
            return MessageVerdict.Refused(broken);
        await AgreementStore.PutAsync(connection, transaction, here with { Signed = signed, State = AgreementState.Binding, BoundAt = WallTime.Now(clock) });
        return MessageVerdict.Applied;
    }

    async Task<MessageVerdict> DenounceAsync(StoredAgreement here, SignedNote note, IReadOnlyList<StoredAgreement> before, DbConnection connection, DbTransaction transaction)
    {
        if (!Denunciation.TryRead(note, here.Document, out var denunciation, out string fault))
            return MessageVerdict.Refused(fault);
        if (denunciation.By != here.Other)
            return MessageVerdict.Refused($"It is denounced by {denunciation.By}, which isn't who sends it.");
        var today = DateOnly.FromDateTime(clock.GetUtcNow().UtcDateTime);
        if (denunciation.Given > today.AddDays(1) || denunciation.Given < today.AddDays(-(int)OldestDenunciation.TotalDays))
            return MessageVerdict.Refused($"It says that it was given on {denunciation.Given:yyyy-MM-dd}; by this node's clock it is {today:yyyy-MM-dd}.");
        // Both may denounce at once: at both the earlier end holds.
        if (here.Denunciation.Length > 0)
        {
            if (here.LastDay <= denunciation.Ends)
                return MessageVerdict.Applied;
        }
        else if (AgreementBook.DenunciationFault(before, here.Id, here.Version) is { } standing)
        {
            return MessageVerdict.Refused(standing);
        }

        await AgreementStore.PutAsync(connection, transaction, here with { Denunciation = note.ToString(), DenouncedBy = here.Other, LastDay = denunciation.Ends });
        return MessageVerdict.Applied;
    }

    static string? Text(Incoming message, string name) => message.Body.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    /// <summary>Four languages compress to a quarter; a message has room for 64 KiB.</summary>
    static string Pack(byte[] document)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.SmallestSize))
            gzip.Write(document);
        return Convert.ToBase64String(packed.ToArray());
    }

    static byte[]? Unpack(string packed)
    {
        try
        {
            using var gzip = new GZipStream(new MemoryStream(Convert.FromBase64String(packed)), CompressionMode.Decompress);
            byte[] document = new byte[Agreement.MaxLength + 1];
            int length = gzip.ReadAtLeast(document, document.Length, throwOnEndOfStream: false);
            return length <= Agreement.MaxLength ? document[..length] : null;
        }
        catch (Exception fault) when (fault is FormatException or InvalidDataException)
        {
            return null;
        }
    }
}
