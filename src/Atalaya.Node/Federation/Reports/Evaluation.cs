using System.ComponentModel;

using Atalaya.Federation.Agreements;
using Atalaya.Federation.Links;
using Atalaya.Federation.Requests;
using Atalaya.Federation.Stories;
using Atalaya.Media;
using Atalaya.Node.Api;
using Atalaya.Node.Federation.Agreements;
using Atalaya.Node.Federation.Links;
using Atalaya.Node.Federation.Operations;
using Atalaya.Node.Federation.Requests;
using Atalaya.Node.Identity;
using Atalaya.Node.Options;
using Atalaya.Node.Playback;
using Atalaya.Node.Store;

using Dapper;

using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Atalaya.Node.Federation.Reports;

public sealed record EvaluationJson(
    DateTimeOffset From,
    DateTimeOffset To,
    [property: Description("Id of the link that it is of; null: of all partners.")] string? Link,
    [property: Description("Whose figures there are: this organisation's partners, of ended links, too.")] IReadOnlyList<EvaluatedPartnerJson> Partners,
    [property: Description("There were more requests than are counted: a shorter period has them all.")] bool Cut,
    [property: Description("By kind, ours first.")] IReadOnlyList<RequestCountJson> Requests,
    [property: Description("Words of the grounds that these refusals name, in the language that was asked for.")] IReadOnlyList<AgreedTermJson> Grounds,
    [property: Description("Joint operations that began.")] int OperationsBegun,
    [property: Description("Of these, those that are over.")] int OperationsOver,
    [property: Description("Incidents handed over, in either direction.")] IReadOnlyList<HandOverCountJson> HandOvers,
    [property: Description("Grants, in either direction.")] IReadOnlyList<ShareCountJson> Shares);

public sealed record EvaluatedPartnerJson(string Link, string Organisation);

public sealed record HandOverCountJson(
    [property: Description("This organisation handed them over.")] bool Ours,
    int Count,
    int Acknowledged,
    [property: Description("Closed as real.")] int Real,
    [property: Description("Closed as anything else: false, nuisance, test.")] int False,
    [property: Description("Refused by the receiver's node; they are among those handed over.")] int Refused);

public sealed record ShareCountJson(
    [property: Description("This organisation gave them.")] bool Ours,
    int Given,
    int Ended,
    int Revoked,
    [property: Description("Of which the receiver stated that what was sent is deleted.")] int Deleted);

/// <summary>The yearly review: what this organisation and a partner, or all of them, asked, answered and did together within a period, as numbers and as one document.</summary>
sealed class Evaluation(NodeDatabase database, LinkBook links, RequestBook requests, OperationBook operations, AgreementBook agreements, NodeOptions options, TimeProvider clock)
{
    const int MostCounted = 20_000;

