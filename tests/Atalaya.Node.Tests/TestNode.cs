using System.Collections.Concurrent;
using System.Net.Http.Json;
using System.Net.WebSockets;
using System.Text.Json.Nodes;

using Atalaya.Node.Identity;
using Atalaya.Node.Options;
using Atalaya.Node.Oversight;
using Atalaya.Node.Store;
using Atalaya.Testing;

using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Atalaya.Node.Tests;

/// <summary>A whole node on a free port of 127.0.0.1, with a real database in a folder of its own. Its <see cref="Http"/> is an administrator's.</summary>
sealed class TestNode : IAsyncDisposable
{
    readonly TempFolder? _ownFolder;
    readonly Capture _log;

    TestNode(WebApplication app, string folder, TempFolder? ownFolder, Capture log)
    {
        App = app;
        Folder = folder;
        _ownFolder = ownFolder;
        _log = log;
        Address = new(app.Urls.First());
        Http = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { BaseAddress = Address, Timeout = TimeSpan.FromSeconds(30) };
        Http.DefaultRequestHeaders.Add(Purposes.Header, ForTests);
    }

    /// <summary>For what purpose the tests look at footage, and take it out.</summary>
    const string ForTests = "technical; tests";

    public WebApplication App { get; }
    public Uri Address { get; }
    public HttpClient Http { get; }

    /// <summary>Holds <c>atalaya.yaml</c> and <c>data/</c>.</summary>
    public string Folder { get; }

    public string ConfigFile => Path.Combine(Folder, "atalaya.yaml");

    /// <summary>Everything that was logged, at every level.</summary>
    public string Log => _log.Text;

    public static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <param name="yaml">Without <c>listen</c> and <c>data</c>.</param>
    /// <param name="folder">Of an earlier node, to go on where that was.</param>
    /// <param name="analysis">Whether it may start its analysis process: most tests have no use for one.</param>
    /// <param name="database">Where it keeps its tables; null: on the engine of this run.</param>
    /// <param name="administrator">Whether there is one, and <see cref="Http"/> has a token of theirs.</param>
    /// <param name="secondPerson">Whether some things take a second person, as they do by default: most tests are about something else.</param>
    /// <param name="listen">Where it listens, loopback always; the first is <see cref="Address"/>.</param>
    /// <param name="clock">Null: the machine's.</param>
    public static async Task<TestNode> StartAsync(string yaml = "", string? folder = null, bool analysis = false, string? database = null, bool administrator = true, string listen = "127.0.0.1:0", bool secondPerson = false, TimeProvider? clock = null)
    {
        var own = folder is null ? new TempFolder("node") : null;
        folder ??= own!.Path;
        string file = Path.Combine(folder, "atalaya.yaml");
        await File.WriteAllTextAsync(file, yaml, Stop);
        string data = Path.Combine(folder, "data");
        var source = new OptionsSource(file, new Dictionary<string, string>(),
            [("listen", listen, "--listen"), ("data", data, "--data"), ("database", database ?? TestDatabase.Of(Path.Combine(data, NodeStore.FileName)), "--set database"), ("log.level", "trace", "--log-level"),
                ("analysis.enabled", analysis ? "true" : "false", "--set analysis.enabled"),
                .. secondPerson ? [] : new[] { ("approvals.for", "", "--set approvals.for") }]);
        var reading = source.Read();
        reading.Errors.ShouldBeEmpty();
        var log = new Capture();
        var app = NodeHost.Build(reading, source, clock ?? TimeProvider.System, l => l.ClearProviders().AddProvider(log).AddFilter("Microsoft", LogLevel.Trace));
        try
        {
            await app.StartAsync(Stop);
        }
        catch
        {
            await app.DisposeAsync();
            own?.Dispose();
            throw;
        }

        var node = new TestNode(app, folder, own, log);
        if (administrator)
            node.Http.DefaultRequestHeaders.Authorization = new("Bearer", await node.TokenAsync("administrator", new Grant(Roles.Administrator, Scope.Organisation)));
        return node;
    }

    /// <summary>A token of a user with these grants, who is added if there is none of this name.</summary>
    public async Task<string> TokenAsync(string user, params Grant[] grants)
    {
        var callers = Service<Callers>();
        var made = UserEndpoints.Make(user, "", TimeProvider.System);
        if (!await callers.People.AddAsync(made, Stop))
            made = (await callers.People.FindByNameAsync(user, Stop))!;
        await callers.People.SetGrantsAsync(made.Id, grants, Stop);
        string token = Secret.New(Secret.TokenPrefix);
        await callers.People.AddTokenAsync(new(Secret.Digest(token), made.Id, "test", null, 0, null, null), Stop);
        callers.Forget();
        return token;
    }

    /// <summary>Requests as a user with these grants; without any grant at all, one who may nothing. Dispose of it.</summary>
    public async Task<HttpClient> AsAsync(string user, params Grant[] grants) => As(await TokenAsync(user, grants));

    /// <summary>Requests with a token; null: as nobody.</summary>
    /// <param name="purpose">Whether they say for what, where that is asked.</param>
    public HttpClient As(string? token, bool purpose = true)
    {
        var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { BaseAddress = Address, Timeout = TimeSpan.FromSeconds(30) };
        if (purpose)
            http.DefaultRequestHeaders.Add(Purposes.Header, ForTests);
        if (token is not null)
            http.DefaultRequestHeaders.Authorization = new("Bearer", token);
        return http;
    }

