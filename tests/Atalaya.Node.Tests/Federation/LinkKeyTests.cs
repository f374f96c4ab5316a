using System.Security.Cryptography;
using System.Text.Encodings.Web;
using System.Text.Json;

using Atalaya.Evidence;
using Atalaya.Federation.Grants;
using Atalaya.Federation.Links;
using Atalaya.Node.Alarms;
using Atalaya.Node.Evidence;
using Atalaya.Node.Federation.Grants;
using Atalaya.Node.Federation.Links;
using Atalaya.Node.Options;
using Atalaya.Node.Store;
using Atalaya.Testing;

using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Atalaya.Node.Tests.Federation;

/// <summary>Keys of a link: the own one at rest, of no use without the passphrase; and that of the other node's log, which follows another by its own word alone.</summary>
public sealed class LinkKeyTests
{
    // Keys have a + in them.
    static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    [Fact]
    public async Task When_the_key_of_a_log_is_followed_by_another_linked_nodes_follow_it_and_nobody_who_says_so_without_the_earlier_one()
    {
        await using var centre = await TestNode.StartAsync(Linked.Listens);
        await using var site = await TestNode.StartAsync(Linked.Dials());
        var (atCentre, link) = await Linked.LinkAsync(centre, site, LinkKind.Site);
        string data = Path.Combine(site.Folder, "data");

        foreach (var act in new[] { KeyAct.Rotate, KeyAct.Revoke })
        {
            string before = (await site.Service<NodeLog>().HeadAsync(TestNode.Stop))!.Value.Key.ToString();
            // Once while the link is suspended: then it is told when it goes on.
            bool isSuspended = act == KeyAct.Revoke;
            if (isSuspended)
                (await site.Service<LinkBook>().SuspendAsync(link.Id, "test", TestNode.Stop)).ShouldBeTrue();
            new KeyChange(act, "test").Write(new LocalLogDisk(), data);
            site.Service<NodeLog>().LookSoon();
            if (isSuspended)
            {
                await Linked.UntilAsync(async () => (await site.Service<NodeLog>().HeadAsync(TestNode.Stop))!.Value.Key.ToString() != before);
                (await site.Service<LinkBook>().ResumeAsync(link.Id, TestNode.Stop)).ShouldBeTrue();
            }

            await centre.Service<LinkBook>().UntilAsync(b => b.Find(link.Id)!.LogKey.ToString() != before);
            string now = (await site.Service<NodeLog>().HeadAsync(TestNode.Stop))!.Value.Key.ToString();
            centre.Service<LinkBook>().Find(link.Id)!.LogKey.ToString().ShouldBe(now);
            // What the earlier one signed and is still on its way counts, unless it was revoked.
            centre.Service<LinkBook>().Find(link.Id)!.LogKeys.Any(k => k.ToString() == before).ShouldBe(act == KeyAct.Rotate);
            // The centre has it in its log, too.
            var time = TimeProvider.System.GetUtcNow();
            string hours = $"from={time.AddHours(-1).UtcDateTime:yyyy-MM-dd'T'HH:mm:ss'Z'}&to={time.AddHours(1).UtcDateTime:yyyy-MM-dd'T'HH:mm:ss'Z'}";
            await Linked.UntilAsync(async () => (await centre.GetAsync($"/api/oversight/records?{hours}&kind=link")).ToJsonString(Plain).Contains(now, StringComparison.Ordinal));
        }

        var json = (await centre.GetAsync("/api/links"))[0]!;
        ((string)json["logKey"]!).ShouldNotBe(atCentre.LogKey.ToString());
        json["earlierLogKeys"]!.AsArray().Select(k => (string)k!).ShouldBe([atCentre.LogKey.ToString()]);

        // One who has the link's key and not the log's.
        using var liar = await LyingPartner.JoinAsync(centre);
        using var stolen = new NoteSigner(liar.AtVictim.LogKey.Name, NoteSignatureKind.Ed25519, KeyFile.NewSeed());
        using var other = new NoteSigner(liar.AtVictim.LogKey.Name, NoteSignatureKind.Ed25519, KeyFile.NewSeed());
        var card = new SignedNote(new NodeCard("Liar", "Den", stolen.Key, liar.Key.ExportSubjectPublicKeyInfo(), "").Text, []);
        card = card with { Signatures = [stolen.Sign(card.TextBytes, TimeProvider.System.GetUtcNow())] };
        string elsewhere = KeyHistory.Empty.Add(new(other.Key.Name, other.Key, stolen.Key, 1, TimeProvider.System.GetUtcNow(), false, "so"), other, stolen).ToString();
        var last = default(Digest);
        foreach (var (body, number) in new object[] { new { card = card.ToString() }, new { card = card.ToString(), keys = "" }, new { card = card.ToString(), keys = elsewhere }, new { card = card.ToString(), keys = 3 } }.Select((b, i) => (b, i + 1)))
        {
            var message = liar.Message(number, last, CardMessages.Shown, body);
            last = message.Hash;
            var (status, answer) = await liar.PostAsync(message);
            status.ShouldBe(200);
            ((string)answer!["refused"]!.AsArray().Single(r => (long)r!["number"]! == number)!["reason"]!).ShouldContain("no statements lead there");
        }

        liar.AtVictim.LogKey.ToString().ShouldNotBe(stolen.Key.ToString());
    }

