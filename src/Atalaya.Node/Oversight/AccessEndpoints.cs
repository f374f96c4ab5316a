using System.ComponentModel;
using System.Globalization;
using System.Text;
using System.Text.Json;

using Atalaya.Media;
using Atalaya.Node.Api;
using Atalaya.Node.Cameras;
using Atalaya.Node.Footage;
using Atalaya.Node.Identity;
using Atalaya.Node.Options;
using Atalaya.Node.Playback;
using Atalaya.Node.Store;
using Atalaya.Recording;

using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Atalaya.Node.Oversight;

/// <summary>Which accesses a query asks for.</summary>
sealed record AccessQuery
{
    [FromQuery(Name = "from"), Description("Start, RFC 3339 with a zone. Required.")]
    public string? From { get; init; }

    [FromQuery(Name = "to"), Description("End, RFC 3339 with a zone; after from. Required.")]
    public string? To { get; init; }

    [FromQuery(Name = "user"), Description("Of the user of this name only.")]
    public string? User { get; init; }

    [FromQuery(Name = "camera"), Description("To this camera only.")]
    public string? Camera { get; init; }

    [FromQuery(Name = "kind"), Description("Of this kind only.")]
    public string? Kind { get; init; }

    [FromQuery(Name = "limit"), Description("At most so many, 1 to 1000; 100 by default.")]
    public int? Limit { get; init; }

    [FromQuery(Name = "cursor"), Description("'next' of the page before.")]
    public string? Cursor { get; init; }
}

public sealed record AccessJson(
    string Id,
    string User,
    [property: Description("First digits of the API token's id; null: at the page.")] string? Token,
    [property: Description("From where.")] string Address,
    [property: Description("Empty for what concerns none.")] string Camera,
    AccessKindJson Kind,
    [property: Description("Of the footage; null for live pictures.")] DateTimeOffset? From,
    DateTimeOffset? To,
    DateTimeOffset BegunAt,
    [property: Description("Null: it goes on, or the node was killed meanwhile.")] DateTimeOffset? EndedAt,
    [property: Description("For what purpose; empty: none was given, or asked for.")] string Purpose,
    [property: Description("What they added to it, such as the number of a case.")] string Reference,
    [property: Description("Of a request for a second person's agreement: what it is about. Empty otherwise.")] string Detail)
{
    internal static AccessJson Of(AccessRow row) => new(
        row.Id.ToString(CultureInfo.InvariantCulture), row.UserName, row.Token.Length == 0 ? null : row.Token, row.Address, row.Camera, Enum.Parse<AccessKindJson>(row.Kind),
        At(row.StretchFrom), At(row.StretchTo), At(row.BegunAt)!.Value, At(row.EndedAt),
        row.Purpose, row.Reference, row.Detail);

    static DateTimeOffset? At(long? microseconds) => microseconds is { } at ? new WallTime(at).ToDateTimeOffset() : null;
}

public sealed record SnapshotInputJson
{
    [Description("Its id. Required.")]
    public string? Camera { get; init; }

    [Description("When the picture was taken, RFC 3339 with a zone; absent: now.")]
    public string? At { get; init; }
}

public sealed record AccessPageJson(IReadOnlyList<AccessJson> Accesses, [property: Description("For the next page; null: there is none.")] string? Next);

static class AccessEndpoints
{
    const int MaxPage = 1000, UsualPage = 100;

    public static IServiceCollection AddOversight(this IServiceCollection services) => services.AddStarted<AccessLog>().AddStarted<Purposes>()
        .AddSingleton<RecordSearch>().AddSingleton<OversightFigures>().AddSingleton<OversightReport>();

    public static void MapOversight(this IEndpointRouteBuilder routes)
    {
        var accesses = routes.MapGroup("/api").WithTags("oversight").Needs(Permission.Audit);
        accesses.MapGet("accesses", ListAsync).WithName("listAccesses").WithSummary("Who looked at what, the newest first. Holds no pictures.").Produces<AccessPageJson>().Fails(400);
        accesses.MapGet("accesses.csv", CsvAsync).WithName("getAccessesCsv").WithSummary("All of a stretch as CSV (RFC 4180), the newest first.")
            .Produces<string>(StatusCodes.Status200OK, "text/csv").Fails(400);
        routes.MapGroup("/api").WithTags("oversight").MapPost("accesses/snapshots", SnapshotAsync).SignedIn().WithName("noteSnapshot").WithSummary("The page writes down that it keeps a picture of what it shows.")
            .WithDescription("Of what the one who asks may see. That pictures were shown is written down by the node itself, whoever asks for them.")
            .Produces(StatusCodes.Status204NoContent).Fails(400, 403, 404, 413, 415, 428);
        routes.MapPurposes();
        routes.MapOversightRoom();
    }

