using System.ComponentModel;

using Atalaya.Media;
using Atalaya.Recording;
using Atalaya.Recording.Storage;

namespace Atalaya.Node.Playback;

public sealed record TimelineJson(
    DateTimeOffset From,
    DateTimeOffset To,
    [property: Description("Recorded stretches, merged: pairs of milliseconds since 1970 UTC, start and end, in order.")] IReadOnlyList<long[]> Segments,
    [property: Description("What is not recorded, and why; with a resolution only gaps at least as long.")] IReadOnlyList<GapJson> Gaps,
    [property: Description("The shorter ones, counted by cause. Empty without a resolution.")] IReadOnlyList<ShortGapsJson> ShortGaps,
    [property: Description("Start of the oldest recording of this stream, in the stretch or not.")] DateTimeOffset? Oldest,
    [property: Description("End of the newest.")] DateTimeOffset? Newest,
    [property: Description("Holds in force that touch the stretch, not clipped to it.")] IReadOnlyList<HoldSpanJson> Holds)
{
    /// <param name="holds">In force.</param>
    internal static TimelineJson Of(string camera, StreamKind stream, Timeline timeline, IReadOnlyList<Hold> holds) => new(
        timeline.From.ToDateTimeOffset(),
        timeline.To.ToDateTimeOffset(),
        [.. timeline.Recorded.Select(s => new[] { s.From.Milliseconds, s.To.Milliseconds })],
        [.. timeline.Gaps.Select(GapJson.Of)],
        [.. timeline.ShortGaps.GroupBy(g => g.Cause).Select(ShortGapsJson.Of)],
        timeline.Oldest?.ToDateTimeOffset(),
        timeline.Newest?.ToDateTimeOffset(),
        [.. holds.Where(h => h.Covers(camera, stream) && h.From < timeline.To && h.Span.To > timeline.From).Select(HoldSpanJson.Of)]);

    /// <summary>Without what was before, for someone who may look back so far only.</summary>
    internal TimelineJson Since(WallTime since)
    {
        var at = since.ToDateTimeOffset();
        if ((Oldest ?? From) >= at && From >= at)
            return this;
        long ms = since.Milliseconds;
        return this with
        {
            Segments = [.. Segments.Where(s => s[1] > ms).Select(s => s[0] >= ms ? s : [ms, s[1]])],
            Gaps = [.. Gaps.Where(g => g.To is null || g.To > at).Select(g => g.From >= at ? g : g with { From = at })],
            ShortGaps = [.. ShortGaps.Select(g => g with { Groups = [.. g.Groups.Where(s => s[1] > ms)] }).Where(g => g.Groups.Count > 0)],
            Oldest = Oldest < at ? Newest > at ? at : null : Oldest,
            Newest = Newest > at ? Newest : null,
            Holds = [.. Holds.Where(h => h.To is null || h.To > at).Select(h => h.From >= at ? h : h with { From = at })],
        };
    }
}

public sealed record HoldSpanJson(
    [property: Description("GET /api/holds has the rest.")] string Id,
    DateTimeOffset From,
    [property: Description("Null: it runs until it is released.")] DateTimeOffset? To,
    string Reason)
{
    internal static HoldSpanJson Of(Hold hold) => new(hold.Id, hold.From.ToDateTimeOffset(), hold.To?.ToDateTimeOffset(), hold.Reason);
}

public sealed record GapJson(
    DateTimeOffset From,
    [property: Description("Null while it lasts.")] DateTimeOffset? To,
    GapCause Cause,
    string Detail)
{
    internal static GapJson Of(Gap gap) => new(gap.From.ToDateTimeOffset(), gap.To?.ToDateTimeOffset(), gap.Cause, gap.Detail);
}

[Description("Gaps of one cause, each shorter than the resolution asked for.")]
public sealed record ShortGapsJson(
    GapCause Cause,
    [property: Description("In order of time: milliseconds since 1970 UTC of the start of the first and the end of the last, how many there are, and milliseconds that they lack together.")]
    IReadOnlyList<long[]> Groups)
{
    internal static ShortGapsJson Of(IGrouping<GapCause, ShortGaps> gaps) =>
        new(gaps.Key, [.. gaps.Select(g => new[] { g.From.Milliseconds, g.To.Milliseconds, g.Count, (long)g.Missing.TotalMilliseconds })]);
}
