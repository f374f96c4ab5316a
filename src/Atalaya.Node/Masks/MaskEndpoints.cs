using System.Collections.Immutable;
using System.Globalization;
using System.Text;

using Atalaya.Analysis.Painting;
using Atalaya.Analysis.Rules;
using Atalaya.Cameras.Onvif;
using Atalaya.Node.Api;
using Atalaya.Node.Approvals;
using Atalaya.Node.Cameras;
using Atalaya.Node.Footage;
using Atalaya.Node.Identity;
using Atalaya.Node.Options;
using Atalaya.Node.Oversight;
using Atalaya.Node.Store;
using Atalaya.Recording;

using Microsoft.AspNetCore.Http.HttpResults;

namespace Atalaya.Node.Masks;

static class MaskEndpoints
{
    const int MaxMasks = 32, MaxCorners = 32, MaxName = 60, MaxReason = 200, MaxId = 64, MaxHistory = 200;

    // Of the picture's area. Less is a slip of the hand, and hides nothing.
    const double LeastArea = 1e-5;

    public static IServiceCollection AddMasks(this IServiceCollection services) => services
        .AddStarted<MaskBook>().AddSingleton<Masking>().AddStarted<PaintHost>().AddSingleton<MaskedStreams>().AddSingleton<FootagePainter>()
        .AddSingleton<MaskedPieces>().AddSingleton<MaskedFootage>().AddSingleton<DerivedFootage>();

    public static void MapMasks(this IEndpointRouteBuilder routes)
    {
        var masks = routes.MapGroup("/api/cameras/{id}").WithTags("masks");
        masks.MapGet("masks", Get).NeedsToSeeCamera().WithName("getMasks").WithSummary("Which parts of a camera's picture are hidden, and whether they are from you.")
            .Produces<MasksJson>().Fails(404);
        masks.MapPut("masks", PutAsync).NeedsOnCamera(Permission.ManageCameras).WithName("putMasks").WithSummary("Changes a camera's masks; in force at once, also for those who watch.")
            .WithDescription("Everybody sees the camera with them, live, recorded, in small pictures and in what is taken out. What is recorded stays whole, and analysis sees all of it. "
                + "Taking a mask away, moving it or making it a blur needs the permission unmask as well. 412 when somebody else changed them since 'version'.")
            .Produces<MasksJson>().Fails(400, 403, 404, 412, 413, 415);
        masks.MapGet("masks/history", HistoryAsync).NeedsOnCamera(Permission.ManageCameras).WithName("listMaskVersions").WithSummary("Every version of a camera's masks, the newest first.")
            .Produces<IReadOnlyList<MasksJson>>().Fails(404);
        masks.MapGet("masks/device", GetDeviceAsync).NeedsOnCamera(Permission.ManageCameras).WithName("getDeviceMasks").WithSummary("The masks that the camera itself has (ONVIF Media2).")
            .Produces<DeviceMasksJson>().Fails(404, 422);
        masks.MapPost("masks/device", PutDeviceAsync).NeedsOnCamera(Permission.ManageCameras).WithName("putDeviceMask").WithSummary("Puts one of the camera's masks into the camera itself.")
            .WithDescription("What the camera hides it never sends: from then on it isn't recorded, and nobody can look under it. The mask here stays as it is.")
            .Produces<DeviceMasksJson>().Fails(400, 404, 413, 415, 422);
        masks.MapDelete("masks/device/{token}", RemoveDeviceAsync).NeedsOnCamera(Permission.Unmask).WithName("removeDeviceMask").WithSummary("Takes a mask out of the camera itself.")
            .Produces<DeviceMasksJson>().Fails(404, 422);
        masks.MapPost("unmasking", LiftAsync).NeedsOnCamera(Permission.Unmask).WithName("liftMasks").WithSummary("Shows a camera without its masks for a while, in this session alone.")
            .WithDescription("Written into the access log with its purpose, as is everything that is then seen. Where the options want a second person (approvals.for: unmask), 409 with the problem's "
                + "'approval' until somebody has agreed: then the same call goes through, once.")
            .Produces<UnmaskingJson>().Fails(400, 404, 409, 413, 415, 428);
        masks.MapDelete("unmasking", PutBack).NeedsOnCamera(Permission.Unmask).WithName("putMasksBack").WithSummary("Puts the masks back before their time.")
            .Produces(StatusCodes.Status204NoContent).Fails(404);
    }

    static Results<Ok<MasksJson>, ProblemHttpResult> Get(string id, MaskBook book, Masking masking, CameraRoster roster, Recordings recordings, Caller caller) =>
        Known(id, roster, recordings) ? TypedResults.Ok(Of(book.Latest(id), masking, caller, id)) : Problems.NoCamera(id);

