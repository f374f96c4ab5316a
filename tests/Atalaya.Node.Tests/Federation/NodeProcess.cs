using System.Net.Http.Json;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;

using Atalaya.Evidence;
using Atalaya.Federation.Links;
using Atalaya.Node.Options;
using Atalaya.Node.Oversight;
using Atalaya.Node.Store;
using Atalaya.Testing;

using Dapper;

namespace Atalaya.Node.Tests.Federation;

/// <summary>A node's folder, and the processes that serve it one after the other: on this machine, or on one of a <see cref="PacketNet"/>.</summary>
sealed class NodeProcess(string folder, string yaml, PacketMachine? machine = null) : IAsyncDisposable
{
    /// <summary>What users run, built beside these tests.</summary>
    public static string Program { get; } = Path.Combine(AppContext.BaseDirectory, "atalaya");

    ManagedProcess? _process;
    HttpClient? _http;
    string _token = "";
    bool _isKilled;

    /// <summary>Until something of several nodes is so.</summary>
    public static TimeSpan Patience { get; } = TimeSpan.FromMinutes(3);

    public string Data => Path.Combine(folder, "data");
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
        var http = new HttpClient(Handler()) { BaseAddress = new(line[line.IndexOf("http", StringComparison.Ordinal)..].Split(' ')[0]), Timeout = TimeSpan.FromSeconds(20) };
        http.DefaultRequestHeaders.Authorization = new("Bearer", _token);
        http.DefaultRequestHeaders.Add(Purposes.Header, "technical; tests");
        _http = http;
        before?.Dispose();
    }

    public void Spawn() => _process = machine is null ? ManagedProcess.Start(Program, ["serve", "--config", Config], Plain()) : machine.Start(Program, ["serve", "--config", Config], Plain());

    /// <summary>At once; <see cref="KillAsync"/> behind it waits for its end.</summary>
    public void Kill()
    {
        _process!.HasExited.ShouldBeFalse(_process.Errors);
        _isKilled = true;
        _process.Kill();
    }

    public async Task KillAsync()
    {
        if (!_isKilled)
            Kill();
        _isKilled = false;
        await _process!.WaitAsync();
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
        using var request = new HttpRequestMessage(method, path) { Content = body as HttpContent ?? (body is null ? null : JsonContent.Create(body)) };
        using var response = await _http!.SendAsync(request, TestNode.Stop);
        string text = await response.Content.ReadAsStringAsync(TestNode.Stop);
        if (!response.IsSuccessStatusCode)
            throw new HttpRequestException($"{method} {path}: {(int)response.StatusCode} {text}", null, response.StatusCode);
        return text.Length == 0 ? null : JsonNode.Parse(text);
    }

    public Task<byte[]> BytesAsync(string path) => _http!.GetByteArrayAsync(path, TestNode.Stop);

    /// <summary>What it answers, again and again until it is as wanted; a node that is away just now is asked again.</summary>
    public async Task<JsonNode> UntilAsync(string path, Func<JsonNode, bool> wanted)
    {
        JsonNode? last = null;
        try
        {
            await UntilAsync(async () =>
            {
                try
                {
                    return (last = await SendAsync(HttpMethod.Get, path)) is not null && wanted(last);
                }
                catch (HttpRequestException)
                {
                    return false;
                }
            });
        }
        catch (OperationCanceledException late) when (!TestNode.Stop.IsCancellationRequested)
        {
            throw new TimeoutException($"{path} never became as wanted; at last it was {last?.ToJsonString()}.", late);
        }

        return last!;
    }

    public static async Task UntilAsync(Func<Task<bool>> isSo)
    {
        using var over = CancellationTokenSource.CreateLinkedTokenSource(TestNode.Stop);
        over.CancelAfter(Patience);
        while (!await isSo())
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, over.Token);
    }

    public async Task<WebSocket> WatchAsync(string path)
    {
        var socket = new ClientWebSocket();
        socket.Options.SetRequestHeader("Authorization", $"Bearer {_token}");
        using var invoker = new HttpMessageInvoker(Handler());
        await socket.ConnectAsync(new UriBuilder(new Uri(_http!.BaseAddress!, path)) { Scheme = "ws" }.Uri, invoker, TestNode.Stop);
        return socket;
    }

    /// <summary>Invites another node, has it join, and says at both that the digits are the same.</summary>
    /// <returns>The link's id.</returns>
    public async Task<string> LinkAsync(NodeProcess joiner, LinkKind joinerIs)
    {
        string code = (string)(await SendAsync(HttpMethod.Post, "/api/links/invitations", new { kind = joinerIs.ToString().ToLowerInvariant() }))!["code"]!;
        var joined = (await joiner.SendAsync(HttpMethod.Post, "/api/links/join", new { code, kind = joinerIs.Opposite().ToString().ToLowerInvariant() }))!;
        foreach (var node in new[] { this, joiner })
            await node.SendAsync(HttpMethod.Post, $"/api/links/{(string?)joined["id"]}/confirm", new { digits = (string?)joined["digits"] });
        return (string)joined["id"]!;
    }

    /// <summary>Messages go over all of its links, and none waits.</summary>
    public Task SettledAsync() => UntilAsync("/api/links", all => all.AsArray().All(l => (bool)l!["isUp"]! && (long)l["waiting"]! == 0));

    public async Task<System.Data.Common.DbConnection> OpenStoreAsync() => await NodeStore.Open(new NodeOptions { Database = Database }, Data).OpenConnectionAsync(TestNode.Stop);

    public async Task VerifyLogAsync() => (await RunAsync("log", "verify", "--config", Config)).ShouldContain("0 faults");

    /// <summary>By the tables of two nodes that were stopped: what one sent the other has, each once, in this order; and neither saw what an honest node doesn't do, or refused anything.</summary>
    public static async Task JudgeAsync(System.Data.Common.DbConnection one, System.Data.Common.DbConnection other, string link, string story)
    {
        foreach (var (from, to) in new[] { (one, other), (other, one) })
        {
            foreach (var lane in Enum.GetValues<Lane>())
            {
                object which = new { lane = (long)lane, link };
                var sent = await from.QuerySingleAsync<(long Number, string Hash, long Acked)>("select sent_number, sent_hash, acked_number from link_lanes where lane = @lane and link = @link", which);
                var received = await to.QuerySingleAsync<(long Number, string Hash)>("select received_number, received_hash from link_lanes where lane = @lane and link = @link", which);
                received.Number.ShouldBeInRange(sent.Acked, sent.Number, story);
                // Each message names the digest of the one before: what was received is what was sent, each once, in this order.
                string expected = sent.Hash;
                if (received.Number < sent.Number)
                {
                    string next = await from.QuerySingleAsync<string>("select body from link_outbox where lane = @lane and link = @link and number = @number", new { lane = (long)lane, link, number = received.Number + 1 });
                    Envelope.TryParse(Encoding.UTF8.GetBytes(next), out var envelope, out string? fault).ShouldBeTrue(fault);
                    expected = envelope!.Previous.ToString();
                }

                // Before the first message of a lane there is none, which a first one names by zeros.
                if (received.Number == 0 && received.Hash.Length == 0)
                    received.Hash = default(Digest).ToString();
                (expected.Length == 0 ? default(Digest).ToString() : expected).ShouldBe(received.Hash, $"{lane}. {story}");
            }

            (await to.QueryAsync<string>("select what || ': ' || detail from link_faults")).ShouldBeEmpty(story);
            (await to.QueryAsync<string>("select kind || ': ' || reason from link_refusals")).ShouldBeEmpty(story);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _http?.Dispose();
        if (_process is not null)
            await _process.DisposeAsync();
        TestDatabase.Drop(folder);
    }

    SocketsHttpHandler Handler() => new()
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = false,
        ConnectCallback = machine is null ? null : async (context, stop) => await machine.ConnectAsync(context.DnsEndPoint.Port, stop),
    };

    static async Task<string> RunAsync(params string[] arguments)
    {
        await using var process = ManagedProcess.Start(Program, arguments, Plain());
        process.CloseInput();
        var ended = await process.WaitAsync(Patience);
        ended.ExitCode.ShouldBe(0, ended.Output + ended.Errors);
        return ended.Output;
    }

    /// <summary>Settings of these tests are no options of the program: it would refuse to start.</summary>
    public static IEnumerable<KeyValuePair<string, string?>> Plain() =>
        Environment.GetEnvironmentVariables().Keys.Cast<string>().Where(k => k.StartsWith("ATALAYA_", StringComparison.Ordinal)).Select(k => KeyValuePair.Create(k, (string?)null));
}
