using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text.Json.Nodes;

using Atalaya.Media;
using Atalaya.Node.Identity;
using Atalaya.Node.Oversight;
using Atalaya.Node.Packages;
using Atalaya.Node.Releases;
using Atalaya.Node.Store;
using Atalaya.Node.Tests.Federation;
using Atalaya.Testing;
using Dapper;

namespace Atalaya.Node.Tests.Releases;

/// <summary>A package leaves the organisation only with a recipient, a legal basis and a second person; each download is written down; what was revoked or has expired is fetched by nobody.</summary>
public sealed class ReleaseTests
{
    const string Cameras = "cameras: [{ id: gate, main: rtsp://127.0.0.1:9/x, enabled: false, site: here }, { id: far, main: rtsp://127.0.0.1:9/x, enabled: false, site: elsewhere }]";

    static readonly byte[] Content = RandomNumberGenerator.GetBytes(300_000);

    [Fact]
    public async Task A_package_is_handed_over_by_two_people_fetched_by_link_and_taken_back()
    {
        using var folder = new TempFolder("releases");
        await using var node = await WithPackageAsync(folder);
        object body = new { package = "aa01", recipient = "J. Ruiz", organisation = "Court 3, Ceuta", legalBasis = "Art. 588 ter, DP 118/2026", note = "As asked.", days = 3 };
        using var second = await node.AtPageAsync("second", new Grant(Roles.Administrator, Scope.Organisation));

        var (status, waits) = await node.SendAsync(HttpMethod.Post, "/api/releases", body);
        status.ShouldBe(409);
        string approval = (string)waits!["approval"]!["id"]!;
        ((string)waits["approval"]!["action"]!).ShouldBe("disclosure");
        (await second.PostAsync($"/api/approvals/{approval}/approve", JsonBody("{}"), TestNode.Stop)).StatusCode.ShouldBe(HttpStatusCode.OK);
        // To somebody else nobody has agreed.
        (await node.SendAsync(HttpMethod.Post, "/api/releases", new { package = "aa01", recipient = "Another", organisation = "Court 3, Ceuta", legalBasis = "Art. 588 ter, DP 118/2026", note = "As asked.", days = 3 }))
            .Status.ShouldBe(409);
        (status, var made) = await node.SendAsync(HttpMethod.Post, "/api/releases", body);
        status.ShouldBe(201, made?.ToJsonString());
        string token = (string)made!["token"]!, id = (string)made["release"]!["id"]!;
        ((string)made["release"]!["agreedBy"]!).ShouldBe("second");

        using var outside = node.As(null, purpose: false);
        outside.DefaultRequestHeaders.Add(Gate.PageHeader, "1");
        var look = await outside.PostAsync("/api/released/look", JsonBody($$"""{"token":"{{token}}"}"""), TestNode.Stop);
        var told = JsonNode.Parse(await look.Content.ReadAsStringAsync(TestNode.Stop))!;
        ((string)told["recipient"]!).ShouldBe("J. Ruiz");
        told.ToJsonString().ShouldNotContain("gate", Case.Insensitive, "cameras are nobody's business outside");
        (await outside.GetByteArrayAsync($"/api/released/{token}/file", TestNode.Stop)).ShouldBe(Content);
        using var rest = new HttpRequestMessage(HttpMethod.Get, $"/api/released/{token}/file") { Headers = { Range = new RangeHeaderValue(100_000, null) } };
        (await (await outside.SendAsync(rest, TestNode.Stop)).Content.ReadAsByteArrayAsync(TestNode.Stop)).ShouldBe(Content[100_000..]);

        var listed = await node.UntilAsync("/api/releases", l => l[0]!["fetches"]!.AsArray().Count(f => (bool)f!["isWhole"]!) == 2);
        ((string)listed[0]!["state"]!).ShouldBe("open");
        ((long)listed[0]!["fetches"]![1]!["firstByte"]!).ShouldBe(100_000);
        ((string)listed[0]!["fetches"]![0]!["address"]!).ShouldBe("127.0.0.1");
        listed.ToJsonString().ShouldNotContain(token);
        (await node.GetAsync($"/api/accesses?from={TimeProvider.System.GetUtcNow().AddHours(-1):yyyy-MM-ddTHH:mm:ssZ}&to={TimeProvider.System.GetUtcNow().AddHours(1):yyyy-MM-ddTHH:mm:ssZ}&kind=release")).ToJsonString().ShouldContain("gate");

        var (revokedStatus, revoked) = await node.SendAsync(HttpMethod.Post, $"/api/releases/{id}/revoke", new { reason = "Sent to the wrong address" });
        revokedStatus.ShouldBe(200);
        ((string)revoked!["state"]!).ShouldBe("revoked");
        (await outside.GetAsync($"/api/released/{token}/file", TestNode.Stop)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await outside.PostAsync("/api/released/look", JsonBody($$"""{"token":"{{token}}"}"""), TestNode.Stop)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await node.SendAsync(HttpMethod.Post, $"/api/releases/{id}/revoke", new { reason = "again" })).Status.ShouldBe(409);

        // Made, fetched twice, revoked: all of it goes into the log.
        await using var connection = await node.Service<NodeDatabase>().Source.OpenConnectionAsync(TestNode.Stop);
        // What it has taken already, and what waits for its next look.
        string[] references =
        [
            .. (await connection.QueryAsync<string>("select reference from log_records where kind = 'Disclosure'")).Concat(Disclosures.Of(connection).Select(r => r.Reference)).Distinct(),
        ];
        references.Length.ShouldBe(4);
        references.ShouldContain(id);
        references.ShouldContain($"{id}/end");
        references.ShouldAllBe(r => r == id || r.StartsWith(id + "/", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_download_that_runs_is_cut_when_its_link_is_revoked()
    {
        using var folder = new TempFolder("releases");
        await using var node = await WithPackageAsync(folder, content: new byte[64 << 20], secondPerson: false);
        var (token, id) = await ReleaseAsync(node);
        using var outside = node.As(null, purpose: false);
        using var response = await outside.GetAsync($"/api/released/{token}/file", HttpCompletionOption.ResponseHeadersRead, TestNode.Stop);
        await using var body = await response.Content.ReadAsStreamAsync(TestNode.Stop);
        byte[] buffer = new byte[1 << 16];
        await body.ReadExactlyAsync(buffer, TestNode.Stop);

        (await node.SendAsync(HttpMethod.Post, $"/api/releases/{id}/revoke", new { reason = "stop" })).Status.ShouldBe(200);

        await Should.ThrowAsync<Exception>(async () =>
        {
            long read = buffer.Length;
            while (await body.ReadAsync(buffer, TestNode.Stop) is var count and > 0)
                read += count;
            if (read < 64 << 20)
                throw new EndOfStreamException();
        });
        await node.UntilAsync("/api/releases", l => l[0]!["fetches"]![0]!["ended"] is not null && !(bool)l[0]!["fetches"]![0]!["isWhole"]!);
    }

    [Fact]
    public async Task Who_may_not_see_the_cameras_releases_nothing_of_them_and_hears_of_nothing()
    {
        using var folder = new TempFolder("releases");
        await using var node = await WithPackageAsync(folder, secondPerson: false);
        var (_, id) = await ReleaseAsync(node);
        using var elsewhere = await node.AsAsync("elsewhere", new Grant(Roles.Administrator, new(ScopeKind.Site, "elsewhere")));
        (await elsewhere.GetStringAsync("/api/releases", TestNode.Stop)).ShouldBe("[]");
        (await elsewhere.PostAsync($"/api/releases/{id}/revoke", JsonBody("""{"reason":"x"}"""), TestNode.Stop)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        (await elsewhere.PostAsync("/api/releases", JsonBody("""{"package":"aa01","recipient":"a","organisation":"b","legalBasis":"c"}"""), TestNode.Stop)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
        // An auditor sees that it was handed over, and to whom; not the file.
        using var auditor = await node.AsAsync("auditor", new Grant("auditor", Scope.Organisation));
        (await auditor.GetStringAsync("/api/releases", TestNode.Stop)).ShouldContain(id);
        (await auditor.GetAsync("/api/packages/aa01/file", TestNode.Stop)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
    }

    [Fact]
    public async Task Who_sees_a_camera_with_masks_hands_out_nothing_that_was_recorded_without()
    {
        using var folder = new TempFolder("releases");
        await using var node = await WithPackageAsync(folder, secondPerson: false);
        object mask = new { name = "Yard", points = new double[][] { [0, 0], [0.5, 0], [0.5, 0.5] } };
        (await node.SendAsync(HttpMethod.Put, "/api/cameras/gate/masks", new { version = 0, masks = new[] { mask } })).Status.ShouldBe(200);
        object body = new { package = "aa01", recipient = "J. Ruiz", organisation = "Court", legalBasis = "Art. 1" };
        var (status, problem) = await node.SendAsync(HttpMethod.Post, "/api/releases", body);
        status.ShouldBe(403);
        problem!.ToJsonString().ShouldContain("has masks");
        (await node.SendAsync(HttpMethod.Post, "/api/cameras/gate/unmasking", new { })).Status.ShouldBe(200);
        (await node.SendAsync(HttpMethod.Post, "/api/releases", body)).Status.ShouldBe(201);
    }

    [Fact]
    public async Task A_package_is_kept_for_a_link_until_the_link_has_ended()
    {
        using var folder = new TempFolder("releases");
        var clock = new ShiftedClock();
        await using var node = await WithPackageAsync(folder, secondPerson: false, clock: clock);
        var packages = node.Service<PackageJobs>();
        packages.IsNeeded("aa01").ShouldBeFalse();
        var now = WallTime.Now(TimeProvider.System);
        await node.Service<ReleaseBook>().AddAsync(
            (id, token, at) => new(id, token, "aa01", "T", "f", 1, "00", "k", false, ["gate"], now, now, "r", "o", "l", "", "u", "U", Purpose.None, "", "", at, at + TimeSpan.FromDays(1)), TestNode.Stop);
        packages.IsNeeded("aa01").ShouldBeTrue();
        // Nobody adds or revokes another one.
        clock.Forward(TimeSpan.FromDays(2));
        packages.IsNeeded("aa01").ShouldBeFalse();
    }

    [Fact]
    public async Task What_is_missing_is_said_and_a_link_that_is_none_says_nothing()
    {
        using var folder = new TempFolder("releases");
        await using var node = await WithPackageAsync(folder, secondPerson: false);
        var (status, problem) = await node.SendAsync(HttpMethod.Post, "/api/releases", new { package = "aa01", days = 1000 });
        status.ShouldBe(400);
        problem!["errors"]!.AsObject().Select(e => e.Key).ShouldBe(["recipient", "organisation", "legalBasis", "days"], ignoreOrder: true);
        (await node.SendAsync(HttpMethod.Post, "/api/releases", new { package = "none", recipient = "a", organisation = "b", legalBasis = "c" })).Status.ShouldBe(404);
        using var outside = node.As(null, purpose: false);
        foreach (string token in (string[])["x", Secret.New(), "..%2f..%2fdata"])
            (await outside.GetAsync($"/api/released/{token}/file", TestNode.Stop)).StatusCode.ShouldBe(HttpStatusCode.NotFound);
    }

    [Fact]
    public void Nothing_opens_a_link_again_that_has_expired_or_was_revoked()
    {
        var random = new Random(7);
        for (int run = 0; run < 2000; run++)
        {
            var now = new WallTime(1_772_366_400_000_000);
            var release = new Release(
                "1", "t", "aa01", "T", "f", 1, "00", "k", false, ["gate"], now, now, "r", "o", "l", "", "u", "U", Purpose.None, "", "", now, now + TimeSpan.FromHours(random.Next(1, 50)));
            bool dead = false;
            for (int step = 0; step < 10; step++)
            {
                now += TimeSpan.FromHours(random.Next(0, 12));
                if (random.Next(4) == 0 && release.Revoke("who", "why", now) is { } revoked)
                {
                    revoked.Revoke("other", "else", now).ShouldBeNull();
                    release = revoked;
                }

                var state = release.At(now);
                (state == ReleaseStateJson.Open).ShouldBe(release.RevokedAt is null && now < release.ExpiresAt);
                (dead && state == ReleaseStateJson.Open).ShouldBeFalse();
                dead |= state != ReleaseStateJson.Open;
            }
        }
    }

    static StringContent JsonBody(string json) => new(json, System.Text.Encoding.UTF8, "application/json");

    static async Task<(string Token, string Id)> ReleaseAsync(TestNode node)
    {
        var (status, made) = await node.SendAsync(HttpMethod.Post, "/api/releases", new { package = "aa01", recipient = "J. Ruiz", organisation = "Court", legalBasis = "Art. 1" });
        status.ShouldBe(201, made?.ToJsonString());
        return ((string)made!["token"]!, (string)made["release"]!["id"]!);
    }

    /// <summary>A node with a finished package about the camera gate; how one is made is another test's matter.</summary>
    static async Task<TestNode> WithPackageAsync(TempFolder folder, byte[]? content = null, bool secondPerson = true, TimeProvider? clock = null)
    {
        content ??= Content;
        await using (var first = await TestNode.StartAsync(Cameras, folder.Path))
        {
            var at = WallTime.Now(TimeProvider.System);
            var package = new EvidencePackage(
                "aa01", "Fence cut", null, [new("gate", StreamKind.Main, at - TimeSpan.FromHours(1), at)], [], PackageLanguageJson.Es, new("u", "maker", new("investigation", "118"), null), at,
                PackageStateJson.Ready, null, at, "Atalaya Fence cut.zip", content.Length, Convert.ToHexStringLower(SHA256.HashData(content)), "00", "log.example.org+00000000+AQ==");
            await new PackageStore(first.Service<NodeDatabase>().Source).PutAsync(package);
            await File.WriteAllBytesAsync(Path.Combine(first.Service<NodeDatabase>().Folder.Packages, "aa01.zip"), content, TestNode.Stop);
        }

        return await TestNode.StartAsync(Cameras, folder.Path, secondPerson: secondPerson, clock: clock);
    }
}
