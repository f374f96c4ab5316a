using System.ComponentModel;

using Atalaya.Federation.Agreements;
using Atalaya.Federation.Grants;

namespace Atalaya.Node.Federation.Grants;

public sealed record ShareInputJson
{
    [Description("Id of the link to whom it is given. Required.")]
    public string? Link { get; init; }

    [Description("What is given. Required; 'alarm' isn't given by hand.")]
    public ShareKind? What { get; init; }

    [Description("Of live, clip and still. An incident card and a package name none.")]
    public string? Camera { get; init; }

    [Description("Default sub for live, else main.")]
    public Media.StreamKind? Stream { get; init; }

    [Description("Of a clip; RFC 3339 with a zone.")]
    public string? From { get; init; }

    [Description("Of a clip, after from. Of a still: the moment.")]
    public string? To { get; init; }

    [Description("Id of the incident: of an incident card; for others what it belongs to.")]
    public Guid? Incident { get; init; }

    [Description("Id of a finished package.")]
    public string? Package { get; init; }

    [Description("For how long it may be had: minutes, 1 to 525600. Default 120 for live, else 10080 (a week).")]
    public int? Minutes { get; init; }

    [Description("For how many days the receiver may keep it. Absent: as long as the agreement lets it, at most a year.")]
    public int? KeepDays { get; init; }

    [Description("One of the agreement's. Required.")]
    public string? Purpose { get; init; }

    [Description("Of the case; at most 200 characters.")]
    public string? Reference { get; init; }

    [Description("One of the agreement's crime categories.")]
    public string? Category { get; init; }

    [Description("Kind of the request that it answers; absent: nobody asked.")]
    public RequestKind? Request { get; init; }

    [Description("Of source and information, where the agreement wants it: A, B, C or X and 1 to 4, such as B2.")]
    public string? Grade { get; init; }

    [Description("Masks are painted in. Default true; false needs the permission to see without masks, too.")]
    public bool? Masked { get; init; }

    [Description("Default: what the agreement asks for.")]
    public HandlingCode? Handling { get; init; }

    [Description("What people call it; at most 200 characters. Default: the camera's, incident's or package's own.")]
    public string? Title { get; init; }
}

public sealed record ShareDecisionJson(
    bool Allowed,
    [property: Description("Id of the agreement's clause that decided; 'default': none speaks of it.")] string Clause,
    [property: Description("Sentences, English.")] IReadOnlyList<string> Reasons,
    [property: Description("Masks must be painted.")] bool Masked,
    [property: Description("For how many days it may be kept; null: not limited.")] double? KeepDays,
    HandlingCode Handling,
    OnwardTransfer Onward,
    [property: Description("Persons who must agree, who gives it included.")] int Persons,
    [property: Description("It goes before all have agreed, and is reviewed within so many hours; null: no.")] double? ReviewHours,
    [property: Description("Pictures carry who received them.")] bool Watermark);

public sealed record ShareDocumentJson(
    ShareAct Act,
    [property: Description("Stated by this side.")] bool Ours,
    DateTimeOffset At,
    [property: Description("SHA-256 of its text: its leaf's record names it.")] string Digest,
    [property: Description("False: about to be signed.")] bool Signed,
    string Why);

public sealed record ShareReviewJson(DateTimeOffset Due, DateTimeOffset? Closed, string By, bool Right, string Note);

public enum ShareFileJson
{
    None,
    Making,
    Fetching,
    Here,
    Deleted,
    Failed,
}