    static async Task<Results<Ok<MasksJson>, ProblemHttpResult>> PutAsync(
        string id, MasksInputJson input, MaskBook book, Masking masking, CameraRoster roster, Recordings recordings, Caller caller, CancellationToken stop)
    {
        if (!Known(id, roster, recordings))
            return Problems.NoCamera(id);
        var errors = new FieldErrors();
        if (input.Version is null)
            errors.Add("version", "is missing: the one that GET gave.");
        var masks = Read(input.Masks, errors);
        if (errors.Any)
            return errors.ToProblem();
        // Nobody gives themselves what they don't have: less hidden is more seen.
        var before = book.Of(id)?.Masks ?? [];
        if (before.FirstOrDefault(b => !masks.Any(m => m.Covers(b))) is { } lost && !caller.Can(Permission.Unmask, id))
        {
            return Problems.Of(
                StatusCodes.Status403Forbidden, "That would show more", $"The mask '{lost.Name}' would be gone, elsewhere or thinner. That needs the permission {PermissionSet.NameOf(Permission.Unmask)} on this camera; adding masks doesn't.");
        }

        return await book.PutAsync(id, masks, input.Version!.Value, caller, stop) is { } changed
            ? TypedResults.Ok(Of(changed, masking, caller, id))
            : Problems.Of(StatusCodes.Status412PreconditionFailed, "Somebody else changed them", "The masks have changed since you read them. Look at them, and send yours again if they are still right.");
    }

    static async Task<Results<Ok<IReadOnlyList<MasksJson>>, ProblemHttpResult>> HistoryAsync(
        string id, MaskBook book, Masking masking, CameraRoster roster, Recordings recordings, Caller caller, CancellationToken stop) =>
        Known(id, roster, recordings)
            ? TypedResults.Ok<IReadOnlyList<MasksJson>>([.. (await book.HistoryAsync(id, MaxHistory, stop)).Select(m => Of(m, masking, caller, id))])
            : Problems.NoCamera(id);

    static async Task<Results<Ok<UnmaskingJson>, ProblemHttpResult>> LiftAsync(
        string id, UnmaskingInputJson input, Masking masking, CameraRoster roster, Recordings recordings, Caller caller, Purposes purposes, SecondPerson second, AccessLog accesses, NodeOptions options,
        HttpContext http, CancellationToken stop)
    {
        if (!Known(id, roster, recordings))
            return Problems.NoCamera(id);
        if (purposes.Find(PurposeFor.Unmask, caller, http, null, input.Purpose) is { } missing)
            return missing;
        var claim = await second.ClaimAsync(caller, http, new(ApprovalAction.Unmask, [id], null, null, $"for {OptionText.Format(options.Masks.UnmaskFor)}"), stop);
        if (claim.Refusal is { } waits)
            return waits;
        // Written down before it is so.
        await accesses.UnmaskAsync(caller, http, id, options.Masks.UnmaskFor, stop);
        return TypedResults.Ok(new UnmaskingJson(masking.Lift(caller, id).ToDateTimeOffset()));
    }

    static NoContent PutBack(string id, Masking masking, Caller caller)
    {
        masking.PutBack(caller, id);
        return TypedResults.NoContent();
    }

    static Task<Results<Ok<DeviceMasksJson>, ProblemHttpResult>> GetDeviceAsync(string id, OnvifLinks links, CameraRoster roster, CancellationToken stop) =>
        ControlEndpoints.AskAsync(id, links, roster, async session => Of(await session.GetMasksAsync(stop)));

    static async Task<Results<Ok<DeviceMasksJson>, ProblemHttpResult>> PutDeviceAsync(
        string id, DeviceMaskInputJson input, MaskBook book, OnvifLinks links, CameraRoster roster, CancellationToken stop)
    {
        if (roster.Find(id) is null)
            return Problems.NoCamera(id);
        if (book.Of(id)?.Masks.FirstOrDefault(m => m.Id == input.Mask) is not { } mask)
            return Problems.Invalid("mask", "must be the id of one of the camera's masks.");
        return await ControlEndpoints.AskAsync(id, links, roster, async session =>
        {
            var (_, options) = await session.GetMasksAsync(stop);
            await session.CreateMaskAsync(new("", Fitting(mask, options), TypeOf(mask.Kind, options), Enabled: true), stop);
            return Of(await session.GetMasksAsync(stop));
        });
    }

    static Task<Results<Ok<DeviceMasksJson>, ProblemHttpResult>> RemoveDeviceAsync(string id, string token, OnvifLinks links, CameraRoster roster, CancellationToken stop) =>
        ControlEndpoints.AskAsync(id, links, roster, async session =>
        {
            await session.DeleteMaskAsync(token, stop);
            return Of(await session.GetMasksAsync(stop));
        });

    /// <summary>What the camera can paint: never less than the mask.</summary>
    static ImmutableArray<(double X, double Y)> Fitting(Mask mask, OnvifMaskOptions options)
    {
        if (!options.RectangleOnly && mask.Points.Count <= options.MaxPoints)
            return [.. mask.Points.Select(p => (p.X, p.Y))];
        double left = mask.Points.Min(p => p.X), right = mask.Points.Max(p => p.X), top = mask.Points.Min(p => p.Y), bottom = mask.Points.Max(p => p.Y);
        return [(left, top), (right, top), (right, bottom), (left, bottom)];
    }

