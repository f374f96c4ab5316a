using Atalaya.Cameras.Onvif;
using Atalaya.Node.Api;
using Atalaya.Node.Identity;

using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Atalaya.Node.Cameras;

/// <summary>Turning cameras, setting their pictures and their clocks, over the ONVIF session that the node keeps.</summary>
static class ControlEndpoints
{
    const int MaxToken = 256, MaxName = 100;

    public static void MapCameraControl(this IEndpointRouteBuilder routes)
    {
        var camera = routes.MapGroup("/api/cameras/{id}").WithTags("control");
        camera.MapPost("ptz", MoveAsync).NeedsOnCamera(Permission.Ptz).WithName("moveCamera").WithSummary("Turns, zooms or focuses a camera for one second; say it again to go on.")
            .WithDescription("Whoever steers repeats the request a few times a second. A second without one stops the camera, so that a page that was closed or cut off "
                + "never leaves it moving. All zeros stop it at once. 422 when the camera can't, refuses or isn't connected; 'kind' says which in one word.")
            .Produces(StatusCodes.Status204NoContent).Fails(400, 404, 413, 415, 422);
        camera.MapGet("ptz", PositionAsync).NeedsOnCamera(Permission.Ptz).WithName("getCameraPosition").WithSummary("Where a camera looks.")
            .Produces<PtzPositionJson>().Fails(404, 422);
        camera.MapGet("presets", PresetsAsync).NeedsOnCamera(Permission.Ptz).WithName("listPresets").WithSummary("The positions that a camera keeps.")
            .Produces<IReadOnlyList<PresetJson>>().Fails(404, 422);
        camera.MapPost("presets", SetPresetAsync).NeedsOnCamera(Permission.Ptz).WithName("setPreset").WithSummary("Keeps where the camera looks now.")
            .WithDescription("With 'token' an old preset is moved here, without a new one is made.")
            .Produces<PresetJson>().Fails(400, 404, 413, 415, 422);
        camera.MapPost("presets/goto", GoToPresetAsync).NeedsOnCamera(Permission.Ptz).WithName("goToPreset").WithSummary("Turns the camera to a preset.")
            .Produces(StatusCodes.Status204NoContent).Fails(400, 404, 413, 415, 422);
        camera.MapPost("presets/remove", RemovePresetAsync).NeedsOnCamera(Permission.Ptz).WithName("removePreset").WithSummary("Forgets a preset.")
            .Produces(StatusCodes.Status204NoContent).Fails(400, 404, 413, 415, 422);
        camera.MapGet("imaging", ImageAsync).NeedsOnCamera(Permission.ManageCameras).WithName("getImaging").WithSummary("How a camera's picture is set, and what can be set.")
            .Produces<ImagingJson>().Fails(404, 422);
        camera.MapPut("imaging", SetImageAsync).NeedsOnCamera(Permission.ManageCameras).WithName("setImaging").WithSummary("Sets a camera's picture; what isn't named stays.")
            .Produces<ImagingJson>().Fails(400, 404, 413, 415, 422);
        camera.MapPost("onvif/time", SetTimeAsync).NeedsOnCamera(Permission.ManageCameras).WithName("setCameraTime").WithSummary("Sets a camera's clock to the node's.")
            .Produces<CameraJson>().Fails(404, 422);
    }

    static Task<Results<NoContent, ProblemHttpResult>> MoveAsync(string id, PtzRequestJson request, OnvifLinks links, CameraRoster roster, CancellationToken stop)
    {
        var errors = new FieldErrors();
        foreach (var (field, value) in new[] { ("pan", request.Pan), ("tilt", request.Tilt), ("zoom", request.Zoom), ("focus", request.Focus) })
        {
            if (value is { } speed && !(speed >= -1 && speed <= 1))
                errors.Add(field, "must lie between -1 and 1.");
        }

        return errors.Any
            ? Task.FromResult<Results<NoContent, ProblemHttpResult>>(errors.ToProblem())
            : DoAsync(id, links, roster, session => session.MoveAsync(new(request.Pan ?? 0, request.Tilt ?? 0, request.Zoom ?? 0, request.Focus ?? 0), stop));
    }

    static Task<Results<Ok<PtzPositionJson>, ProblemHttpResult>> PositionAsync(string id, OnvifLinks links, CameraRoster roster, CancellationToken stop) =>
        AskAsync(id, links, roster, async session =>
        {
            var at = await session.GetPositionAsync(stop);
            return new PtzPositionJson(at.Pan, at.Tilt, at.Zoom);
        });

    static Task<Results<Ok<IReadOnlyList<PresetJson>>, ProblemHttpResult>> PresetsAsync(string id, OnvifLinks links, CameraRoster roster, CancellationToken stop) =>
        AskAsync<IReadOnlyList<PresetJson>>(id, links, roster, async session => [.. (await session.GetPresetsAsync(stop)).Select(p => new PresetJson(p.Token, p.Name))]);

