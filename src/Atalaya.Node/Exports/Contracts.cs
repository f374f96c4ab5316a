using System.ComponentModel;

using Atalaya.Media;
using Atalaya.Node.Oversight;
using Atalaya.Node.Playback;

namespace Atalaya.Node.Exports;

public enum ExportStateJson
{
    Queued,
    Running,
    Done,
    Failed,
    Cancelled,
}

public sealed record ExportInputJson
{
    [Description("Its id. Required.")]
    public string? Camera { get; init; }

    [Description("Default main.")]
    public StreamKind? Stream { get; init; }

    [Description("RFC 3339, with a zone. Required.")]
    public string? From { get; init; }

    [Description("RFC 3339, with a zone; after from. Required.")]
    public string? To { get; init; }

    [Description("What the export is for, where the options ask for it; or send the header Atalaya-Purpose.")]
    public PurposeInputJson? Purpose { get; init; }
}

public sealed record ExportJson(
    string Id,
    string Camera,
    StreamKind Stream,
    DateTimeOffset From,
    DateTimeOffset To,
    ExportStateJson State,
    [property: Description("0 to 1.")] double Progress,
    [property: Description("What went wrong, for an operator; null otherwise.")] string? Reason,
    DateTimeOffset CreatedAt,
    DateTimeOffset? FinishedAt,
    [property: Description("When the file will be removed.")] DateTimeOffset? ExpiresAt,
    string? FileName,
    long? Bytes,
    [property: Description("Lower-case hexadecimal SHA-256 of the file.")] string? Sha256,
    [property: Description("What is missing inside the stretch; filled when done.")] IReadOnlyList<GapJson> Gaps,
    [property: Description("Who asked for it; empty for one from before this was kept.")] string User,
    [property: Description("For what purpose; empty: none was given, or asked for.")] string Purpose,
    string Reference,
    [property: Description("The camera's masks are, or will be, painted in: encoded anew, so its bytes aren't those that were recorded.")] bool Masked);