    static string TypeOf(AreaKind kind, OnvifMaskOptions options) =>
        kind == AreaKind.Blur && ((string[])["Pixelated", "Blurred"]).FirstOrDefault(t => options.Types.Contains(t)) is { } soft ? soft : "Color";

    static DeviceMasksJson Of((IReadOnlyList<OnvifMask> Masks, OnvifMaskOptions Options) device) => new(
        [.. device.Masks.Select(m => new DeviceMaskJson(m.Token, m.Type, m.Enabled, [.. m.Points.Select(p => (double[])[Math.Round(p.X, 4), Math.Round(p.Y, 4)])]))],
        device.Options.MaxMasks, device.Options.MaxPoints, device.Options.RectangleOnly);

    // A camera that was removed can still be looked back at, and has masks for that.
    static bool Known(string id, CameraRoster roster, Recordings recordings) => SegmentName.IsCamera(id) && (roster.Find(id) is not null || recordings.Archive.Knows(id));

    static MasksJson Of(CameraMasks? masks, Masking masking, Caller caller, string camera) => new(
        masks?.Version ?? 0,
        [.. (masks?.Masks ?? []).Select(m => new MaskedAreaJson(m.Id, m.Name, m.Reason, m.Kind == AreaKind.Blur ? MaskKindJson.Blur : MaskKindJson.Fill, [.. m.Points.Select(p => (double[])[p.X, p.Y])]))],
        masks?.At.ToDateTimeOffset(),
        masks?.ByName,
        masking.Until(caller, camera)?.ToDateTimeOffset());

    /// <summary>Masks as somebody wrote them; with errors told, what is returned is of no use.</summary>
    internal static List<Mask> Read(IReadOnlyList<MaskInputJson?>? input, FieldErrors errors, string field = "masks")
    {
        var masks = new List<Mask>();
        if (input is not { Count: <= MaxMasks })
        {
            errors.Add(field, $"must be at most {MaxMasks} masks; an empty list for none.");
            return masks;
        }

        for (int i = 0; i < input.Count; i++)
        {
            string at = $"{field}[{i}]";
            if (input[i] is not { } mask)
            {
                errors.Add(at, "is missing.");
                continue;
            }

            string name = mask.Name?.Trim() ?? "", reason = mask.Reason?.Trim() ?? "";
            if (name.Length is 0 or > MaxName || name.Any(char.IsControl))
                errors.Add($"{at}.name", $"must be 1 to {MaxName} characters.");
            if (reason.Length > MaxReason || reason.Any(char.IsControl))
                errors.Add($"{at}.reason", $"must be at most {MaxReason} characters.");
            string id = mask.Id ?? IdOf(name, masks);
            if (id.Length is 0 or > MaxId || id.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_')))
                errors.Add($"{at}.id", $"must be 1 to {MaxId} letters, digits, - and _.");
            else if (masks.Exists(m => m.Id == id))
                errors.Add($"{at}.id", "is another mask's.");
            masks.Add(new(id, name, reason, mask.Kind == MaskKindJson.Blur ? AreaKind.Blur : AreaKind.Fill, Points(mask.Points, errors, $"{at}.points")));
        }

        return masks;
    }

    static List<Point> Points(IReadOnlyList<IReadOnlyList<double>?>? input, FieldErrors errors, string at)
    {
        var points = new List<Point>();
        if (input is not { Count: >= 3 and <= MaxCorners } || input.Any(p => p is not [>= 0 and <= 1, >= 0 and <= 1]))
        {
            errors.Add(at, $"must be 3 to {MaxCorners} corners, each [x, y] from 0 to 1.");
            return points;
        }

        points.AddRange(input.Select(p => new Point(p![0], p[1])));
        double twice = 0;
        for (int i = 0, j = points.Count - 1; i < points.Count; j = i++)
            twice += (points[j].X * points[i].Y) - (points[i].X * points[j].Y);
        if (Math.Abs(twice) / 2 < LeastArea)
            errors.Add(at, "enclose nothing.");
        return points;
    }

    static string IdOf(string name, List<Mask> taken)
    {
        var plain = new StringBuilder();
        foreach (char c in name.ToLowerInvariant().Normalize(NormalizationForm.FormD))
        {
            if (char.IsAsciiLetterOrDigit(c))
                plain.Append(c);
            else if (c is ' ' or '-' or '_' && plain.Length > 0 && plain[^1] != '-')
                plain.Append('-');
        }

        string stem = plain.ToString().Trim('-');
        stem = stem.Length == 0 ? "mask" : stem[..Math.Min(stem.Length, 40)];
        string id = stem;
        for (int n = 2; taken.Exists(m => m.Id == id); n++)
            id = string.Create(CultureInfo.InvariantCulture, $"{stem}-{n}");
        return id;
    }
}
