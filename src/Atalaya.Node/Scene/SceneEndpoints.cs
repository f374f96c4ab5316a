using System.ComponentModel;

using Atalaya.Cameras.Onvif;
using Atalaya.Incidents;
using Atalaya.Node.Api;
using Atalaya.Node.Cameras;
using Atalaya.Node.Identity;
using Atalaya.Node.Options;
using Atalaya.Node.Playback;
using Atalaya.Node.Store;
using Atalaya.Recording;

using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Atalaya.Node.Scene;

/// <summary>Which scene events a query asks for.</summary>
sealed record SceneEventsQuery
{
    [FromQuery(Name = "from"), Description("Start, RFC 3339 with a zone. Required.")]
    public string? From { get; init; }

    [FromQuery(Name = "to"), Description("End, RFC 3339 with a zone; after from. Required.")]
    public string? To { get; init; }

    [FromQuery(Name = "camera"), Description("Of this camera only.")]
    public string? Camera { get; init; }

    [FromQuery(Name = "kind"), Description("Of this kind only.")]
    public string? Kind { get; init; }

    [FromQuery(Name = "limit"), Description("At most so many, 1 to 1000; 100 by default.")]
    public int? Limit { get; init; }

    [FromQuery(Name = "cursor"), Description("'next' of the page before.")]
    public string? Cursor { get; init; }
}

static class SceneEndpoints
{
    const int MaxPage = 1000, UsualPage = 100, MaxRule = 200, MaxDetail = 500, MaxSteps = 2000, UsualSteps = 500;

    /// <summary>Another system's clock may be ahead by so much.</summary>
    static readonly TimeSpan Ahead = TimeSpan.FromMinutes(1);

    public static IServiceCollection AddScene(this IServiceCollection services) => services.AddStarted<SceneEvents>();

    public static void MapScene(this IEndpointRouteBuilder routes)
    {
        var scene = routes.MapGroup("/api/scene-events").WithTags("scene");
        scene.MapGet("", ListAsync).NeedsAnywhere(Permission.ViewPast).WithName("listSceneEvents").WithSummary("What happened in front of the cameras, the newest first.")
            .Produces<SceneEventPageJson>().Fails(400);
        scene.MapPost("", InjectAsync).NeedsAnywhere(Permission.ReportEvents).WithName("injectSceneEvent").WithSummary("Reports something that another system has seen.")
            .WithDescription("201 for a new event, 200 for one whose id is known: it stays as it was. Events about faces or identities are refused with 422: they aren't kept here.")
            .Produces<SceneEventJson>(StatusCodes.Status201Created).Produces<SceneEventJson>().Fails(400, 404, 413, 415, 422);
        scene.MapGet("marks", MarksAsync).NeedsAnywhere(Permission.ViewPast).WithName("getSceneMarks").WithSummary("Where on a timeline something happened, keyed by camera id.")
            .WithDescription("The stretch is cut into steps; of each camera, kind and step in which anything happened there is one mark with its count.")
            .Produces<IReadOnlyDictionary<string, IReadOnlyList<SceneMarkJson>>>().Fails(400);
    }

    static async Task<Results<Ok<SceneEventPageJson>, ProblemHttpResult>> ListAsync(
        [AsParameters] SceneEventsQuery query, SceneEvents scene, Caller caller, NodeOptions options, CancellationToken stop)
    {
        var errors = new FieldErrors();
        if (Stretch.TryTime("from", query.From, errors, out var from) & Stretch.TryTime("to", query.To, errors, out var to))
            Stretch.Check(from, to, options.Playback.MaxStretch, errors);
        if (query.Camera is not null && !SegmentName.IsCamera(query.Camera))
            errors.Add("camera", "is no camera's id.");
        SceneEventKind? kind = null;
        if (query.Kind is not null)
        {
            if (Enum.TryParse<SceneEventKind>(query.Kind, ignoreCase: true, out var named) && Enum.IsDefined(named) && !char.IsAsciiDigit(query.Kind[0]))
                kind = named;
            else
                errors.Add("kind", $"must be one of {string.Join(", ", Enum.GetNames<SceneEventKind>().Select(System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName))}.");
        }

        int limit = query.Limit ?? UsualPage;
        if (limit is < 1 or > MaxPage)
            errors.Add("limit", $"must lie between 1 and {MaxPage}.");
        SceneEventCursor? after = null;
        if (query.Cursor is not null)
        {
            if (SceneEventCursor.TryParse(query.Cursor, out var cursor))
                after = cursor;
            else
                errors.Add("cursor", "isn't one that this node gave.");
        }

        if (errors.Any)
            return errors.ToProblem();
        // One more than asked for tells whether there is a next page. What the caller may not see is passed over.
        var events = new List<SceneEvent>();
        while (events.Count <= limit)
        {
            var read = await scene.Store.ListAsync(new(from, to, query.Camera, kind, after, limit + 1), stop);
            events.AddRange(read.Where(e => MayLookBack(caller, e.Camera, Media.WallTime.From(e.At))));
            if (read.Count <= limit)
                break;
            after = new(Media.WallTime.From(read[^1].At).Microseconds, read[^1].Id);
        }

        bool more = events.Count > limit;
        var page = events.Take(limit).Select(SceneEventJson.Of).ToArray();
        return TypedResults.Ok(new SceneEventPageJson(page, more ? new SceneEventCursor(Media.WallTime.From(page[^1].At).Microseconds, page[^1].Id).ToString() : null));
    }

