using System.Globalization;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;

using Atalaya.Evidence;
using Atalaya.Federation.Links;
using Atalaya.Node.Options;
using Atalaya.Node.Store;
using Atalaya.Testing;

using Dapper;

namespace Atalaya.Node.Tests.Federation;

/// <summary>
/// A site and its centre as real processes, killed at any moment while incidents are opened at the site. A few times; <c>make test-federation</c> kills more often
/// (ATALAYA_FEDERATION_KILLS).
/// </summary>
public sealed class KilledNodesTests(ITestOutputHelper output)
{
    static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task Nodes_that_were_killed_have_the_same_incidents_one_chain_of_messages_and_whole_logs()
    {
        int kills = Setting("ATALAYA_FEDERATION_KILLS") ?? 2, seed = Setting("ATALAYA_FEDERATION_SEED") ?? Environment.TickCount;
        output.WriteLine($"ATALAYA_FEDERATION_SEED={seed}");
        var random = new Random(seed);
        using var folder = new TempFolder("killed-nodes");
        await using var centre = new NodeProcess(folder.File("centre"), $"federation: {{ organisation: Guardia, listen: ['127.0.0.1:{FreePort.Tcp()}'] }}\nname: Centre\n");
        await using var site = new NodeProcess(folder.File("site"), Linked.Dials());
        await Task.WhenAll(centre.StartAsync(), site.StartAsync());
        string code = (string)(await centre.SendAsync(HttpMethod.Post, "/api/links/invitations", new { kind = "site" }))!["code"]!;
        var joined = (await site.SendAsync(HttpMethod.Post, "/api/links/join", new { code, kind = "centre" }))!;
        foreach (var node in new[] { centre, site })
            await node.SendAsync(HttpMethod.Post, $"/api/links/{(string?)joined["id"]}/confirm", new { digits = (string?)joined["digits"] });

        using var over = CancellationTokenSource.CreateLinkedTokenSource(TestNode.Stop);
        var opened = new List<string>();
        var opening = OpenAsync();
        for (int kill = 1; kill <= kills; kill++)
        {
            var victim = kill % 2 == 0 ? centre : site;
            await Task.Delay(TimeSpan.FromMilliseconds(random.Next(1500)), TimeProvider.System, TestNode.Stop);
            await victim.KillAsync();
            if (kill % 3 == 0)
            {
                // And once more on its way up.
                victim.Spawn();
                await Task.Delay(TimeSpan.FromMilliseconds(random.Next(2000)), TimeProvider.System, TestNode.Stop);
                await victim.KillAsync();
            }

            await victim.StartAsync();
        }

        await over.CancelAsync();
        await opening;
        opened.ShouldNotBeEmpty();
        output.WriteLine($"{kills} kills, {opened.Count} incidents");
        await UntilAsync(async () => (await site.SendAsync(HttpMethod.Get, "/api/links"))![0] is { } link && (bool)link["isUp"]! && (long)link["waiting"]! == 0);
        await UntilAsync(async () => opened.All((await centre.SendAsync(HttpMethod.Get, "/api/sites/cases"))!["incidents"]!.AsArray().Select(i => (string)i!["id"]!).ToHashSet().Contains));
        await Task.WhenAll(site.StopAsync(), centre.StopAsync());

        await using var atSite = await site.OpenStoreAsync();
        await using var atCentre = await centre.OpenStoreAsync();
        // Those that somebody was told of are there, and at the centre are those that are at the site.
        var there = (await atSite.QueryAsync<string>("select id from incidents")).Select(Guid.Parse).Order().ToList();
        opened.Select(Guid.Parse).Except(there).ShouldBeEmpty();
        (await atCentre.QueryAsync<string>("select id from site_incidents")).Select(Guid.Parse).Order().ShouldBe(there);
        foreach (var (from, to) in new[] { (atSite, atCentre), (atCentre, atSite) })
        {
            foreach (var lane in Enum.GetValues<Lane>())
            {
                object which = new { lane = (long)lane };
                var sent = await from.QuerySingleAsync<(long Number, string Hash, long Acked)>("select sent_number, sent_hash, acked_number from link_lanes where lane = @lane", which);
                var received = await to.QuerySingleAsync<(long Number, string Hash)>("select received_number, received_hash from link_lanes where lane = @lane", which);
                received.Number.ShouldBeInRange(sent.Acked, sent.Number);
                // Each message names the digest of the one before: what was received is what was sent, each once, in this order.
                string expected = sent.Hash;
                if (received.Number < sent.Number)
                {
                    string next = await from.QuerySingleAsync<string>("select body from link_outbox where lane = @lane and number = @number", new { lane = (long)lane, number = received.Number + 1 });
                    Envelope.TryParse(Encoding.UTF8.GetBytes(next), out var envelope, out string? fault).ShouldBeTrue(fault);
                    expected = envelope!.Previous.ToString();
                }

                // Before the first message of a lane there is none, which a first one names by zeros.
                if (received.Number == 0 && received.Hash.Length == 0)
                    received.Hash = default(Digest).ToString();
                (expected.Length == 0 ? default(Digest).ToString() : expected).ShouldBe(received.Hash, lane.ToString());
            }

            (await to.QueryAsync<string>("select what || ': ' || detail from link_faults")).ShouldBeEmpty();
            (await to.QueryAsync<string>("select kind || ': ' || reason from link_refusals")).ShouldBeEmpty();
        }

        await Task.WhenAll(site.VerifyLogAsync(), centre.VerifyLogAsync());

        async Task OpenAsync()
        {
            for (int n = 0; !over.IsCancellationRequested; n++)
            {
                try
                {
                    if (await site.SendAsync(HttpMethod.Post, "/api/incidents", new { type = "intrusion", title = $"Number {n}" }) is { } made)
                        opened.Add((string)made["id"]!);
                }
                catch (Exception gone) when (gone is HttpRequestException or IOException or OperationCanceledException or ObjectDisposedException)
                {
                    // Whether it was opened isn't known: the node was killed.
                }

                await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System, over.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    static async Task UntilAsync(Func<Task<bool>> isSo)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(TestNode.Stop);
        over.CancelAfter(Patience);
        while (!await isSo())
            await Task.Delay(TimeSpan.FromMilliseconds(100), TimeProvider.System, over.Token);
    }

    static int? Setting(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : null;

    /// <summary>A node's folder, and the processes that serve it one after the other.</summary>
    sealed class NodeProcess(string folder, string yaml) : IAsyncDisposable
    {
        static readonly string Program = Path.Combine(AppContext.BaseDirectory, "atalaya");

        ManagedProcess? _process;
        HttpClient? _http;
        string _token = "";

        string Data => Path.Combine(folder, "data");
        string Config => Path.Combine(folder, "atalaya.yaml");
        string Database => TestDatabase.Of(Path.Combine(Data, NodeStore.FileName));

        public async Task StartAsync()
        {
            if (_token.Length == 0)
            {
                Directory.CreateDirectory(folder);
                await File.WriteAllTextAsync(Config, $"listen: '127.0.0.1:0'\ndata: '{Data}'\ndatabase: '{Database}'\nanalysis: {{ enabled: false }}\n{yaml}", TestNode.Stop);
                await RunAsync("user", "add", "judge", "--config", Config);
                _token = (await RunAsync("token", "create", "judge", "--config", Config)).Trim();
            }

            Spawn();
            string line = await _process!.WaitForLineAsync(l => l.StartsWith("Atalaya listens on ", StringComparison.Ordinal), Patience);
            // Those who ask meanwhile have the one before, which nobody answers.
            var before = _http;
            var http = new HttpClient { BaseAddress = new(line[line.IndexOf("http", StringComparison.Ordinal)..].Split(' ')[0]), Timeout = TimeSpan.FromSeconds(20) };
            http.DefaultRequestHeaders.Authorization = new("Bearer", _token);
            _http = http;
            before?.Dispose();
        }

        public void Spawn() => _process = ManagedProcess.Start(Program, ["serve", "--config", Config], Plain());

        public async Task KillAsync()
        {
            _process!.HasExited.ShouldBeFalse(_process.Errors);
            _process.Kill();
            await _process.WaitAsync();
            await _process.DisposeAsync();
        }

        public async Task StopAsync()
        {
            _process!.Terminate();
            var ended = await _process.WaitAsync(Patience);
            ended.ExitCode.ShouldBe(0, ended.Errors);
        }

        /// <exception cref="HttpRequestException">It isn't there, or refuses.</exception>
        public async Task<JsonNode?> SendAsync(HttpMethod method, string path, object? body = null)
        {
            using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
            using var response = await _http!.SendAsync(request, TestNode.Stop);
            return JsonNode.Parse(await response.EnsureSuccessStatusCode().Content.ReadAsStringAsync(TestNode.Stop));
        }

        public async Task<System.Data.Common.DbConnection> OpenStoreAsync() => await NodeStore.Open(new NodeOptions { Database = Database }, Data).OpenConnectionAsync(TestNode.Stop);

        public async Task VerifyLogAsync() => (await RunAsync("log", "verify", "--config", Config)).ShouldContain("0 faults");

        public async ValueTask DisposeAsync()
        {
            _http?.Dispose();
            if (_process is not null)
                await _process.DisposeAsync();
            TestDatabase.Drop(folder);
        }

        static async Task<string> RunAsync(params string[] arguments)
        {
            await using var process = ManagedProcess.Start(Program, arguments, Plain());
            process.CloseInput();
            var ended = await process.WaitAsync(Patience);
            ended.ExitCode.ShouldBe(0, ended.Output + ended.Errors);
            return ended.Output;
        }

        // Settings of these tests are no options of the program: it would refuse to start.
        static IEnumerable<KeyValuePair<string, string?>> Plain() =>
            Environment.GetEnvironmentVariables().Keys.Cast<string>().Where(k => k.StartsWith("ATALAYA_", StringComparison.Ordinal)).Select(k => KeyValuePair.Create(k, (string?)null));
    }
}
