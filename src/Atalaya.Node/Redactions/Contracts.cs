using System.ComponentModel;

using Atalaya.Media;
using Atalaya.Node.Oversight;
using Atalaya.Node.Playback;

namespace Atalaya.Node.Redactions;

public enum RedactionStateJson
{
    /// <summary>Waits until it is looked through.</summary>
    Queued,

    /// <summary>Its stretch is looked through for what might be covered.</summary>
    Searching,

    /// <summary>A person corrects it.</summary>
    Draft,

    /// <summary>Waits until its copy is made.</summary>
    Waiting,
    Making,

    /// <summary>The copy is there. A change of the plan makes it a draft again.</summary>
    Done,
    Failed,
}

public sealed record RedactionInputJson
{
    [Description("Its id. Required.")]
    public string? Camera { get; init; }

    [Description("Default main.")]
    public StreamKind? Stream { get; init; }

    [Description("RFC 3339, with a zone. Required.")]
    public string? From { get; init; }

    [Description("RFC 3339, with a zone; after from. Required.")]
    public string? To { get; init; }

    [Description("What to look for and propose to be covered. Default: faces and heads.")]
    public RedactionSearchJson? Search { get; init; }

    [Description("What the copy is for, where the options ask for it; or send the header Atalaya-Purpose.")]
    public PurposeInputJson? Purpose { get; init; }
}

public sealed record RedactionPlanInputJson
{
    [Description("The revision that the change was made on.")]
    public required long Revision { get; init; }
    public required RedactionPlanJson Plan { get; init; }
}

public sealed record RedactionCopyInputJson
{
    [Description("The revision that was looked at: a copy is made of that and no other.")]
    public required long Revision { get; init; }

    [Description("What the copy is for; default what the draft was made for.")]
    public PurposeInputJson? Purpose { get; init; }
}

/// <summary>A recorded file that a copy was made from.</summary>
public sealed record RedactionSourceJson(string Camera, StreamKind Stream, DateTimeOffset Start, DateTimeOffset End, [property: Description("Of the recorded file, which the log sealed.")] string Sha256);

public sealed record RedactionJson(
    string Id,
    string Camera,
    StreamKind Stream,
    DateTimeOffset From,
    DateTimeOffset To,
    RedactionSearchJson Search,
    RedactionStateJson State,
    [property: Description("0 to 1, of what runs just now.")] double Progress,
    [property: Description("What went wrong, or what couldn't be looked at, for an operator; null otherwise.")] string? Message,
    long Revision,
    DateTimeOffset CreatedAt,
    DateTimeOffset ChangedAt,
    DateTimeOffset? FinishedAt,
    [property: Description("When draft and copy will be removed.")] DateTimeOffset ExpiresAt,
    string? FileName,
    long? Bytes,
    [property: Description("Lower-case hexadecimal SHA-256 of the copy.")] string? Sha256,
    [property: Description("Pictures in the copy.")] long? Pictures,
    IReadOnlyList<RedactionSourceJson> Sources,
    IReadOnlyList<GapJson> Gaps,
    string User,
    string Purpose,
    string Reference);

/// <summary>When the pictures of a stretch are, to be stepped through one by one.</summary>
public sealed record RedactionPicturesJson(
    int Width,
    int Height,
    [property: Description("Microseconds from the start of the stretch, of each picture in the order shown.")] IReadOnlyList<long> At);
