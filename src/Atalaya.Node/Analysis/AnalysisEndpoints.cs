using System.ComponentModel;
using System.Globalization;

using Atalaya.Incidents;
using Atalaya.Node.Api;
using Atalaya.Node.Cameras;
using Atalaya.Node.Identity;
using Atalaya.Node.Masks;
using Atalaya.Node.Options;
using Atalaya.Node.Playback;
using Atalaya.Node.Store;

using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Atalaya.Node.Analysis;

/// <summary>A stretch, and a part of the picture.</summary>
sealed record MotionQuery
{
    [FromQuery(Name = "from"), Description("Start, RFC 3339 with a zone. Required.")]
    public string? From { get; init; }

    [FromQuery(Name = "to"), Description("End, RFC 3339 with a zone; after from. Required.")]
    public string? To { get; init; }

    [FromQuery(Name = "area"), Description("left,top,width,height as fractions of the picture, as in 0.5,0.25,0.1,0.1. Default: all of it.")]
    public string? Area { get; init; }
}

static class AnalysisEndpoints
{
    const int MaxStretches = 5000;

    public static IServiceCollection AddAnalysis(this IServiceCollection services) => services.AddStarted<AnalysisHost>().AddStarted<AnalysisFeeds>();

    public static void MapAnalysis(this IEndpointRouteBuilder routes)
    {
        var analysis = routes.MapGroup("").WithTags("analysis");
        analysis.MapGet("/api/analysis", GetFor).SignedIn().WithName("getAnalysis").WithSummary("How analysis goes: its process, and each camera's asked and given rate.");
        analysis.MapGet("/api/cameras/{id}/analysis", GetCamera).NeedsToSeeCamera().WithName("getCameraAnalysis").WithSummary("How a camera is to be analysed.")
            .Produces<CameraAnalysisJson>().Fails(404);
        analysis.MapPut("/api/cameras/{id}/analysis", PutCameraAsync).NeedsOnCamera(Permission.ManageRules).WithName("putCameraAnalysis").WithSummary("Changes how a camera is analysed. What is left out takes its default.")
            .Produces<CameraAnalysisJson>().Fails(400, 404, 413, 415);
        analysis.MapGet("/api/cameras/{id}/analysis/blind", GetBlindAsync).NeedsOnCamera(Permission.ViewPast).WithName("listBlindStretches")
            .WithSummary("When, and why, a camera wasn't analysed.").Produces<IReadOnlyList<BlindStretchJson>>().Fails(400, 404);
        analysis.MapGet("/api/cameras/{id}/motion", GetMotion).NeedsOnCamera(Permission.ViewPast).WithName("findMotion").WithSummary("When anything moved in a part of a camera's picture.")
            .WithDescription("What moves under a filled mask is left out for who sees the camera with its masks.")
            .Produces<MotionJson>().Fails(400, 404);
    }

    // Of the process itself, who sees the health of the node sees more than that it runs.
    static AnalysisJson GetFor(AnalysisHost host, AnalysisFeeds feeds, Caller caller)
    {
        var all = Get(host, feeds);
        return (caller.Has(Permission.ViewHealth) ? all : all with { Process = null, Restraints = [] }) with { Cameras = [.. all.Cameras.Where(c => caller.Sees(c.Camera))] };
    }

    internal static AnalysisJson Get(AnalysisHost host, AnalysisFeeds feeds)
    {
        var status = host.Status();
        var cameras = feeds.Status();
        return new(
            (AnalysisStateJson)status.State, status.Since.ToDateTimeOffset(), status.Reason, status.Process, status.Restarts, status.Resident, host.Threads, host.Busy,
            cameras.Any(c => c.Blind?.Cause == BlindCause.Overload), [.. status.Restraints.Select(r => new RestraintJson(r.Name, r.Held, r.Detail))], [.. cameras.Select(Of)]);

        static CameraAnalysisStatusJson Of(FeedStatus c) => new(
            c.Camera, c.Enabled, c.Stream, c.Asked, Math.Round(c.Present, 2), Math.Round(c.Given, 2), c.Age is { } age ? Math.Round(age.TotalMilliseconds, 1) : null, c.LastAt?.ToDateTimeOffset(),
            c.IsMoving, c.Tracks, c.Blind?.Cause, c.Blind?.From.ToDateTimeOffset(), c.Blind?.Detail ?? "", c.Analysed, c.Detected, c.Stale, c.Broken, c.Skipped);
    }

