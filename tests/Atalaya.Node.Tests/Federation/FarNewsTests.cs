using System.Text.Json;
using System.Text.Json.Nodes;

using Atalaya.Federation.Centre;
using Atalaya.Federation.Links;
using Atalaya.Incidents;
using Atalaya.Media;
using Atalaya.Node.Alarms;
using Atalaya.Node.Federation.Centre;
using Atalaya.Node.Federation.Links;
using Atalaya.Node.Identity;
using Atalaya.Node.Store;
using Atalaya.Node.Tests.Alarms;

using Dapper;

namespace Atalaya.Node.Tests.Federation;

/// <summary>What a centre doesn't understand, or what there is a lot of, keeps nothing else from being seen there.</summary>
public sealed class FarNewsTests
{
    [Fact]
    public async Task A_word_that_the_centre_does_not_know_keeps_no_alarm_away_and_one_that_cannot_be_read_keeps_none_of_the_others_away()
    {
        await using var centre = await TestNode.StartAsync(Linked.Listens);
        await using var site = await TestNode.StartAsync(Linked.Dials());
        var (_, link) = await Linked.LinkAsync(centre, site, LinkKind.Site);
        Alarm plain = Raise(0), odd = Raise(1), rescue = Raise(2), broken = Raise(3);

        await SendAsync(SiteNews.Alarms, "alarms", Written(plain), Written(odd, a => (a["type"], a["kind"], a["state"]) = ("landslide", "rockfall", "pondered")),
            Written(rescue, a => (a["type"], a["severity"]) = ("avalanche", "rescue")), Written(broken, a => a["version"] = 0), JsonValue.Create(7));

        var seen = (await centre.UntilAsync("/api/sites/cases", c => c["alarms"]!.AsArray().Count == 3, 60))["alarms"]!.AsArray().Select(a => a!["alarm"]!).ToDictionary(a => (Guid)a["id"]!);
        var one = seen[odd.Id];
        ((string)one["type"]!, (string)one["kind"]!, (string)one["state"]!).ShouldBe(("intrusion", "other", "raised"));
        ((string)one["detail"]!).ShouldBe("type: landslide, kind: rockfall, state: pondered");
        ((string)seen[rescue.Id]["type"]!, (string)seen[rescue.Id]["severity"]!).ShouldBe(("rescue", "rescue"));
        ((string)seen[plain.Id]["detail"]!).ShouldBe("");
        // Its site is told which couldn't be read, and so is the centre.
        foreach (var node in new[] { site, centre })
            await Linked.UntilAsync(async () => (await node.GetAsync("/api/links/refusals")).AsArray().Any(r => (bool)r!["here"]! == (node == centre) && ((string)r["reason"]!).Contains($"2 of 5 alarms and incidents in it can't be read here: {broken.Id}", StringComparison.Ordinal)));

        // The same for incidents.
        var now = TimeProvider.System.GetUtcNow();
        var incident = new SiteIncident(1, Guid.NewGuid(), IncidentType.Crossing, AlarmSeverity.Low, IncidentState.Open, "A boat", null, now, now, null, null, 1, [], Custody.AtSite);
        await SendAsync(SiteNews.Incidents, "incidents", Odd(incident, i => (i["state"], i["severity"]) = ("adjourned", "grave")), Odd(incident with { Id = Guid.NewGuid() }, i => i["title"] = new JsonObject()));
        var far = (await centre.UntilAsync("/api/sites/cases", c => c["incidents"]!.AsArray().Count == 1, 60))["incidents"]![0]!;
        ((string)far["state"]!, (string)far["severity"]!, (Guid)far["id"]!).ShouldBe(("open", "high", incident.Id));

        Task SendAsync(string kind, string name, params JsonNode?[] items) => site.Service<Outbox>().SendAsync(link, Lane.Urgent, kind, new JsonObject { [name] = new JsonArray(items) }, TestNode.Stop);

        static JsonNode Written(Alarm alarm, Action<JsonObject>? change = null) => Odd(new SiteAlarm(1, alarm), item => change?.Invoke(item["alarm"]!.AsObject()));

        static JsonNode Odd<T>(T value, Action<JsonObject> change)
        {
            var item = JsonNode.Parse(CentreJson.Write(value).GetRawText())!.AsObject();
            change(item);
            return item;
        }
    }

