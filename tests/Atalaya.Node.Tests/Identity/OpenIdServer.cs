using System.Net;
using System.Net.Http.Json;
using System.Text.RegularExpressions;

using Atalaya.Testing;

namespace Atalaya.Node.Tests.Identity;

/// <summary>A whole OpenID provider, oidc-provider from npm, on a free port of 127.0.0.1. Whoever knows a name is that person: <c>omar+a+b</c> is omar, in the groups a and b.</summary>
public sealed class OpenIdServer : IAsyncLifetime
{
    public const string Secret = "a secret that only these two know";

    ManagedProcess? _process;

    public string Issuer { get; private set; } = "";

    public async ValueTask InitializeAsync()
    {
        string folder = RepositoryRoot.File("tests", "peers");
        Directory.Exists(Path.Combine(folder, "node_modules", "oidc-provider")).ShouldBeTrue("oidc-provider is missing: run scripts/setup.sh test");
        _process = ManagedProcess.Start("node", [Path.Combine(folder, "openid-provider.mjs")]);
        Issuer = (await _process.WaitForLineAsync(l => l.StartsWith("ready ", StringComparison.Ordinal), TimeSpan.FromSeconds(60)))["ready ".Length..];
    }

    /// <summary>See the provider's script.</summary>
    public async Task ControlAsync(object asked)
    {
        using var http = new HttpClient();
        using var answer = await http.PostAsJsonAsync(Issuer + "/control", asked, TestNode.Stop);
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
            using var answer = await browser.SendAsync(request, TestNode.Stop);
            form = null;
            if (answer.Headers.Location is { } next)
            {
                at = new Uri(at, next);
                if (at.Authority == node.Authority)
                    return at;
                continue;
            }

            string page = await answer.Content.ReadAsStringAsync(TestNode.Stop);
            answer.StatusCode.ShouldBe(HttpStatusCode.OK, page);
            var action = Regex.Match(page, "<form[^>]*action=\"(?<to>[^\"]+)\"", RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1));
            action.Success.ShouldBeTrue(page);
            at = new Uri(at, WebUtility.HtmlDecode(action.Groups["to"].Value));
            form = new FormUrlEncodedContent(new Dictionary<string, string> { ["prompt"] = "login", ["login"] = name, ["password"] = "any" });
        }

        throw new InvalidOperationException($"The provider never sent the browser back; at last it was at {at}.");
    }

    public async ValueTask DisposeAsync()
    {
        if (_process is null)
            return;
        _process.Kill();
        await _process.DisposeAsync();
    }
}
