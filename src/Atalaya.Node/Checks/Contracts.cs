using System.ComponentModel;

using Atalaya.Recording;

namespace Atalaya.Node.Checks;

public enum CheckStateJson
{
    Running,
    Done,
    Failed,
    Cancelled,
}

public sealed record CheckInputJson
{
    [Description("presence: files and their lengths; structure: their headers too; digest: every byte. Default digest.")]
    public CheckDepth? Depth { get; init; }

    [Description("Put right what can be, without deleting footage. Default false.")]
    public bool Repair { get; init; }

    [Description("With repair: delete files that hold nothing to play, instead of putting them aside in the archive's folder .damaged. Default false.")]
    public bool DeleteUnreadable { get; init; }
}

public sealed record ArchiveCheckJson(
    string Id,
    CheckStateJson State,
    CheckDepth Depth,
    bool Repair,
    DateTimeOffset StartedAt,
    DateTimeOffset? FinishedAt,
    [property: Description("0 to 1.")] double Progress,
    [property: Description("Files that were looked at.")] long Files,
    [property: Description("Bytes of those files.")] long Bytes,
    [property: Description("What went wrong with the check itself, for an operator; null otherwise.")] string? Reason,
    [property: Description("How many faults were found; null before the end.")] int? FaultCount,
    [property: Description("How many of them were put right; null before the end.")] int? RepairedCount);

public sealed record CheckFaultJson(CheckFaultKind Kind, [property: Description("Of the file below the volume, or the stream.")] string Path, string Detail, bool Repaired);

public sealed record ArchiveCheckResultJson(
    ArchiveCheckJson Check,
    [property: Description("At most the first 1000; those that are left come first.")] IReadOnlyList<CheckFaultJson> Faults);