    [Fact]
    public async Task The_key_for_links_is_encrypted_one_of_before_becomes_so_and_one_that_cannot_be_opened_waits_for_its_passphrase()
    {
        using var folder = new TempFolder("link-key");
        string file = folder.File("keys/link.pem"), passphrase = folder.File("keys/log.passphrase");
        Directory.CreateDirectory(folder.File("keys"));
        // As a version that didn't encrypt it left it.
        using var before = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        await File.WriteAllTextAsync(file, before.ExportPkcs8PrivateKeyPem(), TestNode.Stop);
        var pin = Digest.Of(before.ExportSubjectPublicKeyInfo());
        var options = new NodeOptions { Data = folder.Path };
        using var database = new NodeDatabase(options, TimeProvider.System, NullLogger<NodeDatabase>.Instance);
        await database.StartAsync(TestNode.Stop);

        (await PinAsync(options)).ShouldBe(pin);
        string kept = await File.ReadAllTextAsync(file, TestNode.Stop), words = (await File.ReadAllTextAsync(passphrase, TestNode.Stop)).Trim();
        kept.ShouldStartWith("-----BEGIN ENCRYPTED PRIVATE KEY-----");
        using var read = ECDsa.Create();
        read.ImportFromEncryptedPem(kept, words);
        Digest.Of(read.ExportSubjectPublicKeyInfo()).ShouldBe(pin);
        (await PinAsync(options)).ShouldBe(pin);

        // Whatever is wrong with the passphrase, no other key follows, and what to do is said.
        string other = folder.File("other");
        await File.WriteAllTextAsync(other, "correct horse", TestNode.Stop);
        await LockedAsync(options with { Evidence = options.Evidence with { PassphraseFile = other } }, other);
        await LockedAsync(options with { Evidence = options.Evidence with { PassphraseFile = folder.File("nowhere") } }, folder.File("nowhere"));
        File.Move(passphrase, passphrase + ".away");
        await LockedAsync(options, passphrase);
        File.Exists(passphrase).ShouldBeFalse("a passphrase that opens nothing isn't made");
        await File.WriteAllTextAsync(passphrase, "another\n", TestNode.Stop);
        await LockedAsync(options, "keys/log.passphrase");
        // While the node runs it comes back.
        var clock = new ManualClock(TimeProvider.System.GetUtcNow());
        using (var key = new LinkKey(database, options, clock, NullLogger<LinkKey>.Instance))
        {
            await key.StartAsync(TestNode.Stop);
            key.Fault.ShouldNotBeNull();
            File.Move(passphrase + ".away", passphrase, overwrite: true);
            key.Fault.ShouldNotBeNull("it isn't tried all the time");
            clock.Advance(TimeSpan.FromSeconds(10));
            key.Fault.ShouldBeNull();
            key.Pin.ShouldBe(pin);
        }

        (await File.ReadAllTextAsync(file, TestNode.Stop)).ShouldBe(kept);
        Directory.GetFiles(folder.File("keys"), "link.pem*").ShouldBe([file]);

        async Task<Digest> PinAsync(NodeOptions with)
        {
            using var key = new LinkKey(database, with, TimeProvider.System, NullLogger<LinkKey>.Instance);
            await key.StartAsync(TestNode.Stop);
            return key.Pin;
        }

        async Task LockedAsync(NodeOptions with, string named)
        {
            using var key = new LinkKey(database, with, TimeProvider.System, NullLogger<LinkKey>.Instance);
            await key.StartAsync(TestNode.Stop);
            key.Fault.ShouldNotBeNull().ShouldContain(file);
            key.Fault.ShouldNotBeNull().ShouldContain(named);
            Should.Throw<IOException>(() => key.Certificate);
            Should.Throw<IOException>(() => key.Seal([1]));
            Should.Throw<IOException>(() => key.Pin);
        }
    }