    static async Task<Results<Created<SceneEventJson>, Ok<SceneEventJson>, ProblemHttpResult>> InjectAsync(
        SceneEventInputJson input, SceneEvents scene, CameraRoster roster, Caller caller, TimeProvider clock, CancellationToken stop)
    {
        var errors = new FieldErrors();
        var now = clock.GetUtcNow();
        if (input.Camera is null)
            errors.Add("camera", "is missing.");
        if (input.Kind is null)
            errors.Add("kind", "is missing.");
        if (string.IsNullOrWhiteSpace(input.Rule) || input.Rule.Length > MaxRule || input.Rule.Any(char.IsControl))
            errors.Add("rule", $"must be 1 to {MaxRule} characters, without line breaks.");
        if (input.Detail is { } detail && (detail.Length > MaxDetail || detail.Any(char.IsControl)))
            errors.Add("detail", $"must be at most {MaxDetail} characters, without line breaks.");
        if (input.At is { } at && (at > now + Ahead || at.Year < 1990))
            errors.Add("at", "must lie between 1990 and now.");
        if (input.Score is { } score && !(score >= 0 && score <= 1))
            errors.Add("score", "must lie between 0 and 1.");
        if (input.Box is { } given && !(Sane(given.X) && Sane(given.Y) && Sane(given.Width) && Sane(given.Height) && given.Width >= 0 && given.Height >= 0))
            errors.Add("box", "must be given in fractions of the picture.");
        if (input.Id == Guid.Empty)
            errors.Add("id", "must not be all zeros.");
        if (errors.Any)
            return errors.ToProblem();
        if (caller.Refusal(Permission.ReportEvents, input.Camera!) is { } refusal)
            return refusal;
        if (roster.Find(input.Camera!) is null)
            return Problems.NoCamera(input.Camera!);
        if (IdentityFilter.IsIdentity(input.Rule!) || IdentityFilter.IsIdentity(input.Detail ?? ""))
        {
            return Problems.Of(
                StatusCodes.Status422UnprocessableEntity, "Events about identities aren't kept", "Rule or detail is about a face or about who somebody is. This node keeps what happens, never who it was.");
        }

        var seen = new SceneEvent
        {
            Id = input.Id ?? Guid.CreateVersion7(now),
            Camera = input.Camera!,
            At = input.At ?? now,
            Kind = input.Kind!.Value,
            Source = SceneEventSource.Injected,
            Rule = input.Rule!,
            Class = input.Class,
            Track = input.Track,
            Box = input.Box is { } box ? new Box(box.X, box.Y, box.Width, box.Height) : null,
            Score = input.Score,
            Detail = input.Detail ?? "",
            Type = input.Type,
            Severity = input.Severity,
        };
        return await scene.RecordAsync(seen, stop)
            ? TypedResults.Created((string?)null, SceneEventJson.Of(seen))
            : TypedResults.Ok(SceneEventJson.Of(await scene.Store.FindAsync(seen.Id, stop) ?? seen));

        static bool Sane(float value) => value is >= -1 and <= 2;
    }

    static async Task<Results<Ok<IReadOnlyDictionary<string, IReadOnlyList<SceneMarkJson>>>, ProblemHttpResult>> MarksAsync(
        [FromQuery, Description("Start, RFC 3339 with a zone. Required.")] string? from, [FromQuery, Description("End, RFC 3339 with a zone; after from. Required.")] string? to,
        [FromQuery, Description("Into how many steps the stretch is cut, 1 to 2000; 500 by default.")] int? steps, SceneEvents scene, Caller caller, NodeOptions options, CancellationToken stop)
    {
        var errors = new FieldErrors();
        if (Stretch.TryTime("from", from, errors, out var start) & Stretch.TryTime("to", to, errors, out var end))
            Stretch.Check(start, end, options.Playback.MaxStretch, errors);
        if (steps is < 1 or > MaxSteps)
            errors.Add("steps", $"must lie between 1 and {MaxSteps}.");
        if (errors.Any)
            return errors.ToProblem();
        var marks = await scene.Store.MarksAsync(start, end, (end - start) / (steps ?? UsualSteps), stop);
        return TypedResults.Ok<IReadOnlyDictionary<string, IReadOnlyList<SceneMarkJson>>>(marks.Where(m => MayLookBack(caller, m.Camera, m.At)).GroupBy(m => m.Camera, StringComparer.Ordinal).ToDictionary(
            g => g.Key, IReadOnlyList<SceneMarkJson> (g) => [.. g.Select(m => new SceneMarkJson(m.At.ToDateTimeOffset(), m.Kind, m.Count))], StringComparer.Ordinal));
    }

    static bool MayLookBack(Caller caller, string camera, Media.WallTime at) => caller.Since(Permission.ViewPast, camera) is { } since && at >= since;
}
