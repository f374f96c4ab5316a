using System.Globalization;

using Atalaya.Media;
using Atalaya.Node.Api;
using Atalaya.Node.Approvals;
using Atalaya.Node.Identity;
using Atalaya.Node.Masks;
using Atalaya.Node.Options;
using Atalaya.Node.Oversight;
using Atalaya.Node.Packages;
using Atalaya.Node.Store;

using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Net.Http.Headers;

namespace Atalaya.Node.Releases;

static class ReleaseEndpoints
{
    const int MaxName = 200, MaxBasis = 500, MaxNote = 1000, UsualDays = 7, MostListed = 1000;

    public static IServiceCollection AddReleases(this IServiceCollection services) => services.AddStarted<ReleaseBook>();

    public static void MapReleases(this IEndpointRouteBuilder routes)
    {
        var releases = routes.MapGroup("/api/releases").WithTags("releases");
        releases.MapGet("", ListAsync).NeedsAnywhere(Permission.Release, or: Permission.Audit).WithName("listReleases")
            .WithSummary("What was handed to people outside, newest first, and each time it was fetched.");
        releases.MapPost("", CreateAsync).NeedsAnywhere(Permission.Release).WithName("createRelease").WithSummary("Hands a finished package to somebody outside, by a link.")
            .WithDescription("Needs the permission on every camera of the package. Where the options ask for a purpose, 428 without one; where they want a second person, which is the default, "
                + "409 with the problem's 'approval' until somebody has agreed: then the same call goes through, once. The answer has the link's secret, which isn't kept.")
            .Produces<ReleasedJson>(StatusCodes.Status201Created).Fails(400, 403, 404, 409, 413, 415, 428);
        releases.MapPost("{id}/revoke", RevokeAsync).NeedsAnywhere(Permission.Release).WithName("revokeRelease").WithSummary("Ends a link at once, downloads that run included.")
            .Produces<ReleaseJson>().Fails(400, 404, 409, 413, 415);

        var link = routes.MapGroup("/api/released").WithTags("releases").Open();
        link.MapPost("look", LookAsync).WithName("lookAtRelease").WithSummary("What a link gives. No sign-in: the link is what counts.").Produces<HandedOverJson>().Fails(404, 413, 415, 429);
        link.MapMethods("{token}/file", ["GET", "HEAD"], FetchAsync).WithName("getReleased").WithSummary("The file behind a link, or a range of it. Each time is written down.")
            .Produces<Stream>(StatusCodes.Status200OK, "application/octet-stream").Produces<Stream>(StatusCodes.Status206PartialContent, "application/octet-stream").Fails(404, 429).Produces(416);
    }

    static async Task<IReadOnlyList<ReleaseJson>> ListAsync(ReleaseBook releases, Caller caller, CancellationToken stop) =>
        await releases.ListAsync(MostListed, r => caller.Has(Permission.Audit) || IsTheirs(r, caller), stop);

