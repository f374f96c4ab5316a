using System.ComponentModel;

using Atalaya.Media;

namespace Atalaya.Node.Analysis;

public enum ReanalysisStateJson
{
    Queued,
    Running,
    Done,
    Failed,
    Cancelled,
}

public sealed record ReanalysisInputJson
{
    [Description("Its id; also of one that was removed and has footage. Required.")]
    public string? Camera { get; init; }

    [Description("main or sub. Default: the sub-stream where it is recorded, otherwise the main one.")]
    public StreamKind? Stream { get; init; }

    [Description("RFC 3339, with a zone. Required.")]
    public string? From { get; init; }

    [Description("RFC 3339, with a zone; after from, at most seven days. Required.")]
    public string? To { get; init; }

    [Description("Also what was watched already, as after a change of the model: what is seen now takes its place. Default false: only what nobody watched.")]
    public bool Everything { get; init; }
}

public sealed record ReanalysisJson(
    string Id,
    string Camera,
    DateTimeOffset From,
    DateTimeOffset To,
    bool Everything,
    ReanalysisStateJson State,
    [property: Description("0 to 1.")] double Progress,
    [property: Description("Seconds of footage that are looked at in all; null before it is known.")] double? FootageSeconds,
    [property: Description("Of those, seconds that were looked at.")] double DoneSeconds,
    [property: Description("Pictures that were looked at.")] long Pictures,
    [property: Description("Footage that couldn't be looked at, at most 100 stretches.")] IReadOnlyList<ReanalysisSkipJson> Skipped,
    [property: Description("Why it failed, for an operator; null otherwise.")] string? Reason,
    DateTimeOffset CreatedAt,
    DateTimeOffset? StartedAt,
    DateTimeOffset? FinishedAt);

public sealed record ReanalysisSkipJson(DateTimeOffset From, DateTimeOffset To, string Reason);
