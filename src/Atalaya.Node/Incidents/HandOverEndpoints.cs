using System.ComponentModel;

using Atalaya.Incidents;
using Atalaya.Media;
using Atalaya.Node.Alarms;
using Atalaya.Node.Api;
using Atalaya.Node.Cameras;
using Atalaya.Node.Identity;
using Atalaya.Node.Playback;

using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Atalaya.Node.Incidents;

public sealed record ShiftCountJson(
    IncidentType Type,
    [property: Description("In the stretch.")] long Raised,
    [property: Description("Of those raised.")] long Acknowledged,
    [property: Description("Of those acknowledged, in time; all where there is no target.")] long WithinTarget,
    [property: Description("In the stretch, whenever raised.")] long Closed,
    long Real, long False, long Nuisance, long Test);

[Description("What the next shift must know.")]
public sealed record HandOverJson(
    DateTimeOffset From, DateTimeOffset To, IReadOnlyList<ShiftCountJson> Counts,
    [property: Description("Open alarms that nobody is on, the most urgent first.")] IReadOnlyList<AlarmJson> Waiting,
    [property: Description("Open alarms that somebody has.")] IReadOnlyList<AlarmJson> Held,
    [property: Description("Incidents that go on, the most urgent first.")] IReadOnlyList<IncidentLineJson> Open,
    [property: Description("Incidents that were closed in the stretch.")] IReadOnlyList<IncidentLineJson> Closed,
    [property: Description("In force at its end.")] IReadOnlyList<SuppressionJson> Suppressions,
    [property: Description("Not armed at its end.")] IReadOnlyList<DisarmingJson> Disarmed,
    [property: Description("There was more than is told: look at the lists.")] bool IsPart,
    [property: Description("What those before wrote for the stretch or after, the newest first.")] IReadOnlyList<HandOverNoteJson> Notes);

public sealed record HandOverNoteJson(Guid Id, DateTimeOffset At, string By, DateTimeOffset From, DateTimeOffset To, string Note);

public sealed record HandOverRequestJson
{
    [Description("Start of the shift. Required.")]
    public DateTimeOffset? From { get; init; }

    [Description("Its end. Required.")]
    public DateTimeOffset? To { get; init; }

    [Description("For those who come, at most 4000 characters. Required.")]
    public string? Note { get; init; }
}

static class HandOverEndpoints
{
    const int Most = 2000, MostNotes = 20;

    static readonly TimeSpan Longest = TimeSpan.FromDays(7);

    public static void MapHandOver(this IEndpointRouteBuilder routes)
    {
        var handover = routes.MapGroup("/api/handover").WithTags("incidents");
        handover.MapGet("", GetAsync).WithName("getHandOver").WithSummary("What the next shift must know of a stretch: what waits, what goes on, what is switched off, and how it went.")
            .Produces<HandOverJson>().Fails(400).Needs(Permission.ViewPast);
        handover.MapPost("", PostAsync).WithName("handOver").WithSummary("Leaves a note for the next shift.")
            .Produces<HandOverNoteJson>(StatusCodes.Status201Created).Fails(400, 413, 415).Needs(Permission.Acknowledge);
    }

