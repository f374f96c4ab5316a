using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using System.Xml.Linq;

using Atalaya.Incidents;
using Atalaya.Node.Alarms;
using Atalaya.Node.Notifications;

using FsCheck.Fluent;

namespace Atalaya.Node.Tests.Alarms;

public sealed class NotificationTests
{
    const string Secret = "a secret of thirty-two characters";

    [Fact]
    public async Task A_webhook_is_signed_tried_again_under_one_id_and_told_once_an_alarm()
    {
        await using var receiver = HttpReceiver.Start();
        receiver.Answer = 503;
        await using var node = await TestNode.StartAsync(AlarmScene.Yaml);
        var (put, channel) = await node.SendAsync(HttpMethod.Put, "/api/notifications/channels/desk", new { kind = "webhook", url = receiver.Url, secret = Secret });
        put.ShouldBe(200);
        ((bool)channel!["hasSecret"]!).ShouldBeTrue();
        channel.ToJsonString().ShouldNotContain(Secret);
        var seen = AlarmScene.Event();
        await node.SeeAsync(seen, AlarmScene.Event(seconds: 5), AlarmScene.Event("wall", 5, SceneEventKind.Crowd));
        var waiting = await node.UntilAsync("/api/notifications/outbox", o => o.AsArray().Count == 1 && (int)o[0]!["attempts"]! >= 1);
        ((string?)waiting[0]!["state"], (string?)waiting[0]!["fault"]).ShouldBe(("waiting", "The receiver answered 503."));

        receiver.Answer = 202;
        await NowAsync(node);
        await node.UntilAsync("/api/notifications/outbox", o => (string?)o[0]!["state"] == "sent");
        receiver.Posts.Count.ShouldBeGreaterThanOrEqualTo(2);
        receiver.Posts.Select(p => p.Headers["Idempotency-Key"]).Distinct().Count().ShouldBe(1);
        var (headers, body) = receiver.Posts.Last();
        headers["Content-Type"].ShouldStartWith("application/cloudevents+json");
        string[] signature = headers["Atalaya-Signature"].Split(',');
        string expected = Convert.ToHexStringLower(HMACSHA256.HashData(Encoding.UTF8.GetBytes(Secret), (byte[])[.. Encoding.ASCII.GetBytes(signature[0][2..] + "."), .. body]));
        signature[1].ShouldBe("v1=" + expected);
        var cloud = JsonNode.Parse(body)!;
        ((string?)cloud["specversion"], (string?)cloud["type"], (string?)cloud["subject"]).ShouldBe(("1.0", "org.atalaya.alarm.raised.v1", seen.Id.ToString()));
        ((string?)cloud["data"]!["camera"], (string?)cloud["data"]!["severity"]).ShouldBe(("gate", "high"));
        ((string?)cloud["id"]).ShouldBe((string?)waiting[0]!["id"]);
        node.Log.ShouldNotContain(Secret);
    }

    [Fact]
    public async Task What_nobody_takes_is_kept_as_dead_and_can_be_sent_again()
    {
        await using var receiver = HttpReceiver.Start();
        receiver.Answer = 500;
        await using var node = await TestNode.StartAsync(AlarmScene.Yaml);
        await node.SendAsync(HttpMethod.Put, "/api/notifications/channels/desk", new { kind = "webhook", url = receiver.Url });
        await node.SeeAsync(AlarmScene.Event());
        await node.UntilAsync("/api/notifications/outbox", o => (int)o[0]!["attempts"]! >= 1);
        await node.Service<Casebook>().WriteAsync(s => s.WriteAsync("update notification_outbox set attempts = @most, next_at = 0", new { most = (long)Sender.MostAttempts - 1 }), TestNode.Stop);
        var dead = await node.UntilAsync("/api/notifications/outbox?state=dead", o => o.AsArray().Count == 1);
        receiver.Answer = 200;
        (await node.SendAsync(HttpMethod.Post, $"/api/notifications/outbox/{dead[0]!["id"]}/resend")).Status.ShouldBe(204);
        await node.UntilAsync("/api/notifications/outbox?state=sent", o => o.AsArray().Count == 1);
        (await node.SendAsync(HttpMethod.Post, $"/api/notifications/outbox/{dead[0]!["id"]}/resend")).Status.ShouldBe(404);
    }

