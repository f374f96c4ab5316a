using System.Diagnostics;
using System.Globalization;
using System.Text;

using Atalaya.Federation.Links;
using Atalaya.Testing;

using Dapper;

namespace Atalaya.Node.Tests.Federation;

/// <summary>
/// Two organisations, one with a centre and three sites, one with a centre and a site: each node a process on a machine of its own, on lines that lose, double, delay and mix up IP packets, are cut, and forget
/// connections; nodes are killed. <c>make test-federation</c> gives it minutes: ATALAYA_FEDERATION_SECONDS, ATALAYA_FEDERATION_RETURNS (cuts that an alarm waits behind) and ATALAYA_FEDERATION_SEED say how
/// many and with what chance.
/// </summary>
public sealed class PacketPathTests(ITestOutputHelper output)
{
    /// <summary>Who joins has no address: nobody may begin a connection to it.</summary>
    static readonly (string Inviter, string Joiner, LinkKind Kind)[] Ties =
        [("A", "A1", LinkKind.Site), ("A", "A2", LinkKind.Site), ("A", "A3", LinkKind.Site), ("B", "B1", LinkKind.Site), ("B", "A", LinkKind.Partner)];

    static readonly string[] Names = ["A", "A1", "A2", "A3", "B", "B1"];

    [Fact]
    public async Task Whatever_becomes_of_packets_and_nodes_everything_arrives_once_and_in_order_and_alarms_first()
    {
        string? missing = await PacketNet.MissingAsync();
        Assert.SkipWhen(missing is not null, $"NOT TESTED ON PACKETS: no network namespaces with TUN devices here ({missing}).");
        int seconds = Setting("ATALAYA_FEDERATION_SECONDS") ?? 8, returns = Setting("ATALAYA_FEDERATION_RETURNS") ?? 2, seed = Setting("ATALAYA_FEDERATION_SEED") ?? Environment.TickCount;
        output.WriteLine($"ATALAYA_FEDERATION_SEED={seed}");
        var whole = Stopwatch.StartNew();
        using var folder = new TempFolder("packet-path");
        await using var net = await PacketNet.MakeAsync(seed, Names);
        // What takes losses hardest of all that Linux has.
        bool isHard = Names.All(n => net[n].Congest("reno"));
        foreach (var (inviter, joiner, _) in Ties)
            Line(net, inviter, joiner).Dialler = string.CompareOrdinal(joiner, inviter) < 0 ? 0 : 1;
        var nodes = Names.ToDictionary(n => n, n => new NodeProcess(folder.File(n), Yaml(n, net[n]), net[n]), StringComparer.Ordinal);
        try
        {
            await Task.WhenAll(nodes.Values.Select(n => n.StartAsync()));
            var links = new Dictionary<string, string>(StringComparer.Ordinal);     // by who joined
            foreach (var (inviter, joiner, kind) in Ties)
                links[joiner] = await nodes[inviter].LinkAsync(nodes[joiner], kind);
            await AgreeAsync(nodes["A"], nodes["B"], links["A"]);
            await Task.WhenAll(nodes.Values.Select(n => n.SettledAsync()));
            output.WriteLine($"linked and agreed after {whole.Elapsed.TotalSeconds:0} s");
            foreach (var (inviter, joiner, _) in Ties)
                Line(net, inviter, joiner).Worsen();

            var deeds = new Deeds(nodes, links, seed);
            await ReturnsAsync(net, nodes, links, returns, seed);
            await TroubleAsync(net, nodes, deeds, seconds, seed);
            output.WriteLine($"{deeds}; over after {whole.Elapsed.TotalSeconds:0} s");

            await Task.WhenAll(nodes.Values.Select(n => n.SettledAsync()));
            await deeds.ArrivedAsync();
            await Task.WhenAll(nodes.Values.Select(n => n.SettledAsync()));
            output.WriteLine($"all there after {whole.Elapsed.TotalSeconds:0} s");
            await Task.WhenAll(nodes.Values.Select(n => n.StopAsync()));
            foreach (var (inviter, joiner, kind) in Ties)
            {
                await using var one = await nodes[joiner].OpenStoreAsync();
                await using var other = await nodes[inviter].OpenStoreAsync();
                string story = $"{joiner} and {inviter}, seed {seed}";
                await NodeProcess.JudgeAsync(one, other, links[joiner], story);
                if (kind == LinkKind.Site)
                {
                    var told = deeds.IncidentsOf(joiner).Select(Guid.Parse).ToList();
                    told.Except((await one.QueryAsync<string>("select id from incidents")).Select(Guid.Parse)).ShouldBeEmpty(story);
                    foreach (string what in new[] { "alarms", "incidents" })
                    {
                        (await other.QueryAsync<string>($"select id from site_{what} where link = @link", new { link = links[joiner] })).Select(Guid.Parse).Order()
                            .ShouldBe((await one.QueryAsync<string>($"select id from {what}")).Select(Guid.Parse).Order(), $"{what}. {story}");
                    }
                }
            }

            await Task.WhenAll(nodes.Values.Select(n => n.VerifyLogAsync()));
            foreach (var (inviter, joiner, _) in Ties)
                output.WriteLine($"{joiner} – {inviter}: {Line(net, inviter, joiner)}");
            output.WriteLine($"judged after {whole.Elapsed.TotalSeconds:0} s{(isHard ? "" : "; TCP isn't the one that takes losses hardest")}");
        }
        finally
        {
            foreach (var node in nodes.Values)
                await node.DisposeAsync();
        }
    }

    /// <summary>An alarm that was raised while its line was cut is at the centre before a document that began to go over earlier.</summary>
    async Task ReturnsAsync(PacketNet net, IReadOnlyDictionary<string, NodeProcess> nodes, IReadOnlyDictionary<string, string> links, int returns, int seed)
    {
        var random = new Random(seed);
        // The line needs ten seconds for it, however lucky its packets are.
        var slow = Line(net, "B", "B1");
        slow.Rate = 512e3;
        var (story, file) = await SendDocumentAsync(nodes["B1"], links["B1"], "a site's order", 640 << 10);
        await nodes["B"].UntilAsync($"/api/requests/{story}", r => r["line"] is not null);
        var took = new List<double>();
        for (int n = 0; n < returns; n++)
        {
            string site = n == 0 ? "B1" : $"A{1 + (n % 3)}", centre = site[..1];
            var line = Line(net, centre, site);
            line.IsCut = true;
            string seen = (string)(await nodes[site].SendAsync(HttpMethod.Post, "/api/scene-events", new { camera = "gate", kind = "sensor", rule = "fence", type = "rescue" }))!["id"]!;
            string alarm = (string)(await nodes[site].UntilAsync($"/api/scene-events/{seen}/decision", d => d["alarm"] is not null))["alarm"]!;
            // Of an alarm that goes on it is one event more.
            long events = (long)(await nodes[site].SendAsync(HttpMethod.Get, "/api/alarms"))!["alarms"]!.AsArray().Single(a => (string?)a!["id"] == alarm)!["events"]!;
            // Seconds, and now and then so many that the link is told as down.
            await Task.Delay(TimeSpan.FromSeconds((n % 4 == 3 ? 10 : 1) + (4 * random.NextDouble())), TimeProvider.System, TestNode.Stop);
            line.IsCut = false;
            var back = Stopwatch.StartNew();
            await nodes[centre].UntilAsync("/api/sites/cases", c => c["alarms"]!.AsArray().Any(x => (string?)x!["alarm"]!["id"] == alarm && (long)x["alarm"]!["events"]! >= events));
            took.Add(back.Elapsed.TotalSeconds);
            if (n == 0)
                ((bool)(await nodes["B"].SendAsync(HttpMethod.Get, $"/api/requests/{story}"))!["story"]![0]!["files"]![0]!["here"]!).ShouldBeFalse("the alarm overtakes the document");
        }

        took.Sort();
        output.WriteLine($"{returns} cuts: the alarm behind them was at the centre {took[took.Count / 2]:0.00} s after the return at the median, {took[^1]:0.00} s at most");
        slow.Worsen();
        await nodes["B"].UntilAsync($"/api/requests/{story}", r => (bool)r["story"]![0]!["files"]![0]!["here"]!);
        Encoding.UTF8.GetString(await nodes["B"].BytesAsync($"/api/requests/{story}/files/{file}")).ShouldEndWith("a site's order");
    }

    /// <summary>Cuts, forgotten connections and kills, one after the other and each at least once, while everybody works.</summary>
    static async Task TroubleAsync(PacketNet net, Dictionary<string, NodeProcess> nodes, Deeds deeds, int seconds, int seed)
    {
        var random = new Random(seed);
        using var over = CancellationTokenSource.CreateLinkedTokenSource(TestNode.Stop);
        var working = deeds.WorkAsync(over.Token);
        var begun = Stopwatch.StartNew();
        int killed = random.Next(Names.Length);
        do
        {
            var (inviter, joiner, _) = Ties[random.Next(Ties.Length)];
            var line = Line(net, inviter, joiner);
            line.IsCut = true;
            await Task.Delay(TimeSpan.FromSeconds(0.5 + (2 * random.NextDouble())), TimeProvider.System, TestNode.Stop);
            line.IsCut = false;

            (inviter, joiner, _) = Ties[random.Next(Ties.Length)];
            Line(net, inviter, joiner).Forget();

            var victim = nodes[Names[killed++ % Names.Length]];
            await victim.KillAsync();
            await Task.Delay(TimeSpan.FromSeconds(random.NextDouble()), TimeProvider.System, TestNode.Stop);
            await victim.StartAsync();
        }
        while (begun.Elapsed < TimeSpan.FromSeconds(seconds));
        await NodeProcess.UntilAsync(() => Task.FromResult(deeds.AreOfAllKinds));
        await over.CancelAsync();
        await working;
    }

    static PacketLine Line(PacketNet net, string inviter, string joiner) =>
        string.CompareOrdinal(inviter, joiner) < 0 ? net.Between(inviter, joiner) : net.Between(joiner, inviter);

    static string Yaml(string name, PacketMachine machine) => $$"""
        federation: { organisation: {{name[..1]}}{{(name.Length == 1 ? $", listen: ['{machine.Address}:7443']" : "")}} }
        name: {{(name.Length == 1 ? "Centre of " : "")}}{{name}}
        approvals: { for: [] }
        cameras: [{ id: gate, main: rtsp://127.0.0.1:9/x, enabled: false, site: here }]

        """;

    /// <summary>Both sign the shipped example.</summary>
    static async Task AgreeAsync(NodeProcess one, NodeProcess other, string link)
    {
        string draft = (await one.SendAsync(HttpMethod.Get, $"/api/agreements/template?link={link}"))!.ToJsonString();
        string digest = (string)(await one.SendAsync(HttpMethod.Post, "/api/agreements", new { link, document = draft }))!["agreement"]!["digest"]!, path = $"/api/agreements/{link}/police-cooperation/1";
        await one.SendAsync(HttpMethod.Post, $"{path}/sign", new { digest });
        await other.UntilAsync("/api/agreements", a => a.AsArray().Count == 1);
        await other.SendAsync(HttpMethod.Post, $"{path}/sign", new { digest });
        await one.UntilAsync(path, a => (string)a["agreement"]!["state"]! == "inForce");
    }

    /// <returns>Ids of the request and of the document.</returns>
    static async Task<(string Story, string File)> SendDocumentAsync(NodeProcess from, string link, string end, int bytes)
    {
        var text = new ByteArrayContent(Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("Keep it. ", bytes / 9)) + end));
        var brought = await from.SendAsync(HttpMethod.Post, $"/api/requests/files?link={link}&name=order.txt", text);
        string file = (string)brought!["id"]!;
        return ((string)(await from.SendAsync(HttpMethod.Post, "/api/requests", Ask(link, file)))!["line"]!["id"]!, file);
    }

    static object Ask(string link, params string[] files) => new
    {
        link,
        kind = "footage",
        urgency = "urgent",
        subject = "The north gate",
        text = "Please let us see it.",
        legalBasis = "Art. 5",
        purpose = "investigation",
        category = "drugs",
        footage = new { cameras = new[] { "gate" }, from = "2026-01-01T00:00:00Z", to = "2026-01-01T01:00:00Z" },
        files,
    };

    static int? Setting(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : null;

    /// <summary>What people do meanwhile, and what must be known at the other end of it.</summary>
    sealed class Deeds(IReadOnlyDictionary<string, NodeProcess> nodes, IReadOnlyDictionary<string, string> links, int seed)
    {
        readonly List<(string Site, string Id)> _incidents = [];
        readonly List<(string Site, string Id)> _events = [];
        readonly List<(string Site, string Alarm)> _acts = [];
        readonly HashSet<string> _asked = [], _questioned = [];

        public bool AreOfAllKinds => _incidents.Count > 0 && _events.Count > 0 && _acts.Count > 0 && _asked.Count > 0 && _questioned.Count > 0;

        /// <summary>That a site said it had opened.</summary>
        public IEnumerable<string> IncidentsOf(string site) => _incidents.Where(i => i.Site == site).Select(i => i.Id);

        public override string ToString() => $"{_incidents.Count} incidents, {_events.Count} events, {_acts.Count} deeds of centres, {_asked.Count} requests, {_questioned.Count} questions";

        public async Task WorkAsync(CancellationToken over)
        {
            var random = new Random(seed);
            string[] sites = ["A1", "A2", "A3", "B1"];
            for (int n = 0; !over.IsCancellationRequested; n++)
            {
                string site = sites[n % sites.Length];
                await TryAsync(() => DoAsync(site, n % 5, n));
                await Task.Delay(TimeSpan.FromMilliseconds(random.Next(150)), TimeProvider.System, over).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        /// <summary>All that somebody was told has happened is known where it must be.</summary>
        public async Task ArrivedAsync()
        {
            foreach (var (site, id) in _events)
                await nodes[site].UntilAsync($"/api/scene-events/{id}/decision", d => d["verdict"] is not null);
            foreach (var (site, alarm) in _acts)
                await nodes[site[..1]].UntilAsync($"/api/sites/{links[site]}/deeds/{alarm}", d => d.AsArray().All(e => e!["answeredAt"] is not null));
            foreach (string id in _asked)
                await nodes["B"].UntilAsync($"/api/requests/{id}", r => r["line"] is not null);
            foreach (string id in _questioned)
                await nodes["A"].UntilAsync($"/api/requests/{id}", r => (string)r["line"]!["state"]! == "questioned");
        }

        async Task DoAsync(string site, int what, int n)
        {
            var (own, centre) = (nodes[site], nodes[site[..1]]);
            switch (what)
            {
                case 0 or 1:
                    _incidents.Add((site, (string)(await own.SendAsync(HttpMethod.Post, "/api/incidents", new { type = "intrusion", title = $"Number {n}" }))!["id"]!));
                    break;
                case 2:
                    _events.Add((site, (string)(await own.SendAsync(HttpMethod.Post, "/api/scene-events", new { camera = "gate", kind = "sensor", rule = $"fence {n}", type = "rescue" }))!["id"]!));
                    break;
                case 3:
                    var cases = (await centre.SendAsync(HttpMethod.Get, "/api/sites/cases"))!["alarms"]!.AsArray();
                    if (cases.FirstOrDefault(c => (string?)c!["site"] == links[site] && (string?)c["alarm"]!["state"] == "raised") is not { } alarm)
                        break;
                    string id = (string)alarm["alarm"]!["id"]!;
                    await centre.SendAsync(HttpMethod.Post, $"/api/sites/{links[site]}/alarms/{id}/deeds", new { act = "acknowledge", version = (long)alarm["alarm"]!["version"]! });
                    _acts.Add((site, id));
                    break;
                default:
                    _asked.Add((string)(await nodes["A"].SendAsync(HttpMethod.Post, "/api/requests", Ask(links["A"])))!["line"]!["id"]!);
                    var open = (await nodes["B"].SendAsync(HttpMethod.Get, "/api/requests"))!.AsArray().FirstOrDefault(r => (string?)r!["state"] == "asked" && !(bool)r["ours"]! && (string?)r["link"] == links["A"]);
                    if (open is null)
                        break;
                    await nodes["B"].SendAsync(HttpMethod.Post, $"/api/requests/{(string?)open["id"]}/question", new { text = "Which hour?" });
                    _questioned.Add((string)open["id"]!);
                    break;
            }
        }

        /// <summary>Whether something was done isn't known when its node is killed: then nobody was told.</summary>
        static async Task TryAsync(Func<Task> what)
        {
            try
            {
                await what();
            }
            catch (Exception gone) when (gone is HttpRequestException { StatusCode: null } or IOException or ObjectDisposedException || (gone is OperationCanceledException && !TestNode.Stop.IsCancellationRequested))
            {
                // It was killed.
            }
        }
    }
}