    static async Task<Results<Ok<HandOverJson>, ProblemHttpResult>> GetAsync(
        [FromQuery, Description("Start of the shift, RFC 3339 with a zone. Required.")] string? from, [FromQuery, Description("Its end; at most seven days later. Required.")] string? to, Actor actor,
        Casebook book, Standing standing, CameraRoster roster, CancellationToken stop)
    {
        var errors = new FieldErrors();
        if (Stretch.TryTime("from", from, errors, out var start) & Stretch.TryTime("to", to, errors, out var end))
            Stretch.Check(start, end, Longest, errors);
        if (errors.Any)
            return errors.ToProblem();
        var cameras = actor.Cameras(Permission.ViewPast, roster);
        return TypedResults.Ok(await book.ReadAsync(async session =>
        {
            var alarms = await session.AlarmsOfShiftAsync(start, end, Most + 1);
            var incidents = new List<Incident>();
            var lines = new Dictionary<Guid, IncidentLineJson>();
            var ids = await session.IncidentsOfShiftAsync(start, end, Most + 1);
            foreach (var id in ids.Take(Most))
            {
                if ((cameras is null || await session.ConcernsAsync(id, cameras)) && await session.IncidentLineAsync(id) is { } line)
                {
                    lines[id] = IncidentLineJson.Of(line);
                    incidents.Add(new()
                    {
                        Id = id,
                        Type = line.Type,
                        Severity = line.Severity,
                        State = line.State,
                        Title = line.Title,
                        OpenedBy = "",
                        OpenedAt = line.OpenedAt,
                        ClosedAt = line.ClosedAt,
                        ChangedAt = line.ChangedAt,
                    });
                }
            }

            var orders = standing.Orders;
            var shift = HandOver.Of(
                start.ToDateTimeOffset(), end.ToDateTimeOffset(), [.. alarms.Take(Most).Where(a => cameras is null || cameras.Contains(a.Camera, StringComparer.Ordinal))], incidents, orders.Suppressions,
                orders.Disarmings, orders.Policy.Policy);
            var notes = await session.QueryAsync<NoteRow>(
                "select id, at, by_whom as ByWhom, from_us as FromUs, to_us as ToUs, note from handovers where to_us > @start order by at desc limit @MostNotes", new { start = start.Microseconds, MostNotes });
            return new HandOverJson(
                shift.From, shift.To, [.. shift.Counts.Select(c => new ShiftCountJson(c.Type, c.Raised, c.Acknowledged, c.WithinTarget, c.Closed, c.Real, c.False, c.Nuisance, c.Test))],
                [.. shift.Waiting.Select(AlarmJson.Of)], [.. shift.Held.Select(AlarmJson.Of)], [.. shift.Open.Select(i => lines[i.Id])], [.. shift.Closed.Select(i => lines[i.Id])],
                [.. shift.Suppressions.Select(SuppressionJson.Of)], [.. shift.Disarmings.Select(DisarmingJson.Of)], alarms.Count > Most || ids.Count > Most, [.. notes.Select(n => n.Read())]);
        }, stop));
    }

    static async Task<Results<Created<HandOverNoteJson>, ProblemHttpResult>> PostAsync(HandOverRequestJson input, Actor actor, Casebook book, TimeProvider clock, CancellationToken stop)
    {
        var errors = new FieldErrors();
        if (input.From is null)
            errors.Add("from", "is missing.");
        if (input.To is null)
            errors.Add("to", "is missing.");
        if (!errors.Any)
            Stretch.Check(WallTime.From(input.From!.Value), WallTime.From(input.To!.Value), Longest, errors);
        string note = CaseRequests.Words("note", input.Note, Incident.MaxText, errors);
        if (errors.Any)
            return errors.ToProblem();
        var now = clock.GetUtcNow();
        var written = new HandOverNoteJson(Guid.CreateVersion7(now), now, actor.Name, input.From!.Value, input.To!.Value, note);
        await book.WriteAsync(s => s.WriteAsync(
            "insert into handovers (id, at, by_whom, from_us, to_us, note) values (@id, @at, @By, @from, @to, @Note)",
            new
            {
                id = CaseSession.Written(written.Id),
                at = WallTime.From(written.At).Microseconds,
                written.By,
                from = WallTime.From(written.From).Microseconds,
                to = WallTime.From(written.To).Microseconds,
                written.Note,
            }), stop);
        return TypedResults.Created((string?)null, written);
    }

    sealed class NoteRow
    {
        public string Id { get; init; } = "";
        public long At { get; init; }
        public string ByWhom { get; init; } = "";
        public long FromUs { get; init; }
        public long ToUs { get; init; }
        public string Note { get; init; } = "";

        public HandOverNoteJson Read() => new(Guid.ParseExact(Id, "n"), Time(At), ByWhom, Time(FromUs), Time(ToUs), Note);

        static DateTimeOffset Time(long microseconds) => new WallTime(microseconds).ToDateTimeOffset();
    }
}
