using Atalaya.Media;
using Atalaya.Node.Api;
using Atalaya.Node.Cameras;
using Atalaya.Node.Identity;
using Atalaya.Node.Store;
using Atalaya.Recording;

using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Atalaya.Node.Map;

static class MapEndpoints
{
    const int MaxPlans = 50;

    /// <summary>A plan of 4,000 by 4,000 pixels is 2 to 6 MB. The server takes twice that, so that who sends a little more gets an answer and no broken connection.</summary>
    const int MaxImage = 8 << 20;

    public static IServiceCollection AddMap(this IServiceCollection services) => services.AddSingleton(s => new MapStore(s.GetRequiredService<NodeDatabase>()));

    public static void MapMap(this IEndpointRouteBuilder routes)
    {
        var map = routes.MapGroup("/api").WithTags("map");
        map.MapGet("map", GetAsync).WithName("getMap").WithSummary("Where the cameras stand, and the plans of the site.").Produces<MapJson>().SignedIn();
        map.MapPut("cameras/{id}/place", PutPlaceAsync).WithName("putPlace").WithSummary("Puts a camera on the map.").Produces<PlaceJson>().Fails(400, 404, 413, 415)
            .NeedsOnCamera(Permission.ManageCameras);
        map.MapDelete("cameras/{id}/place", DeletePlaceAsync).WithName("deletePlace").WithSummary("Takes a camera off the map.").Produces(204).Fails(404)
            .NeedsOnCamera(Permission.ManageCameras);
        map.MapPut("plans/{id}", PutPlanAsync).WithName("putPlan").WithSummary("Names a plan and says where it lies; its picture is sent by itself.")
            .Produces<PlanJson>().Fails(400, 409, 413, 415).Needs(Permission.ManageCameras);
        map.MapPut("plans/{id}/image", PutImageAsync).WithName("putPlanImage").WithSummary("The plan's picture: PNG, JPEG or WebP, at most 8 MiB, north up.")
            .Accepts<Stream>("image/png", "image/jpeg", "image/webp").WithMetadata(new RequestSizeLimitAttribute(2 * MaxImage)).Produces<PlanJson>().Fails(400, 404, 413)
            .Needs(Permission.ManageCameras);
        map.MapGet("plans/{id}/image", GetImageAsync).WithName("getPlanImage").WithSummary("The plan's picture.")
            .Produces<Stream>(StatusCodes.Status200OK, "image/png").Fails(404).SignedIn();
        map.MapDelete("plans/{id}", DeletePlanAsync).WithName("deletePlan").WithSummary("Removes a plan and its picture.").Produces(204).Fails(404)
            .Needs(Permission.ManageCameras);
    }

    static async Task<Ok<MapJson>> GetAsync(MapStore store, Caller caller, CancellationToken stop) => TypedResults.Ok(new MapJson(
        (await store.PlacesAsync(stop)).Where(p => caller.Sees(p.Key)).ToDictionary(p => p.Key, p => p.Value, StringComparer.Ordinal), await store.PlansAsync(stop)));

    static async Task<Results<Ok<PlaceJson>, ProblemHttpResult>> PutPlaceAsync(string id, PlaceInputJson input, MapStore store, CameraRoster roster, CancellationToken stop)
    {
        if (roster.Find(id) is null)
            return Problems.NoCamera(id);
        var errors = new FieldErrors();
        double latitude = Needed(input.Latitude, -90, 90, "latitude", errors), longitude = Needed(input.Longitude, -180, 180, "longitude", errors);
        Check(input.Heading, 0, 360, "heading", errors);
        Check(input.Angle, 1, 360, "angle", errors);
        Check(input.Range, 1, 100_000, "range", errors);
        if (errors.Any)
            return errors.ToProblem();
        var place = new PlaceJson(latitude, longitude, input.Heading, input.Angle, input.Range);
        await store.PutAsync(id, place, stop);
        return TypedResults.Ok(place);
    }

    static async Task<Results<NoContent, ProblemHttpResult>> DeletePlaceAsync(string id, MapStore store, CameraRoster roster, CancellationToken stop)
    {
        if (roster.Find(id) is null)
            return Problems.NoCamera(id);
        await store.RemoveAsync(id, stop);
        return TypedResults.NoContent();
    }

