using Atalaya.Node.Alarms;
using Atalaya.Node.Api;
using Atalaya.Node.Identity;

using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Atalaya.Node.Layouts;

/// <summary>
/// Walls and tours that are kept. Everybody who watches cameras has own ones; those for everybody are made and changed by who manages cameras on the organisation.
/// Cameras of sites are in them beside those here. A camera that somebody may not watch isn't in their wall.
/// </summary>
static class LayoutEndpoints
{
    public const int MaxOwn = 50, MaxShared = 100, MaxName = 100, MaxSteps = 50, UsualSeconds = 20;

    /// <summary>Shorter, and nobody has seen anything.</summary>
    public const int LeastSeconds = 5;

    public const int MostSeconds = 3600;

    static readonly int[] Sizes = [1, 4, 6, 8, 9, 16, 25];

    public static IServiceCollection AddLayouts(this IServiceCollection services) => services.AddSingleton<LayoutStore>().AddSingleton<Watchable>();

    public static void MapLayouts(this IEndpointRouteBuilder routes)
    {
        var layouts = routes.MapGroup("/api/layouts").WithTags("layouts");
        layouts.MapGet("", ListAsync).WithName("listLayouts").WithSummary("Walls that the caller arranged, and those for everybody.").NeedsAnywhere(Permission.ViewLive);
        layouts.MapPost("", AddAsync).WithName("createLayout").WithSummary("Keeps a wall.").Produces<LayoutJson>(StatusCodes.Status201Created).Fails(400, 403, 404, 409, 413, 415).NeedsAnywhere(Permission.ViewLive);
        layouts.MapPut("{id:guid}", ChangeAsync).WithName("putLayout").WithSummary("Changes a wall.").WithDescription("With If-Match only if nobody was faster: else 412.")
            .Produces<LayoutJson>().Fails(400, 403, 404, 409, 412, 413, 415).NeedsAnywhere(Permission.ViewLive);
        layouts.MapDelete("{id:guid}", RemoveAsync<Wall>).WithName("deleteLayout").WithSummary("Removes a wall.").Produces(StatusCodes.Status204NoContent).Fails(403, 404).NeedsAnywhere(Permission.ViewLive);

        var tours = routes.MapGroup("/api/tours").WithTags("layouts");
        tours.MapGet("", ListToursAsync).WithName("listTours").WithSummary("Tours that the caller made, and those for everybody.").NeedsAnywhere(Permission.ViewLive);
        tours.MapPost("", AddTourAsync).WithName("createTour").WithSummary("Keeps a tour.").Produces<TourJson>(StatusCodes.Status201Created).Fails(400, 403, 404, 409, 413, 415).NeedsAnywhere(Permission.ViewLive);
        tours.MapPut("{id:guid}", ChangeTourAsync).WithName("putTour").WithSummary("Changes a tour.").WithDescription("With If-Match only if nobody was faster: else 412.")
            .Produces<TourJson>().Fails(400, 403, 404, 409, 412, 413, 415).NeedsAnywhere(Permission.ViewLive);
        tours.MapDelete("{id:guid}", RemoveAsync<Tour>).WithName("deleteTour").WithSummary("Removes a tour.").Produces(StatusCodes.Status204NoContent).Fails(403, 404).NeedsAnywhere(Permission.ViewLive);
    }

    // Walls

    static async Task<IReadOnlyList<LayoutJson>> ListAsync(LayoutStore store, Watchable watchable, Caller caller, CancellationToken stop)
    {
        var mayWatch = await watchable.ByAsync(caller, stop);
        return [.. (await store.AllAsync<Wall>(caller.UserId, stop)).Where(w => Concerns(w, mayWatch, caller)).Select(w => Shown(w, mayWatch, caller))];
    }

    static async Task<Results<Created<LayoutJson>, ProblemHttpResult>> AddAsync(LayoutInputJson input, LayoutStore store, Watchable watchable, Caller caller, CancellationToken stop)
    {
        var mayWatch = await watchable.ByAsync(caller, stop);
        var (wall, refusal) = Read(input, null, mayWatch, caller);
        if ((refusal ?? await FullAsync<Wall>(store, input.Shared ?? false, null, caller, stop)) is { } problem)
            return problem;
        var id = Guid.CreateVersion7();
        await store.AddAsync(id, caller.UserId, input.Shared ?? false, input.Name!.Trim(), wall!, stop);
        return TypedResults.Created($"/api/layouts/{id}", Shown((await store.FindAsync<Wall>(id, caller.UserId, stop))!, mayWatch, caller));
    }

