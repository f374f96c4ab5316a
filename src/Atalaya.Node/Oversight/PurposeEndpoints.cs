using System.ComponentModel;

using Atalaya.Node.Api;
using Atalaya.Node.Identity;
using Atalaya.Node.Options;

using Microsoft.AspNetCore.Http.HttpResults;

namespace Atalaya.Node.Oversight;

[Description("For what purpose somebody looks at footage.")]
public sealed record PurposeInputJson
{
    [Description("One of those that GET /api/purposes lists. Required.")]
    public string? Purpose { get; init; }

    [Description("Number of a case, or a sentence; at most 200 characters. Some purposes need one.")]
    public string? Reference { get; init; }
}

public sealed record PurposeChoiceJson(
    string Id,
    [property: Description("One's own, shown as it is; others are words that a page knows in its languages.")] bool IsOwn,
    [property: Description("It needs a reference.")] bool NeedsReference);

public sealed record GivenPurposeJson(string Purpose, string Reference, DateTimeOffset GivenAt, DateTimeOffset Until)
{
    internal static GivenPurposeJson Of(GivenPurpose given) => new(given.Purpose.Id, given.Purpose.Reference, given.At.ToDateTimeOffset(), given.Until.ToDateTimeOffset());
}

public sealed record PurposesJson(
    IReadOnlyList<PurposeChoiceJson> Purposes,
    [property: Description("For what the one who asks has to say one.")] IReadOnlyList<PurposeFor> AskedFor,
    [property: Description("How old footage is, in seconds, before it is the past that one is asked for.")] double PastAfter,
    [property: Description("What this session or token goes on with; null: nothing was given, or its time is over.")] GivenPurposeJson? Current);

static class PurposeEndpoints
{
    public static void MapPurposes(this IEndpointRouteBuilder routes)
    {
        var purposes = routes.MapGroup("/api").WithTags("oversight").SignedIn();
        purposes.MapGet("purposes", List).WithName("getPurposes").WithSummary("Purposes to choose from, what they are asked for, and which one was given.").Produces<PurposesJson>();
        purposes.MapPut("me/purpose", GiveAsync).WithName("givePurpose").WithSummary("Says for what purpose this session or token looks at footage from now on.")
            .WithDescription("The access log keeps it with each access until it is changed or its time is over. An export says its own.")
            .Produces<GivenPurposeJson>().Fails(400, 413, 415);
        purposes.MapDelete("me/purpose", EndAsync).WithName("endPurpose").WithSummary("Ends the purpose that was given.").Produces(StatusCodes.Status204NoContent);
    }

    static PurposesJson List(Purposes purposes, NodeOptions options, Caller caller) => new(
        purposes.Choices(), [.. Enum.GetValues<PurposeFor>().Where(w => purposes.IsAsked(w, caller))], options.Oversight.PurposeAfter.TotalSeconds,
        purposes.Of(caller) is { } given ? GivenPurposeJson.Of(given) : null);

    static async Task<Results<Ok<GivenPurposeJson>, ProblemHttpResult>> GiveAsync(PurposeInputJson input, Purposes purposes, Caller caller, CancellationToken stop)
    {
        var errors = new FieldErrors();
        return purposes.Read(input, errors, "") is { } purpose ? TypedResults.Ok(GivenPurposeJson.Of(await purposes.GiveAsync(caller, purpose, stop))) : errors.ToProblem();
    }

    static async Task<NoContent> EndAsync(Purposes purposes, Caller caller, CancellationToken stop)
    {
        await purposes.EndAsync(caller, stop);
        return TypedResults.NoContent();
    }
}