    /// <summary>As <see cref="AsAsync"/>, but signed in as a person at the page is.</summary>
    public async Task<HttpClient> AtPageAsync(string user, params Grant[] grants)
    {
        await TokenAsync(user, grants);
        var callers = Service<Callers>();
        var person = (await callers.People.FindByNameAsync(user, Stop))!;
        person.PasswordHash = "none that fits";     // They could sign in.
        await callers.People.UpdateAsync(person, Stop);
        string cookie = Secret.New();
        long now = Media.WallTime.Now(TimeProvider.System).Microseconds;
        await callers.People.AddSessionAsync(new(Secret.Digest(cookie), person.Id, now, now, "password", "127.0.0.1", "test"), Stop);
        var http = As(null, purpose: false);
        http.DefaultRequestHeaders.Add("Cookie", $"{Callers.Cookie}={cookie}");
        http.DefaultRequestHeaders.Add(Gate.PageHeader, "1");
        return http;
    }

    public T Service<T>()
        where T : notnull => App.Services.GetRequiredService<T>();

    public async Task<JsonNode> GetAsync(string path) => (await Http.GetFromJsonAsync<JsonNode>(path, Stop))!;

    /// <summary>Sends JSON and returns what came back; null for an empty body.</summary>
    public async Task<(int Status, JsonNode? Body)> SendAsync(HttpMethod method, string path, object? body = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
        using var response = await Http.SendAsync(request, Stop);
        string text = await response.Content.ReadAsStringAsync(Stop);
        return ((int)response.StatusCode, text.Length == 0 ? null : JsonNode.Parse(text));
    }

    /// <summary>Asks again and again until the answer is as wanted.</summary>
    public async Task<JsonNode> UntilAsync(string path, Func<JsonNode, bool> wanted, int seconds = 20) =>
        JsonNode.Parse(await TextUntilAsync(path, text => wanted(JsonNode.Parse(text)!), seconds))!;

    public async Task<string> TextUntilAsync(string path, Func<string, bool> wanted, int seconds = 20)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        limit.CancelAfter(TimeSpan.FromSeconds(seconds));
        using var beat = new PeriodicTimer(TimeSpan.FromMilliseconds(50));
        string? last = null;
        try
        {
            do
            {
                using var response = await Http.GetAsync(path, limit.Token);
                last = await response.Content.ReadAsStringAsync(limit.Token);
                if (wanted(last))
                    return last;
            }
            while (await beat.WaitForNextTickAsync(limit.Token));
        }
        catch (OperationCanceledException) when (!Stop.IsCancellationRequested)
        {
            Assert.Fail($"{path} never became as wanted; at last it was {last}.\n{string.Join('\n', Log.Split('\n').Where(l => l.Contains(" Atalaya.", StringComparison.Ordinal)).TakeLast(30))}");
        }

        throw new OperationCanceledException();
    }

    public Task<JsonNode> RunningAsync(string camera) => UntilAsync($"/api/cameras/{camera}", c => c["status"] is JsonObject status && (string?)status["state"] == "running");

    /// <param name="token">Null: <see cref="Http"/>'s.</param>
    public async Task<ClientWebSocket> ConnectAsync(string path, string? origin = null, string? token = null)
    {
        var socket = new ClientWebSocket();
        if (token is not null || Http.DefaultRequestHeaders.Authorization is not null)
            socket.Options.SetRequestHeader("Authorization", token is null ? Http.DefaultRequestHeaders.Authorization!.ToString() : "Bearer " + token);
        if (origin is not null)
            socket.Options.SetRequestHeader("Origin", origin);
        await socket.ConnectAsync(new UriBuilder(new Uri(Address, path)) { Scheme = "ws" }.Uri, Stop);
        return socket;
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await App.StopAsync(CancellationToken.None);
        await App.DisposeAsync();
        _ownFolder?.Dispose();
    }

    sealed class Capture(string category = "", ConcurrentQueue<string>? lines = null) : ILoggerProvider, ILogger
    {
        readonly ConcurrentQueue<string> _lines = lines ?? new();

        public string Text => string.Join('\n', _lines);

        public ILogger CreateLogger(string categoryName) => new Capture(categoryName, _lines);

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull
        {
            _lines.Enqueue("scope " + state);
            return null;
        }

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            _lines.Enqueue($"{logLevel} {category}: {formatter(state, exception)} {exception}");

        public void Dispose()
        {
        }
    }
}

static class WebSocketReading
{
    /// <summary>The next whole message; null when the other side closes.</summary>
    public static async Task<(WebSocketMessageType Type, byte[] Bytes)?> NextAsync(this WebSocket socket)
    {
        var message = new MemoryStream();
        byte[] buffer = new byte[64 << 10];
        while (true)
        {
            var part = await socket.ReceiveAsync(buffer.AsMemory(), TestNode.Stop);
            if (part.MessageType == WebSocketMessageType.Close)
                return null;
            message.Write(buffer, 0, part.Count);
            if (part.EndOfMessage)
                return (part.MessageType, message.ToArray());
        }
    }

    /// <summary>The next text message, as JSON.</summary>
    public static async Task<JsonNode?> NextTextAsync(this WebSocket socket)
    {
        while (await socket.NextAsync() is { } message)
        {
            if (message.Type == WebSocketMessageType.Text)
                return JsonNode.Parse(message.Bytes);
        }

        return null;
    }
}
