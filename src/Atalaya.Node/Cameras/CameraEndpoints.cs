using System.Net;
using System.Net.Sockets;

using Atalaya.Cameras;
using Atalaya.Cameras.Onvif;
using Atalaya.Media.Rtsp;
using Atalaya.Node.Api;
using Atalaya.Node.Approvals;
using Atalaya.Node.Footage;
using Atalaya.Node.Identity;
using Atalaya.Node.Options;
using Atalaya.Node.Store;

using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Atalaya.Node.Cameras;

static class CameraEndpoints
{
    /// <summary>Probes at once: a page asks one at a time; more would let it scan a network quickly.</summary>
    const int MaxProbes = 4;

    static readonly SemaphoreSlim Probing = new(MaxProbes, MaxProbes);
    static readonly SemaphoreSlim Searching = new(1, 1);

    public static IServiceCollection AddCameras(this IServiceCollection services) =>
        services.AddStarted<OnvifLinks>().AddStarted<CameraRoster>().AddStarted<CameraFile>().AddStarted<CameraPreviews>().AddSingleton<CameraView>();

    public static void MapCameras(this IEndpointRouteBuilder routes)
    {
        var cameras = routes.MapGroup("/api/cameras").WithTags("cameras");
        cameras.MapGet("", List).SignedIn().WithName("listCameras").WithSummary("All cameras, with their state.");
        cameras.MapPost("", CreateAsync).Needs(Permission.ManageCameras).WithName("createCamera").WithSummary("Adds a camera; it starts at once.")
            .Produces<CameraJson>(StatusCodes.Status201Created).Fails(400, 409, 413, 415);
        cameras.MapGet("{id}", Get).NeedsToSeeCamera().WithName("getCamera").WithSummary("One camera.")
            .Produces<CameraJson>().Fails(404);
        cameras.MapPut("{id}", ReplaceAsync).NeedsOnCamera(Permission.ManageCameras).WithName("replaceCamera").WithSummary("Changes a camera. The others aren't touched.")
            .WithDescription("409 for a camera that the configuration file defines: change it there, the file is watched.")
            .Produces<CameraJson>().Fails(400, 404, 409, 413, 415);
        cameras.MapDelete("{id}", DeleteAsync).NeedsOnCamera(Permission.ManageCameras).WithName("deleteCamera").WithSummary("Removes a camera. Its recordings stay until they expire.")
            .Produces(StatusCodes.Status204NoContent).Fails(404, 409);
        cameras.MapPost("probe", ProbeAsync).Needs(Permission.ManageCameras).WithName("probeCamera").WithSummary("Asks a camera what it offers, without adding it.")
            .WithDescription("422 when the camera doesn't answer or refuses; the problem's detail says why in words, its 'kind' in one word; where a certificate isn't trusted, its 'fingerprint' is the one to pin.")
            .Produces<ProbeJson>().Fails(400, 404, 413, 415, 422, 429);
        cameras.MapPost("previews", PreviewAsync).Needs(Permission.ManageCameras).WithName("previewCamera").WithSummary("Shows a camera's picture before it is added.")
            .WithDescription("The preview is a camera that nobody records and no list shows. It is watched at /api/cameras/previews/{id}/live as any other, and ends when it is deleted or its time is over.")
            .Produces<PreviewJson>(StatusCodes.Status201Created).Fails(400, 404, 413, 415, 429);
        cameras.MapDelete("previews/{id}", EndPreviewAsync).Needs(Permission.ManageCameras).WithName("endPreview").WithSummary("Ends a preview.")
            .Produces(StatusCodes.Status204NoContent).Fails(404);
        cameras.MapPost("discover", DiscoverAsync).Needs(Permission.ManageCameras).WithName("discoverCameras").WithSummary("Searches the node's networks for devices that speak ONVIF.")
            .WithDescription("Sends multicast (WS-Discovery) over every interface, for as long as asked and only then. Answers that lead outside the allowed networks are left out.")
            .Produces<IReadOnlyList<FoundDeviceJson>>().Fails(400, 413, 415, 422, 429);
        cameras.MapPost("onvif", OnvifAsync).Needs(Permission.ManageCameras).WithName("probeOnvif").WithSummary("Asks a device over ONVIF for its streams, and proposes which to use.")
            .WithDescription("422 when the device doesn't answer or refuses; the problem's detail says why in words, its 'kind' in one word.")
            .Produces<OnvifJson>().Fails(400, 413, 415, 422, 429);
    }

    static IReadOnlyList<CameraJson> List(CameraView view, Caller caller) => [.. view.All().Where(c => caller.Sees(c.Id)).Select(c => CameraView.For(c, caller))];