    [Fact]
    public async Task A_site_whose_clock_was_ahead_is_not_frozen_at_what_it_said_then()
    {
        await using var centre = await TestNode.StartAsync(Linked.Listens);
        await using var site = await TestNode.StartAsync(Linked.Dials());
        var (_, link) = await Linked.LinkAsync(centre, site, LinkKind.Site);
        var report = (await centre.UntilAsync("/api/sites", s => s[0]?["report"] is not null, 60))[0]!;
        await using (var connection = await centre.Service<NodeDatabase>().Source.OpenConnectionAsync(TestNode.Stop))
        {
            var kept = JsonSerializer.Deserialize<SiteReport>(await connection.ExecuteScalarAsync<string>("select report from sites") ?? "", CentreJson.Options)!;
            foreach (var said in new[] { kept with { At = TimeProvider.System.GetUtcNow().AddYears(1), Version = "then" }, kept with { At = TimeProvider.System.GetUtcNow(), Version = "now" } })
                await site.Service<Outbox>().SendAsync(link, Lane.Records, SiteNews.Reported, CentreJson.Write(said), TestNode.Stop);
        }

        await Linked.UntilAsync(async () => await site.Service<Outbox>().CountAsync(link.Id, TestNode.Stop) == 0);
        report = (await centre.GetAsync("/api/sites"))[0]!;
        ((string)report["report"]!["version"]!).ShouldNotBe("then");
    }

    [Fact]
    public async Task Everything_open_is_in_the_pages_of_the_queue_whoever_asks_and_however_much_it_is()
    {
        await using var centre = await TestNode.StartAsync(Linked.Listens);
        await using var site = await TestNode.StartAsync($"{Linked.Dials()}cameras: [{{ id: gate, name: North gate, main: 'rtsp://127.0.0.1:9/x', enabled: false }}]");
        var (link, _) = await Linked.LinkAsync(centre, site, LinkKind.Site);
        const int Far = 1100, Own = 3;
        await using (var connection = await centre.Service<NodeDatabase>().Source.OpenConnectionAsync(TestNode.Stop))
        {
            await using var transaction = await connection.BeginTransactionAsync(TestNode.Stop);
            // The least urgent are of the one camera that somebody may see.
            for (int n = 0; n < Far + Own; n++)
            {
                var alarm = Raise(n) with { Severity = n < Far ? AlarmSeverity.Critical : AlarmSeverity.Low, Camera = n < Far ? "gate" : "quay", Cameras = [n < Far ? "gate" : "quay"] };
                await connection.ExecuteAsync(
                    """
                    insert into site_alarms (link, id, site_change, severity, is_open, camera, kind, at, last_at, body, change_number)
                    values (@link, @id, 1, @severity, 1, @Camera, 'LineCrossed', @at, @at, @body, 1)
                    """,
                    new
                    {
                        link = link.Id,
                        id = CaseSession.Written(alarm.Id),
                        severity = (long)alarm.Severity,
                        alarm.Camera,
                        // Many of one moment: the page's end falls among them.
                        at = WallTime.From(alarm.At).Microseconds,
                        body = JsonSerializer.Serialize(alarm, CentreJson.Options),
                    },
                    transaction);
            }

            await transaction.CommitAsync(TestNode.Stop);
        }

        (await AllAsync(centre.Http)).Count.ShouldBe(Far + Own);
        using var quay = await centre.AsAsync("quay", new Grant(Roles.Administrator, new(ScopeKind.Camera, $"{link.Id}/quay")));
        (await AllAsync(quay)).Count.ShouldBe(Own);
        ((int)(await centre.Http.GetAsync("/api/sites/cases?cursor=x", TestNode.Stop)).StatusCode).ShouldBe(400);
        ((int)(await centre.Http.GetAsync("/api/sites/cases?cursor=none_none&after=1", TestNode.Stop)).StatusCode).ShouldBe(400);

        // A site whose link has ended says no more of it.
        (await centre.SendAsync(HttpMethod.Post, $"/api/links/{link.Id}/end", new { why = "The post is closed." })).Status.ShouldBe(200);
        (await AllAsync(centre.Http)).ShouldBeEmpty();

        static async Task<List<Guid>> AllAsync(HttpClient http)
        {
            var all = new List<Guid>();
            string? next = null;
            do
            {
                var page = JsonNode.Parse(await http.GetStringAsync($"/api/sites/cases{(next is null ? "" : $"?cursor={next}")}", TestNode.Stop))!;
                all.AddRange(page["alarms"]!.AsArray().Select(a => (Guid)a!["alarm"]!["id"]!));
                next = (string?)page["next"];
                ((bool)page["more"]!).ShouldBe(next is not null);
            }
            while (next is not null);
            all.Distinct().Count().ShouldBe(all.Count);
            return all;
        }
    }

    static Alarm Raise(int n) =>
        Alarm.Raise(AlarmScene.Event(seconds: n / 300), AlarmSeverity.High, IncidentType.Intrusion, "default", TimeProvider.System.GetUtcNow(), null) with { Id = Guid.NewGuid(), Camera = "", Cameras = [] };
}
