using System.Net;
using System.Net.Http.Json;
using System.Text.RegularExpressions;

namespace Atalaya.Testing;

/// <summary>A whole OpenID provider, oidc-provider from npm, on a free port of 127.0.0.1. Whoever knows a name is that person: <c>omar+a+b</c> is omar, in the groups a and b.</summary>
public sealed class OpenIdServer : IAsyncDisposable
{
    /// <summary>Of its clients <c>atalaya</c> and <c>other</c>.</summary>
    public const string Secret = "a secret that only these two know";

    readonly ManagedProcess _process;

    OpenIdServer(ManagedProcess process, string issuer)
    {
        _process = process;
        Issuer = issuer;
    }

    public string Issuer { get; }

    public static async Task<OpenIdServer> StartAsync()
    {
        string folder = RepositoryRoot.File("tests", "peers");
        if (!Directory.Exists(Path.Combine(folder, "node_modules", "oidc-provider")))
            throw new InvalidOperationException("oidc-provider is missing: run scripts/setup.sh test.");
        var process = ManagedProcess.Start("node", [Path.Combine(folder, "openid-provider.mjs")]);
        string ready = await process.WaitForLineAsync(l => l.StartsWith("ready ", StringComparison.Ordinal), TimeSpan.FromSeconds(60));
        return new(process, ready["ready ".Length..]);
    }

    /// <summary>See the provider's script.</summary>
    public async Task ControlAsync(object asked)
    {
        using var http = new HttpClient();
        using var answer = await http.PostAsJsonAsync(Issuer + "/control", asked);
        answer.EnsureSuccessStatusCode();
    }

    /// <summary>Does at the provider what somebody does there, and returns the address at the node that the browser is sent to in the end.</summary>
    public static async Task<Uri> VisitAsync(string address, string name, Uri node)
    {
        using var handler = new SocketsHttpHandler { AllowAutoRedirect = false, CookieContainer = new CookieContainer() };
        using var browser = new HttpClient(handler);
        var at = new Uri(address);
        HttpContent? form = null;
        for (int step = 0; step < 20; step++)
        {
            using var request = new HttpRequestMessage(form is null ? HttpMethod.Get : HttpMethod.Post, at) { Content = form };
            using var answer = await browser.SendAsync(request);
            form = null;
            if (answer.Headers.Location is { } next)
            {
                at = new Uri(at, next);
                if (at.Authority == node.Authority)
                    return at;
                continue;
            }

            string page = await answer.Content.ReadAsStringAsync();
            var action = Regex.Match(page, "<form[^>]*action=\"(?<to>[^\"]+)\"", RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1));
            if (!answer.IsSuccessStatusCode || !action.Success)
                throw new InvalidOperationException($"The provider showed no form at {at} ({(int)answer.StatusCode}): {page}");
            at = new Uri(at, WebUtility.HtmlDecode(action.Groups["to"].Value));
            form = new FormUrlEncodedContent(new Dictionary<string, string> { ["prompt"] = "login", ["login"] = name, ["password"] = "any" });
        }

        throw new InvalidOperationException($"The provider never sent the browser back; at last it was at {at}.");
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.DisposeAsync();
    }
}
