using Microsoft.Playwright;

namespace Atalaya.System.Tests;

/// <summary>Two people at two browsers: one says why and asks, the other agrees.</summary>
[Collection(Site.Browsers)]
public sealed class SecondPersonTests(Site site) : IClassFixture<Site>
{
    [Fact]
    public async Task An_export_is_asked_for_with_its_purpose_by_one_and_made_after_another_agreed()
    {
        var stop = TestContext.Current.CancellationToken;
        await using var node = await OwnNode.StartAsync("Ana", "analysis: { enabled: false }", $"cameras: [{{ id: gate, name: Gate, main: \"{site.Camera("north").Url()}\" }}]");
        await node.AddUserAsync("Omar", "investigator");
        var (address, http) = (node.Address, node.Http);
        var begun = TimeProvider.System.GetUtcNow();
        await Site.EventuallyAsync(
            async () => (await http.GetStringAsync($"/api/timeline?from={Site.Iso(begun.AddMinutes(-5))}&to={Site.Iso(begun.AddMinutes(5))}", stop)).Contains("\"segments\":[[", StringComparison.Ordinal), "footage of the gate");

        await using var omar = await site.OpenAsync("/timeline?camera=gate", purpose: false, address: address, user: "Omar");
        await omar.Page.Locator(".purpose-form").GetByLabel("Purpose").SelectOptionAsync("investigation");
        var goOn = omar.Page.GetByRole(AriaRole.Button, new() { Name = "Continue" });
        (await goOn.IsDisabledAsync()).ShouldBeTrue("an investigation has a number");
        await omar.Page.Locator(".purpose-form").GetByLabel("Reference").FillAsync("2026/118");
        await goOn.ClickAsync();
        await omar.Page.Locator(".stage[data-wall]").WaitForAsync(new() { Timeout = 30_000 });
        await omar.Page.GetByRole(AriaRole.Button, new() { Name = "Purpose: Investigation · 2026/118" }).WaitForAsync();
        await omar.Page.Keyboard.PressAsync("e");
        var dialog = omar.Page.GetByRole(AriaRole.Dialog);
        (await dialog.GetByLabel("Reference").InputValueAsync()).ShouldBe("2026/118");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Export" }).ClickAsync();
        await dialog.Locator("[data-approval='waiting']").WaitForAsync();
        (await dialog.InnerTextAsync()).ShouldContain("Ana");
        await dialog.GetByRole(AriaRole.Button, new() { Name = "Cancel" }).ClickAsync();

        await using var ana = await site.OpenAsync("/live", address: address, user: "Ana");
        await ana.Page.Locator(".approvals-now[data-waiting='1']").ClickAsync();
        var request = ana.Page.Locator("article[data-approval='waiting']");
        await request.WaitForAsync();
        (await request.InnerTextAsync()).ShouldContain("2026/118");
        (await request.GetByRole(AriaRole.Button, new() { Name = "Refuse" }).IsDisabledAsync()).ShouldBeTrue("a refusal says why");
        await ana.Page.ScreenshotAsync(new() { Path = Path.Combine(Site.Artifacts, "screenshots", "approval.png") });
        await request.GetByRole(AriaRole.Button, new() { Name = "Agree" }).ClickAsync();
        await request.WaitForAsync(new() { State = WaitForSelectorState.Detached });

        // Told at once: nobody reloads a page.
        await omar.Page.Locator(".approvals-now[data-ready='1']").ClickAsync(new() { Timeout = 20_000 });
        await omar.Page.GetByRole(AriaRole.Button, new() { Name = "Export now" }).ClickAsync();
        await omar.Page.Locator("article.approval").WaitForAsync(new() { State = WaitForSelectorState.Detached, Timeout = 20_000 });
        await omar.Page.Keyboard.PressAsync("Escape");
        await omar.Page.Locator(".approvals-now").WaitForAsync(new() { State = WaitForSelectorState.Detached, Timeout = 20_000 });
        await Site.EventuallyAsync(async () => (await http.GetStringAsync("/api/exports", stop)).Contains("\"state\":\"done\"", StringComparison.Ordinal), "the export");
        string lines = await http.GetStringAsync($"/api/accesses.csv?from={Site.Iso(begun.AddMinutes(-5))}&to={Site.Iso(begun.AddMinutes(30))}", stop);
        foreach (string kind in new[] { "approvalAsked", "approved", "approvalUsed", "export" })
            lines.ShouldContain($",{kind},");
        ana.Complaints.ShouldBeEmpty();
    }
}