    static async Task<Results<NoContent, ProblemHttpResult>> SnapshotAsync(
        SnapshotInputJson input, Caller caller, CameraRoster roster, Recordings recordings, AccessLog accesses, Purposes purposes, TimeProvider clock, HttpContext http, CancellationToken stop)
    {
        var errors = new FieldErrors();
        if (!SegmentName.IsCamera(input.Camera ?? ""))
            errors.Add("camera", "must be the id of a camera.");
        var now = WallTime.Now(clock);
        var at = now;
        if (input.At is not null && Stretch.TryTime("at", input.At, errors, out at) && at > now + LiveWithin)
            errors.Add("at", "lies in the future.");
        if (errors.Any)
            return errors.ToProblem();
        bool live = at >= now - LiveWithin;
        if ((live && caller.Can(Permission.ViewLive, input.Camera!) ? null : caller.RefusalOfPast(input.Camera!, at)) is { } refusal)
            return refusal;
        if (roster.Find(input.Camera!) is null && !recordings.Archive.Knows(input.Camera!))
            return Problems.NoCamera(input.Camera!);
        if (purposes.Find(live ? PurposeFor.Live : PurposeFor.Past, caller, http, at) is { } missing)
            return missing;
        await accesses.SnapshotAsync(caller, http, input.Camera!, at, stop);
        return TypedResults.NoContent();
    }

    /// <summary>A picture so young is one of now: clocks and delays lie between page and node.</summary>
    static readonly TimeSpan LiveWithin = TimeSpan.FromMinutes(1);

    static async Task<Results<Ok<AccessPageJson>, ProblemHttpResult>> ListAsync([AsParameters] AccessQuery query, AccessLog accesses, NodeOptions options, CancellationToken stop)
    {
        if (Read(query, options, out var problem) is not { } filter)
            return problem!;
        // One more than asked for tells whether there is a next page.
        var rows = await accesses.ListAsync(filter with { Limit = filter.Limit + 1 }, stop);
        var page = rows.Take(filter.Limit).Select(AccessJson.Of).ToArray();
        return TypedResults.Ok(new AccessPageJson(page, rows.Count > filter.Limit ? page[^1].Id : null));
    }

    static async Task<IResult> CsvAsync([AsParameters] AccessQuery query, AccessLog accesses, NodeOptions options, HttpContext http, CancellationToken stop)
    {
        if (Read(query, options, out var problem) is not { } filter)
            return problem!;
        http.Response.ContentType = "text/csv; charset=utf-8";
        http.Response.Headers.ContentDisposition = "attachment; filename=\"accesses.csv\"";
        await http.Response.WriteAsync("begun,ended,user,token,address,camera,kind,from,to,purpose,reference,detail\r\n", stop);
        filter = filter with { Limit = MaxPage };
        while (true)
        {
            var rows = await accesses.ListAsync(filter, stop);
            var text = new StringBuilder();
            foreach (var row in rows.Select(AccessJson.Of))
            {
                string?[] cells = [Time(row.BegunAt), Time(row.EndedAt), row.User, row.Token, row.Address, row.Camera, JsonNamingPolicy.CamelCase.ConvertName(row.Kind.ToString()), Time(row.From), Time(row.To), row.Purpose, row.Reference, row.Detail];
                text.AppendJoin(',', cells.Select(Cell)).Append("\r\n");
            }

            await http.Response.WriteAsync(text.ToString(), stop);
            if (rows.Count < MaxPage)
                return Results.Empty;
            filter = filter with { Before = rows[^1].Id };
        }
    }

    /// <summary>Quoted where it must be; what a spreadsheet would take for a formula begins with an apostrophe.</summary>
    internal static string Cell(string? text)
    {
        text ??= "";
        if (text.Length > 0 && text[0] is '=' or '+' or '-' or '@' or '\t')
            text = "'" + text;
        return text.AsSpan().IndexOfAny(",\"\r\n") >= 0 ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : text;
    }

    static string? Time(DateTimeOffset? at) => at is { } time ? WireTime.Format(time) : null;

    static AccessFilter? Read(AccessQuery query, NodeOptions options, out ProblemHttpResult? problem)
    {
        var errors = new FieldErrors();
        if (Stretch.TryTime("from", query.From, errors, out var from) & Stretch.TryTime("to", query.To, errors, out var to))
            Stretch.Check(from, to, options.Playback.MaxStretch, errors);
        AccessKindJson? kind = null;
        if (query.Kind is not null)
        {
            if (Enum.TryParse<AccessKindJson>(query.Kind, ignoreCase: true, out var named) && Enum.IsDefined(named) && char.IsAsciiLetter(query.Kind[0]))
                kind = named;
            else
                errors.Add("kind", $"must be one of {string.Join(", ", Enum.GetNames<AccessKindJson>().Select(JsonNamingPolicy.CamelCase.ConvertName))}.");
        }

        int limit = query.Limit ?? UsualPage;
        if (limit is < 1 or > MaxPage)
            errors.Add("limit", $"must lie between 1 and {MaxPage}.");
        long before = long.MaxValue;
        if (query.Cursor is not null && !long.TryParse(query.Cursor, NumberStyles.None, CultureInfo.InvariantCulture, out before))
            errors.Add("cursor", "isn't one that this node gave.");
        problem = errors.Any ? errors.ToProblem() : null;
        return errors.Any ? null : new(from, to, query.User, query.Camera, kind, query.Cursor is null ? null : before, limit);
    }
}
