using System.ComponentModel;

namespace Atalaya.Node.Playback;

public sealed record TimelineJson(
    DateTimeOffset From,
    DateTimeOffset To,
    [property: Description("Recorded stretches, merged: pairs of milliseconds since 1970 UTC, start and end, in order.")] IReadOnlyList<long[]> Segments,
    IReadOnlyList<GapJson> Gaps,
    [property: Description("Start of the oldest recording of this stream, in the stretch or not.")] DateTimeOffset? Oldest,
    [property: Description("End of the newest.")] DateTimeOffset? Newest);

public sealed record GapJson(
    DateTimeOffset From,
    [property: Description("Null while it lasts.")] DateTimeOffset? To,
    GapCauseJson Cause,
    string Detail);

/// <summary>Why nothing was recorded.</summary>
public enum GapCauseJson
{
    Camera,
    Network,
    Unauthorised,
    Disk,
    Operator,
    Policy,
    Crash,
    Shutdown,
}
