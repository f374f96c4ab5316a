using System.Net.Http.Json;
using System.Text.RegularExpressions;
using Microsoft.Playwright;

namespace Atalaya.System.Tests;

/// <summary>What a night shift does with an alarm, in a real browser against the real node: seen, heard of by both operators at once, worked on, handed over.</summary>
[Collection(Site.Browsers)]
public sealed partial class CommandPageTests(Site site) : IClassFixture<Site>
{
    static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task An_alarm_is_in_both_operators_queues_and_what_one_does_the_other_sees()
    {
        await RecordedAsync();
        await using var first = await site.OpenAsync("/situation");
        await using var second = await site.OpenAsync("/situation", language: "ar", user: await site.AddUserAsync("Second desk", "investigator", "north"));
        await first.Page.Locator(".queue, .queue-none.dim").First.WaitForAsync(new() { Timeout = 20_000 });
        await ReportAsync("north", "rescue-1", "rescue");
        var row = first.Page.Locator(".queue .alarm.rescue");
        await row.WaitForAsync(new() { Timeout = 10_000 });
        (await row.InnerTextAsync()).ShouldContain("North gate");
        await second.Page.Locator(".queue .alarm.rescue:not(.acknowledged)").WaitForAsync(new() { Timeout = 20_000 });
        await first.Page.WaitForFunctionAsync("() => /^\\(\\d+\\) /.test(document.title)");

        // One click to the picture: ten seconds before and after, and now.
        await row.ClickAsync();
        await first.Page.WaitForFunctionAsync("() => document.querySelector('.loop')?.dataset.phase === 'playing'", null, new() { Timeout = 20_000 });
        await first.Page.WaitForFunctionAsync("() => document.querySelector('.alarm-panel .tile')?.dataset.phase === 'live'", null, new() { Timeout = 20_000 });
        await first.Page.ScreenshotAsync(new() { Path = Path.Combine(Site.Artifacts, "screenshots", "situation-alarm.png") });
        await second.Page.ScreenshotAsync(new() { Path = Path.Combine(Site.Artifacts, "screenshots", "situation-alarm-ar.png") });

        // One key; the other operator's queue says so without being asked.
        await first.Page.Keyboard.PressAsync("a");
        await second.Page.Locator(".queue .alarm.rescue.acknowledged").WaitForAsync(new() { Timeout = 10_000 });

        // A rescue is an incident from its first second on.
        await first.Page.GetByRole(AriaRole.Button, new() { Name = "To the incident" }).ClickAsync();
        await first.Page.Locator(".incident").WaitForAsync(new() { Timeout = 10_000 });
        await first.Page.GetByRole(AriaRole.Textbox, new() { Name = "Patrol" }).FillAsync("Patrulla 7");
        await first.Page.GetByRole(AriaRole.Button, new() { Name = "Send", Exact = true }).ClickAsync();
        await first.Page.Locator("[data-state=dispatched]").WaitForAsync();
        await first.Page.GetByLabel("Write a note").FillAsync("Two people in the water.");
        await first.Page.GetByRole(AriaRole.Button, new() { Name = "Write", Exact = true }).ClickAsync();
        await first.Page.Locator(".story-note", new() { HasText = "Two people in the water." }).WaitForAsync();
        await first.Page.GetByRole(AriaRole.Button, new() { Name = "Keep the footage", Exact = true }).ClickAsync();
        await first.Page.Locator(".footage", new() { HasText = "Kept" }).WaitForAsync();
        (await site.GetAsync("/api/holds")).GetArrayLength().ShouldBe(1);
        await first.Page.ScreenshotAsync(new() { Path = Path.Combine(Site.Artifacts, "screenshots", "incident.png") });

        // The other one has it open too, in Arabic, and sees the end of it.
        await second.Page.GotoAsync(new Uri(site.Address, new Uri(first.Page.Url).PathAndQuery).ToString());
        await second.Page.Locator("[data-state=dispatched]").WaitForAsync();
        // Each knows that the other is there.
        await first.Page.GetByText("has this incident open, too").WaitForAsync(new() { Timeout = 10_000 });
        (await first.Page.GetByText("has this incident open, too").InnerTextAsync()).ShouldContain("Second desk");
        await second.Page.Locator(".incident header [role=status]", new() { HasText = Site.UserName }).WaitForAsync(new() { Timeout = 10_000 });
        await second.Page.ScreenshotAsync(new() { Path = Path.Combine(Site.Artifacts, "screenshots", "incident-ar.png") });
        await first.Page.GetByRole(AriaRole.Button, new() { Name = "Close", Exact = true }).Last.ClickAsync();
        await first.Page.GetByRole(AriaRole.Menuitem, new() { Name = "Test or exercise" }).ClickAsync();
        await second.Page.Locator("[data-state=closed]").WaitForAsync(new() { Timeout = 10_000 });

        await first.Page.GotoAsync(new Uri(site.Address, "/handover").ToString());
        await first.Page.Locator("table tr", new() { HasText = "Rescue" }).WaitForAsync();
        await first.Page.ScreenshotAsync(new() { Path = Path.Combine(Site.Artifacts, "screenshots", "handover.png") });
        first.Complaints.ShouldBeEmpty();
        second.Complaints.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_camera_is_put_on_the_map_by_numbers_alone_and_calls_there_when_it_sees_something()
    {
        await using var visit = await site.OpenAsync("/situation?edit=");
        await visit.Page.Locator("[data-place=lane-1]").ClickAsync();
        await visit.Page.GetByLabel("Latitude").FillAsync("35.1698");
        await visit.Page.GetByLabel("Longitude").FillAsync("-6.1504");
        await visit.Page.GetByLabel("Looks towards").FillAsync("45");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Save" }).ClickAsync();
        await visit.Page.Locator("[data-place=lane-1]", new() { HasText = "On the map" }).WaitForAsync();
        var place = (await site.GetAsync("/api/map")).GetProperty("places").GetProperty("lane-1");
        place.GetProperty("latitude").GetDouble().ShouldBe(35.1698);
        place.GetProperty("heading").GetDouble().ShouldBe(45);

        await visit.Page.GotoAsync(new Uri(site.Address, "/situation").ToString());
        await visit.Page.Locator("[data-symbol=lane-1]").WaitForAsync(new() { Timeout = 20_000 });
        await ReportAsync("lane-1", "fence-2", "high");
        await visit.Page.Locator("[data-symbol=lane-1][data-state=alarm]").WaitForAsync(new() { Timeout = 10_000 });
        // By keyboard as well.
        await visit.Page.Locator("[data-symbol=lane-1]").FocusAsync();
        await visit.Page.Keyboard.PressAsync("Enter");
        await visit.Page.WaitForFunctionAsync("() => document.querySelector('.chosen .tile')?.dataset.phase === 'live'", null, new() { Timeout = 20_000 });
        await visit.Page.ScreenshotAsync(new() { Path = Path.Combine(Site.Artifacts, "screenshots", "situation-map.png") });
        visit.Complaints.ShouldBeEmpty();
    }

    /// <summary>From the policy to the outcome: an event is what the policy makes of it, and a case is classified, worked through and closed by a person.</summary>
    [Fact]
    public async Task A_case_is_classified_its_list_is_worked_through_and_it_is_closed_as_real()
    {
        // The other tests' events go by the sentence behind it.
        using (var written = await site.Http.PutAsJsonAsync(
            "/api/alarm-policy", new { clauses = new object[] { new { id = "river", rules = new[] { "river-3" }, type = "smuggling", severity = "critical", opensIncident = true }, new { id = "rest" } } }, Stop))
            written.EnsureSuccessStatusCode();
        await ReportAsync("north", "river-3", "low");
        string id = "";
        await Site.EventuallyAsync(
            async () => (id = (await site.GetAsync("/api/incidents?open=true&type=smuggling")).GetProperty("incidents").EnumerateArray().Select(i => i.GetProperty("id").GetString()!).FirstOrDefault() ?? "").Length > 0,
            "the policy to open an incident");

        await using var visit = await site.OpenAsync($"/incidents?incident={id}");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "More", Exact = true }).ClickAsync();
        await visit.Page.GetByRole(AriaRole.Menuitem, new() { Name = "It is something else" }).ClickAsync();
        await visit.Page.GetByRole(AriaRole.Dialog).GetByLabel("What it is").SelectOptionAsync("crossing");
        await visit.Page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Textbox, new() { Name = "Why" }).FillAsync("Two on foot, no load.");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Write it" }).ClickAsync();
        await visit.Page.Locator(".story-note", new() { HasText = "Two on foot, no load." }).WaitForAsync();
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "More", Exact = true }).ClickAsync();
        await visit.Page.GetByRole(AriaRole.Menuitem, new() { Name = "Escalate" }).ClickAsync();
        await visit.Page.GetByRole(AriaRole.Dialog).GetByLabel("To whom").FillAsync("Duty officer");
        await visit.Page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Textbox, new() { Name = "Why" }).FillAsync("The patrol asks for a second one.");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Write it" }).ClickAsync();
        await visit.Page.Locator(".story-note", new() { HasText = "asks for a second one" }).WaitForAsync();

        // One is done, the others don't apply, each with its reason.
        var open = visit.Page.Locator("[data-not-applicable]");
        int items = await open.CountAsync();
        items.ShouldBeGreaterThan(1);
        await visit.Page.Locator(".checklist input[type=checkbox]").First.ClickAsync();
        for (int left = items - 1; left > 0; left--)
        {
            await visit.Page.WaitForFunctionAsync("left => document.querySelectorAll('[data-not-applicable]').length === left", left);
            await open.First.ClickAsync();
            await visit.Page.GetByRole(AriaRole.Dialog).GetByLabel("Why it doesn’t apply").FillAsync("They went back by themselves.");
            await visit.Page.GetByRole(AriaRole.Dialog).GetByRole(AriaRole.Button, new() { Name = "Doesn’t apply" }).ClickAsync();
        }

        await visit.Page.WaitForFunctionAsync("() => document.querySelectorAll('[data-not-applicable]').length === 0");
        await visit.Page.ScreenshotAsync(new() { Path = Path.Combine(Site.Artifacts, "screenshots", "incident-worked.png"), FullPage = true });
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "It is over" }).ClickAsync();
        await visit.Page.Locator("[data-state=resolved]").WaitForAsync();
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Close", Exact = true }).Last.ClickAsync();
        await visit.Page.GetByRole(AriaRole.Menuitem, new() { Name = "Real" }).ClickAsync();
        await visit.Page.Locator("[data-state=closed]").WaitForAsync();
        var closed = await site.GetAsync($"/api/incidents/{id}");
        (closed.GetProperty("outcome").GetString(), closed.GetProperty("type").GetString()).ShouldBe(("real", "crossing"));
        visit.Complaints.ShouldBeEmpty();
    }

    /// <summary>What is set is taken out as a text, changed, compared, and taken back; a wrong one says where it is wrong and changes nothing.</summary>
    [Fact]
    public async Task The_configuration_is_taken_out_compared_and_taken_back()
    {
        using var folder = new Testing.TempFolder("configuration-page");
        string file = folder.File("site.yaml");
        using (var made = await site.Http.PutAsJsonAsync("/api/plans/yard", new { name = "Yard", south = 35.0, west = -5.4, north = 36.0, east = -5.2 }, Stop))
            made.EnsureSuccessStatusCode();
        await using var visit = await site.OpenAsync("/settings/configuration");
        var download = await visit.Page.RunAndWaitForDownloadAsync(() => visit.Page.GetByRole(AriaRole.Link, new() { Name = "Save" }).ClickAsync());
        await download.SaveAsAsync(file);
        string text = await File.ReadAllTextAsync(file, Stop);
        text.ShouldContain("name: Yard");

        await File.WriteAllTextAsync(file, text.Replace("name: Yard", "nmae: Yard", StringComparison.Ordinal), Stop);
        await visit.Page.Locator("input[type=file]").SetInputFilesAsync(file);
        await visit.Page.Locator(".faults", new() { HasText = "nmae" }).WaitForAsync();

        // Another test may have written a policy.
        await File.WriteAllTextAsync(file, Policy().Replace(text, "").Replace("name: Yard", "name: Parade ground", StringComparison.Ordinal) + "alarmPolicy:\n  zone: Africa/Nouakchott\n", Stop);
        await visit.Page.Locator("input[type=file]").SetInputFilesAsync(file);
        await visit.Page.Locator("[data-id=yard] [data-field=name]", new() { HasText = "Parade ground" }).WaitForAsync();
        await visit.Page.Locator("[data-id=alarmPolicy] [data-field=zone]", new() { HasText = "Africa/Nouakchott" }).WaitForAsync();
        (await site.GetAsync("/api/map")).GetProperty("plans").EnumerateArray().Single(p => p.GetProperty("id").GetString() == "yard").GetProperty("name").GetString().ShouldBe("Yard");
        await visit.Page.ScreenshotAsync(new() { Path = Path.Combine(Site.Artifacts, "screenshots", "configuration.png"), FullPage = true });
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Apply" }).ClickAsync();
        await visit.Page.Locator(".configuration-done").WaitForAsync();
        (await site.GetAsync("/api/map")).GetProperty("plans").EnumerateArray().Single(p => p.GetProperty("id").GetString() == "yard").GetProperty("name").GetString().ShouldBe("Parade ground");
        (await site.GetAsync("/api/alarm-policy")).GetProperty("policy").GetProperty("zone").GetString().ShouldBe("Africa/Nouakchott");
        // The browser itself notes each answer of 400.
        visit.Complaints.Where(c => !c.Contains("status of 400", StringComparison.Ordinal)).ShouldBeEmpty();
    }

    async Task RecordedAsync() => await Site.EventuallyAsync(
        async () => (await site.GetAsync("/api/cameras")).EnumerateArray().All(c => c.GetProperty("recording").GetProperty("state").GetString() == "recording"), "all cameras to be recorded");

    async Task ReportAsync(string camera, string rule, string severity)
    {
        using var answer = await site.Http.PostAsJsonAsync(
            "/api/scene-events", new { camera, at = Site.Iso(TimeProvider.System.GetUtcNow()), kind = "zoneEntered", rule, @class = "person", severity }, Stop);
        answer.EnsureSuccessStatusCode();
    }

    [GeneratedRegex(@"^alarmPolicy:.*\n(?:[^A-Za-z].*\n|\n)*", RegexOptions.Multiline | RegexOptions.NonBacktracking)]
    private static partial Regex Policy();
}
