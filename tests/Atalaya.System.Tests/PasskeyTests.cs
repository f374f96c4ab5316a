using System.Text.Json;
using Atalaya.Testing;
using Microsoft.Playwright;

namespace Atalaya.System.Tests;

/// <summary>Passkeys with a real browser and its virtual authenticator (WebAuthn over the DevTools protocol).</summary>
[Collection(Site.Browsers)]
public sealed class PasskeyTests
{
    const string Script = """
        async () => {
          const send = async (method, path, body) => {
            const headers = { 'Atalaya-Page': '1' };
            if (body !== undefined) headers['Content-Type'] = 'application/json';
            const answer = await fetch(path, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
            const text = await answer.text();
            if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
            return text === '' ? null : JSON.parse(text);
          };
          await send('POST', '/api/start', { code: CODE, name: 'Ana', password: 'seven grey herons wait' });
          const creation = await send('POST', '/api/me/passkeys/options', { password: 'seven grey herons wait' });
          const made = await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(creation.options) });
          const kept = await send('POST', '/api/me/passkeys', { ticket: creation.ticket, credential: made.toJSON(), name: 'Key ring' });
          await send('DELETE', '/api/session');
          const before = await send('GET', '/api/session');
          const request = await send('POST', '/api/session/passkey/options');
          const used = await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(request.options) });
          await send('POST', '/api/session/passkey', { ticket: request.ticket, credential: used.toJSON() });
          const after = await send('GET', '/api/session');
          const again = await fetch('/api/session/passkey', { method: 'POST', headers: { 'Atalaya-Page': '1', 'Content-Type': 'application/json' },
            body: JSON.stringify({ ticket: request.ticket, credential: used.toJSON() }) });
          return { kept: kept.name, before: before.signedIn, after: after.user.name, replayed: again.status };
        }
        """;

    [Fact]
    public async Task A_passkey_is_made_and_signs_in_without_a_name_once()
    {
        Assert.SkipUnless(File.Exists("/usr/bin/chromium"), "Chromium isn't installed.");
        using var folder = new TempFolder("passkey");
        await using var node = AtalayaProgram.Start("serve", "--data", folder.File("data"), "--listen", "127.0.0.1:0", "--json");
        var ready = JsonDocument.Parse(await node.WaitForLineAsync(line => line.Contains("listening", StringComparison.Ordinal), TimeSpan.FromSeconds(60))).RootElement;
        var address = new Uri(ready.GetProperty("listening")[0].GetString()!);
        string code = ready.GetProperty("start").GetString()!.Split('#')[1];

        using var playwright = await Playwright.CreateAsync();
        await using var browser = await playwright.Chromium.LaunchAsync(new()
        {
            ExecutablePath = "/usr/bin/chromium",
            Args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
        });
        var page = await browser.NewPageAsync();
        // WebAuthn takes a domain, no IP address.
        await page.GotoAsync($"http://localhost:{address.Port}/health");
        var devtools = await page.Context.NewCDPSessionAsync(page);
        await devtools.SendAsync("WebAuthn.enable");
        await devtools.SendAsync("WebAuthn.addVirtualAuthenticator", new Dictionary<string, object>
        {
            ["options"] = new { protocol = "ctap2", transport = "internal", hasResidentKey = true, hasUserVerification = true, isUserVerified = true, automaticPresenceSimulation = true },
        });

        var told = await page.EvaluateAsync<JsonElement>(Script.Replace("CODE", $"'{code}'", StringComparison.Ordinal));

        told.GetProperty("kept").GetString().ShouldBe("Key ring");
        told.GetProperty("before").GetBoolean().ShouldBeFalse();
        told.GetProperty("after").GetString().ShouldBe("Ana");
        told.GetProperty("replayed").GetInt32().ShouldBe(401);
        node.Terminate();
    }
}