    static async Task<Results<Ok<LayoutJson>, ProblemHttpResult>> ChangeAsync(
        Guid id, LayoutInputJson input, [FromHeader(Name = "If-Match")] string? ifMatch, LayoutStore store, Watchable watchable, Caller caller, CancellationToken stop)
    {
        var mayWatch = await watchable.ByAsync(caller, stop);
        if (await store.FindAsync<Wall>(id, caller.UserId, stop) is not { } before || !Concerns(before, mayWatch, caller))
            return NotThere<Wall>(id);
        var (wall, refusal) = Read(input, before, mayWatch, caller);
        if ((refusal ?? Barred(before, ifMatch, input.Shared, caller) ?? await FullAsync(store, input.Shared ?? before.Shared, before, caller, stop)) is { } problem)
            return problem;
        return await store.ChangeAsync(id, before.Version, input.Shared ?? before.Shared, input.Name!.Trim(), wall!, stop)
            ? TypedResults.Ok(Shown((await store.FindAsync<Wall>(id, caller.UserId, stop))!, mayWatch, caller))
            : Faster();
    }

    static (Wall? Wall, ProblemHttpResult? Refusal) Read(LayoutInputJson input, Arranged<Wall>? before, Func<string, bool> mayWatch, Caller caller)
    {
        var errors = new FieldErrors();
        CaseRequests.Words("name", input.Name, MaxName, errors);
        int size = input.Size ?? 0;
        if (!Sizes.Contains(size))
            errors.Add("size", $"must be one of {string.Join(", ", Sizes)}.");
        else if (input.Tiles?.Count > size)
            errors.Add("tiles", $"are more than the {size} that there are.");
        if (errors.Any)
            return (null, errors.ToProblem());
        var tiles = new TileJson[size];
        for (int i = 0; i < size; i++)
        {
            // Who can't see what somebody else put there leaves it alone.
            var kept = before?.Content.Size == size && before.Content.Tiles[i] is { Camera: { } there } old && !mayWatch(there) ? old : null;
            var given = i < input.Tiles?.Count ? input.Tiles[i] : null;
            var kind = given?.Kind ?? (string.IsNullOrEmpty(given?.Camera) ? TileKindJson.Empty : TileKindJson.Camera);
            string? camera = string.IsNullOrEmpty(given?.Camera) ? null : given.Camera;
            if (kind == TileKindJson.Camera && camera is null)
                errors.Add($"tiles[{i}].camera", "must name a camera.");
            else if (kind == TileKindJson.Empty && camera is not null)
                errors.Add($"tiles[{i}].camera", "is of no use in an empty tile.");
            else if (camera is not null && !mayWatch(camera))
                return (null, Problems.NoCamera(camera));
            if (given?.Seconds is { } seconds && (kind != TileKindJson.Alarm || seconds is < LeastSeconds or > MostSeconds))
                errors.Add($"tiles[{i}].seconds", $"is for alarm tiles, from {LeastSeconds} to {MostSeconds}.");
            tiles[i] = kind == TileKindJson.Empty && kept is not null ? kept : new(kind, camera, kind == TileKindJson.Alarm ? given?.Seconds : null);
        }

        return errors.Any ? (null, errors.ToProblem()) : (new(size, tiles), null);
    }

    static LayoutJson Shown(Arranged<Wall> wall, Func<string, bool> mayWatch, Caller caller) => new(
        wall.Id, wall.Name, wall.Content.Size,
        [.. wall.Content.Tiles.Select(t => t.Camera is null || mayWatch(t.Camera) ? t : t.Kind == TileKindJson.Alarm ? t with { Camera = null } : new(TileKindJson.Empty, null, null))],
        wall.Shared, wall.OwnerName, wall.Owner == caller.UserId, MayChange(wall, caller), wall.Version);