    static async Task<Results<Ok<PlanJson>, ProblemHttpResult>> PutPlanAsync(string id, PlanInputJson input, MapStore store, TimeProvider clock, CancellationToken stop)
    {
        var errors = new FieldErrors();
        if (!SegmentName.IsCamera(id))
            errors.Add("id", "takes up to 64 letters, digits, '.', '_' and '-', not starting with a dot.");
        string name = input.Name?.Trim() ?? "";
        if (name.Length is 0 or > 100)
            errors.Add("name", "takes 1 to 100 characters.");
        double south = Needed(input.South, -90, 90, "south", errors), north = Needed(input.North, -90, 90, "north", errors);
        double west = Needed(input.West, -180, 180, "west", errors), east = Needed(input.East, -180, 180, "east", errors);
        if (input is { North: not null, South: not null } && north <= south)
            errors.Add("north", "is to be above south.");
        if (input is { East: not null, West: not null } && east <= west)
            errors.Add("east", "is to be above west.");
        if (errors.Any)
            return errors.ToProblem();
        var plans = await store.PlansAsync(stop);
        if (plans.Count >= MaxPlans && plans.All(p => p.Id != id))
            return Problems.Conflict("Too many plans", $"A node keeps {MaxPlans} plans. Remove one first.");
        await store.PutPlanAsync(id, input with { Name = name }, WallTime.Now(clock), stop);
        return TypedResults.Ok((await store.PlanAsync(id, stop))!);
    }

    static async Task<Results<Ok<PlanJson>, ProblemHttpResult>> PutImageAsync(string id, HttpRequest request, MapStore store, TimeProvider clock, CancellationToken stop)
    {
        if (await store.PlanAsync(id, stop) is null)
            return NoPlan(id);
        if (request.ContentLength > MaxImage)
            return TooLarge();
        using var image = new MemoryStream();
        byte[] block = new byte[64 << 10];
        int read;
        while ((read = await request.Body.ReadAsync(block, stop)) > 0)
        {
            image.Write(block, 0, read);
            if (image.Length > MaxImage)
                return TooLarge();
        }

        byte[] bytes = image.ToArray();
        // By what it is, not by what it calls itself: it will be served under our own address.
        if (TypeOf(bytes) is not { } type)
            return Problems.Invalid("body", "is no PNG, JPEG or WebP picture.");
        return await store.PutImageAsync(id, type, bytes, WallTime.Now(clock), stop) ? TypedResults.Ok((await store.PlanAsync(id, stop))!) : NoPlan(id);
    }

    static async Task<Results<FileContentHttpResult, ProblemHttpResult>> GetImageAsync(string id, MapStore store, HttpContext http, CancellationToken stop)
    {
        if (await store.ImageAsync(id, stop) is not { } image)
            return NoPlan(id);
        http.Response.Headers.CacheControl = "private, max-age=31536000, immutable";
        return TypedResults.Bytes(image.Bytes, image.Type);
    }

    static async Task<Results<NoContent, ProblemHttpResult>> DeletePlanAsync(string id, MapStore store, CancellationToken stop) =>
        await store.RemovePlanAsync(id, stop) ? TypedResults.NoContent() : NoPlan(id);

    /// <summary>Media type by the first bytes; null for anything else, SVG among it, which can hold code.</summary>
    internal static string? TypeOf(ReadOnlySpan<byte> image) =>
        image is [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A, ..] ? "image/png"
        : image is [0xFF, 0xD8, 0xFF, ..] ? "image/jpeg"
        : image.Length > 12 && image.StartsWith("RIFF"u8) && image[8..].StartsWith("WEBP"u8) ? "image/webp"
        : null;

    static ProblemHttpResult NoPlan(string id) => Problems.NotFound("No such plan", $"There is no plan '{Problems.Shown(id)}' with a picture. GET /api/map lists the plans.");

    static ProblemHttpResult TooLarge() => Problems.Of(StatusCodes.Status413PayloadTooLarge, "The picture is too large", $"A plan's picture has at most {MaxImage >> 20} MiB.");

    static double Needed(double? value, double least, double most, string field, FieldErrors errors)
    {
        if (value is null)
            errors.Add(field, "is missing.");
        else
            Check(value, least, most, field, errors);
        return value ?? 0;
    }

    static void Check(double? value, double least, double most, string field, FieldErrors errors)
    {
        if (value is { } given && !(given >= least && given <= most))
            errors.Add(field, $"takes a number from {least} to {most}.");
    }
}