    [Fact]
    public async Task A_wrong_passphrase_stops_no_node_and_with_the_right_one_links_and_log_go_on_where_they_were()
    {
        using var folder = new TempFolder("locked");
        string right = folder.File("right"), wrong = folder.File("wrong");
        await File.WriteAllTextAsync(right, "correct horse", TestNode.Stop);
        await File.WriteAllTextAsync(wrong, "battery staple", TestNode.Stop);
        await using var centre = await TestNode.StartAsync(Linked.Listens);
        string id, key, certificate;
        Digest pin;
        await using (var site = await StartAsync(right))
        {
            (_, var link) = await Linked.LinkAsync(centre, site, LinkKind.Site);
            (id, pin) = (link.Id, site.Service<LinkKey>().Pin);
            key = (await site.Service<NodeLog>().HeadAsync(TestNode.Stop))!.Value.Key.ToString();
            certificate = await File.ReadAllTextAsync(Path.Combine(site.Folder, "data/keys/package.pem"), TestNode.Stop);
        }

        // It starts, works, and says what is wrong, where, and what to do; what it has to tell waits.
        foreach (string given in new[] { wrong, folder.File("nowhere") })
        {
            await using var site = await StartAsync(given);
            (await site.Http.GetAsync("/health/ready", TestNode.Stop)).IsSuccessStatusCode.ShouldBeTrue();
            (await site.SendAsync(HttpMethod.Post, "/api/incidents", new { type = "crossing", title = $"With {Path.GetFileName(given)}" })).Status.ShouldBe(201);
            await site.Service<Outbox>().SendAsync(site.Service<LinkBook>().Find(id)!, Lane.Urgent, "nobody.knows", new { given }, TestNode.Stop);
            await Linked.UntilAsync(() => Task.FromResult(site.Service<NodeLog>().Fault is not null));
            var conditions = site.Service<TechnicalWatch>().Conditions();
            foreach (string rule in new[] { "log", "link key" })
                conditions.Single(c => c.Key.Rule == rule).Value.ShouldContain(given);
            var parts = (await site.GetAsync("/health"))["parts"]!.AsArray();
            foreach (string part in new[] { "log", "links" })
            {
                var told = parts.Single(p => (string)p!["name"]! == part)!;
                ((string)told["state"]!).ShouldBe("degraded");
                told["detail"]!.ToJsonString(Plain).ShouldContain(given);
            }

            (await site.SendAsync(HttpMethod.Get, "/api/links/self")).Status.ShouldBe(503);
            (await site.SendAsync(HttpMethod.Post, "/api/links/invitations", new { kind = "site" })).Status.ShouldBe(503);
            site.Service<LinkBook>().HealthOf(id).IsUp.ShouldBeFalse();
        }

        await using (var site = await StartAsync(right))
        {
            await Linked.UpAsync(site, id);
            site.Service<LinkKey>().Pin.ShouldBe(pin);
            (await site.Service<NodeLog>().HeadAsync(TestNode.Stop))!.Value.Key.ToString().ShouldBe(key);
            (await File.ReadAllTextAsync(Path.Combine(site.Folder, "data/keys/package.pem"), TestNode.Stop)).ShouldBe(certificate);
            // What waited went, signed by the one key there is.
            await Linked.UntilAsync(async () => await site.Service<Outbox>().CountAsync(id, TestNode.Stop) == 0);
            (await Refusals.ListAsync(centre.Service<NodeDatabase>().Source, id, 50, TestNode.Stop)).Count(r => r.Here && r.Kind == "nobody.knows").ShouldBe(2);
            (await LinkFaultsOf(centre)).ShouldBeEmpty();
        }

        Task<TestNode> StartAsync(string file) => TestNode.StartAsync(Linked.Dials() + $"evidence: {{ passphraseFile: {file} }}\n", folder.Path);
    }

