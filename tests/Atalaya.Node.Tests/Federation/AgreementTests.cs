using System.Data.Common;
using System.IO.Compression;
using System.Text.Json;
using System.Text.Json.Nodes;

using Atalaya.Evidence;
using Atalaya.Federation.Agreements;
using Atalaya.Federation.Links;
using Atalaya.Media;
using Atalaya.Node.Evidence;
using Atalaya.Node.Federation.Agreements;
using Atalaya.Node.Federation.Links;
using Atalaya.Node.Store;

using Microsoft.Extensions.DependencyInjection;

namespace Atalaya.Node.Tests.Federation;

/// <summary>Nothing is given to a partner before both have signed what may be; and nothing that a partner sends makes it so but its key's word for what this organisation signed.</summary>
public sealed class AgreementTests
{
    [Fact]
    public async Task An_agreement_is_offered_signed_by_both_and_denounced_over_the_link()
    {
        await using var north = await TestNode.StartAsync(Linked.Listens);
        await using var south = await TestNode.StartAsync(Linked.Dials("Sur", "South"));
        var (atNorth, atSouth) = await Linked.LinkAsync(north, south, LinkKind.Partner);
        string id = atNorth.Id;
        Decide(north, atNorth).Allowed.ShouldBeFalse();
        Decide(north, atNorth).Ground.ShouldBe(AgreementEvaluator.NotInForce);

        string draft = await north.Http.GetStringAsync($"/api/agreements/template?link={id}", TestNode.Stop);
        var (written, answer) = await north.SendAsync(HttpMethod.Post, "/api/agreements", new { link = id, document = draft });
        written.ShouldBe(201, answer?.ToString());
        string path = $"/api/agreements/{id}/police-cooperation/1", digest = (string)answer!["agreement"]!["digest"]!;
        (await north.SendAsync(HttpMethod.Post, $"{path}/sign", new { digest = new string('0', 64) })).Status.ShouldBe(400);
        await SignAsync(north, path, digest, "offered");
        Decide(north, atNorth).Allowed.ShouldBeFalse();

        var received = await south.UntilAsync("/api/agreements", a => a.AsArray().Count == 1);
        ((string)received[0]!["state"]!, (string)received[0]!["digest"]!, (string)received[0]!["own"]!).ShouldBe(("received", digest, "Sur"));
        Decide(south, atSouth).Allowed.ShouldBeFalse();
        await SignAsync(south, path, digest, "inForce");
        await north.UntilAsync(path, a => (string)a["agreement"]!["state"]! == "inForce");
        Decide(north, atNorth).ShouldSatisfyAllConditions(d => d.Allowed.ShouldBeTrue(), d => d.Clause.ShouldBe("1.1"));
        Decide(south, atSouth).Allowed.ShouldBeTrue();

        // The same page at both, and the answer of the tool is that of the book.
        string page = $"{path}?language=ar";
        (await north.GetAsync(page))["sections"]!.ToJsonString().ShouldBe((await south.GetAsync(page))["sections"]!.ToJsonString());
        var (_, decided) = await south.SendAsync(HttpMethod.Post, $"{path}/decide?language=fr", new { what = "clip", purpose = "border" });
        ((bool)decided!["allowed"]!, (string)decided["clause"]!, (string)decided["refusal"]!).ShouldBe((false, "5.2", "total"));
        ((string)decided["reasons"]![0]!).ShouldStartWith("La clause 5.2 l’interdit");

        // The next version names this one; a version that is signed can't be written over.
        (await north.SendAsync(HttpMethod.Post, "/api/agreements", new { link = id, document = draft })).Status.ShouldBe(409);
        string next = await north.Http.GetStringAsync($"{path}/next", TestNode.Stop);
        (await north.SendAsync(HttpMethod.Post, "/api/agreements", new { link = id, document = next.Replace("\"noticeMonths\": 6", "\"noticeMonths\": 3", StringComparison.Ordinal) })).Status.ShouldBe(201);
        (await north.GetAsync($"/api/agreements/{id}/police-cooperation/2"))["changes"]!.AsArray().Count.ShouldBe(1);
        (await north.SendAsync(HttpMethod.Delete, $"/api/agreements/{id}/police-cooperation/2")).Status.ShouldBe(204);
        (await north.SendAsync(HttpMethod.Delete, path)).Status.ShouldBe(409);

        var (denounced, ending) = await south.SendAsync(HttpMethod.Post, $"{path}/denounce", new { reason = "A treaty replaces it." });
        denounced.ShouldBe(200, ending?.ToString());
        var last = DateOnly.Parse((string)ending!["lastDay"]!, System.Globalization.CultureInfo.InvariantCulture);
        await north.UntilAsync(path, a => (string?)a["agreement"]!["lastDay"] == (string?)ending["lastDay"]);
        last.ShouldBe(DateOnly.FromDateTime(TimeProvider.System.GetUtcNow().UtcDateTime).AddMonths(6), $"{last}");
        Decide(north, atNorth).Allowed.ShouldBeTrue();
        Decide(north, atNorth, new(last.AddDays(1).ToDateTime(TimeOnly.MinValue), TimeSpan.Zero)).Ground.ShouldBe(AgreementEvaluator.NotInForce);

        // Each step is a leaf; what is kept outlives a restart's check.
        await north.Service<AgreementBook>().ReloadAsync(TestNode.Stop);
        north.Service<AgreementBook>().All.Single().Denunciation.ShouldNotBeEmpty();
        await Linked.UntilAsync(async () => await LeavesAsync(north) >= 4);
    }

