using System.Text.Json.Serialization;

namespace Atalaya.Federation.Operations;

/// <summary>One thing that one side does in a joint operation. Kept and sent as JSON, so a kind once written stays.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "deed")]
[JsonDerivedType(typeof(Proposed), "proposed")]
[JsonDerivedType(typeof(Joined), "joined")]
[JsonDerivedType(typeof(Declined), "declined")]
[JsonDerivedType(typeof(MembersNamed), "members")]
[JsonDerivedType(typeof(Said), "message")]
[JsonDerivedType(typeof(Marked), "mark")]
[JsonDerivedType(typeof(Unmarked), "unmark")]
[JsonDerivedType(typeof(TaskSet), "task")]
[JsonDerivedType(typeof(TaskDone), "done")]
[JsonDerivedType(typeof(GrantCarried), "grant")]
[JsonDerivedType(typeof(OperationClosed), "closed")]
public abstract record OperationDeed;

/// <param name="Purpose">Id of one of the agreement's purposes.</param>
/// <param name="Request">Id of the request that led to it; null: none.</param>
/// <param name="End">Then it is over, whoever says so or not.</param>
/// <param name="Members">Of the side that proposes.</param>
public sealed record Proposed(
    string Title, string Aim, string Place, string LegalBasis, string Purpose, string? Request, DateTimeOffset Start, DateTimeOffset End, IReadOnlyList<string> Members) : OperationDeed;

/// <param name="Members">Of the side that joins.</param>
public sealed record Joined(IReadOnlyList<string> Members) : OperationDeed;

public sealed record Declined(string Why) : OperationDeed;

/// <summary>Who takes part for the side that says so: all of them.</summary>
public sealed record MembersNamed(IReadOnlyList<string> Members) : OperationDeed;

/// <param name="Language">Of the text, as BCP 47 writes it: it is shown as it was written.</param>
public sealed record Said(string Language, string Text) : OperationDeed;

public enum MarkKind
{
    Point,
    Post,
    Patrol,
    Danger,
    Person,
    Vehicle,
    Boat,
}

/// <summary>A place on the map that both see; the same id again moves it.</summary>
/// <param name="Latitude">Degrees, WGS 84.</param>
public sealed record Marked(string Id, MarkKind Kind, string Label, double Latitude, double Longitude) : OperationDeed;

public sealed record Unmarked(string Id) : OperationDeed;

/// <summary>Something to do; the same id again changes it.</summary>
/// <param name="For">Who does it; may be empty.</param>
public sealed record TaskSet(string Id, string Text, string For, DateTimeOffset? Due) : OperationDeed;

public sealed record TaskDone(string Id, string Note) : OperationDeed;

/// <summary>The side that gives it put a grant under the operation: it ends with it.</summary>
public sealed record GrantCarried(string Grant, string What) : OperationDeed;

public sealed record OperationClosed(string Note) : OperationDeed;
