using Atalaya.Node.Identity;
using Atalaya.Testing;

namespace Atalaya.Node.Tests.Identity;

public sealed class FactorTests
{
    const string Password = "seven grey herons wait";

    [Fact]
    public async Task An_authenticator_is_asked_for_once_confirmed_and_recovery_codes_stand_in_once()
    {
        await using var node = await TestNode.StartAsync();
        await SessionTests.AddAsync(node, "Ana", new Grant("operator", Scope.Organisation));
        using var page = new SessionTests.Page(node);
        await page.SendAsync(HttpMethod.Post, "/api/session", new { name = "Ana", password = Password });
        (await page.SendAsync(HttpMethod.Post, "/api/me/authenticator", new { password = "not it" })).Status.ShouldBe(400);
        string key = (string)(await page.SendAsync(HttpMethod.Post, "/api/me/authenticator", new { password = Password })).Body!["key"]!;
        (await page.SendAsync(HttpMethod.Put, "/api/me/authenticator", new { code = "000000" })).Status.ShouldBe(400);
        var confirmed = await page.SendAsync(HttpMethod.Put, "/api/me/authenticator", new { code = Totp.Code(key, 0) });
        confirmed.Status.ShouldBe(200, confirmed.Body?.ToJsonString());
        string[] recovery = [.. confirmed.Body!["codes"]!.AsArray().Select(c => (string)c!)];
        recovery.Length.ShouldBe(10);

        using var other = new SessionTests.Page(node);
        async Task<string> TicketAsync()
        {
            var first = await other.SendAsync(HttpMethod.Post, "/api/session", new { name = "Ana", password = Password });
            ((string?)first.Body!["state"]).ShouldBe("secondFactor");
            (await other.GetAsync("/api/session"))["signedIn"]!.GetValue<bool>().ShouldBeFalse();
            return (string)first.Body!["ticket"]!;
        }

        (await other.SendAsync(HttpMethod.Post, "/api/session/second", new { ticket = await TicketAsync(), code = Totp.Code(key, 0) })).Status.ShouldBe(401, "a code counts once");
        (await other.SendAsync(HttpMethod.Post, "/api/session/second", new { ticket = await TicketAsync(), code = Totp.Code(key, 1) })).Status.ShouldBe(200);
        await other.SendAsync(HttpMethod.Delete, "/api/session");
        (await other.SendAsync(HttpMethod.Post, "/api/session/second", new { ticket = await TicketAsync(), code = recovery[0].ToLowerInvariant() })).Status.ShouldBe(200);
        await other.SendAsync(HttpMethod.Delete, "/api/session");
        (await other.SendAsync(HttpMethod.Post, "/api/session/second", new { ticket = await TicketAsync(), code = recovery[0] })).Status.ShouldBe(401);
        ((int)(await page.GetAsync("/api/me"))["recoveryCodes"]!).ShouldBe(9);

        (await page.SendAsync(HttpMethod.Post, "/api/me/authenticator/remove", new { password = Password })).Status.ShouldBe(204);
        await other.SendAsync(HttpMethod.Delete, "/api/session");
        (await other.SendAsync(HttpMethod.Post, "/api/session", new { name = "Ana", password = Password })).Body!["state"]!.GetValue<string>().ShouldBe("done");
    }

    [Fact]
    public async Task A_passkey_is_begun_by_who_knows_the_password_alone()
    {
        await using var node = await TestNode.StartAsync();
        await SessionTests.AddAsync(node, "Ana");
        using var page = new SessionTests.Page(node);
        await page.SendAsync(HttpMethod.Post, "/api/session", new { name = "Ana", password = Password });

        (await page.SendAsync(HttpMethod.Post, "/api/me/passkeys/options", new { password = "not it" })).Status.ShouldBe(400);
        (await page.SendAsync(HttpMethod.Post, "/api/me/passkeys/options", new { password = Password })).Status.ShouldBe(200);
    }

    [Fact]
    public async Task A_passkey_that_nobody_made_signs_nobody_in()
    {
        await using var node = await TestNode.StartAsync();
        using var page = new SessionTests.Page(node);
        var begun = await page.SendAsync(HttpMethod.Post, "/api/session/passkey/options");
        begun.Status.ShouldBe(200, begun.Body?.ToJsonString());
        ((string?)begun.Body!["options"]!["userVerification"]).ShouldBe("required");

        foreach (string ticket in new[] { (string)begun.Body!["ticket"]!, "made up" })
            (await page.SendAsync(HttpMethod.Post, "/api/session/passkey", new { ticket, credential = new { id = "AAAA", type = "public-key" } })).Status.ShouldBe(401);
    }
}