    static Results<Ok<CameraJson>, ProblemHttpResult> Get(string id, CameraView view, Caller caller) =>
        view.Find(id) is { } camera ? TypedResults.Ok(CameraView.For(camera, caller)) : Problems.NoCamera(id);

    static async Task<Results<Created<CameraJson>, ProblemHttpResult>> CreateAsync(
        CameraInputJson input, CameraRoster roster, CameraView view, CameraScopes places, Recordings recordings, Caller caller, SecondPerson second, NodeOptions options, HttpContext http, CancellationToken stop)
    {
        string id = input.Id ?? CameraRules.IdFrom(input.Name ?? "");
        if (input.Id is null && input.Name is not null && id.Length == 0)
            return Problems.Invalid("id", "is needed: nothing of the name can be used in an address.");
        if (input.Id is null && roster.Find(id) is not null)
            id = Enumerable.Range(2, 1000).Select(n => $"{id[..Math.Min(id.Length, CameraRules.MaxId - 5)]}-{n}").First(i => roster.Find(i) is null);
        var errors = new FieldErrors();
        var place = CameraScope.Make(input.Site, input.Groups, errors.Add);
        if (Make(id, input, null, options, errors) is not { } config)
            return errors.ToProblem();
        var claim = roster.Find(id) is null ? await ShortenAsync(id, null, config, recordings, caller, second, options, http, stop) : default;
        if (claim.Refusal is { } waits)
            return waits;
        if (roster.Find(id) is null)
            await places.PutAsync(id, place, stop);     // Before it is there: it is never seen without its place.
        return await roster.AddAsync(config, stop) == RosterChange.Done
            ? TypedResults.Created($"/api/cameras/{id}", view.Find(id)!)
            : Problems.Conflict("The id is taken", $"There is a camera '{id}' already. Choose another id, or change that camera.");
    }

    static async Task<Results<Ok<CameraJson>, ProblemHttpResult>> ReplaceAsync(
        string id, CameraInputJson input, CameraRoster roster, CameraView view, CameraScopes places, Recordings recordings, Caller caller, SecondPerson second, NodeOptions options, HttpContext http, CancellationToken stop)
    {
        if (roster.Find(id) is not { } before)
            return Problems.NoCamera(id);
        if (before.Source == CameraSource.File)
            return OfFile(id);
        var errors = new FieldErrors();
        if (input.Id is not null && input.Id != id)
            errors.Add("id", "can't be changed: it names the recordings. Add another camera instead.");
        var place = CameraScope.Make(input.Site ?? places.Of(id).Site, input.Groups ?? places.Of(id).Groups, errors.Add);
        if (Make(id, input, before.Config, options, errors) is not { } config)
            return errors.ToProblem();
        // Its place says who may do what with it: moving one is giving rights.
        if (!place.Equals(places.Of(id)) && !caller.Has(Permission.ManageCameras))
            return Gate.Lacks(Permission.ManageCameras);
        var claim = await ShortenAsync(id, before.Config, config, recordings, caller, second, options, http, stop);
        if (claim.Refusal is { } waits)
            return waits;
        await places.PutAsync(id, place, stop);
        return await roster.ReplaceAsync(config, stop) switch
        {
            RosterChange.Done => view.Find(id) is { } camera ? TypedResults.Ok(camera) : Problems.NoCamera(id),
            RosterChange.DefinedByFile => OfFile(id),
            _ => Problems.NoCamera(id),
        };
    }

    static async Task<Results<NoContent, ProblemHttpResult>> DeleteAsync(
        string id, CameraRoster roster, Recordings recordings, Caller caller, SecondPerson second, NodeOptions options, HttpContext http, CancellationToken stop)
    {
        if (roster.Find(id) is { Source: CameraSource.Api } before
            && (await ShortenAsync(id, before.Config, null, recordings, caller, second, options, http, stop)).Refusal is { } waits)
            return waits;
        return await roster.RemoveAsync(id, stop) switch
        {
            RosterChange.Done => TypedResults.NoContent(),
            RosterChange.DefinedByFile => OfFile(id),
            _ => Problems.NoCamera(id),
        };
    }

    /// <summary>Where footage that there is would go earlier, a second person agrees.</summary>
    static async Task<Claim> ShortenAsync(
        string id, CameraConfig? before, CameraConfig? after, Recordings recordings, Caller caller, SecondPerson second, NodeOptions options, HttpContext http, CancellationToken stop)
    {
        var node = options.Storage.Retention.ToLimits();
        return recordings.Archive.Knows(id) && ShortenedRetention.Between(ShortenedRetention.Of(before, node), ShortenedRetention.Of(after, node)) is { } less
            ? await second.ClaimAsync(caller, http, new(ApprovalAction.Retention, [id], null, null, less), stop)
            : default;
    }

