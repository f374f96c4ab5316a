using System.ComponentModel;
using System.Text.Json;

using Atalaya.Incidents.Policy;
using Atalaya.Media;
using Atalaya.Node.Api;
using Atalaya.Node.Identity;
using Atalaya.Node.Playback;

using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace Atalaya.Node.Alarms;

/// <summary>What stands between events and alarms: policy, arming, suppressions.</summary>
static class PolicyEndpoints
{
    const int MaxReason = 500, MaxNames = 200, MaxTried = 20_000;
    const string NoGroup = "is a group that no camera has.";

    static readonly TimeSpan LongestTrial = TimeSpan.FromDays(7);

    static readonly TimeSpan LongestSuppression = TimeSpan.FromDays(30);

    public static void MapAlarmPolicy(this IEndpointRouteBuilder routes)
    {
        var policy = routes.MapGroup("/api/alarm-policy").WithTags("alarm policy");
        policy.MapGet("", Get).WithName("getAlarmPolicy").WithSummary("The alarm policy in force.").Produces<StandingPolicyJson>().Needs(Permission.ViewPast);
        policy.MapPut("", PutAsync).WithName("putAlarmPolicy").WithSummary("Writes the alarm policy; decides from the next scene event on.")
            .WithDescription("Every fault is told at once, keyed by place, as clauses[2].schedule. With If-Match it is written only if nobody was faster: 412. Earlier policies are kept.")
            .Accepts<AlarmPolicy>("application/json").Produces<StandingPolicyJson>().Fails(400, 412, 413, 415).Needs(Permission.ManageAlarms);
        policy.MapGet("default", () => AlarmPolicy.Default).WithName("getDefaultAlarmPolicy")
            .WithSummary("The policy that holds where nobody has written one.").Produces<AlarmPolicy>().Needs(Permission.ViewPast);

        policy.MapPost("trial", TryAsync).WithName("tryAlarmPolicy").WithSummary("What a policy would have made of past scene events, beside what was made of them. Changes nothing.")
            .WithDescription("What people did with the alarms there were they do in the trial at the same moments. At most 20,000 events of at most seven days; 'isPart' when there were more.")
            .Accepts<AlarmPolicy>("application/json").Produces<PolicyTrialJson>().Fails(400, 413, 415).Needs(Permission.ManageAlarms);

        var arming = routes.MapGroup("/api/arming").WithTags("alarm policy");
        arming.MapGet("", (Standing standing, TimeProvider clock) => Disarmed(standing.Orders, clock)).WithName("getArming").WithSummary("What isn't armed just now; all the rest is.")
            .Needs(Permission.ViewPast);
        arming.MapPost("disarm", DisarmAsync).WithName("disarm").WithSummary("Disarms everything, a site or a group of cameras. Rescues, tampering and the system's own alarms go on.")
            .WithDescription("What is disarmed already stays so, with the new reason and end.")
            .Produces<DisarmingJson>().Fails(400, 413, 415).Needs(Permission.ManageAlarms);
        arming.MapDelete("{id:guid}", ArmAsync).WithName("arm").WithSummary("Ends a disarming.").Produces(StatusCodes.Status204NoContent).Fails(404).Needs(Permission.ManageAlarms);

        var suppressions = routes.MapGroup("/api/suppressions").WithTags("alarm policy");
        suppressions.MapGet("", (Standing standing, TimeProvider clock) => Suppressed(standing.Orders, clock)).WithName("listSuppressions").WithSummary("Suppressions in force.")
            .Needs(Permission.ViewPast);
        suppressions.MapPost("", SuppressAsync).WithName("suppress").WithSummary("Lets some events raise nothing for a while; says who, why and until when.")
            .Produces<SuppressionJson>(StatusCodes.Status201Created).Fails(400, 413, 415).Needs(Permission.ManageAlarms);
        suppressions.MapDelete("{id:guid}", EndAsync).WithName("endSuppression").WithSummary("Ends a suppression early.").Produces(StatusCodes.Status204NoContent).Fails(404).Needs(Permission.ManageAlarms);
    }

    static StandingPolicyJson Get(HttpContext http, Standing standing)
    {
        http.Tag(standing.Orders.Policy.Version);
        return Of(standing.Orders.Policy);
    }

    static async Task<Results<Ok<StandingPolicyJson>, ProblemHttpResult>> PutAsync(
        HttpContext http, [FromHeader(Name = "If-Match")] string? ifMatch, Actor actor, Casebook book, Standing standing, TimeProvider clock, CancellationToken stop)
    {
        var errors = new FieldErrors();
        long? seen = CaseRequests.Version(ifMatch, errors);
        var policy = await ReadAsync(http, standing, errors, stop);
        if (errors.Any)
            return errors.ToProblem();
        var refusal = await book.WriteAsync(async session =>
        {
            long version = await session.FirstAsync<long>("select coalesce(max(version), 0) from alarm_policies");
            if (seen is { } known && known != version)
            {
                var orders = await standing.ReadAsync(session);
                return CaseRequests.Changed("policy", Of(orders.Policy), Array.Empty<string>());
            }

            await session.WriteAsync(PolicyRows.Add, new { at = WallTime.Now(clock).Microseconds, by = actor.Name, body = PolicyReader.Write(policy!) });
            return null;
        }, stop);
        if (refusal is not null)
            return refusal;
        await standing.LoadAsync(stop);
        http.Tag(standing.Orders.Policy.Version);
        return TypedResults.Ok(Of(standing.Orders.Policy));
    }

