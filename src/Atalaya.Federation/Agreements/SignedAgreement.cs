using System.Globalization;

using Atalaya.Evidence;

namespace Atalaya.Federation.Agreements;

/// <summary>
/// An agreement with what was signed of it: a signed note (C2SP) whose text names the document by its digest. One signature is an offer; with both parties' it binds. Made by
/// <see cref="TryRead"/> and <see cref="Unsigned"/>: the signatures of <see cref="SignedBy"/> are true.
/// </summary>
public sealed class SignedAgreement
{
    const string Header = "atalaya agreement v1";

    SignedAgreement(Agreement agreement, SignedNote note, IReadOnlyList<Party> signedBy) => (Agreement, Note, SignedBy) = (agreement, note, signedBy);

    public Agreement Agreement { get; }
    public SignedNote Note { get; }

    /// <summary>Parties whose key signed, in the document's order.</summary>
    public IReadOnlyList<Party> SignedBy { get; }

    public bool IsBinding => SignedBy.Count == 2;

    public static SignedAgreement Unsigned(Agreement agreement) => new(agreement, new(TextOf(agreement), []), []);

    /// <summary>Of the note: what a party signs.</summary>
    public static string TextOf(Agreement agreement) =>
        string.Create(CultureInfo.InvariantCulture, $"{Header}\nid {agreement.Id}\nversion {agreement.Version}\nsha256 {HexDigest.Of(AgreementReader.DigestOf(agreement))}\n");

    /// <summary>Takes signatures that came with a document: each by a party's key, over this very document.</summary>
    /// <param name="fault">What is wrong, a sentence.</param>
    public static bool TryRead(Agreement agreement, SignedNote note, out SignedAgreement signed, out string fault)
    {
        signed = null!;
        fault = "";
        string text = TextOf(agreement);
        if (note.Text != text)
        {
            fault = "What was signed isn't this document: id, version or digest differ.";
            return false;
        }

        var by = new List<Party>();
        int believed = 0;
        foreach (var party in agreement.Parties)
        {
            if (!NoteKey.TryParse(party.Key, out var key))
                continue;
            int count = note.Signatures.Count(s => s.KeyId == key.Id && s.Name == key.Name);
            if (count == 0)
                continue;
            if (count > 1 || !note.TryVerify([key], out _))
            {
                fault = $"The signature for {party.Organisation} is false.";
                return false;
            }

            believed++;
            by.Add(party);
        }

        if (believed != note.Signatures.Count)
        {
            fault = "It holds a signature of somebody who is no party.";
            return false;
        }

        signed = new(agreement, note, by);
        return true;
    }

    /// <summary>A party's signature of a note, not checked; null: there is none.</summary>
    public static NoteSignature? SignatureOf(SignedNote note, Party party) =>
        NoteKey.TryParse(party.Key, out var key) ? note.Signatures.FirstOrDefault(s => s.KeyId == key.Id && s.Name == key.Name) : null;

    /// <summary>With another signature.</summary>
    /// <returns>Null: it is false, or of no party.</returns>
    public SignedAgreement? With(NoteSignature signature) =>
        Note.Signatures.Any(s => s.KeyId == signature.KeyId && s.Name == signature.Name) ? this
            : TryRead(Agreement, Note with { Signatures = [.. Note.Signatures, signature] }, out var signed, out _) ? signed : null;

    /// <summary>Whether this can follow another version: the same id and parties, the next number, and the digest of the other in it.</summary>
    /// <param name="fault">What is wrong, a sentence.</param>
    public bool Follows(Agreement before, out string fault)
    {
        fault =
            Agreement.Id != before.Id ? $"It is of another agreement, '{Agreement.Id}', not '{before.Id}'."
            : Agreement.Version != before.Version + 1 ? $"It is version {Agreement.Version}; after version {before.Version} comes {before.Version + 1}."
            : Agreement.Previous != AgreementReader.DigestOf(before) ? "It names another version before it than the one that is here: the digests differ."
            : !Agreement.Parties.Select(p => p.Organisation).Order(StringComparer.Ordinal).SequenceEqual(before.Parties.Select(p => p.Organisation).Order(StringComparer.Ordinal), StringComparer.Ordinal)
                ? "Its parties are others than before."
            : "";
        return fault.Length == 0;
    }
}