    [Fact]
    public async Task An_offer_does_not_write_over_a_draft_that_nobody_has_seen()
    {
        await using var north = await TestNode.StartAsync(Linked.Listens);
        await using var south = await TestNode.StartAsync(Linked.Dials("Sur", "South"));
        var (atNorth, _) = await Linked.LinkAsync(north, south, LinkKind.Partner);
        string path = $"/api/agreements/{atNorth.Id}/police-cooperation/1";
        foreach (var node in new[] { north, south })
        {
            string document = await node.Http.GetStringAsync($"/api/agreements/template?link={atNorth.Id}", TestNode.Stop);
            (await node.SendAsync(HttpMethod.Post, "/api/agreements", new { link = atNorth.Id, document })).Status.ShouldBe(201);
        }

        string own = (string)(await south.GetAsync(path))["agreement"]!["digest"]!;
        string theirs = (string)(await north.GetAsync(path))["agreement"]!["digest"]!;
        theirs.ShouldNotBe(own);
        await SignAsync(north, path, theirs, "offered");

        await Linked.UntilAsync(async () => (await north.GetAsync("/api/links/refusals")).AsArray().Any(r => !(bool)r!["here"]! && ((string)r["reason"]!).Contains("draft of its own", StringComparison.Ordinal)));
        var kept = (await south.GetAsync(path))["agreement"]!;
        ((string)kept["state"]!, (string)kept["digest"]!).ShouldBe(("draft", own));
    }