    /// <summary>A policy from a request's body. Read by the policy's own reader: it tells every fault at once.</summary>
    static async Task<AlarmPolicy?> ReadAsync(HttpContext http, Standing standing, FieldErrors errors, CancellationToken stop)
    {
        using var body = new MemoryStream();
        await http.Request.Body.CopyToAsync(body, stop);
        var policy = PolicyReader.Read(body.GetBuffer().AsSpan(0, (int)body.Length), out var faults);
        foreach (var fault in faults)
            errors.Add(fault.Path.Length == 0 ? "body" : fault.Path, fault.Message);
        if (policy is null)
            return null;
        if (standing.Zone(policy.Zone) is null)
            errors.Add("zone", "is no time zone that this machine knows.");
        var groups = Groups(standing.Orders);
        for (int i = 0; i < policy.Clauses.Count; i++)
        {
            for (int n = 0; n < policy.Clauses[i].Groups.Count; n++)
            {
                if (!groups.Contains(policy.Clauses[i].Groups[n]))
                    errors.Add($"clauses[{i}].groups[{n}]", NoGroup);
            }
        }

        return policy;
    }

    /// <summary>Those that some camera has. A group that lost its last camera stays in what was written before.</summary>
    static HashSet<string> Groups(StandingOrders orders) => orders.Places.Values.SelectMany(p => p.Groups).ToHashSet(StringComparer.Ordinal);

    static async Task<Results<Ok<PolicyTrialJson>, ProblemHttpResult>> TryAsync(
        HttpContext http, [FromQuery, Description("Start of the stretch. Required.")] string? from, [FromQuery, Description("Its end; at most seven days later. Required.")] string? to, Casebook book,
        Standing standing, CancellationToken stop)
    {
        var errors = new FieldErrors();
        if (Stretch.TryTime("from", from, errors, out var start) & Stretch.TryTime("to", to, errors, out var end))
            Stretch.Check(start, end, LongestTrial, errors);
        await standing.LoadAsync(stop);
        var policy = await ReadAsync(http, standing, errors, stop);
        if (errors.Any)
            return errors.ToProblem();
        var (events, lives, isPart) = await book.ReadAsync(s => s.PastAsync(start, end, policy!.Reach, MaxTried), stop);
        var orders = standing.Orders;
        var result = await Task.Run(() => PolicyTrial.Run(policy!, events, lives, orders.Situation([]) with { Zone = standing.Zone(policy!.Zone)! }), stop);
        return TypedResults.Ok(PolicyTrialJson.Of(start.ToDateTimeOffset(), end.ToDateTimeOffset(), isPart, result));
    }

    static IReadOnlyList<DisarmingJson> Disarmed(StandingOrders orders, TimeProvider clock) => [.. orders.Disarmings.Where(d => d.Holds(clock.GetUtcNow())).Select(DisarmingJson.Of)];

    static IReadOnlyList<SuppressionJson> Suppressed(StandingOrders orders, TimeProvider clock) => [.. orders.Suppressions.Where(s => clock.GetUtcNow() < s.Until).Select(SuppressionJson.Of)];

    static async Task<Results<Ok<DisarmingJson>, ProblemHttpResult>> DisarmAsync(DisarmRequestJson input, Actor actor, Casebook book, Standing standing, TimeProvider clock, CancellationToken stop)
    {
        var errors = new FieldErrors();
        var now = clock.GetUtcNow();
        // Cameras come and go; the orders know those of the last look.
        await standing.LoadAsync(stop);
        if (input.Group is { } named && !Groups(standing.Orders).Contains(named))
            errors.Add("group", NoGroup);
        if (input.Site is { } at && standing.Orders.Places.Values.All(p => p.Site != at))
            errors.Add("site", "is no camera's site.");
        if (input is { Group: not null, Site: not null })
            errors.Add("site", "goes without group: one of both.");
        if (input.Until is { } until && (until <= now || until > now.AddDays(366)))
            errors.Add("until", "must lie in the future, within a year.");
        string reason = CaseRequests.Words("reason", input.Reason, MaxReason, errors);
        if (errors.Any)
            return errors.ToProblem();
        var disarming = new Disarming(Guid.CreateVersion7(now), input.Group, now, input.Until, actor.Name, reason) { Site = input.Site };
        await book.WriteAsync(async session =>
        {
            var values = new
            {
                Id = CaseSession.Written(disarming.Id),
                disarming.Group,
                disarming.Site,
                From = WallTime.From(now).Microseconds,
                Until = disarming.Until is { } end ? WallTime.From(end).Microseconds : (long?)null,
                disarming.By,
                disarming.Reason,
            };
            await session.WriteAsync(
                "update alarm_disarmings set until_us = @From, ended_by = @By where coalesce(camera_group, '') = coalesce(@Group, '') and coalesce(site, '') = coalesce(@Site, '') and (until_us is null or until_us > @From)", values);
            return await session.WriteAsync(
                "insert into alarm_disarmings (id, camera_group, site, from_us, until_us, by_whom, reason) values (@Id, @Group, @Site, @From, @Until, @By, @Reason)", values);
        }, stop);
        await standing.LoadAsync(stop);
        return TypedResults.Ok(DisarmingJson.Of(disarming));
    }

