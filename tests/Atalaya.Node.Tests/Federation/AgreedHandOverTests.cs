using System.Text.Json;
using System.Text.Json.Nodes;

using Atalaya.Evidence;
using Atalaya.Federation.Agreements;
using Atalaya.Federation.Grants;
using Atalaya.Federation.Links;
using Atalaya.Incidents;
using Atalaya.Node.Evidence;
using Atalaya.Node.Federation.Agreements;
using Atalaya.Node.Federation.Grants;
using Atalaya.Node.Federation.Links;
using Atalaya.Node.Store;

using Dapper;

using Microsoft.Extensions.DependencyInjection;

namespace Atalaya.Node.Tests.Federation;

/// <summary>A hand-over is asked of the agreement at both ends: what it doesn't carry is refused where it arrives, and both know; a rescue isn't held up.</summary>
public sealed class AgreedHandOverTests
{
    [Fact]
    public async Task What_the_agreement_does_not_carry_is_refused_by_who_receives_it_and_both_sides_know_and_a_rescue_goes()
    {
        await using var north = await TestNode.StartAsync(Linked.Listens);
        await using var south = await TestNode.StartAsync(Linked.Dials("Sur", "South"));
        var (atNorth, atSouth) = await Linked.LinkAsync(north, south, LinkKind.Partner);
        await Agreed.SignAsync(north, south, atNorth.Id);
        var begun = TimeProvider.System.GetUtcNow();

        // Where people hand it over, the agreement says no at once.
        string broken = (string)(await north.SendAsync(HttpMethod.Post, "/api/incidents", new { type = "tamper", title = "The mast was turned" })).Body!["id"]!;
        var (status, problem) = await north.SendAsync(HttpMethod.Post, "/api/handovers", new { link = atNorth.Id, incident = broken, purpose = "investigation", grade = "B2" });
        (status, (string)problem!["clause"]!).ShouldBe((403, "5.1"));

        // A node that doesn't ask its own agreement: the other one does.
        string lie = await LieAsync(north, atNorth, broken);
        var told = await north.UntilAsync("/api/handovers", h => h.AsArray().Any(x => (string)x!["id"]! == lie && x["refused"] is not null));
        ((string)told[0]!["refusedClause"]!).ShouldBe("5.1");
        ((string)told[0]!["refusedWhy"]!).ShouldContain("doesn't let you hand this over (essential-interests)");
        (await south.GetAsync("/api/handovers")).AsArray().ShouldBeEmpty();
        (await south.GetAsync("/api/alarms")).ToJsonString().ShouldNotContain("The mast was turned");
        foreach (var (node, here) in new[] { (north, false), (south, true) })
        {
            (await Refusals.ListAsync(node.Service<NodeDatabase>().Source, atNorth.Id, 50, TestNode.Stop)).ShouldContain(r => r.Here == here && r.Kind == "handover.sent" && r.Clause == "5.1");
            var counted = (await node.GetAsync($"/api/evaluation?from={At(begun.AddDays(-1))}&to={At(begun.AddDays(1))}"))["handOvers"]!.AsArray().Single()!;
            ((bool)counted["ours"]!, (int)counted["count"]!, (int)counted["refused"]!, (int)counted["acknowledged"]!).ShouldBe((!here, 1, 1, 0));
            // Oversight finds it in the log.
            await Linked.UntilAsync(async () =>
            {
                node.Service<NodeLog>().LookSoon();
                return (await node.GetAsync($"/api/oversight/records?from={At(begun.AddHours(-1))}&to={At(begun.AddHours(1))}&kind=link")).ToJsonString().Contains("handover.sent", StringComparison.Ordinal);
            });
        }

        // Nobody over there knows of it: here that is an alarm at once, long before it is due, and a line of the story.
        await north.UntilAsync("/api/alarms", a => a["alarms"]!.AsArray().Any(x => ((string)x!["detail"]!).Contains("The hand-over was refused: The mast was turned", StringComparison.Ordinal)));
        await north.UntilAsync($"/api/incidents/{broken}", i => i.ToJsonString().Contains("clause 5.1", StringComparison.Ordinal));

        // One person releases a rescue, though two are asked for otherwise; nothing holds it up.
        string raft = (string)(await north.SendAsync(HttpMethod.Post, "/api/incidents", new { type = "rescue", title = "Two people on a raft" })).Body!["id"]!;
        (status, var sent) = await north.SendAsync(HttpMethod.Post, "/api/handovers", new { link = atNorth.Id, incident = raft, purpose = "rescue" });
        status.ShouldBe(201, sent?.ToString());
        await south.UntilAsync("/api/handovers", h => h.AsArray().Count == 1);
        (await Refusals.ListAsync(south.Service<NodeDatabase>().Source, atSouth.Id, 50, TestNode.Stop)).Count(r => r.Kind == "handover.sent").ShouldBe(1);

        // Its type is in its leaf, at both ends, and so is what became of it; records from before say less and are proven as these.
        foreach (var (node, direction) in new[] { (north, "given"), (south, "received") })
            (await RecordAsync(node, $"\"table\":\"hand_overs\"%\"direction\":\"{direction}\"%\"type\":\"Rescue\"")).ShouldContain((string)sent!["cardGrant"]!);
        (await RecordAsync(north, $"\"table\":\"hand_overs\"%\"act\":\"changed\"%\"refused_clause\":\"5.1\"")).ShouldContain(lie);
        await using (var connection = await north.Service<NodeDatabase>().Source.OpenConnectionAsync(TestNode.Stop))
        {
            long next = await connection.ExecuteScalarAsync<long>("select coalesce(max(id), 0) + 1000 from changes");
            await connection.ExecuteAsync(
                """insert into changes (id, at_us, source, subject, act, body) values (@next, 1, 'hand_overs', 'of-before', 'made', '{"id":"of-before","direction":"given","rescue":0}')""", new { next });
        }

        (await RecordAsync(north, "\"subject\":\"of-before\"")).ShouldNotContain("type");
    }

