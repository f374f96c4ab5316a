using Atalaya.Federation.Agreements;

namespace Atalaya.Federation.Grants;

/// <summary>What is given, to whom, for what, until when and on what conditions.</summary>
/// <param name="From">The organisation that gives.</param>
/// <param name="To">The organisation that receives.</param>
/// <param name="Agreement">Id and version, as <c>id/3</c>; empty within one organisation.</param>
/// <param name="Clause">Which clause allowed it.</param>
/// <param name="Purpose">One of the agreement's.</param>
/// <param name="Reference">Number of the case, as the purpose wants it; may be empty.</param>
/// <param name="IncidentType">As the API spells it; empty: it belongs to no incident.</param>
/// <param name="Category">One of the agreement's crime categories; empty: none is named.</param>
/// <param name="Request">Kind of the request that it answers (<see cref="RequestKind"/>), as the API spells it; empty: nobody asked.</param>
/// <param name="Grade">Of source and information, such as <c>B2</c>; empty: not graded.</param>
/// <param name="Site">Where it is from; empty: from several.</param>
/// <param name="Camera">Its id there; empty: of several, or of none.</param>
/// <param name="Title">What people call it.</param>
/// <param name="StretchFrom">First moment of the footage; null of what has none.</param>
/// <param name="StretchTo">End of it.</param>
/// <param name="Incident">Id at the owner's; empty: none.</param>
/// <param name="Begins">From when on it may be had.</param>
/// <param name="Expires">Until when.</param>
/// <param name="KeepUntil">Until when the receiver may keep what it got; null: as long as it likes.</param>
/// <param name="Masked">Parts that the owner hides are painted over.</param>
/// <param name="Watermark">What is written across its pictures; empty: nothing.</param>
/// <param name="Persons">How many of the owner's persons agreed.</param>
/// <param name="Released">It went before all had agreed, and is reviewed.</param>
/// <param name="Bytes">Of its file; null: it has none.</param>
/// <param name="Sha256">Of its file, lower-case hexadecimal; empty: it has none.</param>
/// <param name="File">Name of its file; empty: it has none.</param>
public sealed record ShareTerms(
    ShareKind What, string From, string To, string Agreement, string Clause, string Purpose, string Reference, string IncidentType, string Category, string Request, string Grade, string Site, string Camera, string Title, DateTimeOffset? StretchFrom,
    DateTimeOffset? StretchTo, string Incident, DateTimeOffset Begins, DateTimeOffset Expires, DateTimeOffset? KeepUntil, bool Masked, string Watermark, HandlingCode Handling,
    OnwardTransfer Onward, int Persons, bool Released, long? Bytes = null, string Sha256 = "", string File = "")
{
    /// <summary>What the agreement is asked: the same at both sides, and again whenever it is used.</summary>
    /// <param name="height">Of its pictures, lines; null: not known here.</param>
    public Ask ToAsk(DateTimeOffset at, int approvals, int? height = null) => new(
        From, To, What, Purpose, Empty(IncidentType), Empty(Category), Site, Camera, Masked, height, What == ShareKind.Live ? null : KeepUntil - Begins, Handling,
        Enum.TryParse<RequestKind>(Request, ignoreCase: true, out var request) ? request : null, IncidentType == "rescue", at, approvals, What == ShareKind.Live ? Expires - Begins : null,
        TryGrade(Grade, out var grade) ? grade : null);

    /// <summary>A letter and a digit, or nothing.</summary>
    public static bool TryGrade(string text, out Grade grade)
    {
        grade = default;
        if (text.Length != 2 || !Enum.TryParse<SourceGrade>(text[..1], out var source) || text[1] is < '1' or > '4')
            return false;
        grade = new(source, text[1] - '0');
        return true;
    }

    static string? Empty(string text) => text.Length == 0 ? null : text;
}