    static async Task<Results<Created<PreviewJson>, ProblemHttpResult>> PreviewAsync(
        ProbeRequestJson request, CameraRoster roster, CameraPreviews previews, NodeOptions options)
    {
        if (Draft(request, roster, options, out var problem) is not { } config)
            return problem!;
        return await previews.BeginAsync(config) is { } preview
            ? TypedResults.Created($"/api/cameras/previews/{preview.Id}", preview)
            : Problems.Of(StatusCodes.Status429TooManyRequests, "Too many previews at once", $"At most {CameraPreviews.Most} cameras are looked at before they are added. Try again in a moment.");
    }

    static async Task<Results<NoContent, ProblemHttpResult>> EndPreviewAsync(string id, CameraPreviews previews) =>
        await previews.EndAsync(id) ? TypedResults.NoContent() : Problems.NotFound("No such preview", "It has ended already.");

    static async Task<Results<Ok<ProbeJson>, ProblemHttpResult>> ProbeAsync(
        ProbeRequestJson request, CameraRoster roster, NodeOptions options, TimeProvider clock, CancellationToken stop)
    {
        if (Draft(request, roster, options, out var problem) is not { } config)
            return problem!;
        if (!await Probing.WaitAsync(TimeSpan.Zero, stop))
            return Problems.Of(StatusCodes.Status429TooManyRequests, "Too many probes at once", $"At most {MaxProbes} cameras are asked at a time. Try again in a moment.");
        try
        {
            return TypedResults.Ok(await CameraProbe.RunAsync(
                config.Main, config.UserName, config.Password, config.Transport, config.Fingerprint, options.Rtsp, clock, stop));
        }
        catch (RtspException fault)
        {
            return TypedResults.Problem(new ProblemDetails
            {
                Status = StatusCodes.Status422UnprocessableEntity,
                Title = "The camera can't be used",
                Detail = fault.Message,
                // What a person may pin after having compared it with the camera's own page.
                Extensions = { ["kind"] = CameraProbe.Word(fault.Kind), ["fingerprint"] = fault.Certificate },
            });
        }
        finally
        {
            Probing.Release();
        }
    }

    /// <summary>What is to be probed: with the credentials that are kept for a camera, if it is asked for and they belong there.</summary>
    static CameraConfig? Draft(ProbeRequestJson request, CameraRoster roster, NodeOptions options, out ProblemHttpResult? problem)
    {
        problem = null;
        CameraConfig? kept = null;
        if (request.Camera is not null)
        {
            kept = roster.Find(request.Camera)?.Config;
            if (kept is null)
            {
                problem = Problems.NoCamera(request.Camera);
                return null;
            }
        }

        string? url = Restored(request.Url, kept);
        var errors = new FieldErrors();
        var draft = new CameraDraft
        {
            Id = "probe",
            Name = "probe",
            Main = url ?? "",
            Sub = Restored(request.Sub, kept),
            UserName = request.UserName,
            Password = request.Password,
            Transport = request.Transport ?? RtspTransport.Auto,
            Fingerprint = request.Fingerprint,
        };
        var config = CameraRules.TryMake(draft, options.Rtsp, (field, error) => errors.Add(field == "main.url" ? "url" : field, error));
        if (config is null)
        {
            problem = errors.ToProblem();
            return null;
        }

        // Kept credentials go to the kept host only: else whoever may probe could have them sent to a machine of theirs.
        if (config.UserName is null && kept is not null && (SameHost(config.Main, kept.Main) || (kept.Sub is not null && SameHost(config.Main, kept.Sub))))
            config = config with { UserName = kept.UserName, Password = kept.Password, Fingerprint = config.Fingerprint ?? kept.Fingerprint };
        return config;

        static bool SameHost(RtspUrl a, RtspUrl b) => a.Host == b.Host && a.Port == b.Port && a.IsTls == b.IsTls;
    }