    [Fact]
    public async Task What_a_lying_partner_sends_is_refused_and_changes_nothing()
    {
        await using var node = await TestNode.StartAsync(Linked.Dials("Guardia", "North"));
        using var partner = new NoteSigner("log.partner.example", NoteSignatureKind.Ed25519, new byte[32]);
        using var thief = new NoteSigner("log.partner.example", NoteSignatureKind.Ed25519, [.. Enumerable.Repeat((byte)7, 32)]);
        var link = new Link(
            "0123456789abcdef", LinkKind.Partner, LinkState.Active, "Sur", "South", partner.Key, [1], "", "", "", WallTime.Now(TimeProvider.System), "test", null, "", null, "");
        await node.Service<LinkBook>().AddAsync(link, "", TestNode.Stop);
        await node.Service<LinkBook>().ConfirmAsync(link.Id, "test", TestNode.Stop);
        link = node.Service<LinkBook>().Find(link.Id)!;
        var book = node.Service<AgreementBook>();
        var own = await book.OwnPartyAsync(TestNode.Stop);
        var document = AgreementExample.Draft("ours", own, AgreementEndpoints.PartyOf("Sur", partner.Key.ToString()), new(2020, 1, 1));

        // Offers: unsigned, signed by another key, of other parties, another digest, a bomb, broken, of a version without the one before.
        var unsigned = new SignedNote(SignedAgreement.TextOf(document), []);
        var good = unsigned with { Signatures = [partner.Sign(unsigned.TextBytes, DateTimeOffset.UnixEpoch)] };
        await RefusedAsync(Offer(document, unsigned), "note can't be read");
        await RefusedAsync(Offer(document, unsigned with { Signatures = [thief.Sign(unsigned.TextBytes, DateTimeOffset.UnixEpoch)] }), "no party");
        byte[] broken = [.. good.Signatures[0].Bytes];
        broken[0] ^= 1;
        await RefusedAsync(Offer(document, good with { Signatures = [good.Signatures[0] with { Bytes = broken }] }), "false");
        var forOthers = AgreementExample.Draft("ours", AgreementEndpoints.PartyOf("Este", thief.Key.ToString()) with { Key = new NoteKey("log.east.example", NoteSignatureKind.Ed25519, thief.Key.PublicKey).ToString() },
            document.Parties[1], document.Start);
        await RefusedAsync(Offer(forOthers, Sign(forOthers)), "No party has this organisation's key");
        await RefusedAsync(Offer(document with { NoticeMonths = 1 }, good), "digest");
        await RefusedAsync(With(Offer(document, good), "sha256", new string('0', 64)), "isn't the one that the message names");
        await RefusedAsync(With(Offer(document, good), "document", Pack(new byte[50_000_000])), "unpacked, or is too large");
        await RefusedAsync(With(Offer(document, good), "document", "!"), "unpacked");
        await RefusedAsync(With(Offer(document, good), "document", Pack("{}"u8.ToArray())), "isn't sound");
        await RefusedAsync(new() { ["id"] = 7 }, "note can't be read");
        var second = document with { Version = 2, Previous = Digest.Of("made up"u8) };
        await RefusedAsync(Offer(second, Sign(second)), "first has number 1");
        book.All.ShouldBeEmpty();

        // Offers are read by people: a flood of them ends.
        for (int n = 0; n < 20; n++)
            await AppliedAsync(Offer(document with { Id = $"flood-{n}" }, Sign(document with { Id = $"flood-{n}" })), AgreementMessages.Proposed);
        await RefusedAsync(Offer(document with { Id = "one-more" }, Sign(document with { Id = "one-more" })), "20 offers wait");
        book.Decide(link, Ask()).Allowed.ShouldBeFalse();
        await using (var connection = await node.Service<NodeDatabase>().Source.OpenConnectionAsync(TestNode.Stop))
            await Dapper.SqlMapper.ExecuteAsync(connection, "delete from agreements");
        await book.ReloadAsync(TestNode.Stop);

        // A signature for what nobody here offered, and for what was: with the digest of another, without ours, then right.
        await RefusedAsync(Answer(document, good), "isn't here", AgreementMessages.Signed);
        var offered = await book.SignAsync(link, await book.DraftAsync(link, document, "test", TestNode.Stop), "test", TestNode.Stop);
        offered.State.ShouldBe(AgreementState.Offered);
        await RefusedAsync(Answer(document, good), "signature is missing", AgreementMessages.Signed);
        await RefusedAsync(With(Answer(document, good), "sha256", new string('0', 64)), "isn't here", AgreementMessages.Signed);
        var other = document with { NoticeMonths = 1 };
        await RefusedAsync(Offer(other, Sign(other)), "has offered another version");
        book.Decide(link, Ask()).Allowed.ShouldBeFalse();
        await AppliedAsync(Answer(document, offered.Signed.Note with { Signatures = [.. offered.Signed.Note.Signatures, good.Signatures[0]] }), AgreementMessages.Signed);
        book.Decide(link, Ask()).Allowed.ShouldBeTrue();
        await RefusedAsync(Offer(other, Sign(other)), "signed by both");

        // Denounced with less notice, in another's name, long ago.
        var today = DateOnly.FromDateTime(TimeProvider.System.GetUtcNow().UtcDateTime);
        var denunciation = Denunciation.Of(document, "Sur", today, "");
        await RefusedAsync(Denounce(denunciation with { Ends = today }, partner), "notice", AgreementMessages.Denounced);
        await RefusedAsync(Denounce(denunciation with { By = own.Organisation }, partner), "false", AgreementMessages.Denounced);
        await RefusedAsync(Denounce(Denunciation.Of(document, "Sur", today.AddYears(-1), ""), partner), "was given on", AgreementMessages.Denounced);
        await RefusedAsync(Denounce(denunciation, thief), "false", AgreementMessages.Denounced);
        book.All.Single().LastDay.ShouldBeNull();
        await AppliedAsync(Denounce(denunciation, partner), AgreementMessages.Denounced);
        book.All.Single().LastDay.ShouldBe(today.AddMonths(6));

        // What somebody changes in the database isn't believed.
        await using (var connection = await node.Service<NodeDatabase>().Source.OpenConnectionAsync(TestNode.Stop))
            await Dapper.SqlMapper.ExecuteAsync(connection, "update agreements set document = replace(document, '\"H2\"', '\"H0\"')");
        await book.ReloadAsync(TestNode.Stop);
        book.All.ShouldBeEmpty();
        book.Decide(link, Ask()).Allowed.ShouldBeFalse();

        SignedNote Sign(Agreement of)
        {
            var note = new SignedNote(SignedAgreement.TextOf(of), []);
            return note with { Signatures = [partner.Sign(note.TextBytes, DateTimeOffset.UnixEpoch)] };
        }

        JsonObject Denounce(Denunciation of, NoteSigner by)
        {
            var note = new SignedNote(of.Text, []);
            return Answer(document, note with { Signatures = [by.Sign(note.TextBytes, DateTimeOffset.UnixEpoch)] });
        }

        async Task RefusedAsync(JsonObject body, string reason, string kind = AgreementMessages.Proposed)
        {
            var verdict = await SendAsync(body, kind);
            verdict.Reason.ShouldNotBeNull($"{kind}: {reason}");
            verdict.Reason.ShouldContain(reason);
        }

        async Task AppliedAsync(JsonObject body, string kind) => (await SendAsync(body, kind)).Reason.ShouldBeNull();

        async Task<MessageVerdict> SendAsync(JsonObject body, string kind)
        {
            var handler = node.App.Services.GetServices<MessageHandler>().OfType<AgreementMessages>().Single();
            var message = new Incoming(link, Lane.Records, 1, TimeProvider.System.GetUtcNow(), kind, JsonSerializer.SerializeToElement(body));
            MessageVerdict verdict;
            await using (var connection = await node.Service<NodeDatabase>().Source.OpenConnectionAsync(TestNode.Stop))
            {
                await using DbTransaction transaction = await connection.BeginTransactionAsync(TestNode.Stop);
                verdict = await handler.ApplyAsync(message, connection, transaction, TestNode.Stop);
                await transaction.CommitAsync(TestNode.Stop);
            }

            await handler.AppliedAsync(message, TestNode.Stop);
            return verdict;
        }
    }

