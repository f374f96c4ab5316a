using System.ComponentModel;

using Atalaya.Media;
using Atalaya.Node.Oversight;

namespace Atalaya.Node.Packages;

public enum PackageStateJson
{
    /// <summary>For its turn, or until its footage is closed and sealed in the log.</summary>
    Waiting,
    Preparing,
    Ready,
    Failed,

    /// <summary>Its time is over: the file is gone, the line stays.</summary>
    Expired,
}

/// <summary>What the texts of a package are in: the viewer opens in it.</summary>
public enum PackageLanguageJson
{
    En,
    Es,
    Fr,
    Ar,
}

public sealed record PackageStretchInputJson
{
    [Description("Id of a camera. Required.")]
    public string? Camera { get; init; }

    [Description("Default main.")]
    public StreamKind? Stream { get; init; }

    [Description("RFC 3339, with a zone. Required.")]
    public string? From { get; init; }

    [Description("RFC 3339, with a zone; after from, and not in the future. Required.")]
    public string? To { get; init; }

    [Description("Id of a finished release copy (POST /api/redactions): the package holds it in place of what was recorded. Camera and times are those of the copy then, and left out here.")]
    public string? Redaction { get; init; }
}

public sealed record PackageInputJson
{
    [Description("What it is about, for who receives it. Required; at most 200 characters.")]
    public string? Title { get; init; }

    [Description("Id of the incident that it belongs to.")]
    public Guid? Incident { get; init; }

    [Description("What footage it holds: 1 to 100.")]
    public IReadOnlyList<PackageStretchInputJson>? Stretches { get; init; }

    [Description("Of cameras that the caller sees with masks the package holds copies with the masks painted in, each with its sealed original named by digest; without it such a package is refused. What the caller sees without masks is packed as it was recorded.")]
    public bool? Masked { get; init; }

    [Description("Whom it is encrypted to: age recipients (age1…), at most 20. None: it isn't encrypted.")]
    public IReadOnlyList<string>? Recipients { get; init; }

    [Description("Default en.")]
    public PackageLanguageJson? Language { get; init; }

    [Description("What it is for, where the options ask for it; or send the header Atalaya-Purpose.")]
    public PurposeInputJson? Purpose { get; init; }
}

public sealed record PackageStretchJson(
    string Camera, StreamKind Stream, DateTimeOffset From, DateTimeOffset To, [property: Description("Id of the release copy that it holds; null: what was recorded.")] string? Redaction = null,
    [property: Description("Version of the camera's masks that are painted into its pictures; 0: none.")] long Masks = 0);

public sealed record PackageJson(
    string Id,
    string Title,
    [property: Description("Id of the incident that it belongs to.")] string? Incident,
    PackageStateJson State,
    [property: Description("0 to 1.")] double Progress,
    [property: Description("Of the file.")] long? Bytes,
    [property: Description("Lower-case hexadecimal SHA-256 of the file.")] string? Sha256,
    [property: Description("To recipients, in the age format: 'age -d' opens it.")] bool Encrypted,
    DateTimeOffset Created,
    [property: Description("Who asked for it.")] string CreatedBy,
    [property: Description("When the file will be removed, or was.")] DateTimeOffset? Expires,
    IReadOnlyList<PackageStretchJson> Stretches,
    [property: Description("How many stretches inside it are without footage; each is stated in its manifest.")] long Gaps,
    [property: Description("For an operator: what went wrong, what it waits for, or what it is without; null otherwise.")] string? Message,
    [property: Description("Public key of the log that signed it, as atalaya-verify takes it; null until it is ready.")] string? Key,
    string? FileName,
    PackageLanguageJson Language,
    [property: Description("For what purpose; empty: none was given, or asked for.")] string Purpose,
    string Reference,
    [property: Description("Who agreed to it; null: nobody had to.")] string? AgreedBy);
