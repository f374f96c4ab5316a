using System.Buffers;
using System.Text;
using System.Text.Json;

using Atalaya.Analysis.Rules;
using Atalaya.Media;
using Atalaya.Node.Api;
using Atalaya.Node.Cameras;
using Atalaya.Node.Identity;
using Atalaya.Node.Playback;
using Atalaya.Node.Scene;
using Atalaya.Node.Tracks;
using Atalaya.Recording;

using Microsoft.AspNetCore.Http.HttpResults;

namespace Atalaya.Node.Analysis;

static class RuleEndpoints
{
    const int MaxEvents = 2000;
    static readonly TimeSpan LongestTrial = TimeSpan.FromDays(7);

    public static void MapRules(this IEndpointRouteBuilder routes)
    {
        var rules = routes.MapGroup("/api/cameras/{id}/rules").WithTags("analysis");
        rules.MapGet("", Get).NeedsToSeeCamera().WithName("getRules").WithSummary("What shall be noticed on a camera.").Produces<RulesJson>().Fails(404);
        rules.MapPut("", PutAsync).NeedsOnCamera(Permission.ManageRules).WithName("putRules").WithSummary("Changes what shall be noticed on a camera; watches from the next picture on.")
            .WithDescription("Errors are keyed by place, such as rules[2].points; all are told at once.")
            .Produces<RulesJson>().Fails(400, 404, 413, 415);
        rules.MapPost("try", TryAsync).NeedsOnCamera(Permission.ManageRules).WithName("tryRules").WithSummary("What rules would have raised, over the tracks that were kept.")
            .WithDescription("Nothing is stored. Rules that are switched off are tried as well. Where no tracks were kept nothing can be said: 'unwatched' has those stretches; "
                + "POST /api/reanalyses looks at what is recorded of them.")
            .Produces<RuleTrialJson>().Fails(400, 404, 413, 415);
    }

    static Results<Ok<RulesJson>, ProblemHttpResult> Get(string id, AnalysisFeeds feeds, CameraRoster roster) =>
        roster.Find(id) is null ? Problems.NoCamera(id) : TypedResults.Ok(Of(feeds.Settings(id).Rules));

    static async Task<Results<Ok<RulesJson>, ProblemHttpResult>> PutAsync(string id, RulesInputJson input, AnalysisFeeds feeds, CameraRoster roster, CancellationToken stop)
    {
        if (roster.Find(id) is null)
            return Problems.NoCamera(id);
        var errors = new FieldErrors();
        if (Read(input.Rules, input.Ground, feeds.Aspect(id), errors) is not { } config)
            return errors.ToProblem();
        string text = JsonSerializer.Serialize(config, RuleReader.Json);
        await feeds.ChangeAsync(id, feeds.Settings(id) with { Rules = text }, stop);
        return TypedResults.Ok(Of(text));
    }

    static async Task<Results<Ok<RuleTrialJson>, ProblemHttpResult>> TryAsync(
        string id, RuleTrialRequestJson input, AnalysisFeeds feeds, TrackKeeper tracks, Reanalyses reanalyses, CameraRoster roster, TimeProvider clock, CancellationToken stop)
    {
        if (roster.Find(id) is null)
            return Problems.NoCamera(id);
        var errors = new FieldErrors();
        if (input.From is null)
            errors.Add("from", "is missing.");
        if (input.To is null)
            errors.Add("to", "is missing.");
        var (from, to) = (WallTime.From(input.From ?? default), WallTime.From(input.To ?? default));
        if (!errors.Any)
            Stretch.Check(from, to, LongestTrial, errors);
        var config = Read(input.Rules, input.Ground, feeds.Aspect(id), errors);
        if (config is null || errors.Any)
            return errors.ToProblem();
        long started = clock.GetTimestamp();
        var trial = new RuleTrial(config, clock.LocalTimeZone, from, to, MaxEvents);
        foreach (var block in tracks.Store.Read(id, from, to))
        {
            stop.ThrowIfCancellationRequested();
            trial.Add(block);
        }

        var unwatched = trial.End();
        double elapsed = Math.Round(clock.GetElapsedTime(started).TotalMilliseconds, 1);
        var footage = await reanalyses.FootageAsync(id, null, [.. unwatched.Select(u => new WallSpan(u.From, u.To))], stop);
        return TypedResults.Ok(new RuleTrialJson(
            [.. trial.Events.Select(Of)], trial.IsPart, [.. unwatched.Select(u => new TrackAbsenceJson(u.From.ToDateTimeOffset(), u.To.ToDateTimeOffset()))],
            Math.Round(Spans.Length(footage.Select(f => f.Span)).TotalSeconds, 1), trial.Untried, trial.Pictures, elapsed));
    }

    /// <returns>Null with the errors told.</returns>
    static RuleConfig? Read(IReadOnlyList<JsonElement>? rules, JsonElement? ground, double aspect, FieldErrors errors)
    {
        if (rules is null)
        {
            errors.Add("rules", "is missing: a list, empty for none.");
            return null;
        }

        var text = new ArrayBufferWriter<byte>();
        try
        {
            using var json = new Utf8JsonWriter(text);
            json.WriteStartObject();
            json.WriteStartArray("rules");
            foreach (var rule in rules)
                rule.WriteTo(json);
            json.WriteEndArray();
            if (ground is { ValueKind: not JsonValueKind.Null } given)
            {
                json.WritePropertyName("ground");
                given.WriteTo(json);
            }

            json.WriteEndObject();
        }
        catch (InvalidOperationException)
        {
            // What JSON can escape and no text can hold.
            errors.Add("rules", "hold half of a character: an escape such as \\ud800 without the one that belongs to it.");
            return null;
        }

        var config = RuleReader.Read(Encoding.UTF8.GetString(text.WrittenSpan), aspect, out var faults);
        foreach (var fault in faults)
            errors.Add(fault.Path.Length == 0 ? "rules" : fault.Path, fault.Message);
        return config;
    }

    static RulesJson Of(string text)
    {
        if (text.Length == 0)
            return new([], null);
        using var document = JsonDocument.Parse(text);
        var root = document.RootElement;
        return new(
            root.TryGetProperty("rules", out var rules) ? [.. rules.EnumerateArray().Select(r => r.Clone())] : [],
            root.TryGetProperty("ground", out var ground) && ground.ValueKind == JsonValueKind.Object ? ground.Clone() : null);
    }

    static TriedEventJson Of(RuleEvent raised) => new(
        raised.Rule, raised.Wall.ToDateTimeOffset(), raised.Kind, raised.Class, raised.Track,
        raised.Box is { } box ? new BoxJson(box.X, box.Y, box.Width, box.Height) : null, raised.Severity, raised.Incident, raised.Detail);
}