    /// <param name="link">Id of one; null: every partner's. What goes on with own sites is nobody's review.</param>
    /// <returns>Null: there is no such partner.</returns>
    public async Task<EvaluationJson?> ReadAsync(string? link, WallTime from, WallTime to, Language language, CancellationToken stop)
    {
        EvaluatedPartnerJson[] partners = [.. links.All.Where(l => l.Kind == LinkKind.Partner).Select(l => new EvaluatedPartnerJson(l.Id, l.Organisation))];
        string[] of = [.. partners.Select(p => p.Link).Where(l => link is null || l == link)];
        if (link is not null && of.Length == 0)
            return null;
        var told = await requests.OfAsync(of, from, to, MostCounted + 1, stop);
        bool cut = told.Count > MostCounted;
        var (begun, over) = await operations.CountAsync(of, from, to, stop);
        var span = new { from = from.Microseconds, to = to.Microseconds, of };
        await using var connection = await database.Source.OpenConnectionAsync(stop);
        // What was refused here has no row but its refusal; its sender counts it, so this node does.
        var handed = await connection.QueryAsync<(string Direction, string Outcome, long Count, long Acknowledged, long Refused)>(new CommandDefinition(
            """
            select direction, outcome, count(*), count(acknowledged_us), count(refused_us) from hand_overs where link in @of and sent_us >= @from and sent_us < @to group by direction, outcome
            union all
            select 'received', '', count(*), 0, count(*) from link_refusals where link in @of and direction = 'in' and kind = 'handover.sent' and at >= @from and at < @to group by direction
            """, span, cancellationToken: stop));
        var shared = await connection.QueryAsync<(string Direction, string State, long Count, long Ended)>(new CommandDefinition(
            "select direction, state, count(*), count(ended_us) from share_grants where link in @of and given_us >= @from and given_us < @to and (state <> 'Refused' or card is not null or direction = 'received') group by direction, state", span, cancellationToken: stop));
        var deleted = (await connection.QueryAsync<(string Direction, long Count)>(new CommandDefinition(
            """
            select g.direction, count(*) from share_grants g where g.link in @of and g.given_us >= @from and g.given_us < @to
                and exists (select 1 from share_documents d where d.grant_id = g.id and d.act = 'Deleted') group by g.direction
            """, span, cancellationToken: stop))).ToDictionary(d => d.Direction, d => (int)d.Count, StringComparer.Ordinal);
        RequestCountJson[] counts = [.. RequestCount.Of(told.Take(MostCounted).Select(t => (t.Row.Ours ? Side.First : Side.Second, t.Case)), clock.GetUtcNow()).Select(RequestCountJson.Of)];
        // In the words of any version: what was refused under an earlier one was refused on its grounds.
        var documents = agreements.All.OrderByDescending(a => a.Version).Select(a => a.Document).ToArray();
        return new(
            from.ToDateTimeOffset(), to.ToDateTimeOffset(), link, partners, cut, counts,
            [.. counts.SelectMany(c => c.Refusals).Select(r => r.Ground).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).Select(g => new AgreedTermJson(g, AgreementWords.GroundOf(documents, g, language)))],
            begun, over,
            [.. handed.GroupBy(h => h.Direction, StringComparer.Ordinal).OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => new HandOverCountJson(
                g.Key == "given", Sum(g, h => h.Count), Sum(g, h => h.Acknowledged), Sum(g.Where(h => h.Outcome == "Real"), h => h.Count), Sum(g.Where(h => h.Outcome is not ("Real" or "")), h => h.Count),
                Sum(g, h => h.Refused)))],
            [.. shared.GroupBy(h => h.Direction, StringComparer.Ordinal).OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => new ShareCountJson(
                g.Key == "given", Sum(g, h => h.Count), Sum(g, h => h.Ended), Sum(g.Where(h => h.State == "Revoked"), h => h.Count), deleted.GetValueOrDefault(g.Key)))]);

        static int Sum<T>(IEnumerable<T> rows, Func<T, long> of) => (int)rows.Sum(of);
    }

    /// <summary>es, fr, ar; anything else is English.</summary>
    public static Language LanguageOf(string? language) => Enum.TryParse<Language>(language, ignoreCase: true, out var reader) && Enum.IsDefined(reader) ? reader : Language.En;

    /// <inheritdoc cref="ReadAsync"/>
    public async Task<string?> HtmlAsync(string? link, WallTime from, WallTime to, string language, string by, CancellationToken stop)
    {
        if (await ReadAsync(link, from, to, LanguageOf(language), stop) is not { } told)
            return null;
        var grounds = told.Grounds.ToDictionary(g => g.Id, g => g.Text, StringComparer.Ordinal);
        var page = new ReportPage(language, "evaluation", options.Name);
        page.Line("partners", string.Join(", ", told.Partners.Where(p => link is null || p.Link == link).Select(p => p.Organisation).Distinct(StringComparer.Ordinal)));
        page.Line("period", $"{ReportPage.Time(told.From)} – {ReportPage.Time(told.To)}");
        page.Made(clock.GetUtcNow(), by);
        page.Note("counted");
        if (told.Cut)
            page.Note("cut");
        foreach (bool ours in new[] { true, false })
        {
            page.Section(ours ? "ourRequests" : "theirRequests");
            page.Table(
                ["kind", "asked", "openCount", "overdue", "whole", "part", "conditional", "refused", "withdrawn"],
                told.Requests.Where(r => r.Ours == ours).Select(r => (string[])
                    [Kind(r), Number(r.Asked), Number(r.Open), Number(r.Overdue), Number(r.Whole), Number(r.Part), Number(r.Conditional), Number(r.Refused), Number(r.Withdrawn)]));
        }

        page.Section("answers");
        page.Table(
            ["kind", "who2", "inTime", "late", "median", "slowest"],
            told.Requests.Where(r => r.InTime + r.Late > 0).Select(r => (string[])
                [Kind(r), page[r.Ours ? "us" : "partner"], Number(r.InTime), Number(r.Late), Span(r.MedianSeconds), Span(r.SlowestSeconds)]));
        page.Section("refusals");
        page.Table(
            ["ground", "who2", "kind", "count"],
            told.Requests.SelectMany(r => r.Refusals.Select(g => (string[])[grounds[g.Ground], page[r.Ours ? "us" : "partner"], Kind(r), Number(g.Count)])));
        page.Section("alarms");
        page.Table(
            ["direction", "number", "acknowledged", "real", "false", "refused"],
            told.HandOvers.Select(h => (string[])[page[h.Ours ? "given" : "received"], Number(h.Count), Number(h.Acknowledged), Number(h.Real), Number(h.False), Number(h.Refused)]));
        page.Section("footage");
        page.Table(
            ["direction", "number", "ended", "revoked", "deleted"],
            told.Shares.Select(s => (string[])[page[s.Ours ? "given" : "received"], Number(s.Given), Number(s.Ended), Number(s.Revoked), Number(s.Deleted)]));
        page.Section("operations");
        page.Table(["begun", "over"], told.OperationsBegun > 0 ? [[Number(told.OperationsBegun), Number(told.OperationsOver)]] : []);
        return page.Html();

        string Kind(RequestCountJson count) => page.Of("request", System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName(count.Kind.ToString()));
        static string Number(long number) => ReportPage.Number(number);
        static string Span(long? seconds) => seconds is { } s ? ReportPage.Span(TimeSpan.FromSeconds(s)) : "–";
    }
}

