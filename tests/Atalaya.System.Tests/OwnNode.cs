using System.Net.Http.Json;
using System.Text.Json;
using Atalaya.Testing;

namespace Atalaya.System.Tests;

/// <summary>The real executable with a folder and a configuration of its own, beside a <see cref="Site"/>, and its first administrator.</summary>
sealed class OwnNode : IAsyncDisposable
{
    readonly TempFolder _folder = new("own-node");
    ManagedProcess? _process;

    public Uri Address { get; private set; } = new("http://127.0.0.1");

    /// <summary>As the administrator, signed in as a person at the page is.</summary>
    public HttpClient Http { get; private set; } = new();

    /// <param name="administrator">Chooses <see cref="Site.Password"/>, as everybody whom these tests add.</param>
    /// <param name="lines">Of the configuration, beside where it listens and keeps its data.</param>
    public static async Task<OwnNode> StartAsync(string administrator, params IEnumerable<string> lines)
    {
        var node = new OwnNode();
        try
        {
            await File.WriteAllLinesAsync(node._folder.File("atalaya.yaml"),
            [
                "listen: \"127.0.0.1:0\"", $"data: \"{node._folder.File("data")}\"", $"web: \"{RepositoryRoot.File("web", "dist")}\"",
                $"database: \"{TestDatabase.Of(node._folder.File("data", "atalaya.db"))}\"", .. lines,
            ]);
            string first = (await node.ServeAsync()).GetProperty("start").GetString()!;
            node.Http = new(new SocketsHttpHandler { UseCookies = false }) { BaseAddress = node.Address };
            node.Http.DefaultRequestHeaders.Add("Atalaya-Page", "1");
            using var started = await node.Http.PostAsJsonAsync("/api/start", new { code = first.Split('#')[1], name = administrator, password = Site.Password });
            node.Http.DefaultRequestHeaders.Add("Cookie", started.EnsureSuccessStatusCode().Headers.GetValues("Set-Cookie").Single().Split(';')[0]);
            node.Http.DefaultRequestHeaders.Add("Atalaya-Purpose", "technical");
            return node;
        }
        catch
        {
            await node.DisposeAsync();
            throw;
        }
    }

    /// <summary>Ends the program as its operator would.</summary>
    public async Task StopAsync()
    {
        if (_process is not { } process)
            return;
        process.Terminate();
        await process.DisposeAsync();
        _process = null;
    }

    /// <summary>Starts it again with what it had; its address is another.</summary>
    public async Task<JsonElement> ServeAsync()
    {
        _process = AtalayaProgram.Start("serve", "--config", _folder.File("atalaya.yaml"), "--json");
        var said = JsonDocument.Parse(await _process.WaitForLineAsync(line => line.Contains("listening", StringComparison.Ordinal), TimeSpan.FromSeconds(60))).RootElement;
        Address = new Uri(said.GetProperty("listening")[0].GetString()!);
        return said;
    }

    /// <summary>Somebody else with a role on the whole organisation.</summary>
    public async Task AddUserAsync(string name, string role)
    {
        string link = (await SendAsync(HttpMethod.Post, "/api/users", new { name, grants = new[] { new { role } } })).GetProperty("link").GetString()!;
        await SendAsync(HttpMethod.Post, "/api/start", new { code = link.Split('#')[1], password = Site.Password });
    }

    public async Task<JsonElement> GetAsync(string path) => await Http.GetFromJsonAsync<JsonElement>(path);

    public async Task<JsonElement> SendAsync(HttpMethod method, string path, object? body = null)
    {
        using var request = new HttpRequestMessage(method, path) { Content = JsonContent.Create(body ?? new { }) };
        using var answer = await Http.SendAsync(request);
        string text = await answer.Content.ReadAsStringAsync();
        answer.IsSuccessStatusCode.ShouldBeTrue($"{method} {path}: {(int)answer.StatusCode} {text}");
        return text.Length == 0 ? default : JsonDocument.Parse(text).RootElement;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Http.Dispose();
        _folder.Dispose();
    }
}