    /// <summary>Whether there is something in it for them: a wall of cameras of others alone would only tell that there are such.</summary>
    static bool Concerns(Arranged<Wall> wall, Func<string, bool> mayWatch, Caller caller) =>
        wall.Owner == caller.UserId || wall.Content.Tiles.All(t => t.Kind == TileKindJson.Empty) || wall.Content.Tiles.Any(t => t.Kind == TileKindJson.Alarm || (t.Camera is { } camera && mayWatch(camera)));

    // Tours

    static async Task<IReadOnlyList<TourJson>> ListToursAsync(LayoutStore store, Watchable watchable, Caller caller, CancellationToken stop)
    {
        var mayWatch = await watchable.ByAsync(caller, stop);
        var walls = await WallsAsync(store, mayWatch, caller, stop);
        return [.. (await store.AllAsync<Tour>(caller.UserId, stop)).Select(t => Shown(t, walls, mayWatch, caller)).Where(t => t.Mine || t.Steps.Count > 0)];
    }

    static async Task<Results<Created<TourJson>, ProblemHttpResult>> AddTourAsync(TourInputJson input, LayoutStore store, Watchable watchable, Caller caller, CancellationToken stop)
    {
        var mayWatch = await watchable.ByAsync(caller, stop);
        var walls = await WallsAsync(store, mayWatch, caller, stop);
        var (tour, refusal) = Read(input, input.Shared ?? false, walls, mayWatch, caller);
        if ((refusal ?? await FullAsync<Tour>(store, input.Shared ?? false, null, caller, stop)) is { } problem)
            return problem;
        var id = Guid.CreateVersion7();
        await store.AddAsync(id, caller.UserId, input.Shared ?? false, input.Name!.Trim(), tour!, stop);
        return TypedResults.Created($"/api/tours/{id}", Shown((await store.FindAsync<Tour>(id, caller.UserId, stop))!, walls, mayWatch, caller));
    }

    static async Task<Results<Ok<TourJson>, ProblemHttpResult>> ChangeTourAsync(
        Guid id, TourInputJson input, [FromHeader(Name = "If-Match")] string? ifMatch, LayoutStore store, Watchable watchable, Caller caller, CancellationToken stop)
    {
        if (await store.FindAsync<Tour>(id, caller.UserId, stop) is not { } before)
            return NotThere<Tour>(id);
        var mayWatch = await watchable.ByAsync(caller, stop);
        var walls = await WallsAsync(store, mayWatch, caller, stop);
        var (tour, refusal) = Read(input, input.Shared ?? before.Shared, walls, mayWatch, caller);
        if ((refusal ?? Barred(before, ifMatch, input.Shared, caller) ?? await FullAsync(store, input.Shared ?? before.Shared, before, caller, stop)) is { } problem)
            return problem;
        return await store.ChangeAsync(id, before.Version, input.Shared ?? before.Shared, input.Name!.Trim(), tour!, stop)
            ? TypedResults.Ok(Shown((await store.FindAsync<Tour>(id, caller.UserId, stop))!, walls, mayWatch, caller))
            : Faster();
    }

    static async Task<Dictionary<Guid, Arranged<Wall>>> WallsAsync(LayoutStore store, Func<string, bool> mayWatch, Caller caller, CancellationToken stop) =>
        (await store.AllAsync<Wall>(caller.UserId, stop)).Where(w => Concerns(w, mayWatch, caller)).ToDictionary(w => w.Id);