    static Decision Decide(TestNode node, Link link, DateTimeOffset? at = null) => node.Service<AgreementBook>().Decide(link, Ask(link, node, at));

    static Ask Ask() => new("Guardia", "Sur", ShareKind.Alarm, "prevention", "intrusion", null, "", "", true, null, null, null, null, false, TimeProvider.System.GetUtcNow(), 0);

    static Ask Ask(Link link, TestNode node, DateTimeOffset? at) =>
        Ask() with { From = node.Service<AgreementBook>().Organisation, To = link.Organisation, At = at ?? TimeProvider.System.GetUtcNow() };

    static async Task SignAsync(TestNode node, string path, string digest, string state)
    {
        var (status, signed) = await node.SendAsync(HttpMethod.Post, $"{path}/sign", new { digest });
        status.ShouldBe(200, signed?.ToString());
        ((string)signed!["state"]!).ShouldBe(state);
    }

    static async Task<long> LeavesAsync(TestNode node)
    {
        node.Service<NodeLog>().LookSoon();
        await using var connection = await node.Service<NodeDatabase>().Source.OpenConnectionAsync(TestNode.Stop);
        return await Dapper.SqlMapper.ExecuteScalarAsync<long>(connection, "select count(*) from log_records where kind = 'Agreement'");
    }

    static JsonObject Offer(Agreement document, SignedNote note) => With(Answer(document, note), "document", Pack(AgreementReader.Write(document)));

    static JsonObject Answer(Agreement document, SignedNote note) =>
        new() { ["id"] = document.Id, ["version"] = document.Version, ["sha256"] = Convert.ToHexStringLower(AgreementReader.DigestOf(document).ToArray()), ["note"] = note.ToString() };

    static string Pack(byte[] document)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest))
            gzip.Write(document);
        return Convert.ToBase64String(packed.ToArray());
    }

    static JsonObject With(JsonObject body, string name, string value)
    {
        body[name] = value;
        return body;
    }
}
