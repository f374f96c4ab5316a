using System.ComponentModel;

using Atalaya.Media;
using Atalaya.Node.Api;
using Atalaya.Node.Options;

using Microsoft.AspNetCore.Mvc;

namespace Atalaya.Node.Playback;

/// <summary>A stretch of one stream as a query asks for it.</summary>
sealed record StretchQuery
{
    [FromQuery(Name = "from"), Description("Start, RFC 3339 with a zone. Required.")]
    public string? From { get; init; }

    [FromQuery(Name = "to"), Description("End, RFC 3339 with a zone; after from. Required.")]
    public string? To { get; init; }

    [FromQuery(Name = "stream"), Description("main (default) or sub.")]
    public string? Stream { get; init; }
}

/// <summary>A stretch of a timeline, and how finely it will be drawn.</summary>
sealed record TimelineQuery
{
    [FromQuery(Name = "from"), Description("Start, RFC 3339 with a zone. Required.")]
    public string? From { get; init; }

    [FromQuery(Name = "to"), Description("End, RFC 3339 with a zone; after from. Required.")]
    public string? To { get; init; }

    [FromQuery(Name = "stream"), Description("main (default) or sub.")]
    public string? Stream { get; init; }

    [FromQuery(Name = "resolution"), Description(
        "Milliseconds that don't matter, as what one pixel shows: recorded stretches with less between them come as one, and shorter gaps are counted "
        + "in shortGaps. 0, the default: everything exactly.")]
    public long? Resolution { get; init; }

    public static readonly TimeSpan Coarsest = TimeSpan.FromDays(1);

    public bool TryRead(TimeSpan longest, FieldErrors errors, out Stretch stretch, out TimeSpan resolution)
    {
        bool read = Playback.Stretch.TryRead(new() { From = From, To = To, Stream = Stream }, longest, errors, out stretch);
        resolution = default;
        if (Resolution is { } ms && (ms < 0 || ms > Coarsest.TotalMilliseconds))
            errors.Add("resolution", $"must be between 0 and {Coarsest.TotalMilliseconds:0} milliseconds.");
        else
            resolution = TimeSpan.FromMilliseconds(Resolution ?? 0);
        return read && !errors.Any;
    }
}

/// <summary>A stretch of one stream, checked: it ends after it begins.</summary>
readonly record struct Stretch(StreamKind Stream, WallTime From, WallTime To)
{
    public static bool TryRead(StretchQuery query, TimeSpan longest, FieldErrors errors, out Stretch stretch)
    {
        var stream = StreamKind.Main;
        if (query.Stream is not (null or "main" or "sub"))
            errors.Add("stream", "must be main or sub.");
        else if (query.Stream == "sub")
            stream = StreamKind.Sub;
        bool read = TryTime("from", query.From, errors, out var from) & TryTime("to", query.To, errors, out var to);
        if (read)
            Check(from, to, longest, errors);
        stretch = new(stream, from, to);
        return !errors.Any;
    }

    public static bool TryTime(string field, string? text, FieldErrors errors, out WallTime time)
    {
        bool read = WireTime.TryParse(text, out var at);
        time = WallTime.From(at);
        if (string.IsNullOrEmpty(text))
            errors.Add(field, "is missing.");
        else if (!read)
            errors.Add(field, "must be a time with a zone, as in 2026-03-29T01:30:00Z; a + in an address is written %2B.");
        else if (at.Year is < 1990 or > 2200)
            errors.Add(field, "must lie between 1990 and 2200.");
        else
            return true;
        return false;
    }

    /// <param name="field">Of the end.</param>
    public static void Check(WallTime from, WallTime to, TimeSpan longest, FieldErrors errors, string field = "to")
    {
        if (to <= from)
            errors.Add(field, "must be after from.");
        else if (to - from > longest)
            errors.Add(field, $"may be at most {OptionText.Format(longest)} after from.");
    }
}