static class EvaluationEndpoints
{
    static readonly TimeSpan MaxPeriod = TimeSpan.FromDays(3660);

    public static IServiceCollection AddEvaluation(this IServiceCollection services) => services.AddSingleton<Evaluation>();

    public static void MapEvaluation(this IEndpointRouteBuilder routes)
    {
        var evaluation = routes.MapGroup("/api/evaluation").WithTags("requests").NeedsAnywhere(Permission.Cooperate, or: Permission.Audit);
        evaluation.MapGet("", ReadAsync).WithName("getEvaluation").WithSummary("What this organisation and its partners asked, answered and did together within a period.").Produces<EvaluationJson>().Fails(400, 403, 404);
        evaluation.MapGet("report", ReportAsync).WithName("getEvaluationReport").WithSummary("The same as one document, to be printed: HTML, or PDF where weasyprint is installed.")
            .Produces<string>(StatusCodes.Status200OK, "text/html", "application/pdf").Fails(400, 403, 404, 503);
    }

    static async Task<Results<Ok<EvaluationJson>, ProblemHttpResult>> ReadAsync(
        [FromQuery, Description("Start, RFC 3339 with a zone. Required.")] string? from, [FromQuery, Description("End. Required.")] string? to,
        [FromQuery, Description("Id of a partner's link; without: all partners.")] string? link, [FromQuery, Description("Of the words: es, fr, ar or en, the default.")] string? language, Evaluation evaluation, Caller caller, CancellationToken stop)
    {
        var errors = new FieldErrors();
        if (!TryPeriod(from, to, errors, out var begin, out var end))
            return errors.ToProblem();
        if (Refusal(caller) is { } refusal)
            return refusal;
        return await evaluation.ReadAsync(link, begin, end, Evaluation.LanguageOf(language), stop) is { } told ? TypedResults.Ok(told) : NoPartner(link!);
    }

    static async Task<IResult> ReportAsync(
        [FromQuery, Description("Start, RFC 3339 with a zone. Required.")] string? from,
        [FromQuery, Description("End. Required.")] string? to,
        [FromQuery, Description("Id of a partner's link; without: all partners.")] string? link,
        [FromQuery, Description("es, fr, ar or en, the default.")] string? language,
        [FromQuery, Description("html, the default, or pdf.")] string? format,
        Evaluation evaluation, Caller caller, CancellationToken stop)
    {
        var errors = new FieldErrors();
        if (!(TryPeriod(from, to, errors, out var begin, out var end) & ReportPage.TryAsk(language, format, errors, out string reader)))
            return errors.ToProblem();
        if (Refusal(caller) is { } refusal)
            return refusal;
        if (await evaluation.HtmlAsync(link, begin, end, reader, caller.Name, stop) is not { } html)
            return NoPartner(link!);
        return await ReportPage.AnswerAsync(
            html, format, $"evaluation-{begin.ToDateTimeOffset():yyyy-MM-dd}-{end.ToDateTimeOffset():yyyy-MM-dd}", stop);
    }

    // Numbers of the organisation are for who may on the organisation.
    static ProblemHttpResult? Refusal(Caller caller) =>
        caller.Has(Permission.Cooperate) || caller.Has(Permission.Audit)
            ? null
            : Problems.Of(StatusCodes.Status403Forbidden, "Not on the whole organisation", "These are the organisation's figures; your roles reach a part of it.");

    static ProblemHttpResult NoPartner(string link) => Problems.NotFound("No such partner", $"There is no link '{Problems.Shown(link)}' with a partner. GET /api/evaluation lists partners.");

    static bool TryPeriod(string? from, string? to, FieldErrors errors, out WallTime begin, out WallTime end)
    {
        if (!(Stretch.TryTime("from", from, errors, out begin) & Stretch.TryTime("to", to, errors, out end)))
            return false;
        Stretch.Check(begin, end, MaxPeriod, errors);
        return !errors.Any;
    }
}