/// <summary>That a party ends an agreement, as a signed note: from when on is by the agreement's notice.</summary>
/// <param name="Agreement">Its id.</param>
/// <param name="Document">Digest of the version that is in force.</param>
/// <param name="By">The party's organisation.</param>
/// <param name="Given">The day it is told.</param>
/// <param name="Ends">The last day of the agreement.</param>
/// <param name="Reason">One line for people; may be empty.</param>
public sealed record Denunciation(string Agreement, int Version, Digest Document, string By, DateOnly Given, DateOnly Ends, string Reason)
{
    const string Header = "atalaya denunciation v1", Form = "yyyy-MM-dd";

    /// <summary>Of a reason, characters.</summary>
    public const int MaxReason = 400;

    /// <summary>Of the note.</summary>
    public string Text => string.Create(
        CultureInfo.InvariantCulture,
        $"{Header}\nid {Agreement}\nversion {Version}\nsha256 {HexDigest.Of(Document)}\nby {By}\ngiven {Day(Given)}\nends {Day(Ends)}\nreason {Reason}\n");

    public static Denunciation Of(Agreement agreement, string by, DateOnly given, string reason) =>
        new(agreement.Id, agreement.Version, AgreementReader.DigestOf(agreement), by, given, agreement.EndsAfterNotice(given), KeyStatement.Line(reason));

    public static bool TryParse(string text, out Denunciation denunciation)
    {
        denunciation = null!;
        if (text.Split('\n') is not [Header, var id, var version, var digest, var by, var given, var ends, var reason, ""]
            || !Field(ref id, "id") || !Field(ref version, "version") || !Field(ref digest, "sha256") || !Field(ref by, "by") || !Field(ref given, "given") || !Field(ref ends, "ends")
            || !Field(ref reason, "reason") || reason.Length > MaxReason || by.Length is 0 or > AgreementCheck.MaxName || id.Length is 0 or > AgreementCheck.MaxId
            || !int.TryParse(version, NumberStyles.None, CultureInfo.InvariantCulture, out int number) || !HexDigest.TryRead(digest, out var document)
            || !DateOnly.TryParseExact(given, Form, CultureInfo.InvariantCulture, DateTimeStyles.None, out var first)
            || !DateOnly.TryParseExact(ends, Form, CultureInfo.InvariantCulture, DateTimeStyles.None, out var last))
        {
            return false;
        }

        denunciation = new(id, number, document, by, first, last, reason);
        return denunciation.Text == text;
    }

    /// <summary>Whether it is the word of a party about this agreement, with the notice that it asks for.</summary>
    /// <param name="fault">What is wrong, a sentence.</param>
    public static bool TryRead(SignedNote note, Agreement agreement, out Denunciation denunciation, out string fault)
    {
        var found = denunciation = null!;
        fault =
            !TryParse(note.Text, out found) ? "It isn't a denunciation."
            : found.Agreement != agreement.Id || found.Version != agreement.Version || found.Document != AgreementReader.DigestOf(agreement) ? "It is of another agreement or version than the one in force."
            : agreement.PartyOf(found.By) is not { } party ? $"{found.By} is no party."
            : !NoteKey.TryParse(party.Key, out var key) || note.Signatures.Count != 1 || !note.TryVerify([key], out _) ? $"The signature for {found.By} is false."
            : found.Given > DateOnly.MaxValue.AddMonths(-120) || found.Ends != agreement.EndsAfterNotice(found.Given) ? $"It ends on {Day(found.Ends)}; by its notice of {agreement.NoticeMonths} months the agreement ends otherwise."
            : "";
        if (fault.Length > 0)
            return false;
        denunciation = found;
        return true;
    }

    static string Day(DateOnly day) => day.ToString(Form, CultureInfo.InvariantCulture);

    static bool Field(ref string line, string name)
    {
        if (!line.StartsWith(name, StringComparison.Ordinal) || line.Length <= name.Length || line[name.Length] != ' ')
            return false;
        line = line[(name.Length + 1)..];
        return true;
    }
}