public sealed record ShareJson(
    string Id,
    [property: Description("We give it; otherwise it was given to us.")] bool Ours,
    string Link,
    [property: Description("The other side.")] string Partner,
    GrantState State,
    ShareKind What,
    string Site,
    string Camera,
    string Title,
    string Purpose,
    string Reference,
    [property: Description("Id and version.")] string Agreement,
    string Clause,
    DateTimeOffset? From,
    DateTimeOffset? To,
    string Incident,
    DateTimeOffset Begins,
    DateTimeOffset Expires,
    DateTimeOffset? KeepUntil,
    bool Masked,
    string Watermark,
    HandlingCode Handling,
    OnwardTransfer Onward,
    int Persons,
    [property: Description("Who gave it, of ours.")] string By,
    string AgreedBy,
    [property: Description("It went before all had agreed.")] bool Released,
    ShareReviewJson? Review,
    ShareFileJson File,
    string FileFault,
    string FileName,
    long? Bytes,
    string Sha256,
    [property: Description("Of an incident card, while it is kept.")] IncidentCard? Card,
    DateTimeOffset Asked,
    DateTimeOffset? Given,
    DateTimeOffset? Ended,
    string Why,
    [property: Description("What either side stated, oldest first.")] IReadOnlyList<ShareDocumentJson> Documents);

public sealed record SharesJson(
    [property: Description("Newest first.")] IReadOnlyList<ShareJson> Given,
    [property: Description("Newest first.")] IReadOnlyList<ShareJson> Received);

public sealed record ShareTermJson(string Id, [property: Description("Its name in each language of the agreement.")] IReadOnlyDictionary<string, string> Names);

public sealed record SharePartnerJson(
    string Link, string Organisation, string Site,
    [property: Description("Id and version of the agreement in force; null: none, then nothing can be given but within the organisation.")] string? Agreement,
    IReadOnlyList<ShareTermJson> Purposes,
    IReadOnlyList<ShareTermJson> Categories);

public sealed record ShareReasonJson
{
    [Description("Why. Required; at most 500 characters.")]
    public string? Reason { get; init; }
}

public sealed record ShareReviewInputJson
{
    [Description("Whether it was right to give it before all had agreed. Required.")]
    public bool? Right { get; init; }

    [Description("Required where it wasn't; at most 1000 characters.")]
    public string? Note { get; init; }
}

public sealed record TransferInputJson
{
    [Description("To whom. Required.")]
    public string? Link { get; init; }

    [Description("Required.")]
    public Guid? Incident { get; init; }

    [Description("A camera whose live view goes along; absent: none.")]
    public string? Camera { get; init; }

    [Description("For how long the live view may be seen: minutes, 1 to 1440. Default 120.")]
    public int? Minutes { get; init; }

    [Description("One of the agreement's purposes. Required.")]
    public string? Purpose { get; init; }

    [Description("One of the agreement's crime categories.")]
    public string? Category { get; init; }

    [Description("Kind of the request that it answers; absent: nobody asked.")]
    public RequestKind? Request { get; init; }

    [Description("Of source and information, where the agreement wants it: A, B, C or X and 1 to 4, such as B2.")]
    public string? Grade { get; init; }

    [Description("What the other side should know now; at most 1000 characters.")]
    public string? Note { get; init; }
}

public sealed record TransferCloseJson
{
    [Description("What came of it. Required.")]
    public Atalaya.Incidents.AlarmOutcome? Outcome { get; init; }

    [Description("At most 1000 characters.")]
    public string? Note { get; init; }
}

public sealed record TransferJson(
    string Id,
    [property: Description("We handed it over; otherwise it was handed to us.")] bool Ours,
    string Link,
    string Partner,
    [property: Description("Id at its owner's.")] string Incident,
    string Title,
    bool Rescue,
    string Note,
    [property: Description("Id of the grant of the card.")] string CardGrant,
    [property: Description("Id of the grant of live pictures; empty: none.")] string LiveGrant,
    [property: Description("There is a CAP 1.2 document.")] bool HasCap,
    DateTimeOffset Sent,
    [property: Description("To be acknowledged by then.")] DateTimeOffset Due,
    string By,
    DateTimeOffset? Acknowledged,
    string AcknowledgedBy,
    [property: Description("Nobody acknowledged it in time.")] DateTimeOffset? Escalated,
    DateTimeOffset? Closed,
    string Outcome,
    string ClosedNote,
    [property: Description("The other side's node refused it: nobody there was told.")] DateTimeOffset? Refused,
    [property: Description("Why, as the other side's node says.")] string RefusedWhy,
    [property: Description("Clause of the agreement that it names; may be empty.")] string RefusedClause);
