using System.Security.Cryptography;
using System.Text.Encodings.Web;
using System.Text.Json;

using Atalaya.Evidence;
using Atalaya.Federation.Links;
using Atalaya.Node.Evidence;
using Atalaya.Node.Federation.Links;
using Atalaya.Node.Options;
using Atalaya.Node.Store;
using Atalaya.Testing;

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
            new KeyChange(act, "test").Write(data);
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
    public async Task The_key_for_links_is_encrypted_one_of_before_becomes_so_and_a_lost_passphrase_stops_no_node()
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

        // Another passphrase that somebody named is a mistake of theirs; one that is lost isn't.
        string other = folder.File("other");
        await File.WriteAllTextAsync(other, "correct horse", TestNode.Stop);
        (await Should.ThrowAsync<IOException>(() => PinAsync(options with { Evidence = options.Evidence with { PassphraseFile = other } }))).Message.ShouldContain("can't be opened with the passphrase");
        File.Delete(passphrase);
        (await PinAsync(options)).ShouldNotBe(pin);
        Directory.GetFiles(folder.File("keys"), "link.pem.lost-*").Length.ShouldBe(1);

        async Task<Digest> PinAsync(NodeOptions with)
        {
            using var key = new LinkKey(database, with, TimeProvider.System, NullLogger<LinkKey>.Instance);
            await key.StartAsync(TestNode.Stop);
            return key.Pin;
        }
    }
}