    static async Task<Results<Created<ReleasedJson>, ProblemHttpResult>> CreateAsync(
        ReleaseInputJson input, ReleaseBook releases, PackageJobs packages, Caller caller, Purposes purposes, SecondPerson second, AccessLog accesses, Masking masking, NodeOptions options,
        HttpContext http, CancellationToken stop)
    {
        var errors = new FieldErrors();
        string recipient = Text("recipient", input.Recipient, 1, MaxName, errors), organisation = Text("organisation", input.Organisation, 1, MaxName, errors);
        string basis = Text("legalBasis", input.LegalBasis, 1, MaxBasis, errors), note = Text("note", input.Note, 0, MaxNote, errors);
        int days = input.Days ?? Math.Min(UsualDays, options.Releases.MaxDays);
        if (days < 1 || days > options.Releases.MaxDays)
            errors.Add("days", $"must be between 1 and {options.Releases.MaxDays} (option releases.maxDays).");
        if (string.IsNullOrEmpty(input.Package))
            errors.Add("package", "is missing.");
        if (errors.Any)
            return errors.ToProblem();
        if (packages.Find(input.Package!) is not { } package)
            return NoPackage(input.Package!);
        foreach (var stretch in package.Stretches)
        {
            // What somebody may not look back at they don't hand out; a package of cameras that don't exist for them doesn't either.
            if (caller.RefusalOfPast(stretch.Camera, WallTime.From(stretch.From), Permission.Release) is { } beyond)
                return caller.Sees(stretch.Camera) ? beyond : NoPackage(input.Package!);
        }

        // Who gets no such package for themselves gives it to nobody. A release copy shows what its maker left in it.
        if (PackageEndpoints.Hidden(package.Stretches.Where(s => s.Redaction is null).Select(s => (s.Camera, s.Masks)), masking, caller, http) is { } masked)
            return masked;
        if (package is not { State: PackageStateJson.Ready, Sha256: { } digest, Bytes: { } bytes, FileName: { } name, Key: { } key } || packages.FileOf(package.Id) is null)
            return Problems.Conflict("There is no file", "The package isn't ready, or its file is gone. GET /api/packages tells.");
        var from = package.Stretches.Min(s => s.From);
        var to = package.Stretches.Max(s => s.To);
        if (purposes.Find(PurposeFor.Export, caller, http, WallTime.From(from), input.Purpose) is { } missing)
            return missing;
        string[] cameras = [.. package.Stretches.Select(s => s.Camera).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        var deed = new Deed(
            ApprovalAction.Disclosure, cameras, WallTime.From(from), WallTime.From(to), $"{package.Title} → {recipient}, {organisation}; {basis}; {days} d",
            string.Join('\n', digest, recipient, organisation, basis, note, days.ToString(CultureInfo.InvariantCulture)));
        var claim = await second.ClaimAsync(caller, http, deed, stop);
        if (claim.Refusal is { } waits)
            return waits;
        foreach (var stretch in package.Stretches)
            await accesses.NoteAsync(caller, http, stretch.Camera, AccessKindJson.Release, WallTime.From(stretch.From), WallTime.From(stretch.To), stop);
        var (release, token) = await releases.AddAsync(
            (id, secret, now) => new(
                id, secret, package.Id, package.Title, name, bytes, digest, key, package.Encrypted, cameras, WallTime.From(from), WallTime.From(to), recipient, organisation, basis, note,
                caller.UserId, caller.Name, http.Features.Get<Purpose>() ?? Purpose.None, claim.Used?.DecidedBy ?? "", claim.Used?.DecidedName ?? "", now, now + TimeSpan.FromDays(days)),
            stop);
        http.Response.Headers.CacheControl = "no-store";
        return TypedResults.Created($"/api/releases/{release.Id}", new ReleasedJson(await releases.ShowAsync(release, stop), token));
    }

    static async Task<Results<Ok<ReleaseJson>, ProblemHttpResult>> RevokeAsync(string id, RevokeInputJson input, ReleaseBook releases, Caller caller, CancellationToken stop)
    {
        var errors = new FieldErrors();
        string reason = Text("reason", input.Reason, 1, MaxBasis, errors);
        if (errors.Any)
            return errors.ToProblem();
        if (await releases.FindAsync(id, stop) is not { } release || !IsTheirs(release, caller))
            return Problems.NotFound("No such release", $"There is no release '{Problems.Shown(id)}'. GET /api/releases lists those there are.");
        return await releases.RevokeAsync(release, caller.Name, reason) is { } revoked
            ? TypedResults.Ok(await releases.ShowAsync(revoked, stop))
            : Problems.Conflict("Revoked before", "Its link is dead already.");
    }

    static async Task<Results<Ok<HandedOverJson>, ProblemHttpResult>> LookAsync(ReleaseLookJson input, ReleaseBook releases, SignIns signIns, NodeOptions options, HttpContext http, CancellationToken stop)
    {
        if (signIns.Throttle(http, "") is { } wait)
            return wait;
        if (await releases.OpenAsync(input.Token, stop) is not { } r)
            return NoLink();
        signIns.Succeeded(http, "");
        http.Response.Headers.CacheControl = "no-store";
        return TypedResults.Ok(new HandedOverJson(
            options.Name, r.Title, r.FileName, r.Bytes, r.Sha256, r.Encrypted, r.Recipient, r.Organisation, r.LegalBasis, r.Note, r.ExpiresAt.ToDateTimeOffset(), r.LogKey));
    }

    static async Task<IResult> FetchAsync(string token, ReleaseBook releases, HttpContext http, CancellationToken stop)
    {
        if (await releases.OpenAsync(token, stop) is not { } release || releases.FileOf(release) is not { } path)
            return NoLink();
        long first = http.Request.GetTypedHeaders().Range?.Ranges.FirstOrDefault()?.From ?? 0;
        if (HttpMethods.IsGet(http.Request.Method) && !await releases.BeginFetchAsync(release, http, first, stop))
            return Problems.Of(StatusCodes.Status429TooManyRequests, "Too often", "Wait a minute, then go on with the download.");
        http.Response.Headers.CacheControl = "private, no-store";
        return TypedResults.PhysicalFile(
            path, "application/octet-stream", release.FileName, entityTag: new EntityTagHeaderValue($"\"{release.Sha256}\""), enableRangeProcessing: true);
    }

    static bool IsTheirs(Release release, Caller caller) => release.Cameras.All(c => caller.RefusalOfPast(c, release.From, Permission.Release) is null);

    static string Text(string field, string? text, int least, int most, FieldErrors errors)
    {
        string trimmed = text?.Trim() ?? "";
        if (trimmed.Length < least)
            errors.Add(field, "is missing.");
        else if (trimmed.Length > most)
            errors.Add(field, $"has {trimmed.Length} characters; {most} are the most.");
        else if (trimmed.Any(c => char.IsControl(c) && c is not '\n'))
            errors.Add(field, "has characters that can't be shown.");
        return trimmed;
    }

    static ProblemHttpResult NoPackage(string id) => Problems.NotFound("No such package", $"There is no package '{Problems.Shown(id)}'. GET /api/packages lists those there are.");

    /// <summary>Wrong, expired, revoked and gone are one answer: who guesses learns nothing.</summary>
    static ProblemHttpResult NoLink() =>
        Problems.NotFound("This link doesn't count", "It was mistyped, its time is over, or it was taken back. Ask whoever sent it to you.");
}