    [Fact]
    public async Task Mail_of_a_rescue_reaches_who_is_on_call_and_carries_a_cap_document()
    {
        await using var mail = SmtpReceiver.Start();
        await using var node = await TestNode.StartAsync(AlarmScene.Yaml);
        var (put, problem) = await node.SendAsync(HttpMethod.Put, "/api/notifications/channels/mail", new
        {
            kind = "email",
            server = "127.0.0.1",
            port = mail.Port,
            tls = false,
            from = "post@site.example",
            to = new[] { "desk@site.example" },
            rota = new[] { new { name = "Ana", address = "ana@site.example" }, new { name = "Luc", address = "luc@site.example" } },
        });
        put.ShouldBe(200, problem?.ToJsonString());
        var seen = AlarmScene.Event(severity: AlarmSeverity.Rescue);
        await node.SeeAsync(seen);
        await node.UntilAsync("/api/notifications/outbox?state=sent", o => o.AsArray().Count == 1);
        (await node.SendAsync(HttpMethod.Post, $"/api/alarms/{seen.Id}/escalate", new { })).Status.ShouldBe(200);
        await node.UntilAsync("/api/notifications/outbox?state=sent", o => o.AsArray().Count == 2);
        mail.Messages.Select(m => m.To).ShouldBe([["desk@site.example", "ana@site.example"], ["desk@site.example", "luc@site.example"]]);
        var (_, text) = mail.Messages.First();
        text.ShouldContain("Rescue");
        text.ShouldContain("application/cap+xml");
        (await node.SendAsync(HttpMethod.Post, "/api/notifications/channels/mail/test")).Status.ShouldBe(202);
        await node.UntilAsync("/api/notifications/outbox?state=sent", o => o.AsArray().Count == 3);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Mail_goes_over_tls_to_the_one_certificate_that_was_named_and_to_no_other(bool implicitTls)
    {
        using var certificate = SmtpReceiver.Certificate();
        await using var mail = SmtpReceiver.Start(certificate, implicitTls);
        await using var node = await TestNode.StartAsync(AlarmScene.Yaml);
        string right = string.Join(':', Convert.ToHexString(SHA256.HashData(certificate.RawData)).Chunk(2).Select(c => new string(c)));
        async Task<JsonNode> TryAsync(string? fingerprint)
        {
            var (put, problem) = await node.SendAsync(HttpMethod.Put, "/api/notifications/channels/mail", new
            {
                kind = "email",
                server = "127.0.0.1",
                port = mail.Port,
                implicitTls,
                fingerprint,
                user = "post",
                secret = "a secret",
                from = "post@site.example",
                name = "Búho",
                to = new[] { "desk@site.example", SmtpReceiver.Unknown + "@site.example" },
            });
            put.ShouldBe(200, problem?.ToJsonString());
            string id = (string)(await node.SendAsync(HttpMethod.Post, "/api/notifications/channels/mail/test")).Body!["id"]!;
            return (await node.UntilAsync("/api/notifications/outbox", o => o.AsArray().Any(n => (string?)n!["id"] == id && (string?)n["state"] != "waiting"))).AsArray().Single(n => (string?)n!["id"] == id)!;
        }

        ((string?)(await TryAsync(null))["state"]).ShouldBe("dead", "nobody vouches for it");
        ((string?)(await TryAsync(new string('a', 64)))["state"]).ShouldBe("dead", "another one was named");
        mail.SignedIn.ShouldBeEmpty("a password isn't told to a stranger");
        var sent = await TryAsync(right);
        ((string?)sent["state"]).ShouldBe("sent", sent.ToJsonString());
        mail.SignedIn.ShouldBe(["\0post\0a secret"]);
        var (to, text) = mail.Messages.ShouldHaveSingleItem();
        to.ShouldBe(["desk@site.example"]);
        text.ShouldContain("Subject: =?utf-8?B?");
        node.Log.ShouldNotContain("a secret");
    }

    [Fact]
    public async Task Whoever_stands_between_can_not_put_words_before_the_handshake()
    {
        using var certificate = SmtpReceiver.Certificate();
        await using var mail = SmtpReceiver.Start(certificate);
        await using var smuggler = SmtpReceiver.Start(certificate, smuggled: "\r\n250-AUTH PLAIN");
        string fingerprint = Convert.ToHexStringLower(SHA256.HashData(certificate.RawData));
        await using (await SmtpSession.OpenAsync("127.0.0.1", mail.Port, SmtpSecurity.StartTls, fingerprint, TestNode.Stop))
        {
        }

        await Should.ThrowAsync<SmtpRefusal>(() => SmtpSession.OpenAsync("127.0.0.1", smuggler.Port, SmtpSecurity.StartTls, fingerprint, TestNode.Stop));
        await using var plain = SmtpReceiver.Start();
        (await Should.ThrowAsync<SmtpRefusal>(() => SmtpSession.OpenAsync("127.0.0.1", plain.Port, SmtpSecurity.StartTls, null, TestNode.Stop))).Message.ShouldContain("STARTTLS");
    }

    [Fact]
    public void A_message_ends_where_it_ends_and_nowhere_before()
    {
        SmtpSession.Stuffed("a\r\n.\r\n.b\r\n"u8).ShouldBe("a\r\n..\r\n..b\r\n.\r\n"u8.ToArray());
        SmtpSession.Stuffed("a"u8).ShouldBe("a\r\n.\r\n"u8.ToArray());
        FsCheck.Check.QuickThrowOnFailure(Prop.ForAll(ArbMap.Default.ArbFor<string>(), text =>
        {
            string plain = new([.. (text ?? "").Where(c => !char.IsControl(c) && !char.IsSurrogate(c))]);
            // Encoded words are whole letters, short enough, and say what was said.
            string[] words = MailText.Words(plain).Split("\r\n ");
            words.ShouldAllBe(w => w.Length <= 75);
            string.Concat(words.Select(w => w.StartsWith("=?", StringComparison.Ordinal) ? Encoding.UTF8.GetString(Convert.FromBase64String(w[10..^2])) : w)).ShouldBe(plain);
        }));
    }

    [Fact]
    public void Quiet_hours_hold_back_all_but_the_most_urgent()
    {
        var channel = new Channel { Id = "mail", Kind = ChannelKind.Email, Quiet = [new() { From = new(22, 0), To = new(6, 0) }] };
        var night = new DateTimeOffset(2026, 3, 29, 23, 0, 0, TimeSpan.Zero);
        foreach (var severity in Enum.GetValues<AlarmSeverity>())
            channel.Waits(severity, night, TimeZoneInfo.Utc).ShouldBe(severity > AlarmSeverity.Critical);
        channel.Waits(AlarmSeverity.Low, night.AddHours(8), TimeZoneInfo.Utc).ShouldBeFalse();
    }

    [Fact]
    public void Pauses_double_to_an_hour_and_differ()
    {
        Sender.Pause(1, 0).ShouldBe(TimeSpan.FromSeconds(1.6));
        Sender.Pause(1, 1).ShouldBe(TimeSpan.FromSeconds(2.4));
        Sender.Pause(4, 0.5).ShouldBe(TimeSpan.FromSeconds(16));
        Sender.Pause(Sender.MostAttempts, 0.5).ShouldBe(TimeSpan.FromHours(1));
        Enumerable.Range(1, Sender.MostAttempts).Sum(n => Sender.Pause(n, 0.5).TotalHours).ShouldBeGreaterThan(24);
    }

    /// <summary>The schema is a sequence: an element out of order makes the document invalid (OASIS CAP 1.2, 3.2).</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_cap_document_has_the_elements_of_the_standard_in_their_order(bool exercise)
    {
        await using var node = await TestNode.StartAsync(AlarmScene.Yaml);
        var seen = AlarmScene.Event(severity: AlarmSeverity.Rescue);
        await node.SeeAsync(seen);
        await node.SendAsync(HttpMethod.Post, $"/api/alarms/{seen.Id}/escalate", new { });
        var alert = XDocument.Parse(await node.Http.GetStringAsync($"/api/alarms/{seen.Id}/cap?exercise={exercise}", TestNode.Stop)).Root!;
        alert.Name.NamespaceName.ShouldBe("urn:oasis:names:tc:emergency:cap:1.2");
        string[] ofAlert = ["identifier", "sender", "sent", "status", "msgType", "source", "scope", "restriction", "addresses", "code", "note", "references", "incidents", "info"];
        string[] ofInfo = ["language", "category", "event", "responseType", "urgency", "severity", "certainty", "audience", "eventCode", "effective", "onset", "expires", "senderName", "headline", "description", "instruction", "web", "contact", "parameter", "resource", "area"];
        InOrder(alert, ofAlert);
        InOrder(alert.Elements().Last(), ofInfo);
        string Of(string name) => alert.Descendants().First(e => e.Name.LocalName == name).Value;
        Of("status").ShouldBe(exercise ? "Exercise" : "Actual");
        Of("sent").ShouldEndWith("-00:00");
        (Of("category"), Of("severity"), Of("urgency"), Of("scope"), Of("msgType")).ShouldBe(("Rescue", "Extreme", "Immediate", "Restricted", "Update"));
        Of("areaDesc").ShouldBe("North gate");

        static void InOrder(XElement element, string[] order)
        {
            var places = element.Elements().Select(e => Array.IndexOf(order, e.Name.LocalName)).ToList();
            places.ShouldAllBe(p => p >= 0);
            places.ShouldBe(places.Order());
        }
    }

    [Fact]
    public async Task A_channel_that_can_not_work_is_refused_by_field_and_a_secret_never_follows_to_another_server()
    {
        await using var node = await TestNode.StartAsync(AlarmScene.Yaml);
        const string Path = "/api/notifications/channels/x";
        async Task<string[]> Faults(object body) => [.. (await node.SendAsync(HttpMethod.Put, Path, body)).Body!["errors"]!.AsObject().Select(e => e.Key)];
        (await Faults(new { })).ShouldBe(["kind"]);
        (await Faults(new { kind = "webhook", url = "http://example.org/", secret = "short" })).ShouldBe(["secret", "url"]);
        (await Faults(new { kind = "webhook", url = "https://user:pass@example.org/" })).ShouldBe(["url"]);
        (await Faults(new { kind = "email", server = "mail.example", tls = false, from = "a\r\nBcc: b@c", to = new[] { "no address" } })).ShouldBe(["from", "tls", "to[0]"]);
        (await Faults(new { kind = "email", server = "mail.example", from = "a@b.example" })).ShouldBe(["to"]);
        (await Faults(new { kind = "email", server = "127.0.0.1", from = "a@b.example", to = new[] { "a@b.example" }, tls = false, implicitTls = true, fingerprint = "xyz" })).ShouldBe(["fingerprint", "implicitTls"]);
        (await Faults(new { kind = "amqp", url = "amqp://broker.example/", exchange = "amq.topic" })).ShouldBe(["exchange", "url"]);
        (await Faults(new { kind = "push", from = "nobody", secret = "x" })).ShouldBe(["from", "secret"]);

        (await node.SendAsync(HttpMethod.Put, Path, new { kind = "webhook", url = "https://one.example/", secret = Secret })).Status.ShouldBe(200);
        (await node.SendAsync(HttpMethod.Put, Path, new { kind = "webhook", url = "https://one.example/", name = "kept" })).Body!["hasSecret"]!.GetValue<bool>().ShouldBeTrue();
        (await node.SendAsync(HttpMethod.Put, Path, new { kind = "webhook", url = "https://two.example/" })).Body!["hasSecret"]!.GetValue<bool>().ShouldBeFalse();
        (await node.MatchAsync(HttpMethod.Put, Path, 1, new { kind = "webhook", url = "https://two.example/" })).Status.ShouldBe(412);
        (await node.SendAsync(HttpMethod.Delete, Path)).Status.ShouldBe(204);
        (await node.SendAsync(HttpMethod.Delete, Path)).Status.ShouldBe(404);
    }

    static Task<int> NowAsync(TestNode node) => node.Service<Casebook>().WriteAsync(s => s.WriteAsync("update notification_outbox set next_at = 0"), TestNode.Stop);
}