    static async Task<Results<NoContent, ProblemHttpResult>> ArmAsync(Guid id, Actor actor, Casebook book, Standing standing, TimeProvider clock, CancellationToken stop)
    {
        int ended = await book.WriteAsync(s => s.WriteAsync(
            "update alarm_disarmings set until_us = @now, ended_by = @By where id = @id and (until_us is null or until_us > @now)",
            new { now = WallTime.Now(clock).Microseconds, By = actor.Name, id = CaseSession.Written(id) }), stop);
        await standing.LoadAsync(stop);
        return ended > 0 ? TypedResults.NoContent() : Problems.NotFound("No such disarming", "It has ended, or never was. GET /api/arming says what isn't armed.");
    }

    static async Task<Results<Created<SuppressionJson>, ProblemHttpResult>> SuppressAsync(
        SuppressionRequestJson input, Actor actor, Casebook book, Standing standing, TimeProvider clock, CancellationToken stop)
    {
        var errors = new FieldErrors();
        var now = clock.GetUtcNow();
        Names("cameras", input.Cameras);
        Names("groups", input.Groups);
        Names("rules", input.Rules);
        if (input.Groups is { } groups)
        {
            await standing.LoadAsync(stop);
            var known = Groups(standing.Orders);
            foreach (string group in groups.Where(g => !known.Contains(g ?? "")))
                errors.Add("groups", $"'{Problems.Shown(group ?? "")}' {NoGroup}");
        }

        if (!errors.Any && (input.Cameras ?? []).Count + (input.Groups ?? []).Count + (input.Rules ?? []).Count + (input.Kinds ?? []).Count == 0)
            errors.Add("cameras", "or groups, rules or kinds must name something: nothing suppresses everything.");
        if (input.Until is not { } until)
            errors.Add("until", "is missing.");
        else if (until <= now || until > now + LongestSuppression)
            errors.Add("until", $"must lie in the future, at most {LongestSuppression.TotalDays:0} days ahead.");
        string reason = CaseRequests.Words("reason", input.Reason, MaxReason, errors);
        if (errors.Any)
            return errors.ToProblem();
        var suppression = new Suppression
        {
            Id = Guid.CreateVersion7(now),
            Cameras = input.Cameras ?? [],
            Groups = input.Groups ?? [],
            Rules = input.Rules ?? [],
            Kinds = input.Kinds ?? [],
            From = now,
            Until = input.Until!.Value,
            Reason = reason,
            By = actor.Name,
        };
        await book.WriteAsync(s => s.WriteAsync(
            "insert into alarm_suppressions (id, from_us, until_us, body) values (@id, @from, @until, @body)",
            new
            {
                id = CaseSession.Written(suppression.Id),
                from = WallTime.From(suppression.From).Microseconds,
                until = WallTime.From(suppression.Until).Microseconds,
                body = JsonSerializer.Serialize(suppression, PolicyReader.Json),
            }), stop);
        await standing.LoadAsync(stop);
        return TypedResults.Created((string?)null, SuppressionJson.Of(suppression));

        void Names(string field, IReadOnlyList<string>? names)
        {
            if (names is { Count: > MaxNames } || names?.Any(n => string.IsNullOrWhiteSpace(n) || n.Length > PolicyCheck.MaxText) == true)
                errors.Add(field, $"must hold at most {MaxNames} ids.");
        }
    }

    static async Task<Results<NoContent, ProblemHttpResult>> EndAsync(Guid id, Actor actor, Casebook book, Standing standing, TimeProvider clock, CancellationToken stop)
    {
        var now = clock.GetUtcNow();
        bool ended = await book.WriteAsync(async session =>
        {
            if (await session.FirstAsync<string>("select body from alarm_suppressions where id = @id and until_us > @now", new { id = CaseSession.Written(id), now = WallTime.From(now).Microseconds }) is not { } body)
                return false;
            var suppression = JsonSerializer.Deserialize<Suppression>(body, PolicyReader.Json)! with { Until = now, EndedBy = actor.Name };
            await session.WriteAsync(
                "update alarm_suppressions set until_us = @until, body = @body where id = @id",
                new { id = CaseSession.Written(id), until = WallTime.From(now).Microseconds, body = JsonSerializer.Serialize(suppression, PolicyReader.Json) });
            return true;
        }, stop);
        await standing.LoadAsync(stop);
        return ended ? TypedResults.NoContent() : Problems.NotFound("No such suppression", "It has ended, or never was. GET /api/suppressions lists those in force.");
    }

    static StandingPolicyJson Of(StandingPolicy standing) => new(standing.Version, standing.By, standing.At?.ToDateTimeOffset(), standing.Zone.Id, standing.Policy);
}
