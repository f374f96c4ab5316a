using System.ComponentModel;

using Atalaya.Federation.Agreements;

namespace Atalaya.Node.Federation.Agreements;

public enum AgreementStateJson
{
    /// <summary>Written here, seen by nobody else.</summary>
    Draft,

    /// <summary>Signed here and sent.</summary>
    Offered,

    /// <summary>Signed by the partner, not here.</summary>
    Received,

    /// <summary>Signed by both; not begun, or followed by another version.</summary>
    Binding,
    InForce,
    Ended,
}

public sealed record AgreementJson(
    [property: Description("Id of the partner's link.")] string Link,
    string Id,
    int Version,
    [property: Description("In the language that was asked for, if it is there.")] string Title,
    AgreementStateJson State,
    [property: Description("This organisation, as the document calls it.")] string Own,
    string Other,
    [property: Description("SHA-256 of the document's canonical form, lower-case hexadecimal: what is signed.")] string Digest,
    [property: Description("First day, UTC.")] DateOnly Start,
    [property: Description("Last day, by the document or by a denunciation; null: until somebody denounces it.")] DateOnly? LastDay,
    [property: Description("When the parties look it over next; null: not any more.")] DateOnly? NextReview,
    DateTimeOffset Written,
    [property: Description("Null: the partner.")] string? WrittenBy,
    [property: Description("Who signed here.")] string? SignedBy,
    DateTimeOffset? Signed,
    [property: Description("When both signatures were there.")] DateTimeOffset? Bound,
    [property: Description("Somebody here, or the partner; null: it isn't denounced.")] string? DenouncedBy,
    [property: Description("Organisations whose signatures are there.")] IReadOnlyList<string> Signatures);

public sealed record AgreementEntryJson(
    [property: Description("What it is of, as clauses/2.1: the same in every version.")] string Key,
    [property: Description("Of the clause; may be empty.")] string Number,
    [property: Description("In the parties' own words; may be empty.")] string Text,
    IReadOnlyList<string> Sentences)
{
    internal static AgreementEntryJson Of(PageEntry entry) => new(entry.Key, entry.Number, entry.Text, entry.Sentences);
}

public sealed record AgreementSectionJson(string Heading, IReadOnlyList<AgreementEntryJson> Entries);

public sealed record AgreementChangeJson(
    [property: Description("Null: it is new.")] AgreementEntryJson? Before,
    [property: Description("Null: it is gone.")] AgreementEntryJson? After);

public sealed record AgreementTermJson(string Id, string Text);

public sealed record AgreementPageJson(
    AgreementJson Agreement,
    bool IsRightToLeft,
    IReadOnlyList<AgreementSectionJson> Sections,
    [property: Description("Number of the version that the changes are from; null: there is none here.")] int? Before,
    IReadOnlyList<AgreementChangeJson> Changes,
    IReadOnlyList<AgreementTermJson> Purposes,
    IReadOnlyList<AgreementTermJson> Categories,
    [property: Description("Signatures as a C2SP signed note.")] string Note,
    [property: Description("A signed note; null: it isn't denounced.")] string? Denunciation);

public enum AgreementFormatJson
{
    /// <summary>As ref/agreement.md has it.</summary>
    Atalaya,

    /// <summary>A policy of the Open Digital Rights Language, JSON-LD.</summary>
    Odrl,
}

public sealed record AgreementInputJson
{
    [Description("Id of the partner's link. Required.")]
    public string? Link { get; init; }

    [Description("Default atalaya.")]
    public AgreementFormatJson? Format { get; init; }

    [Description("The document's text. Required.")]
    public string? Document { get; init; }
}

public sealed record AgreementWrittenJson(AgreementJson Agreement, [property: Description("Of a policy: what wasn't taken over, sentences.")] IReadOnlyList<string> Lost);

public sealed record AgreementSignJson
{
    [Description("Of the document that was read: another one in its place isn't signed. Required.")]
    public string? Digest { get; init; }
}

public sealed record AgreementDenounceJson
{
    [Description("Told to the partner; at most 400 characters.")]
    public string? Reason { get; init; }
}

public sealed record AgreementOdrlJson([property: Description("The policy's text.")] string Policy, [property: Description("What ODRL's own words don't say, sentences.")] IReadOnlyList<string> Lost);

public sealed record AgreementAskJson
{
    [Description("This organisation gives; false: the partner does. Default true.")]
    public bool? Give { get; init; }

    [Description("What is given. Required.")]
    public ShareKind? What { get; init; }

    [Description("Id of a purpose. Required.")]
    public string? Purpose { get; init; }

    [Description("Type of the incident, such as intrusion.")]
    public string? IncidentType { get; init; }

    [Description("Id of a category.")]
    public string? Category { get; init; }

    [Description("Name of the site.")]
    public string? Site { get; init; }

    [Description("Id of the camera.")]
    public string? Camera { get; init; }

    [Description("Default true.")]
    public bool? Masked { get; init; }

    [Description("Of the picture, lines; null: as the conditions say.")]
    public int? Height { get; init; }

    [Description("How many days the receiver keeps it; null: as the conditions say.")]
    public int? KeepDays { get; init; }

    public HandlingCode? Handling { get; init; }

    [Description("Kind of the request that it answers; null: nobody asked.")]
    public RequestKind? Request { get; init; }

    [Description("People are in danger. Default false.")]
    public bool? Rescue { get; init; }

    [Description("Persons of the giver who have agreed, whoever gives it included. Default 0.")]
    public int? Approvals { get; init; }

    [Description("When; default now.")]
    public DateTimeOffset? At { get; init; }
}

public sealed record AgreementDecisionJson(
    bool Allowed,
    [property: Description("Id of the clause that decided; 'default': none speaks of it.")] string Clause,
    [property: Description("Why, sentences in the language that was asked for.")] IReadOnlyList<string> Reasons,
    [property: Description("Of a refusal: id of its ground.")] string? Ground,
    RefusalKind? Refusal,
    [property: Description("Null where no clause came near.")] AgreementConditionsJson? Conditions);

public sealed record AgreementConditionsJson(
    bool Masked,
    int? MaxHeight,
    [property: Description("Null: it isn't limited.")] int? KeepDays,
    HandlingCode Handling,
    OnwardTransfer Onward,
    int Approvals,
    IReadOnlyList<string> Approvers,
    [property: Description("It was released before all had agreed; reviewed within so many hours.")] int? ReviewHours,
    int? LiveMinutes,
    bool Watermark,
    bool Graded)
{
    internal static AgreementConditionsJson? Of(Conditions c) => c == Conditions.Strictest ? null : new(
        c.Masked, c.MaxHeight, (int?)c.Keep?.TotalDays, c.Handling, c.Onward, c.ApprovalsNeeded, c.Approvers ?? [], (int?)c.ReviewAfter?.TotalHours, (int?)c.MaxDuration?.TotalMinutes, c.Watermark, c.Graded);
}
