using Atalaya.Media;
using Atalaya.Node.Alarms;
using Atalaya.Node.Api;
using Atalaya.Node.Approvals;
using Atalaya.Node.Cameras;
using Atalaya.Node.Footage;
using Atalaya.Node.Identity;
using Atalaya.Node.Incidents;
using Atalaya.Node.Masks;
using Atalaya.Node.Options;
using Atalaya.Node.Oversight;
using Atalaya.Node.Playback;
using Atalaya.Node.Redactions;
using Atalaya.Node.Store;
using Atalaya.Recording;

using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Net.Http.Headers;

namespace Atalaya.Node.Packages;

static class PackageEndpoints
{
    const int MaxTitle = 200, MaxStretches = 100, MaxRecipients = 20;

    public static IServiceCollection AddPackages(this IServiceCollection services) => services.AddStarted<PackageCertificate>().AddSingleton<PackageCustody>().AddSingleton<PackagePainter>().AddSingleton<PackageBuilder>().AddStarted<PackageJobs>();

    public static void MapPackages(this IEndpointRouteBuilder routes)
    {
        var packages = routes.MapGroup("/api/packages").WithTags("packages").NeedsAnywhere(Permission.Export);
        packages.MapGet("", List).WithName("listPackages").WithSummary("All evidence packages that are known, newest first.");
        packages.MapPost("", CreateAsync).WithName("createPackage").WithSummary("Starts to put footage and all that proves it into one file.")
            .WithDescription("A ZIP with the recorded files as they are, a manifest, proofs, signatures and a page that plays it: ref/package.md. It waits until the footage is closed and sealed in the log. "
                + "429 when too many wait, 409 when the packages that are kept fill their space. Where the options ask for a purpose, 428 without one; where they want a second person, "
                + "409 with the problem's 'approval' until somebody has agreed: then the same call goes through, once.")
            .Produces<PackageJson>(StatusCodes.Status202Accepted).Fails(400, 403, 404, 409, 413, 415, 428, 429);
        packages.MapGet("{id}", Get).WithName("getPackage").WithSummary("How far a package is, and what came of it.")
            .Produces<PackageJson>().Fails(404);
        packages.MapMethods("{id}/file", ["GET", "HEAD"], DownloadAsync).WithName("getPackageFile").WithSummary("The finished file, or a range of it.")
            .Produces<Stream>(StatusCodes.Status200OK, "application/zip").Produces<Stream>(StatusCodes.Status206PartialContent, "application/zip").Fails(403, 404, 409, 428).Produces(416);
        packages.MapDelete("{id}", DeleteAsync).WithName("deletePackage").WithSummary("Gives up a package that isn't ready; removes one that has ended, with its file.")
            .Produces(StatusCodes.Status204NoContent).Fails(404);
    }

    static IReadOnlyList<PackageJson> List(PackageJobs jobs, Caller caller) => [.. jobs.All.Where(p => IsTheirs(p, caller))];