    [Fact]
    public async Task What_is_given_while_the_key_of_the_log_changes_is_believed_over_there()
    {
        await using var centre = await TestNode.StartAsync(Linked.Listens);
        await using var site = await TestNode.StartAsync(Linked.Dials());
        var (_, link) = await Linked.LinkAsync(centre, site, LinkKind.Site);
        string incident = (string)(await site.SendAsync(HttpMethod.Post, "/api/incidents", new { type = "crossing", title = "Over the river" })).Body!["id"]!;
        var given = new List<string>();

        // Nothing else shows the card: it goes with the first that the next key signed, and ahead of it.
        await site.Service<CardNews>().StopAsync(TestNode.Stop);
        foreach (var act in new[] { KeyAct.Rotate, KeyAct.Revoke, KeyAct.Revoke })
        {
            string before = (await site.Service<NodeLog>().HeadAsync(TestNode.Stop))!.Value.Key.ToString();
            new KeyChange(act, "test").Write(new LocalLogDisk(), Path.Combine(site.Folder, "data"));
            site.Service<NodeLog>().LookSoon();
            while ((await site.Service<NodeLog>().HeadAsync(TestNode.Stop))!.Value.Key.ToString() == before)
                await GiveAsync();
            for (int n = 0; n < 3; n++)
                await GiveAsync();
            await centre.Service<LinkBook>().UntilAsync(b => b.Find(link.Id)!.LogKey.ToString() != before);
        }

        foreach (string id in given)
        {
            await site.UntilAsync($"/api/shares/{id}", s => ShareTests.Acts(s).Contains("received"));
            ((string)(await centre.GetAsync($"/api/shares/{id}"))["state"]!).ShouldBe("given");
        }

        foreach (var node in new[] { centre, site })
            (await Refusals.ListAsync(node.Service<NodeDatabase>().Source, link.Id, 500, TestNode.Stop)).ShouldBeEmpty();

        async Task GiveAsync()
        {
            var (status, share) = await site.SendAsync(HttpMethod.Post, "/api/shares", new { link = link.Id, what = "incidentCard", incident, purpose = "investigation" });
            status.ShouldBe(201, share?.ToString());
            given.Add((string)share!["id"]!);
        }
    }

    [Fact]
    public async Task What_a_key_signed_that_was_revoked_while_it_was_under_way_is_signed_anew_once()
    {
        await using var centre = await TestNode.StartAsync(Linked.Listens);
        await using var site = await TestNode.StartAsync(Linked.Dials());
        var (_, link) = await Linked.LinkAsync(centre, site, LinkKind.Site);
        string incident = (string)(await centre.SendAsync(HttpMethod.Post, "/api/incidents", new { type = "crossing", title = "Over the river" })).Body!["id"]!;
        (_, var share) = await centre.SendAsync(HttpMethod.Post, "/api/shares", new { link = link.Id, what = "incidentCard", incident, purpose = "investigation" });
        string id = (string)share!["id"]!;
        await centre.UntilAsync($"/api/shares/{id}", s => ShareTests.Acts(s).Contains("received"));
        var before = (await site.Service<NodeLog>().HeadAsync(TestNode.Stop))!.Value.Key;
        string old = (await NoteAsync())!;
        new KeyChange(KeyAct.Revoke, "test").Write(new LocalLogDisk(), Path.Combine(site.Folder, "data"));
        site.Service<NodeLog>().LookSoon();
        await Linked.UntilAsync(async () => (await site.Service<NodeLog>().HeadAsync(TestNode.Stop))!.Value.Key.ToString() != before.ToString());

        // As the other side answers when the card of the next key overtook it.
        (await RefusedAsync(old)).ShouldNotBeNull()();
        await Linked.UntilAsync(async () => await NoteAsync() is { } anew && anew != old);
        string next = (await NoteAsync())!;
        ShareDocument.TryRead(next, [(await site.Service<NodeLog>().HeadAsync(TestNode.Stop))!.Value.Key], out var signed).ShouldBeTrue();
        ShareDocument.TryRead(next, [before], out _).ShouldBeFalse();
        signed.Act.ShouldBe(ShareAct.Received);
        await Linked.UntilAsync(async () => await site.Service<Outbox>().CountAsync(link.Id, TestNode.Stop) == 0);
        (await Refusals.ListAsync(site.Service<NodeDatabase>().Source, link.Id, 50, TestNode.Stop)).ShouldBeEmpty();
        // What the key in force signed is refused for another reason.
        (await RefusedAsync(next)).ShouldBeNull();

        async Task<string?> NoteAsync()
        {
            await using var connection = await site.Service<NodeDatabase>().Source.OpenConnectionAsync(TestNode.Stop);
            return await Dapper.SqlMapper.ExecuteScalarAsync<string?>(connection, "select note from share_documents where grant_id = @id and ours = 1", new { id });
        }

        async Task<Action?> RefusedAsync(string note)
        {
            var messages = site.App.Services.GetServices<MessageHandler>().OfType<ShareMessages>().Single();
            await using var connection = await site.Service<NodeDatabase>().Source.OpenConnectionAsync(TestNode.Stop);
            await using var transaction = await connection.BeginTransactionAsync(TestNode.Stop);
            var then = await messages.RefusedAsync(new(link.Id, "receipt.signed", JsonSerializer.SerializeToElement(new { note }), "It isn't signed.", ""), connection, transaction, TestNode.Stop);
            await transaction.CommitAsync(TestNode.Stop);
            return then;
        }
    }

    static async Task<IReadOnlyList<string>> LinkFaultsOf(TestNode node) => [.. (await node.GetAsync("/api/links/faults")).AsArray().Select(f => (string)f!["what"]!)];
}
