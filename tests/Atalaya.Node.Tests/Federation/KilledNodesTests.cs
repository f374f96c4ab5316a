using System.Globalization;

using Atalaya.Federation.Links;
using Atalaya.Testing;

using Dapper;

namespace Atalaya.Node.Tests.Federation;

/// <summary>
/// A site and its centre as real processes, killed at any moment while incidents are opened at the site. A few times; <c>make test-federation</c> kills more often
/// (ATALAYA_FEDERATION_KILLS).
/// </summary>
public sealed class KilledNodesTests(ITestOutputHelper output)
{
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
        string link = await centre.LinkAsync(site, LinkKind.Site);

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
        await site.SettledAsync();
        await centre.UntilAsync("/api/sites/cases", cases => opened.All(cases["incidents"]!.AsArray().Select(i => (string)i!["id"]!).ToHashSet().Contains));
        await Task.WhenAll(site.StopAsync(), centre.StopAsync());

        await using var atSite = await site.OpenStoreAsync();
        await using var atCentre = await centre.OpenStoreAsync();
        // Those that somebody was told of are there, and at the centre are those that are at the site.
        var there = (await atSite.QueryAsync<string>("select id from incidents")).Select(Guid.Parse).Order().ToList();
        opened.Select(Guid.Parse).Except(there).ShouldBeEmpty();
        (await atCentre.QueryAsync<string>("select id from site_incidents")).Select(Guid.Parse).Order().ShouldBe(there);
        await NodeProcess.JudgeAsync(atSite, atCentre, link, $"Seed {seed}");
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

    static int? Setting(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : null;
}
