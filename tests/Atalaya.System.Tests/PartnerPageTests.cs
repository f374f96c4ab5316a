using System.Text.Json;
using Atalaya.Media;
using Microsoft.Playwright;

namespace Atalaya.System.Tests;

/// <summary>Two nodes and the people at them: partners who work together under an agreement, and a centre that sees and works what its site has. All of it in the page.</summary>
[Collection(Site.Browsers)]
public sealed class PartnerPageTests(Site site) : IClassFixture<Site>
{
    const string Listens = "federation: { organisation: Guardia, listen: ['127.0.0.1:0'] }";

    /// <summary>A step goes through two nodes and two browsers.</summary>
    static readonly LocatorWaitForOptions Soon = new() { Timeout = 30_000 };

    [Fact]
    public async Task Two_organisations_link_agree_ask_give_take_back_hand_over_and_evaluate()
    {
        await using var north = await OwnNode.StartAsync("Ana", Listens, "name: Norte", $"cameras: [{{ id: gate, name: Gate, main: \"{site.Camera("north").Url()}\" }}]");
        await using var south = await OwnNode.StartAsync("Zoé", "federation: { organisation: Gendarmerie }", "name: Sud", "analysis: { enabled: false }");
        await north.AddUserAsync("Omar", "administrator");
        await using var ana = await site.OpenAsync("/partners", address: north.Address, user: "Ana");
        await using var zoe = await site.OpenAsync("/partners", address: south.Address, user: "Zoé");

        // Linked: a code, and eight digits that both read to each other.
        await PressAsync(ana, "Invite");
        await PressAsync(Dialog(ana), "Invite");
        string code = await Dialog(ana).Locator(".link-code").InnerTextAsync();
        await PressAsync(Dialog(ana), "Close", last: true);
        await PressAsync(zoe, "Join");
        await Dialog(zoe).GetByLabel("Code of the invitation").FillAsync(code);
        await Dialog(zoe).GetByRole(AriaRole.Combobox).Or(Dialog(zoe).GetByLabel("The other node is")).First.ClickAsync();
        await zoe.Page.GetByRole(AriaRole.Option, new() { Name = "a partner organisation" }).ClickAsync();
        await PressAsync(Dialog(zoe), "Join");
        await PressAsync(ana, "Compare digits");
        string digits = await Dialog(ana).Locator(".link-digits").InnerTextAsync();
        (await Dialog(zoe).Locator(".link-digits").InnerTextAsync()).ShouldBe(digits);
        await SeenAsync(ana, "link-digits");
        await PressAsync(Dialog(ana), "They are the same");
        await PressAsync(Dialog(zoe), "They are the same");
        foreach (var each in new[] { ana, zoe })
            await each.Page.Locator("tr[data-state=up]").WaitForAsync(Soon);

        // Agreed: drafted and signed by one, read and signed by the other.
        await GoAsync(ana, north, "/partners/agreements");
        await PressAsync(ana, "New draft");
        await ana.Page.WaitForFunctionAsync("() => document.querySelector('[role=dialog] textarea')?.value.includes('clauses')");
        await PressAsync(Dialog(ana), "Save draft");
        await PressAsync(ana, "Sign and send");
        await PressAsync(Dialog(ana), "Sign and send");
        await GoAsync(zoe, south, "/partners/agreements");
        await zoe.Page.Locator("tr[data-state=received] a").ClickAsync(new() { Timeout = 30_000 });
        (await zoe.Page.Locator(".agreement-text").InnerTextAsync()).ShouldContain("What happens at the common border is told to the other party at once.");
        await SeenAsync(zoe, "agreement");
        await PressAsync(zoe, "Countersign");
        await PressAsync(Dialog(zoe), "Countersign");
        foreach (var each in new[] { ana, zoe })
            await each.Page.Locator(".agreement-head").GetByText("In force").WaitForAsync(Soon);

        // Asked for, with a deadline that both see.
        await GoAsync(zoe, south, "/partners/requests");
        await PressAsync(zoe, "Ask a partner");
        var ask = Dialog(zoe);
        await ask.GetByLabel("Kind").SelectOptionAsync("liveAssistance");
        await ask.GetByLabel("Subject").FillAsync("Lorry at the gate");
        await ask.GetByLabel("Text", new() { Exact = false }).First.FillAsync("We follow a white lorry. May we see the gate?");
        await ask.GetByLabel("Legal basis").FillAsync("Article 5");
        await ask.GetByLabel("Purpose").SelectOptionAsync("border");
        await ask.GetByLabel("Category of crime").SelectOptionAsync("drugs");
        await SeenAsync(zoe, "request-ask");
        await PressAsync(ask, "Send");
        await zoe.Page.Locator("article[data-state=asked]").WaitForAsync(Soon);
        await GoAsync(ana, north, "/partners/requests");
        await ana.Page.Locator(".request-line").ClickAsync(new() { Timeout = 30_000 });
        await ana.Page.Locator("article[data-state=asked]").GetByText("left").First.WaitForAsync(Soon);

        // Given, when a second person has agreed in their own browser.
        await GoAsync(ana, north, "/partners/grants");
        await PressAsync(ana, "Give");
        var give = Dialog(ana);
        await give.GetByLabel("Partner").SelectOptionAsync(new SelectOptionValue { Index = 1 });
        await give.GetByLabel("What").SelectOptionAsync("live");
        await give.GetByLabel("Camera").SelectOptionAsync("gate");
        await give.GetByLabel("Purpose").SelectOptionAsync("border");
        await give.GetByLabel("Crime category").SelectOptionAsync("drugs");
        await give.GetByLabel("Answers a request for").SelectOptionAsync("liveAssistance");
        await PressAsync(give, "Ask the agreement");
        await give.GetByText("Allowed by clause 2.2").WaitForAsync(Soon);
        await PressAsync(give, "Give");
        await give.Locator("[data-approval=waiting]").WaitForAsync(Soon);
        await using (var omar = await site.OpenAsync("/partners/grants", address: north.Address, user: "Omar"))
        {
            await omar.Page.Locator(".approvals-now[data-waiting='1']").ClickAsync();
            await SeenAsync(omar, "grant-approval");
            await PressAsync(omar.Page.Locator("article[data-approval=waiting]"), "Agree");
            await omar.Page.Locator("article[data-approval=waiting]").WaitForAsync(new() { State = WaitForSelectorState.Detached });
            Own(omar).ShouldBeEmpty();
        }

        await PressAsync(give, "Give");
        await give.WaitForAsync(new() { State = WaitForSelectorState.Detached, Timeout = 30_000 });

        // The answer names it; over there the pictures move.
        await GoAsync(ana, north, "/partners/requests");
        await ana.Page.Locator(".request-line").ClickAsync();
        await PressAsync(ana, "Answer");
        await Dialog(ana).GetByLabel("Text").First.FillAsync("You may, for two hours.");
        await Dialog(ana).GetByRole(AriaRole.Checkbox).First.CheckAsync();
        await PressAsync(Dialog(ana), "Answer");
        await zoe.Page.Locator("article[data-state=answered]").WaitForAsync(Soon);
        (await zoe.Page.Locator("article[data-state=answered]").InnerTextAsync()).ShouldContain("You may, for two hours.");
        await SeenAsync(zoe, "request-answered");
        await GoAsync(zoe, south, "/partners/grants");
        await PressAsync(zoe, "Watch");
        await zoe.Page.Locator(".share-picture[data-phase=live]").WaitForAsync(Soon);
        int shown = await zoe.ReadAsync<int>(Shown);
        await zoe.Page.WaitForFunctionAsync($"(before) => ({Shown})() > before + {Site.FrameRate}", shown, new() { Timeout = 30_000 });
        await SeenAsync(zoe, "grant-live");

        // Taken back: the view ends there and says why.
        await GoAsync(ana, north, "/partners/grants");
        await PressAsync(ana, "Revoke");
        await Dialog(ana).GetByLabel("Why").FillAsync("The lorry was found");
        await PressAsync(Dialog(ana), "Revoke");
        await zoe.Page.Locator(".share-over").GetByText("The lorry was found").WaitForAsync(Soon);
        (await zoe.Page.Locator(".share-over").InnerTextAsync()).ShouldContain("Taken back");
        (await zoe.Page.Locator(".share-picture").CountAsync()).ShouldBe(0);
        await SeenAsync(zoe, "grant-revoked");

        // Handed over and acknowledged.
        string incident = (await north.SendAsync(HttpMethod.Post, "/api/incidents", new { type = "rescue", title = "Two people on a raft" })).GetProperty("id").GetString()!;
        await GoAsync(ana, north, $"/incidents?incident={incident}");
        await PressAsync(ana, "Share with partner");
        await Dialog(ana).GetByLabel("Partner").SelectOptionAsync(new SelectOptionValue { Index = 1 });
        await Dialog(ana).GetByLabel("Purpose").SelectOptionAsync("rescue");
        await SeenAsync(ana, "incident-hand-over");
        await PressAsync(Dialog(ana), "Hand over");
        await GoAsync(zoe, south, "/partners/grants");
        var handed = zoe.Page.Locator("tr[data-handover]");
        (await handed.InnerTextAsync()).ShouldContain("Two people on a raft");
        await PressAsync(handed, "Acknowledge");
        await zoe.Page.Locator("tr[data-handover][data-state=acknowledged]").WaitForAsync(Soon);
        await ana.Page.Locator("tr[data-handover][data-state=acknowledged]").WaitForAsync(Soon);

        // Both see afterwards what they did together.
        await GoAsync(ana, north, "/partners/evaluation");
        await ana.Page.GetByText("By us: 1, acknowledged 1").WaitForAsync(Soon);
        Own(ana).ShouldBeEmpty();
        Own(zoe).ShouldBeEmpty();

        // Each of these rooms from right to left, on a phone; and as it was seen so far.
        string request = (await south.GetAsync("/api/requests"))[0].GetProperty("id").GetString()!;
        string share = (await south.GetAsync("/api/shares")).GetProperty("received").EnumerateArray().First(s => s.GetProperty("what").GetString() == "live").GetProperty("id").GetString()!;
        string agreement = (await zoe.ReadAsync<string>("async () => { const a = (await (await fetch('/api/agreements')).json())[0]; return `${a.link}/${a.id}/${a.version}`; }"));
        (string Name, string Path, string Ready)[] rooms =
        [
            ("links", "/partners", "tr[data-link]"), ("agreements", "/partners/agreements", "tr[data-agreement]"), ("agreement", $"/partners/agreements?agreement={agreement}", ".agreement-text"),
            ("requests", $"/partners/requests?request={request}", ".request-story"), ("ask", "/partners/requests?ask=", "[role=dialog] form"), ("grants", "/partners/grants", "tr[data-share]"),
            ("viewer", $"/partners/grants?see={share}", ".share-over"), ("give", "/partners/grants?give=", "[role=dialog] form"), ("evaluation", "/partners/evaluation", "#evaluation-handovers"),
        ];
        var found = new List<string>();
        foreach (var (language, scheme, width, height) in new[] { ("ar", "light", 390, 844), ("en", "dark", 1366, 768) })
        {
            await using var reader = await site.OpenAsync("/partners", width, height, language, scheme, address: south.Address, user: "Zoé");
            foreach (var (name, path, ready) in rooms)
            {
                await GoAsync(reader, south, path);
                await reader.Page.Locator(ready).First.WaitForAsync(Soon);
                (await reader.ReadAsync<string>("() => document.documentElement.dir")).ShouldBe(language == "ar" ? "rtl" : "ltr");
                await SeenAsync(reader, $"partner-{name}-{language}");
                found.AddRange((await reader.FaultsAsync()).Select(f => $"{name} {language}: {f}"));
            }

            found.AddRange(Own(reader).Select(c => $"{language}: {c}"));
        }

        found.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_centre_sees_its_sites_cameras_works_their_alarms_and_has_them_on_its_wall()
    {
        await using var centre = await OwnNode.StartAsync("Ana", Listens, "name: Centre", "analysis: { enabled: false }", Cameras("own", "Roof", "lane-1"));
        await using var post = await OwnNode.StartAsync("Zoé", "federation: { organisation: Guardia }", "name: Norte", "analysis: { enabled: false }", Cameras("gate", "Gate", "north"));
        string link = await LinkAsync(centre, post), far = $"{link}/gate";
        await Site.EventuallyAsync(async () => (await centre.GetAsync("/api/sites/cameras")).ToString().Contains("\"running\"", StringComparison.Ordinal), "the site's camera", TimeSpan.FromSeconds(60));

        // Seen among the sites.
        await using var visit = await site.OpenAsync("/sites", address: centre.Address, user: "Ana");
        var page = visit.Page;
        await page.Locator($"tr[data-site='{link}'] button").ClickAsync();
        await page.Locator(".site-cameras button").ClickAsync();
        await LiveAsync(far);
        await SeenAsync(visit, "sites-live");

        // Its alarm is in the queue here, and what is done about it is done there.
        string alarm = (await post.SendAsync(HttpMethod.Post, "/api/scene-events", new { camera = "gate", at = Site.Iso(TimeProvider.System.GetUtcNow()), kind = "zoneEntered", rule = "fence", @class = "person", severity = "high" })).GetProperty("id").GetString()!;
        await GoAsync(visit, centre, "/situation");
        await page.Locator($"[data-alarm='{alarm}']").ClickAsync(new() { Timeout = 30_000 });
        await page.Locator($"[data-far-alarm='{alarm}'] .tile[data-phase=live]").WaitForAsync(Soon);
        await SeenAsync(visit, "sites-alarm");
        await PressAsync(page.Locator("[data-far-alarm]"), "Acknowledge");
        await Site.EventuallyAsync(async () => (await post.GetAsync($"/api/alarms/{alarm}")).GetProperty("alarm").GetProperty("state").GetString() == "acknowledged", "the site's alarm");
        (await post.GetAsync($"/api/alarms/{alarm}")).GetProperty("alarm").GetProperty("acknowledgedBy").GetString().ShouldBe("Ana @ Centre");

        // On a wall that is kept, beside a camera of the centre's own: the sub-stream of the one that comes over the link.
        await GoAsync(visit, centre, "/live?edit=new-layout");
        await page.Locator("[data-put=own]").WaitForAsync(Soon);
        (await page.Locator($"section[data-site='{link}'] h3").InnerTextAsync()).ShouldContain("Norte");
        await page.Locator("[data-slot='0']").FocusAsync();
        await page.Keyboard.PressAsync("Delete");
        await page.GetByRole(AriaRole.Radiogroup, new() { Name = "Tiles" }).GetByText("4", new() { Exact = true }).ClickAsync();
        await page.Locator($"[data-put='{far}']").ClickAsync();
        await page.Locator("[data-put=own]").ClickAsync();
        await SeenAsync(visit, "wall-far-editor");
        await page.GetByLabel("Name").First.FillAsync("Both");
        await page.GetByLabel("For everybody").CheckAsync(new() { Force = true });
        await PressAsync(visit, "Save");
        await page.Locator(".wall[data-saved]").WaitForAsync(Soon);
        await LiveAsync(far, "[data-stream=sub]");
        await LiveAsync("own");
        string wall = new Uri(page.Url).PathAndQuery, saved = wall.Split("saved=")[1];
        await SeenAsync(visit, "wall-far");
        await page.Locator($".tile[data-camera='{far}']").FocusAsync();
        await page.Keyboard.PressAsync("Enter");
        await LiveAsync(far, "[data-stream=main]");
        await page.Keyboard.PressAsync("Escape");
        await LiveAsync(far, "[data-stream=sub]");

        // All cameras of the site in one press, and one as a step of a tour.
        await page.Locator("[data-layouts]").ClickAsync();
        await page.Locator($"[data-site-wall='{link}']").ClickAsync();
        await page.WaitForFunctionAsync("(far) => [...document.querySelectorAll('.wall .tile')].map(t => t.dataset.camera).join() === far", far);
        await GoAsync(visit, centre, "/live?edit=new-tour");
        await page.GetByLabel("Name").First.FillAsync("Round");
        await page.GetByLabel("Layout or camera").SelectOptionAsync($"c {far}");
        await PressAsync(visit, "Add");
        await PressAsync(visit, "Save");
        await page.Locator("[data-tour-state]").WaitForAsync(Soon);
        await LiveAsync(far);

        // What was recorded there, on the timeline here.
        await page.Locator($".tile[data-camera='{far}']").HoverAsync();
        await page.Locator($".tile[data-camera='{far}'] [data-tool=timeline]").ClickAsync();
        await page.WaitForFunctionAsync("() => ['playing', 'paused', 'ended'].includes(document.querySelector('.stage')?.dataset.phase)", null, new() { Timeout = 30_000 });
        await page.WaitForFunctionAsync("() => document.querySelector('.stage video.active')?.readyState >= 2", null, new() { Timeout = 30_000 });
        await page.Locator($"[data-strip='{far}']").WaitForAsync(Soon);
        await SeenAsync(visit, "timeline-far");
        // Nothing comes over the link for who doesn't look.
        await Site.EventuallyAsync(async () => await LookingAsync() == 0, "the end of the live views");

        // The alarm tile goes to the site's camera, and takes notice for the site.
        await GoAsync(visit, centre, "/live?edit=new-layout");
        await page.Locator("[data-slot='0']").FocusAsync();
        await page.Locator("[data-put=alarm]").ClickAsync();
        await page.GetByLabel("Name").First.FillAsync("Calls");
        await PressAsync(visit, "Save");
        await page.Locator(".alarm-tile").WaitForAsync(Soon);
        string second = (await post.SendAsync(HttpMethod.Post, "/api/scene-events", new { camera = "gate", at = Site.Iso(TimeProvider.System.GetUtcNow()), kind = "zoneEntered", rule = "yard", @class = "vehicle", severity = "critical" })).GetProperty("id").GetString()!;
        await page.Locator($".alarm-tile[data-alarm-tile='{second}'] .tile[data-camera='{far}'][data-phase=live]").WaitForAsync(Soon);
        await page.Locator(".alarm-tile [data-acknowledge]").ClickAsync();
        await Site.EventuallyAsync(async () => (await post.GetAsync($"/api/alarms/{second}")).GetProperty("alarm").GetProperty("state").GetString() == "acknowledged", "the site's second alarm");

        // From right to left on a phone, and how a tile says that its site is away, while the one beside it goes on.
        await using var arabic = await site.OpenAsync(wall, 390, 844, "ar", "light", address: centre.Address, user: "Ana");
        await GoAsync(visit, centre, wall);
        foreach (var each in new[] { visit, arabic })
            await each.Page.Locator($".tile[data-camera='{far}'][data-phase=live]").WaitForAsync(Soon);
        var found = new List<string>((await arabic.FaultsAsync()).Select(f => $"wall ar: {f}"));
        await SeenAsync(arabic, "wall-far-ar");
        await post.StopAsync();
        await page.Locator($".tile[data-camera='{far}'] .tile-state").GetByText("Site not reachable").WaitForAsync(Soon);
        (await page.Locator($".tile[data-camera='{far}'] .tile-recording").GetAttributeAsync("title")).ShouldBe("Recording unknown: site not reachable");
        await LiveAsync("own");
        await arabic.Page.Locator($".tile[data-camera='{far}'] .tile-state").GetByText("يتعذر الوصول إلى الموقع").WaitForAsync(Soon);
        await SeenAsync(visit, "wall-site-away");
        await SeenAsync(arabic, "wall-site-away-ar");
        found.AddRange((await visit.FaultsAsync()).Select(f => $"wall: {f}"));

        // It comes back by itself; the layout had kept its place.
        await post.ServeAsync();
        await page.Locator($".tile[data-camera='{far}'][data-phase=live]").WaitForAsync(new() { Timeout = 60_000 });
        await GoAsync(arabic, centre, $"/live?saved={saved}&edit=layout");
        await arabic.Page.Locator($"[data-put='{far}']").WaitForAsync(Soon);
        found.AddRange((await arabic.FaultsAsync()).Select(f => $"editor ar: {f}"));
        await SeenAsync(arabic, "wall-far-editor-ar");
        found.AddRange(visit.Complaints.Concat(arabic.Complaints));
        found.ShouldBeEmpty();

        Task LiveAsync(string camera, string and = "") => page.Locator($".tile[data-camera='{camera}'][data-phase=live]{and}").First.WaitForAsync(Soon);

        async Task<int> LookingAsync()
        {
            var now = TimeProvider.System.GetUtcNow();
            var lines = (await post.GetAsync($"/api/accesses?from={Site.Iso(now.AddHours(-1))}&to={Site.Iso(now.AddHours(1))}")).GetProperty("accesses").EnumerateArray();
            return lines.Count(l => l.GetProperty("kind").GetString() == "live" && l.GetProperty("endedAt").ValueKind == JsonValueKind.Null);
        }
    }

    string Cameras(string id, string name, string of) =>
        $"cameras: [{{ id: {id}, name: \"{name}\", main: \"{site.Camera(of).Url()}\", sub: \"{site.Camera(of).Url(StreamKind.Sub)}\" }}]";

    /// <summary>A site with its centre, as two administrators would have made it. Returns the link's id.</summary>
    static async Task<string> LinkAsync(OwnNode centre, OwnNode post)
    {
        string code = (await centre.SendAsync(HttpMethod.Post, "/api/links/invitations", new { kind = "site" })).GetProperty("code").GetString()!;
        var joined = await post.SendAsync(HttpMethod.Post, "/api/links/join", new { code, kind = "centre" });
        string id = joined.GetProperty("id").GetString()!;
        foreach (var node in new[] { centre, post })
            await node.SendAsync(HttpMethod.Post, $"/api/links/{id}/confirm", new { digits = joined.GetProperty("digits").GetString() });
        return id;
    }

    const string Shown = "() => document.querySelector('.share-picture video').getVideoPlaybackQuality().totalVideoFrames";

    static ILocator Dialog(Visit visit) => visit.Page.GetByRole(AriaRole.Dialog);

    static Task PressAsync(Visit visit, string name) => visit.Page.GetByRole(AriaRole.Button, new() { Name = name, Exact = true }).ClickAsync(new() { Timeout = 30_000 });

    static Task PressAsync(ILocator within, string name, bool last = false)
    {
        var found = within.GetByRole(AriaRole.Button, new() { Name = name, Exact = true });
        return (last ? found.Last : found).ClickAsync(new() { Timeout = 30_000 });
    }

    static Task GoAsync(Visit visit, OwnNode node, string path) => visit.Page.GotoAsync(new Uri(node.Address, path).ToString());

    static Task SeenAsync(Visit visit, string name) => visit.Page.ScreenshotAsync(new() { Path = Path.Combine(Site.Artifacts, "screenshots", $"{name}.png") });

    /// <summary>Without what a browser calls an error and the page tells in words: a second person is needed.</summary>
    static IEnumerable<string> Own(Visit visit) => visit.Complaints.Where(c => !c.Contains("409", StringComparison.Ordinal));
}
