using System.ComponentModel;
using System.Globalization;

using Atalaya.Evidence;
using Atalaya.Media;
using Atalaya.Node.Api;
using Atalaya.Node.Evidence;
using Atalaya.Node.Identity;
using Atalaya.Node.Playback;

using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Atalaya.Node.Oversight;

sealed record RecordQuery
{
    [FromQuery(Name = "from"), Description("Start, RFC 3339 with a zone. Required.")]
    public string? From { get; init; }

    [FromQuery(Name = "to"), Description("End, RFC 3339 with a zone; after from. Required.")]
    public string? To { get; init; }

    [FromQuery(Name = "kind"), Description("Of these kinds only, separated by commas; absent: of all but segments.")]
    public string? Kind { get; init; }

    [FromQuery(Name = "text"), Description("With this text in the record.")]
    public string? Text { get; init; }

    [FromQuery(Name = "limit"), Description("At most so many, 1 to 500; 100 by default.")]
    public int? Limit { get; init; }

    [FromQuery(Name = "cursor"), Description("'next' of the page before.")]
    public string? Cursor { get; init; }
}

/// <summary>What oversight works with: search over all records, each with its proof, figures of a period, and the report. No pictures, on any of it.</summary>
static class OversightEndpoints
{
    const int MaxPage = 500, UsualPage = 100, MaxText = 200;

    /// <summary>Of one question: ten years.</summary>
    static readonly TimeSpan MaxPeriod = TimeSpan.FromDays(3660);

    public static void MapOversightRoom(this IEndpointRouteBuilder routes)
    {
        var room = routes.MapGroup("/api/oversight").WithTags("oversight").Needs(Permission.Audit);
        room.MapGet("records", ListAsync).WithName("listRecords").WithSummary("What the log's leaves stand for, the newest first. Holds no pictures.").Produces<LogRecordPageJson>().Fails(400);
        room.MapGet("records/{leaf:long}/proof", ProofAsync).WithName("getRecordProof").WithSummary("That a record is in the log, as a file that needs nobody's word but the log's key.")
            .WithDescription("`atalaya log check-proof` checks it offline; how: ref/log.md. 404 also while its leaf isn't under the checkpoint that is shown.").Produces<LogRecordProofJson>().Fails(404, 503);
        room.MapGet("figures", FiguresAsync).WithName("getOversight").WithSummary("A period in numbers: accesses, purposes, changes, retention kept, what is notable.").Produces<OversightJson>().Fails(400);
        room.MapGet("report", ReportAsync).WithName("getOversightReport").WithSummary("The report of a period, to be printed: HTML, or PDF where weasyprint is installed.")
            .Produces<string>(StatusCodes.Status200OK, "text/html", "application/pdf").Fails(400, 503);
    }

    static async Task<Results<Ok<LogRecordPageJson>, ProblemHttpResult>> ListAsync([AsParameters] RecordQuery query, RecordSearch search, CancellationToken stop)
    {
        var errors = new FieldErrors();
        bool period = TryPeriod(query.From, query.To, errors, out var from, out var to);
        if (!RecordSearch.TryKinds(query.Kind, out var kinds))
            errors.Add("kind", $"must be of {RecordSearch.Kinds}.");
        int limit = query.Limit ?? UsualPage;
        if (limit is < 1 or > MaxPage)
            errors.Add("limit", $"must lie between 1 and {MaxPage}.");
        if (query.Text is { Length: > MaxText })
            errors.Add("text", $"must be at most {MaxText} characters.");
        long before = long.MaxValue;
        if (query.Cursor is not null && !long.TryParse(query.Cursor, NumberStyles.None, CultureInfo.InvariantCulture, out before))
            errors.Add("cursor", "isn't one of this list.");
        if (errors.Any || !period)
            return errors.ToProblem();
        var rows = await search.FindAsync(new(from, to, kinds, query.Text ?? "", before, limit + 1), stop);
        return TypedResults.Ok(new LogRecordPageJson([.. rows.Take(limit)], rows.Count > limit ? RecordSearch.CursorOf(rows[limit - 1].Leaf) : null));
    }

