using System.Text.Json.Serialization;

using Atalaya.Federation.Agreements;

namespace Atalaya.Federation.Requests;

/// <summary>One thing that one side does to a request. Kept and sent as JSON, so a kind once written stays. Texts are for people to read, never for a search over video.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "deed")]
[JsonDerivedType(typeof(Asked), "asked")]
[JsonDerivedType(typeof(Questioned), "questioned")]
[JsonDerivedType(typeof(Clarified), "clarified")]
[JsonDerivedType(typeof(Answered), "answered")]
[JsonDerivedType(typeof(Refused), "refused")]
[JsonDerivedType(typeof(Withdrawn), "withdrawn")]
[JsonDerivedType(typeof(Closed), "closed")]
public abstract record RequestDeed;

/// <param name="Hours">Within how many hours the agreement wants an answer, not counting those in which a clarification is awaited.</param>
/// <param name="Subject">A line.</param>
/// <param name="Text">What is asked, and what for.</param>
/// <param name="LegalBasis">Article, order, number.</param>
/// <param name="Purpose">Id of one of the agreement's purposes.</param>
/// <param name="Category">Id of one of its crime categories; null: none.</param>
/// <param name="IncidentType">As the API spells it (<c>intrusion</c>); null: it belongs to no incident.</param>
/// <param name="Person">Who it is about, in words for officers to read; empty: nobody in particular.</param>
/// <param name="Reference">The asker's own number of the case; may be empty.</param>
/// <param name="Rescue">People are in danger.</param>
/// <param name="Footage">Null: it isn't about a stretch of footage.</param>
public sealed record Asked(
    RequestKind Kind, Urgency Urgency, int Hours, string Subject, string Text, string LegalBasis, string Purpose, string? Category, string? IncidentType, string Person, string Reference, bool Rescue, FootageAsked? Footage,
    IReadOnlyList<RequestFile> Files) : RequestDeed;

/// <summary>Which footage is meant.</summary>
/// <param name="Site">May be empty.</param>
/// <param name="Cameras">Ids as far as the asker knows them, or places in words.</param>
public sealed record FootageAsked(string Site, IReadOnlyList<string> Cameras, DateTimeOffset From, DateTimeOffset To);

/// <summary>A document that goes with a step: its name and digest stand in the signed message, its bytes are fetched.</summary>
/// <param name="Id">32 hexadecimal digits.</param>
/// <param name="Sha256">Lower-case hexadecimal.</param>
public sealed record RequestFile(string Id, string Name, long Bytes, string Sha256);

/// <summary>The asked side needs to know more; until it does the deadline's clock stands.</summary>
public sealed record Questioned(string Text) : RequestDeed;

public sealed record Clarified(string Text, IReadOnlyList<RequestFile> Files) : RequestDeed;

public enum AnswerExtent
{
    Whole,

    /// <summary>The rest is refused, on a ground.</summary>
    Part,

    /// <summary>All of it, under conditions.</summary>
    Conditional,
}

/// <param name="Ground">Of what a part leaves out: id of one of the agreement's grounds; null otherwise.</param>
/// <param name="Conditions">In words; empty unless conditional.</param>
/// <param name="Grants">Ids of grants that carry what is given.</param>
/// <param name="Held">Footage that is kept because of it.</param>
public sealed record Answered(
    AnswerExtent Extent, string Text, string? Ground, string Conditions, IReadOnlyList<string> Grants, IReadOnlyList<RequestFile> Files, FootageHeld? Held) : RequestDeed;

/// <param name="Until">Null: until somebody releases it.</param>
public sealed record FootageHeld(IReadOnlyList<string> Cameras, DateTimeOffset From, DateTimeOffset To, DateTimeOffset? Until);

/// <summary>Nothing is given.</summary>
/// <param name="Ground">Id of one of the agreement's grounds, or one of its evaluator's own.</param>
/// <param name="Clause">Of the agreement, if a clause decided; empty otherwise.</param>
public sealed record Refused(string Ground, string Clause, string Text) : RequestDeed;

public sealed record Withdrawn(string Why) : RequestDeed;

public enum RequestOutcome
{
    /// <summary>It got what it asked for.</summary>
    Met,
    PartlyMet,
    NotMet,
}

public sealed record Closed(RequestOutcome Outcome, string Note) : RequestDeed;