    static async Task<Results<Ok<PresetJson>, ProblemHttpResult>> SetPresetAsync(string id, PresetInputJson input, OnvifLinks links, CameraRoster roster, CancellationToken stop)
    {
        var errors = new FieldErrors();
        string? name = input.Name?.Trim();
        if (name is { Length: 0 or > MaxName } || name?.Any(char.IsControl) == true)
            errors.Add("name", $"must be 1 to {MaxName} characters, without line breaks.");
        if (input.Token is { Length: 0 or > MaxToken })
            errors.Add("token", "isn't one that the camera gave.");
        if (name is null && input.Token is null)
            errors.Add("name", "is missing.");
        return errors.Any
            ? errors.ToProblem()
            : await AskAsync(id, links, roster, async session =>
            {
                string token = await session.SetPresetAsync(name, input.Token, stop);
                return new PresetJson(token, name ?? token);
            });
    }

    static Task<Results<NoContent, ProblemHttpResult>> GoToPresetAsync(string id, PresetRequestJson request, OnvifLinks links, CameraRoster roster, CancellationToken stop) =>
        request.Token is not { Length: >= 1 and <= MaxToken } token
            ? Task.FromResult<Results<NoContent, ProblemHttpResult>>(Problems.Invalid("token", "is missing, or isn't one that the camera gave."))
            : DoAsync(id, links, roster, session => session.GoToPresetAsync(token, stop));

    static Task<Results<NoContent, ProblemHttpResult>> RemovePresetAsync(string id, PresetRequestJson request, OnvifLinks links, CameraRoster roster, CancellationToken stop) =>
        request.Token is not { Length: >= 1 and <= MaxToken } token
            ? Task.FromResult<Results<NoContent, ProblemHttpResult>>(Problems.Invalid("token", "is missing, or isn't one that the camera gave."))
            : DoAsync(id, links, roster, session => session.RemovePresetAsync(token, stop));

    static Task<Results<Ok<ImagingJson>, ProblemHttpResult>> ImageAsync(string id, OnvifLinks links, CameraRoster roster, CancellationToken stop) =>
        AskAsync(id, links, roster, session => ReadImageAsync(session, stop));

    static async Task<Results<Ok<ImagingJson>, ProblemHttpResult>> SetImageAsync(string id, ImagingInputJson input, OnvifLinks links, CameraRoster roster, CancellationToken stop)
    {
        var errors = new FieldErrors();
        foreach (var (field, value) in new[] { ("brightness", input.Brightness), ("contrast", input.Contrast), ("saturation", input.Saturation), ("sharpness", input.Sharpness) })
        {
            if (value is { } number && !(Math.Abs(number) <= 1_000_000))
                errors.Add(field, "is no value for a picture.");
        }

        if (errors.Any)
            return errors.ToProblem();
        return await AskAsync(id, links, roster, async session =>
        {
            await session.SetImageAsync(new(input.Brightness, input.Contrast, input.Saturation, input.Sharpness, input.IrCut, input.AutoFocus), stop);
            return await ReadImageAsync(session, stop);
        });
    }

    static Task<Results<Ok<CameraJson>, ProblemHttpResult>> SetTimeAsync(string id, OnvifLinks links, CameraRoster roster, CameraView view, CancellationToken stop) =>
        AskAsync(id, links, roster, async session =>
        {
            await session.SetTimeAsync(stop);
            return view.Find(id)!;
        });

    static async Task<ImagingJson> ReadImageAsync(OnvifSession session, CancellationToken stop)
    {
        var (image, options) = await session.GetImageAsync(stop);
        return new(
            Setting(image.Brightness, options?.Brightness), Setting(image.Contrast, options?.Contrast), Setting(image.Saturation, options?.Saturation), Setting(image.Sharpness, options?.Sharpness),
            image.IrCut, options is null ? [] : [.. options.IrCut], image.AutoFocus, options?.Focus ?? false);

        static ImagingValueJson? Setting(double? value, OnvifRange? range) => value is null ? null : new(value.Value, range?.Least, range?.Most);
    }

    static async Task<Results<NoContent, ProblemHttpResult>> DoAsync(string id, OnvifLinks links, CameraRoster roster, Func<OnvifSession, Task> command)
    {
        if (Session(id, links, roster, out var problem) is not { } session)
            return problem!;
        try
        {
            await command(session);
            return TypedResults.NoContent();
        }
        catch (OnvifException wrong)
        {
            return OnvifProbe.Problem("The camera didn't do it", wrong);
        }
    }

    internal static async Task<Results<Ok<T>, ProblemHttpResult>> AskAsync<T>(string id, OnvifLinks links, CameraRoster roster, Func<OnvifSession, Task<T>> question)
    {
        if (Session(id, links, roster, out var problem) is not { } session)
            return problem!;
        try
        {
            return TypedResults.Ok(await question(session));
        }
        catch (OnvifException wrong)
        {
            return OnvifProbe.Problem("The camera didn't do it", wrong);
        }
    }

    static OnvifSession? Session(string id, OnvifLinks links, CameraRoster roster, out ProblemHttpResult? problem)
    {
        problem = null;
        if (links.Find(id) is { } session)
            return session;
        problem = roster.Find(id) is null
            ? Problems.NoCamera(id)
            : TypedResults.Problem(new ProblemDetails
            {
                Status = StatusCodes.Status422UnprocessableEntity,
                Title = "The camera can't be asked",
                Detail = "The camera has no ONVIF address in its configuration, or is switched off.",
                Extensions = { ["kind"] = "noOnvif" },
            });
        return null;
    }
}