    static async Task<Results<Ok<LogRecordProofJson>, ProblemHttpResult>> ProofAsync(long leaf, RecordSearch search, NodeLog log, CancellationToken stop)
    {
        if (await log.HeadAsync(stop) is not var (head, key))
            return Problems.Of(StatusCodes.Status503ServiceUnavailable, "The log isn't open", log.Fault ?? "The node has just started; ask again in a moment.");
        if (await search.OfLeafAsync(leaf, stop) is not { } row || row.Leaf >= head.Checkpoint.Size)
            return Problems.NotFound("No such record", "There is no such record, it was forgotten with its footage, or its leaf follows within seconds.");
        try
        {
            var proof = new LogFolder(log.Folder).Tree(head.Checkpoint.Size).Inclusion(row.Leaf);
            return TypedResults.Ok(new LogRecordProofJson(
                RecordProof.Format, row.Leaf, new WallTime(row.At).ToDateTimeOffset(), RecordSearch.NameOf(row.Kind), row.Record, Convert.ToHexStringLower(row.Salt), Convert.ToHexStringLower(row.ToLeaf().Encode()),
                [.. proof.Select(p => p.ToString())], head.Note.ToString(), key.ToString(), log.KeyHistory.ToString()));
        }
        catch (Exception fault) when (fault is IOException or InvalidDataException)
        {
            return Problems.Of(StatusCodes.Status503ServiceUnavailable, "The log can't be read just now", fault.Message);
        }
    }

    static async Task<Results<Ok<OversightJson>, ProblemHttpResult>> FiguresAsync(
        [FromQuery, Description("Start, RFC 3339 with a zone. Required.")] string? from, [FromQuery, Description("End. Required.")] string? to, OversightFigures figures, CancellationToken stop)
    {
        var errors = new FieldErrors();
        return TryPeriod(from, to, errors, out var begin, out var end) ? TypedResults.Ok(await figures.ReadAsync(begin, end, stop)) : errors.ToProblem();
    }

    static async Task<IResult> ReportAsync(
        [FromQuery, Description("Start, RFC 3339 with a zone. Required.")] string? from,
        [FromQuery, Description("End. Required.")] string? to,
        [FromQuery, Description("es, fr, ar or en, the default.")] string? language,
        [FromQuery, Description("html, the default, or pdf.")] string? format,
        OversightReport report, Caller caller, CancellationToken stop)
    {
        var errors = new FieldErrors();
        bool period = TryPeriod(from, to, errors, out var begin, out var end);
        language ??= "en";
        if (!ReportWords.Languages.Contains(language, StringComparer.Ordinal))
            errors.Add("language", $"must be one of {string.Join(", ", ReportWords.Languages)}.");
        if (format is not (null or "html" or "pdf"))
            errors.Add("format", "must be html or pdf.");
        if (errors.Any || !period)
            return errors.ToProblem();
        string html = await report.HtmlAsync(begin, end, language, caller.Name, stop);
        string name = $"oversight-{begin.ToDateTimeOffset():yyyy-MM-dd}-{end.ToDateTimeOffset():yyyy-MM-dd}";
        if (format != "pdf")
            return TypedResults.File(System.Text.Encoding.UTF8.GetBytes(html), "text/html; charset=utf-8", name + ".html");
        return await PdfPrinter.PrintAsync(html, stop) switch
        {
            { Pdf: { } pdf } => TypedResults.File(pdf, "application/pdf", name + ".pdf"),
            var failed => Problems.Of(StatusCodes.Status503ServiceUnavailable, "No PDF can be made here", failed.Fault),
        };
    }

    static bool TryPeriod(string? from, string? to, FieldErrors errors, out WallTime begin, out WallTime end)
    {
        if (!(Stretch.TryTime("from", from, errors, out begin) & Stretch.TryTime("to", to, errors, out end)))
            return false;
        Stretch.Check(begin, end, MaxPeriod, errors);
        return !errors.Any;
    }
}