    static (Tour? Tour, ProblemHttpResult? Refusal) Read(TourInputJson input, bool shared, Dictionary<Guid, Arranged<Wall>> walls, Func<string, bool> mayWatch, Caller caller)
    {
        var errors = new FieldErrors();
        CaseRequests.Words("name", input.Name, MaxName, errors);
        if (input.Steps is not { Count: > 0 and <= MaxSteps })
            errors.Add("steps", $"must be 1 to {MaxSteps}.");
        if (errors.Any)
            return (null, errors.ToProblem());
        var steps = new List<TourStepJson>();
        foreach (var (i, step) in input.Steps!.Index())
        {
            string? camera = string.IsNullOrEmpty(step?.Camera) ? null : step.Camera;
            if ((step?.Layout is null) == (camera is null))
                errors.Add($"steps[{i}]", "must name a layout or a camera, and not both.");
            else if (camera is not null && !mayWatch(camera))
                return (null, Problems.NoCamera(camera));
            else if (step!.Layout is { } layout && !walls.ContainsKey(layout))
                return (null, NotThere<Wall>(layout));
            else if (step.Layout is { } own && shared && !walls[own].Shared)
                errors.Add($"steps[{i}].layout", "must be for everybody, as the tour is.");
            if (step?.Seconds is < LeastSeconds or > MostSeconds)
                errors.Add($"steps[{i}].seconds", $"must lie between {LeastSeconds} and {MostSeconds}.");
            steps.Add(new(step?.Layout, camera, step?.Seconds ?? UsualSeconds));
        }

        return errors.Any ? (null, errors.ToProblem()) : (new(steps), null);
    }

    static TourJson Shown(Arranged<Tour> tour, Dictionary<Guid, Arranged<Wall>> walls, Func<string, bool> mayWatch, Caller caller) => new(
        tour.Id, tour.Name,
        [.. tour.Content.Steps.Where(s => s.Layout is { } layout ? walls.ContainsKey(layout) : s.Camera is { } camera && mayWatch(camera))],
        tour.Shared, tour.OwnerName, tour.Owner == caller.UserId, MayChange(tour, caller), tour.Version);

    // Both

    static async Task<Results<NoContent, ProblemHttpResult>> RemoveAsync<T>(Guid id, LayoutStore store, Caller caller, CancellationToken stop)
    {
        if (await store.FindAsync<T>(id, caller.UserId, stop) is not { } there)
            return NotThere<T>(id);
        if (!MayChange(there, caller))
            return Gate.Lacks(Permission.ManageCameras);
        await store.RemoveAsync(id, stop);
        return TypedResults.NoContent();
    }

    /// <summary>Why somebody may not change what is there into what they ask for; null: they may.</summary>
    static ProblemHttpResult? Barred<T>(Arranged<T> before, string? ifMatch, bool? shared, Caller caller)
    {
        if (!MayChange(before, caller))
            return Gate.Lacks(Permission.ManageCameras);
        if (before.Shared && shared == false && before.Owner != caller.UserId)
            return Problems.Invalid("shared", "is taken back by its owner alone: for everybody else it would be gone.");
        var errors = new FieldErrors();
        long? seen = CaseRequests.Version(ifMatch, errors);
        return errors.Any ? errors.ToProblem() : seen is not null && seen != before.Version ? Faster() : null;
    }

    /// <summary>Sharing needs its permission, and there is an end to how many there may be.</summary>
    static async Task<ProblemHttpResult?> FullAsync<T>(LayoutStore store, bool shared, Arranged<T>? before, Caller caller, CancellationToken stop)
    {
        if (shared && !caller.Has(Permission.ManageCameras))
            return Gate.Lacks(Permission.ManageCameras);
        if (before?.Shared == shared)
            return null;
        var (own, everybodys) = await store.CountAsync<T>(caller.UserId, stop);
        return (shared ? everybodys >= MaxShared : own >= MaxOwn)
            ? Problems.Conflict("There are too many", shared ? $"A node keeps {MaxShared} for everybody. Remove one first." : $"Everybody keeps {MaxOwn} of their own. Remove one first.")
            : null;
    }

    static bool MayChange<T>(Arranged<T> it, Caller caller) => it.Shared ? caller.Has(Permission.ManageCameras) : it.Owner == caller.UserId;

    static ProblemHttpResult Faster() => Problems.Of(StatusCodes.Status412PreconditionFailed, "Somebody else changed it", "It has changed since you read it. Look at it, and send yours again if it is still right.");

    static ProblemHttpResult NotThere<T>(Guid id) => typeof(T) == typeof(Tour)
        ? Problems.NotFound("No such tour", $"There is no tour {id}. GET /api/tours lists those there are.")
        : Problems.NotFound("No such layout", $"There is no layout {id}. GET /api/layouts lists those there are.");
}