    static async Task<Results<Ok<IReadOnlyList<FoundDeviceJson>>, ProblemHttpResult>> DiscoverAsync(
        DiscoverRequestJson request, NodeOptions options, TimeProvider clock, CancellationToken stop)
    {
        var errors = new FieldErrors();
        int seconds = request.TimeoutSeconds ?? OnvifProbe.UsualSearch;
        if (seconds is < OnvifProbe.ShortestSearch or > OnvifProbe.LongestSearch)
            errors.Add("timeoutSeconds", $"must lie between {OnvifProbe.ShortestSearch} and {OnvifProbe.LongestSearch}.");
        IPAddress? only = null;
        if (request.Address is not null && !IPAddress.TryParse(request.Address, out only))
            errors.Add("address", "must be an IP address.");
        else if (only is not null && !options.Rtsp.Allows(only))
            errors.Add("address", "isn't among the networks that cameras may be in (rtsp.allowedNetworks).");
        if (errors.Any)
            return errors.ToProblem();
        if (!await Searching.WaitAsync(TimeSpan.Zero, stop))
            return Problems.Of(StatusCodes.Status429TooManyRequests, "A search is running", "One search is made at a time. Try again when it is over.");
        try
        {
            return TypedResults.Ok(await OnvifProbe.FindAsync(only, TimeSpan.FromSeconds(seconds), options.Rtsp, clock, stop));
        }
        catch (SocketException fault)
        {
            return Problems.Of(StatusCodes.Status422UnprocessableEntity, "No network could be searched", $"{fault.Message}. Is a network interface up?");
        }
        finally
        {
            Searching.Release();
        }
    }

    static async Task<Results<Ok<OnvifJson>, ProblemHttpResult>> OnvifAsync(
        OnvifRequestJson request, NodeOptions options, TimeProvider clock, ILogger<OnvifClient> log, CancellationToken stop)
    {
        var errors = new FieldErrors();
        if (!OnvifAddress.TryParse(request.Address, out var device, out string fault))
            errors.Add("address", fault);
        if (string.IsNullOrEmpty(request.UserName) && !string.IsNullOrEmpty(request.Password))
            errors.Add("userName", "is missing, but there is a password.");
        if (request.Fingerprint is not null && (request.Fingerprint.Length != 64 || !request.Fingerprint.All(char.IsAsciiHexDigit)))
            errors.Add("fingerprint", "must be 64 hexadecimal digits.");
        if (errors.Any)
            return errors.ToProblem();
        if (!await Probing.WaitAsync(TimeSpan.Zero, stop))
            return Problems.Of(StatusCodes.Status429TooManyRequests, "Too many probes at once", $"At most {MaxProbes} cameras are asked at a time. Try again in a moment.");
        try
        {
            string? userName = string.IsNullOrEmpty(request.UserName) ? null : request.UserName;
            return TypedResults.Ok(await OnvifProbe.RunAsync(device!, userName, request.Password, request.Fingerprint, options.Rtsp, clock, log, stop));
        }
        catch (OnvifException wrong)
        {
            return OnvifProbe.Problem("The device can't be used", wrong);
        }
        finally
        {
            Probing.Release();
        }
    }

    static CameraConfig? Make(string id, CameraInputJson input, CameraConfig? before, NodeOptions options, FieldErrors errors)
    {
        var draft = new CameraDraft
        {
            Id = id,
            Name = input.Name ?? id,
            Enabled = input.Enabled ?? true,
            Main = Restored(input.Main?.Url, before) ?? "",
            Sub = Restored(input.Sub?.Url, before),
            Transport = input.Transport ?? RtspTransport.Auto,
            Record = input.Record ?? RecordedStreams.Main,
            Audio = input.Audio ?? true,
            Retention = input.Retention is { } limits
                ? new() { Days = limits.Days, Bytes = limits.Bytes is { } bytes ? new(bytes) : null }
                : new() { Days = before?.KeepFor?.TotalDays, Bytes = before?.KeepBytes is { } kept ? new(kept) : null },
            UserName = input.UserName,
            // The password goes with the user name: one that was typed for another name, or none, isn't kept.
            Password = input.Password ?? (before is not null && before.UserName == input.UserName ? before.Password : null),
            Fingerprint = input.Fingerprint,
            Onvif = input.Onvif?.Url,
            OnvifProfile = input.Onvif?.Profile,
        };
        if (draft.Onvif is null && input.Onvif is not null)
            errors.Add("onvif.url", "is missing; leave out 'onvif' for a camera that isn't asked over ONVIF.");
        if (draft.Sub is null && input.Sub is not null)
            errors.Add("sub.url", "is missing; leave out 'sub' for a camera without a second stream.");
        var config = CameraRules.TryMake(draft, options.Rtsp, errors.Add);
        return errors.Any ? null : config;
    }

    static string? Restored(string? sent, CameraConfig? kept)
    {
        if (kept is null)
            return sent;
        sent = CameraAddress.Restored(sent, CameraAddress.WithoutCredentials(kept.Main));
        return kept.Sub is null ? sent : CameraAddress.Restored(sent, CameraAddress.WithoutCredentials(kept.Sub));
    }

    static ProblemHttpResult OfFile(string id) => Problems.Conflict(
        "The configuration file defines this camera", $"Camera '{id}' is written in the node's configuration file. Change it there; the file is watched and taken over within a second.");
}