    static async Task<Results<Accepted<PackageJson>, ProblemHttpResult>> CreateAsync(
        PackageInputJson input, PackageJobs jobs, CameraRoster roster, Recordings recordings, Casebook book, RedactionJobs redactions, Caller caller, AccessLog accesses, Purposes purposes, SecondPerson second, Masking masking,
        NodeOptions options, TimeProvider clock, HttpContext http, CancellationToken stop)
    {
        var errors = new FieldErrors();
        string title = input.Title?.Trim() ?? "";
        if (title.Length is 0 or > MaxTitle || title.Any(char.IsControl))
            errors.Add("title", $"must say what it is about, in 1 to {MaxTitle} characters.");
        var stretches = Stretches(input, redactions, caller, options, clock, errors);
        string[] recipients = Recipients(input, errors);
        if (errors.Any)
            return errors.ToProblem();

        foreach (var stretch in stretches)
        {
            if (caller.RefusalOfPast(stretch.Camera, stretch.From, Permission.Export) is { } beyond)
                return beyond;
        }

        // It holds the recorded files as they are, or painted for who sees masks and asks for that.
        if (input.Masked == true && caller.Mark.Length == 0)
            stretches = [.. stretches.Select(s => s.Redaction is null && masking.For(caller, s.Camera, http) is { } masks ? s with { Masks = masks.Version } : s)];
        if (Hidden(stretches.Select(s => (s.Camera, s.Masks)), masking, caller, http) is { } hidden)
            return hidden;

        // A camera that was removed can still be packed.
        foreach (var stretch in stretches)
        {
            if (roster.Find(stretch.Camera) is null && (await recordings.Archive.TimelineAsync(stretch.Camera, stretch.Stream, stretch.From, stretch.To, stop: stop)).Oldest is null)
                return Problems.NoCamera(stretch.Camera);
        }

        if (input.Incident is { } incident && await book.ReadAsync(session => IncidentEndpoints.SeenAsync(session, incident, new(caller), roster, Permission.ViewPast), stop) is null)
            return CaseRequests.NoIncident(incident);
        var from = stretches.MinBy(s => s.From.Microseconds)!.From;
        var to = stretches.MaxBy(s => s.To.Microseconds)!.To;
        if (purposes.Find(PurposeFor.Export, caller, http, from, input.Purpose) is { } missing)
            return missing;
        long bytes = 0;
        foreach (var stretch in stretches)
            bytes += await recordings.Archive.EstimateAsync(stretch.Camera, stretch.Stream, stretch.From, stretch.To, stop);
        if (bytes * 0.95 > options.Packages.MaxBytes.Bytes)
            return Problems.Invalid("stretches", $"make a file of about {bytes / 1e9:0.0} GB, more than {options.Packages.MaxBytes} (option packages.maxBytes). Ask for less.");

        string[] cameras = [.. stretches.Select(s => s.Camera).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        var claim = await second.ClaimAsync(caller, http, new(ApprovalAction.Export, cameras, from, to, title, Exactly(input, stretches, recipients)), stop);
        if (claim.Refusal is { } waits)
            return waits;
        foreach (var stretch in stretches)
            await accesses.NoteAsync(caller, http, stretch.Camera, AccessKindJson.Export, stretch.From, stretch.To, stop);
        var agreed = claim.Used is { DecidedAt: { } at } used ? new Agreement(used.DecidedBy, used.DecidedName, at) : null;
        var (refusal, package) = await jobs.AddAsync(
            title, input.Incident?.ToString(), stretches, recipients, input.Language ?? PackageLanguageJson.En,
            new(caller.UserId, caller.Name, http.Features.Get<Purpose>() ?? Purpose.None, agreed));
        if (refusal != PackageRefusal.None)
            await second.GiveBackAsync(claim);
        return refusal switch
        {
            PackageRefusal.QueueFull => Problems.Of(429, "Too many packages wait", $"{options.Packages.MaxQueued} packages wait or are prepared already. Wait for some to end, or give some up."),
            PackageRefusal.NoSpace => Problems.Conflict(
                "No space for packages", $"The packages that are kept take {options.Packages.MaxTotal} (option packages.maxTotal). Download and remove some."),
            _ => TypedResults.Accepted($"/api/packages/{package!.Id}", package),
        };
    }

    static Results<Ok<PackageJson>, ProblemHttpResult> Get(string id, PackageJobs jobs, Caller caller) =>
        jobs.Find(id) is { } package && IsTheirs(package, caller) ? TypedResults.Ok(package) : NoPackage(id);

    static async Task<IResult> DownloadAsync(
        string id, PackageJobs jobs, Caller caller, AccessLog accesses, Purposes purposes, Masking masking, HttpContext http, CancellationToken stop)
    {
        if (jobs.Find(id) is not { } package || !IsTheirs(package, caller))
            return NoPackage(id);
        if (jobs.FileOf(id) is not { } path)
        {
            return Problems.Conflict("There is no file", package.State switch
            {
                PackageStateJson.Failed => $"This package failed: {package.Message}",
                PackageStateJson.Expired => "Its time is over, and its file was removed. Make it again from the same stretches.",
                PackageStateJson.Ready => "The file was removed from the node's disk.",
                _ => "This package is still being made.",
            });
        }

        // Who asked for it takes it for what they said then; somebody else for what they go on with, or say now.
        if (jobs.OrderOf(id) is { Purpose.Id.Length: > 0 } order && order.UserId == caller.UserId && !http.Request.Headers.ContainsKey(Purposes.Header))
            http.Features.Set(order.Purpose);
        else if (purposes.Find(PurposeFor.Export, caller, http, null, each: false) is { } missing)
            return missing;
        if (Hidden(package.Stretches.Select(s => (s.Camera, s.Masks)), masking, caller, http) is { } hidden)
            return hidden;
        if (HttpMethods.IsGet(http.Request.Method))
        {
            foreach (var stretch in package.Stretches)
                await accesses.NoteAsync(caller, http, stretch.Camera, AccessKindJson.Download, WallTime.From(stretch.From), WallTime.From(stretch.To), stop);
        }

        http.Response.Headers.CacheControl = "private, no-cache";
        return TypedResults.PhysicalFile(
            path, package.Encrypted ? "application/octet-stream" : "application/zip", package.FileName, entityTag: new EntityTagHeaderValue($"\"{package.Sha256}\""), enableRangeProcessing: true);
    }

    static async Task<Results<NoContent, ProblemHttpResult>> DeleteAsync(string id, PackageJobs jobs, Caller caller) =>
        jobs.Find(id) is { } package && IsTheirs(package, caller) && await jobs.RemoveAsync(id) ? TypedResults.NoContent() : NoPackage(id);

    /// <summary>Why somebody can't have the files of cameras with fewer masks than they see.</summary>
    /// <param name="cameras">With the version of masks that is painted in; 0: none.</param>
    internal static ProblemHttpResult? Hidden(IEnumerable<(string Camera, long Masks)> cameras, Masking masking, Caller caller, HttpContext http)
    {
        foreach (var (camera, painted) in cameras.Distinct())
        {
            if (masking.For(caller, camera, http) is not { } masks || (painted > 0 && painted >= masks.Version))
                continue;
            return Problems.Of(StatusCodes.Status403Forbidden, "A camera has masks", painted > 0
                ? $"The masks of the camera '{camera}' were changed since this package was made: it shows what they hide now. Make it anew."
                : $"A package holds what was recorded, and the camera '{camera}' has masks. Ask for the package with masks painted in (\"masked\": true, in the page 'Paint masks in'): it holds copies, and proves which sealed "
                    + $"recordings they are of. Or have the masks lifted (POST /api/cameras/{camera}/unmasking), which takes the permission unmask.");
        }

        return null;
    }

    /// <summary>Whoever could make it may have it, whoever made it.</summary>
    internal static bool IsTheirs(PackageJson package, Caller caller) =>
        package.Stretches.All(s => caller.RefusalOfPast(s.Camera, WallTime.From(s.From), Permission.Export) is null);

    static List<PackageStretch> Stretches(PackageInputJson input, RedactionJobs redactions, Caller caller, NodeOptions options, TimeProvider clock, FieldErrors errors)
    {
        var stretches = new List<PackageStretch>();
        if (input.Stretches is not { Count: >= 1 and <= MaxStretches } asked)
        {
            errors.Add("stretches", $"must be 1 to {MaxStretches}.");
            return stretches;
        }

        for (int i = 0; i < asked.Count; i++)
        {
            string field = $"stretches[{i}]";
            if (asked[i] is not { } stretch)
                errors.Add(field, "is missing.");
            else if (stretch.Redaction is { Length: > 0 } copy)
                AddCopy(stretches, copy, $"{field}.redaction", redactions, caller, errors);
            else if (!SegmentName.IsCamera(stretch.Camera))
                errors.Add($"{field}.camera", string.IsNullOrEmpty(stretch.Camera) ? "is missing." : "is not the id of a camera.");
            else if (Stretch.TryTime($"{field}.from", stretch.From, errors, out var from) & Stretch.TryTime($"{field}.to", stretch.To, errors, out var to))
            {
                Stretch.Check(from, to, options.Packages.MaxStretch, errors, $"{field}.to");
                if (to > WallTime.Now(clock))
                    errors.Add($"{field}.to", "must not be in the future.");
                stretches.Add(new(stretch.Camera!, stretch.Stream ?? StreamKind.Main, from, to));
            }
        }

        // Each file once: its name in the package says camera, stream and time.
        foreach (var same in stretches.GroupBy(s => (s.Camera, s.Stream)))
        {
            var ordered = same.OrderBy(s => s.From.Microseconds).ToList();
            if (ordered.Zip(ordered.Skip(1)).Any(p => p.Second.From < p.First.To))
                errors.Add("stretches", $"of camera {same.Key.Camera} overlap. Join them.");
        }

        return stretches;
    }

    static void AddCopy(List<PackageStretch> stretches, string id, string field, RedactionJobs redactions, Caller caller, FieldErrors errors)
    {
        if (redactions.RedactionOf(id) is { } copy && redactions.FileOf(id) is not null && RedactionEndpoints.IsTheirs(redactions.Find(id), caller))
            stretches.Add(new(copy.Camera, copy.Stream, copy.From, copy.To, id));
        else
            errors.Add(field, $"'{Problems.Shown(id)}' is not a finished release copy. GET /api/redactions lists those there are.");
    }

    static string[] Recipients(PackageInputJson input, FieldErrors errors)
    {
        string[] recipients = [.. (input.Recipients ?? []).Select(r => r?.Trim() ?? "").Distinct(StringComparer.Ordinal)];
        if (recipients.Length > MaxRecipients)
            errors.Add("recipients", $"may be at most {MaxRecipients}.");
        else if (recipients.FirstOrDefault(r => !Atalaya.Evidence.Packages.AgeRecipient.TryParse(r, out _)) is { } wrong)
            errors.Add("recipients", $"'{Problems.Shown(wrong)}' is not an age recipient: age1 and 58 letters and digits, as age-keygen prints it. Never send the secret key.");
        return recipients;
    }

    /// <summary>What a second person's agreement is bound to beside cameras, whole time and title.</summary>
    static string Exactly(PackageInputJson input, List<PackageStretch> stretches, string[] recipients) => string.Join(
        '\n',
        [
            input.Incident?.ToString() ?? "", .. recipients.Order(StringComparer.Ordinal),
            .. stretches.Select(s => $"{s.Camera}/{s.Stream}/{s.From.Microseconds}/{s.To.Microseconds}/{s.Redaction}{(s.Masks > 0 ? "masked" : "")}").Order(StringComparer.Ordinal),
        ]);

    static ProblemHttpResult NoPackage(string id) =>
        Problems.NotFound("No such package", $"There is no package '{Problems.Shown(id)}'. GET /api/packages lists those there are.");
}