    [Fact]
    public async Task Terms_that_are_missing_altered_or_of_something_else_carry_no_hand_over()
    {
        await using var north = await TestNode.StartAsync(Linked.Listens);
        await using var south = await TestNode.StartAsync(Linked.Dials("Sur", "South"));
        var (atNorth, atSouth) = await Linked.LinkAsync(north, south, LinkKind.Partner);
        await Agreed.SignAsync(north, south, atNorth.Id);
        var now = TimeProvider.System.GetUtcNow();
        string incident = Guid.NewGuid().ToString();
        var terms = Terms("Guardia", "Sur", incident, "crossing", now);
        var document = new ShareDocument(Guid.NewGuid().ToString(), Guid.NewGuid().ToString(), ShareAct.Given, "Guardia", now, Terms: terms);

        await VerdictAsync(document.Text(), null);
        await VerdictAsync(null, "doesn't say under which terms");
        await VerdictAsync("{}", "doesn't say under which terms");
        await VerdictAsync(document.Text().Replace("\"h1\"", "\"h9\"", StringComparison.Ordinal), "doesn't say under which terms");
        await VerdictAsync((document with { Act = ShareAct.Revoked, Terms = null }).Text(), "doesn't say under which terms");
        await VerdictAsync((document with { Terms = terms with { What = ShareKind.Alarm } }).Text(), "doesn't say under which terms");
        await VerdictAsync((document with { Grant = Guid.NewGuid().ToString() }).Text(), "of something else");
        await VerdictAsync((document with { By = "Sur" }).Text(), "of something else");
        await VerdictAsync((document with { Terms = terms with { From = "Sur", To = "Guardia" } }).Text(), "of something else");
        await VerdictAsync((document with { Terms = terms with { Incident = Guid.NewGuid().ToString() } }).Text(), "of something else");
        await VerdictAsync((document with { Terms = terms with { IncidentType = "rescue" } }).Text(), "of something else");
        await VerdictAsync((document with { Terms = terms with { IncidentType = "vehicle" } }).Text(), "of something else");
        await VerdictAsync((document with { Terms = terms with { Purpose = "border" } }).Text(), "no-clause");
        await VerdictAsync((document with { Terms = terms with { Begins = now.AddYears(-200) } }).Text(), "not-in-force");

        async Task VerdictAsync(string? with, string? refusal)
        {
            string id = Guid.NewGuid().ToString();
            var body = new JsonObject
            {
                ["id"] = id,
                ["incident"] = incident,
                ["title"] = "Over the river",
                ["note"] = "",
                ["cardGrant"] = document.Grant,
                ["liveGrant"] = "",
                ["rescue"] = false,
                ["type"] = "crossing",
                ["due"] = now.AddMinutes(5),
                ["document"] = with,
            };
            var handler = south.App.Services.GetServices<MessageHandler>().OfType<HandOverMessages>().Single();
            await using var connection = await south.Service<NodeDatabase>().Source.OpenConnectionAsync(TestNode.Stop);
            await using var transaction = await connection.BeginTransactionAsync(TestNode.Stop);
            var verdict = await handler.ApplyAsync(new(atSouth, Lane.Urgent, 1, now, "handover.sent", JsonSerializer.SerializeToElement(body)), connection, transaction, TestNode.Stop);
            if (refusal is null)
                verdict.Reason.ShouldBeNull(with);
            else
                verdict.Reason.ShouldNotBeNull(with).ShouldContain(refusal);
        }
    }

