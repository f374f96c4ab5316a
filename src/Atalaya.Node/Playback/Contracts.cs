using System.ComponentModel;

using Atalaya.Recording;

namespace Atalaya.Node.Playback;

public sealed record TimelineJson(
    DateTimeOffset From,
    DateTimeOffset To,
    [property: Description("Recorded stretches, merged: pairs of milliseconds since 1970 UTC, start and end, in order.")] IReadOnlyList<long[]> Segments,
    IReadOnlyList<GapJson> Gaps,
    [property: Description("Start of the oldest recording of this stream, in the stretch or not.")] DateTimeOffset? Oldest,
    [property: Description("End of the newest.")] DateTimeOffset? Newest)
{
    internal static TimelineJson Of(Timeline timeline) => new(
        timeline.From.ToDateTimeOffset(),
        timeline.To.ToDateTimeOffset(),
        [.. timeline.Recorded.Select(s => new[] { s.From.Milliseconds, s.To.Milliseconds })],
        [.. timeline.Gaps.Select(GapJson.Of)],
        timeline.Oldest?.ToDateTimeOffset(),
        timeline.Newest?.ToDateTimeOffset());
}

public sealed record GapJson(
    DateTimeOffset From,
    [property: Description("Null while it lasts.")] DateTimeOffset? To,
    GapCause Cause,
    string Detail)
{
    internal static GapJson Of(Gap gap) => new(gap.From.ToDateTimeOffset(), gap.To?.ToDateTimeOffset(), gap.Cause, gap.Detail);
}