    static Results<Ok<CameraAnalysisJson>, ProblemHttpResult> GetCamera(string id, AnalysisFeeds feeds, CameraRoster roster) =>
        roster.Find(id) is null ? Problems.NoCamera(id) : TypedResults.Ok(Of(feeds.Settings(id)));

    static async Task<Results<Ok<CameraAnalysisJson>, ProblemHttpResult>> PutCameraAsync(
        string id, CameraAnalysisInputJson input, AnalysisFeeds feeds, CameraRoster roster, NodeOptions options, CancellationToken stop)
    {
        if (roster.Find(id) is null)
            return Problems.NoCamera(id);
        var errors = new FieldErrors();
        double rate = input.Rate ?? options.Analysis.Rate, priority = input.Priority ?? 1;
        if (!(rate is >= 0.1 and <= 30))
            errors.Add("rate", "must lie between 0.1 and 30.");
        if (!(priority is >= 0.1 and <= 10))
            errors.Add("priority", "must lie between 0.1 and 10.");
        if (errors.Any)
            return errors.ToProblem();
        // Rules have an endpoint of their own.
        var settings = feeds.Settings(id) with
        {
            Enabled = input.Enabled ?? options.Analysis.Cameras,
            Rate = rate,
            Stream = input.Stream,
            Priority = priority,
            Classes = [.. (input.Classes ?? []).Distinct()],
        };
        await feeds.ChangeAsync(id, settings, stop);
        return TypedResults.Ok(Of(settings));
    }

    static async Task<Results<Ok<IReadOnlyList<BlindStretchJson>>, ProblemHttpResult>> GetBlindAsync(
        string id, [AsParameters] StretchQuery query, AnalysisFeeds feeds, CameraRoster roster, NodeOptions options, CancellationToken stop)
    {
        if (roster.Find(id) is null)
            return Problems.NoCamera(id);
        var errors = new FieldErrors();
        if (!Stretch.TryRead(query, options.Playback.MaxStretch, errors, out var stretch))
            return errors.ToProblem();
        if (!options.Analysis.Enabled)
            return TypedResults.Ok<IReadOnlyList<BlindStretchJson>>([]);
        var found = await feeds.Ledger.FindAsync(id, stretch.From, stretch.To, MaxStretches, stop);
        return TypedResults.Ok<IReadOnlyList<BlindStretchJson>>([.. found.Select(s => new BlindStretchJson(s.From.ToDateTimeOffset(), s.To?.ToDateTimeOffset(), s.Cause, s.Detail))]);
    }

    static Results<Ok<MotionJson>, ProblemHttpResult> GetMotion(
        string id, [AsParameters] MotionQuery query, AnalysisFeeds feeds, CameraRoster roster, Masking masking, Caller caller, HttpContext http, NodeOptions options)
    {
        if (roster.Find(id) is null)
            return Problems.NoCamera(id);
        var errors = new FieldErrors();
        bool timed = Stretch.TryRead(new() { From = query.From, To = query.To }, options.Playback.MaxStretch, errors, out var stretch);
        if (!TryArea(query.Area, out var area))
            errors.Add("area", "must be left,top,width,height, each from 0 to 1 and inside the picture, as in 0.5,0.25,0.1,0.1.");
        if (!timed || errors.Any)
            return errors.ToProblem();
        var found = feeds.Heat.Find(id, stretch.From, stretch.To, area, MaxStretches, masking.For(caller, id, http));
        return TypedResults.Ok(new MotionJson(
            [.. found.Moved.Select(m => new MotionStretchJson(m.From.ToDateTimeOffset(), m.To.ToDateTimeOffset(), m.Fields))],
            [.. found.Unwatched.Select(u => new UnwatchedJson(u.From.ToDateTimeOffset(), u.To.ToDateTimeOffset()))], found.IsPart));
    }

    static bool TryArea(string? text, out Box area)
    {
        area = new(0, 0, 1, 1);
        if (text is null)
            return true;
        Span<float> numbers = stackalloc float[4];
        string[] parts = text.Split(',');
        if (parts.Length != 4)
            return false;
        for (int i = 0; i < 4; i++)
        {
            if (!float.TryParse(parts[i], NumberStyles.Float, CultureInfo.InvariantCulture, out numbers[i]) || !(numbers[i] is >= 0 and <= 1))
                return false;
        }

        area = new(numbers[0], numbers[1], numbers[2], numbers[3]);
        return area is { Width: > 0, Height: > 0 } && area.Right <= 1.0001f && area.Bottom <= 1.0001f;
    }

    static CameraAnalysisJson Of(CameraAnalysis settings) => new(settings.Enabled, settings.Rate, settings.Stream, settings.Priority, settings.Classes);
}