    [Fact]
    public async Task Both_ends_say_the_same_of_one_ask_whenever_it_arrives_and_nobody_reaches_back_behind_an_end()
    {
        var clock = new ShiftedClock();
        await using var north = await TestNode.StartAsync(Linked.Listens);
        await using var south = await TestNode.StartAsync(Linked.Dials("Sur", "South"), clock: clock);
        var (atNorth, atSouth) = await Linked.LinkAsync(north, south, LinkKind.Partner);
        var today = DateOnly.FromDateTime(TimeProvider.System.GetUtcNow().UtcDateTime);
        DateTimeOffset last = new(today.AddDays(10).ToDateTime(TimeOnly.MinValue), TimeSpan.Zero), end = last.AddDays(1);
        await Agreed.SignAsync(north, south, atNorth.Id, d => d.Replace("\"end\": null", $"\"end\": \"{today.AddDays(10):yyyy-MM-dd}\"", StringComparison.Ordinal));
        var book = south.Service<AgreementBook>();

        // Sent a minute before the end, it is the same question whenever it comes: within a day.
        var given = end.AddMinutes(-1);
        foreach (var (arrives, isAllowed) in new[] { (given, true), (end.AddSeconds(1), true), (end.AddHours(20), true), (end.AddDays(2), false) })
        {
            clock.Forward(arrives - clock.GetUtcNow());
            var decision = book.DecideGiven(atSouth, Terms("Guardia", "Sur", "", "crossing", given));
            decision.Allowed.ShouldBe(isAllowed, $"{arrives}");
            if (isAllowed)
                decision.Clause.ShouldBe(north.Service<AgreementBook>().Decide(atNorth, Terms("Guardia", "Sur", "", "crossing", given).ToAsk(given, 1)).Clause);
            else
                decision.Ground.ShouldBe(AgreementEvaluator.NotInForce);
        }

        // After the end a date of before it doesn't help for long, and one in the future not at all.
        clock.Forward(end.AddHours(1) - clock.GetUtcNow());
        book.DecideGiven(atSouth, Terms("Guardia", "Sur", "", "crossing", end)).Ground.ShouldBe(AgreementEvaluator.NotInForce);
        clock.Forward(end.AddDays(30) - clock.GetUtcNow());
        book.DecideGiven(atSouth, Terms("Guardia", "Sur", "", "crossing", last)).Ground.ShouldBe(AgreementEvaluator.NotInForce);
        clock.Forward(book.All[0].Document.Begins.AddHours(-1) - clock.GetUtcNow());
        book.DecideGiven(atSouth, Terms("Guardia", "Sur", "", "crossing", last)).Ground.ShouldBe(AgreementEvaluator.NotInForce, "not begun yet by the receiver's clock");
    }

    /// <summary>Hands over what its agreement doesn't let it, as a node does that doesn't ask.</summary>
    static async Task<string> LieAsync(TestNode node, Link link, string incident)
    {
        var now = TimeProvider.System.GetUtcNow();
        var card = new IncidentCard(
            IncidentCard.FormatName, Guid.Parse(incident), "Centre", IncidentType.Tamper, AlarmSeverity.Medium, IncidentState.Open, "The mast was turned", now, now, null, [], null, "");
        string text = card.Text(), id = Guid.NewGuid().ToString(), grant = Guid.NewGuid().ToString();
        var terms = Terms("Guardia", link.Organisation, incident, "tamper", now) with { Bytes = System.Text.Encoding.UTF8.GetByteCount(text), Sha256 = ShareDocument.DigestOf(text), File = "card.json" };
        await node.Service<HandOvers>().SendAsync(
            new(id, true, link.Id, incident, "The mast was turned", false, "", grant, "", null, now, now.AddHours(5), "liar", Type: IncidentType.Tamper), link,
            [new(grant, link, terms, "u", "liar", "", ["u"], 1, null, "", text)], TestNode.Stop);
        return id;
    }

    static ShareTerms Terms(string from, string to, string incident, string type, DateTimeOffset at) => new(
        ShareKind.IncidentCard, from, to, "police-cooperation/1", "1.2", "investigation", "", type, "", "", "B2", "Centre", "", "Over the river", null, null, incident, at, at.AddDays(7), at.AddDays(90), true, "",
        HandlingCode.H1, OnwardTransfer.WithConsent, 1, false);

    /// <summary>A record like this one, as soon as it has a leaf, which is proven.</summary>
    static async Task<string> RecordAsync(TestNode node, string like)
    {
        LogRow? row = null;
        await Linked.UntilAsync(async () =>
        {
            node.Service<NodeLog>().LookSoon();
            await using var connection = await node.Service<NodeDatabase>().Source.OpenConnectionAsync(TestNode.Stop);
            row = await connection.QueryFirstOrDefaultAsync<LogRow>($"select {NodeLog.Columns} from log_records where record like @like", new { like = $"%{like}%" });
            return row is not null && await node.Service<NodeLog>().HeadAsync(TestNode.Stop) is var (head, _) && head.Checkpoint.Size > row.Leaf;
        });
        RecordProof.TryParse(await node.Http.GetByteArrayAsync($"/api/oversight/records/{row!.Leaf}/proof", TestNode.Stop), out var proof).ShouldBeTrue();
        proof!.Check([proof.Key], out string why).ShouldBe(RecordVerdict.Proven, why);
        return row.Record;
    }

    static string At(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture);
}
