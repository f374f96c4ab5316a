using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

using Atalaya.Incidents;
using Atalaya.Node.Identity;
using Atalaya.Node.Notifications;

using FsCheck.Fluent;

namespace Atalaya.Node.Tests.Alarms;

public sealed class PushTests
{
    const string Yaml = "alarms: { pushServices: [127.0.0.1] }\n" + AlarmScene.Yaml;

    /// <summary>RFC 8291, 5 and appendix A.</summary>
    [Fact]
    public void A_message_is_encrypted_as_the_rfcs_own_example()
    {
        using var own = ECDiffieHellman.Create(Private("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw", "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8"));
        byte[] body = WebPush.Encrypt(
            "When I grow up, I want to be a watermelon"u8,
            Base64Url.DecodeFromChars("BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4"),
            Base64Url.DecodeFromChars("BTBZMqHH6r4Tts7J_aSIgg"), Base64Url.DecodeFromChars("DGv6ra1nlYgDCS1FRnbzlw"), own);
        Base64Url.EncodeToString(body).ShouldBe(
            "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN");
    }

    [Fact]
    public void What_is_encrypted_the_browser_reads_and_fits_what_push_services_take()
    {
        FsCheck.Check.QuickThrowOnFailure(Prop.ForAll(ArbMap.Default.ArbFor<byte[]>(), text =>
        {
            using var browser = new Browser();
            using var own = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
            byte[] body = WebPush.Encrypt(text, browser.Key, browser.Secret, RandomNumberGenerator.GetBytes(16), own);
            browser.Read(body).ShouldBe(text);
        }));
        using var receiver = new Browser();
        using var sender = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);
        WebPush.Encrypt(new byte[WebPush.MaxText], receiver.Key, receiver.Secret, new byte[16], sender).Length.ShouldBe(4096);
    }

    [Fact]
    public async Task A_browser_is_told_what_the_list_shows_by_who_may_and_a_dead_one_is_forgotten()
    {
        await using var service = HttpReceiver.Start();
        service.Answer = 201;
        await using var node = await TestNode.StartAsync(Yaml);
        using var browser = new Browser();
        using var other = new Browser();
        using var mine = await node.AsAsync("ana", new Grant("operator", Scope.Organisation));
        using var theirs = await node.AsAsync("luc", new Grant("operator", new(ScopeKind.Camera, "quay")));
        (await browser.SubscribeAsync(mine, service.Url + "/ana")).ShouldBe(409, "there is no push channel");
        (await node.SendAsync(HttpMethod.Put, "/api/notifications/channels/browsers", new { kind = "push", from = "post@site.example" })).Status.ShouldBe(200);
        (await node.SendAsync(HttpMethod.Put, "/api/notifications/channels/more", new { kind = "push", from = "post@site.example" })).Status.ShouldBe(400);
        string key = (string)(await node.GetAsync("/api/push"))["key"]!;
        (await node.SendAsync(HttpMethod.Put, "/api/notifications/channels/browsers", new { kind = "push", from = "post@site.example", name = "Phones" })).Status.ShouldBe(200);
        ((string)(await node.GetAsync("/api/push"))["key"]!).ShouldBe(key, "browsers subscribed with it");
        (await browser.SubscribeAsync(mine, "https://push.example/ana")).ShouldBe(400);
        (await browser.SubscribeAsync(mine, service.Url + "/ana")).ShouldBe(201);
        (await other.SubscribeAsync(theirs, service.Url + "/luc")).ShouldBe(201);
        (await mine.GetStringAsync("/api/push", TestNode.Stop)).ShouldNotContain(service.Url);

        var seen = AlarmScene.Event(severity: AlarmSeverity.Critical);
        await node.SeeAsync(seen);
        await node.UntilAsync("/api/notifications/outbox", o => o.AsArray().Count == 1 && (string?)o[0]!["state"] == "sent");
        var (headers, body) = service.Posts.ShouldHaveSingleItem("who may not see the camera isn't told");
        (headers["Content-Encoding"], headers["Urgency"], headers["TTL"], headers["Topic"]).ShouldBe(("aes128gcm", "high", "86400", seen.Id.ToString("n")));
        var told = JsonNode.Parse(browser.Read(body))!;
        ((string?)told["alarm"], (string?)told["kind"], (string?)told["severity"], (string?)told["place"]).ShouldBe((seen.Id.ToString(), "lineCrossed", "critical", "North gate"));
        told.AsObject().Select(f => f.Key).ShouldBe(["occasion", "alarm", "kind", "class", "severity", "type", "place", "site", "at", "level"], "no name, no note, no detail");
        Vapid(headers["Authorization"], key, new Uri(service.Url).GetLeftPart(UriPartial.Authority));

        service.Answer = 410;
        await node.SeeAsync(AlarmScene.Event("gate", 5000, severity: AlarmSeverity.Critical));
        await node.UntilAsync("/api/notifications/outbox?state=dead", o => o.AsArray().Count == 1);
        JsonNode.Parse(await mine.GetStringAsync("/api/push", TestNode.Stop))!["subscriptions"]!.AsArray().ShouldBeEmpty();
        string left = (string)JsonNode.Parse(await theirs.GetStringAsync("/api/push", TestNode.Stop))!["subscriptions"]!.AsArray().Single()!["id"]!;
        (await mine.DeleteAsync($"/api/push/subscriptions/{left}", TestNode.Stop)).StatusCode.ShouldBe(System.Net.HttpStatusCode.NotFound);
        (await theirs.DeleteAsync($"/api/push/subscriptions/{left}", TestNode.Stop)).StatusCode.ShouldBe(System.Net.HttpStatusCode.NoContent);
    }

    [Theory]
    [InlineData("https://fcm.googleapis.com/fcm/send/x", true)]
    [InlineData("https://updates.push.services.mozilla.com/wpush/v2/x", true)]
    [InlineData("http://fcm.googleapis.com/x", false)]
    [InlineData("https://fcm.googleapis.com.example.org/x", false)]
    [InlineData("https://evilpush.services.mozilla.com/x", false)]
    [InlineData("https://fcm.googleapis.com@10.0.0.1/x", false)]
    [InlineData("https://10.0.0.1/x", false)]
    [InlineData("file:///etc/passwd", false)]
    [InlineData(null, false)]
    public void A_node_posts_to_push_services_alone(string? endpoint, bool may) =>
        PushEndpoints.MayReach(endpoint, new Options.NodeOptions().Alarms.PushServices).ShouldBe(may);

    /// <summary>RFC 8292: signed by the key that browsers subscribed with, for this push service, for less than a day.</summary>
    static void Vapid(string header, string key, string service)
    {
        var parts = header["vapid ".Length..].Split(", ").ToDictionary(p => p[..1], p => p[2..]);
        parts["k"].ShouldBe(key);
        string[] token = parts["t"].Split('.');
        var claims = JsonNode.Parse(Base64Url.DecodeFromChars(token[1]))!;
        ((string?)claims["aud"], (string?)claims["sub"]).ShouldBe((service, "mailto:post@site.example"));
        var left = DateTimeOffset.FromUnixTimeSeconds((long)claims["exp"]!) - TimeProvider.System.GetUtcNow();
        left.ShouldBeInRange(TimeSpan.FromMinutes(1), TimeSpan.FromHours(24));
        byte[] point = Base64Url.DecodeFromChars(key);
        using var verify = ECDsa.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = new() { X = point[1..33], Y = point[33..] } });
        verify.VerifyData(Encoding.ASCII.GetBytes($"{token[0]}.{token[1]}"), Base64Url.DecodeFromChars(token[2]), HashAlgorithmName.SHA256).ShouldBeTrue();
    }

    static ECParameters Private(string d, string q)
    {
        byte[] point = Base64Url.DecodeFromChars(q);
        return new() { Curve = ECCurve.NamedCurves.nistP256, D = Base64Url.DecodeFromChars(d), Q = new() { X = point[1..33], Y = point[33..] } };
    }

    /// <summary>The other end of RFC 8291, written from its text.</summary>
    sealed class Browser : IDisposable
    {
        readonly ECDiffieHellman _key = ECDiffieHellman.Create(ECCurve.NamedCurves.nistP256);

        public byte[] Key => _key.ExportParameters(false) is var p ? [4, .. p.Q.X!, .. p.Q.Y!] : [];
        public byte[] Secret { get; } = RandomNumberGenerator.GetBytes(16);

        public async Task<int> SubscribeAsync(HttpClient http, string endpoint)
        {
            using var answer = await http.PostAsync("/api/push/subscriptions", new StringContent(
                new JsonObject { ["name"] = "Phone", ["endpoint"] = endpoint, ["p256dh"] = Base64Url.EncodeToString(Key), ["auth"] = Base64Url.EncodeToString(Secret) }.ToJsonString(), Encoding.UTF8, "application/json"), TestNode.Stop);
            return (int)answer.StatusCode;
        }

        public byte[] Read(byte[] body)
        {
            BinaryPrimitives.ReadUInt32BigEndian(body.AsSpan(16)).ShouldBe(4096u);
            body[20].ShouldBe((byte)65);
            byte[] sender = body[21..86];
            using var theirs = ECDiffieHellman.Create(new ECParameters { Curve = ECCurve.NamedCurves.nistP256, Q = new() { X = sender[1..33], Y = sender[33..] } });
            byte[] prk = HMACSHA256.HashData(Secret, _key.DeriveRawSecretAgreement(theirs.PublicKey));
            byte[] ikm = HMACSHA256.HashData(prk, (byte[])[.. "WebPush: info\0"u8, .. Key, .. sender, 1]);
            byte[] random = HMACSHA256.HashData(body[..16], ikm);
            byte[] key = HMACSHA256.HashData(random, (byte[])[.. "Content-Encoding: aes128gcm\0"u8, 1])[..16];
            byte[] nonce = HMACSHA256.HashData(random, (byte[])[.. "Content-Encoding: nonce\0"u8, 1])[..12];
            byte[] plain = new byte[body.Length - 86 - 16];
            using var cipher = new AesGcm(key, 16);
            cipher.Decrypt(nonce, body.AsSpan(86, plain.Length), body.AsSpan(86 + plain.Length), plain);
            plain[^1].ShouldBe((byte)2);
            return plain[..^1];
        }

        public void Dispose() => _key.Dispose();
    }
}
