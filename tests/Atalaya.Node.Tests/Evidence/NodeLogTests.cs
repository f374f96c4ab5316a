using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

using Atalaya.Evidence;
using Atalaya.Media;
using Atalaya.Node.Cli;
using Atalaya.Node.Evidence;
using Atalaya.Node.Identity;
using Atalaya.Node.Store;
using Atalaya.Testing;

using Dapper;

namespace Atalaya.Node.Tests.Evidence;

/// <summary>What happens on a node gets a leaf, once, and can be proved to somebody who believes only the log's key.</summary>
public sealed class NodeLogTests
{
    [Fact]
    public async Task A_recorded_segment_is_sealed_and_its_proof_needs_nobodys_word()
    {
        await using var fake = await FakeCamera.StartAsync(new ClipRecipe(Frames: 100, KeyInterval: 25));
        using var folder = new TempFolder("log");
        NoteKey key;
        await using (var node = await TestNode.StartAsync($"recording: {{ segment: 2s }}\ncameras: [{{ id: gate, main: '{fake.Url}' }}]", folder.Path))
        {
            var now = DateTimeOffset.Parse((string)(await node.GetAsync("/api/node"))["now"]!);
            string playlist = await node.TextUntilAsync(
                $"/api/cameras/gate/playback.m3u8?from={now.AddHours(-1):yyyy-MM-ddTHH:mm:ssZ}&to={now.AddHours(1):yyyy-MM-ddTHH:mm:ssZ}",
                p => p.Split('\n').Where(l => l.StartsWith("segments/", StringComparison.Ordinal)).Distinct(StringComparer.Ordinal).Count() > 1);
            string segment = "/api/cameras/gate/" + playlist.Split('\n').First(l => l.StartsWith("segments/", StringComparison.Ordinal));
            var proof = await node.UntilAsync(segment.Replace(".mp4", "/proof", StringComparison.Ordinal), p => p["leaf"] is not null, seconds: 60);

            // What somebody does who has the file, this answer and the log's key.
            byte[] file = await node.Http.GetByteArrayAsync(segment, TestNode.Stop);
            string record = (string)proof["record"]!;
            ((string)JsonNode.Parse(record)!["sha256"]!).ShouldBe(Convert.ToHexStringLower(SHA256.HashData(file)));
            byte[] salt = Convert.FromHexString((string)proof["salt"]!), entry = Convert.FromHexString((string)proof["entry"]!);
            Leaf.TryDecode(entry, out var leaf).ShouldBeTrue();
            leaf.Kind.ShouldBe(LeafKind.Segment);
            leaf.Commitment.ShouldBe(Leaf.Commit(salt, Encoding.UTF8.GetBytes(record)));
            NoteKey.TryParse((string)(await node.GetAsync("/api/log"))["key"]!, out key!).ShouldBeTrue();
            SignedCheckpoint.TryOpen(Encoding.UTF8.GetBytes((string)proof["checkpoint"]!), [key], out var head, out _).ShouldBeTrue();
            Digest[] hashes = [.. proof["proof"]!.AsArray().Select(h => Digest.TryParse((string)h!, out var digest) ? digest : throw new FormatException())];
            Merkle.IsIncluded(Merkle.Leaf(entry), (long)proof["leaf"]!, head.Checkpoint.Size, hashes, head.Checkpoint.Root).ShouldBeTrue();

            // The same from the static files alone.
            byte[] note = await node.Http.GetByteArrayAsync("/log/checkpoint", TestNode.Stop);
            SignedCheckpoint.TryOpen(note, [key], out var served, out _).ShouldBeTrue();
            long size = served.Checkpoint.Size;
            var tiles = new Dictionary<Tile, byte[]>();
            foreach (var tile in new[] { Tile.Of(0, size - 1, size), Tile.Of(Tile.Entries, size - 1, size) })
                tiles[tile] = await node.Http.GetByteArrayAsync("/log/" + tile.Path, TestNode.Stop);
            new TileTree(size, t => tiles[t]).Root().ShouldBe(served.Checkpoint.Root);
            (await node.Http.GetAsync($"/log/tile/0/000.p/{(size + 100) % 256}", TestNode.Stop)).StatusCode.ShouldBe(HttpStatusCode.NotFound, "no checkpoint covers it");
            using var watcher = await node.AsAsync("watcher", new Grant("operator", Scope.Organisation));
            (await watcher.GetAsync("/log/checkpoint", TestNode.Stop)).StatusCode.ShouldBe(HttpStatusCode.Forbidden);
        }

        // What was closed by the stop is sealed, too, and all of it agrees.
        string data = folder.File("data");
        await using var store = Store(data);
        var whole = Compare(data, key, store);
        whole.Faults.ShouldBeEmpty();
        whole.Unsealed.ShouldBe(0);
        whole.Segments.ShouldBeGreaterThan(1);
        whole.Records.ShouldBe(whole.Leaves);

        await using (var connection = await store.OpenConnectionAsync(TestNode.Stop))
            await connection.ExecuteAsync("update segments set sha256 = replace(sha256, substr(sha256, 1, 1), 'x')");
        Compare(data, key, store).Faults.Count.ShouldBe((int)whole.Segments);
    }

    [Fact]
    public async Task All_that_happened_gets_a_leaf_once_and_a_crash_before_it_costs_none()
    {
        using var folder = new TempFolder("log");
        string data = folder.File("data");
        await (await TestNode.StartAsync(folder: folder.Path)).DisposeAsync();
        await using (var store = Store(data))
        {
            await using var connection = await store.OpenConnectionAsync(TestNode.Stop);
            await connection.ExecuteAsync(
                """
                insert into gaps (camera, stream, from_us, to_us, cause, detail) values ('gate', 'main', 1774526400000000, 1774526460000000, 'Camera', 'gone');
                insert into gaps (camera, stream, from_us, to_us, cause, detail) values ('gate', 'main', 1774526500000000, 1774526560000000, 'Policy', 'old');
                insert into gaps (camera, stream, from_us, to_us, cause, detail) values ('gate', 'main', 1774526600000000, null, 'Camera', 'lasts');
                insert into accesses (id, user_id, user_name, token, address, camera, kind, stretch_from, stretch_to, begun_at, ended_at)
                    values (7, 'u', 'rosa', '', '127.0.0.1', 'gate', 'Playback', 1774526400000000, 1774526460000000, 1774526400000000, 1774526470000000);
                insert into holds (id, cameras, stream, from_us, to_us, reason, owner, created_us, expires_us, ended_us, ended_by)
                    values ('h', 'gate', null, 1774526400000000, null, 'court', 'rosa', 1774526400000000, null, 1774526500000000, 'rosa');
                insert into alarm_policies (version, at, by_whom, body) values (1, 1774526400000000, 'rosa', '{}');
                insert into node_export (id, camera, stream, time_from, time_to, state, reason, created_at, finished_at, file_name, bytes, sha256, gaps)
                    values ('e', 'gate', 'Main', 1774526400000000, 1774526460000000, 'Failed', null, @now, @now, 'e.mp4', 5, 'abc', '[]');
                """, new { now = WallTime.Now(TimeProvider.System).Microseconds });
        }

        LogRow[] rows;
        NoteKey key;
        await using (var node = await TestNode.StartAsync(folder: folder.Path))
        {
            string[] all = ["Access", "Access", "Deletion", "Export", "Gap", "Hold", "Hold", "Policy"];
            rows = [];
            await UntilAsync(async () => (rows = await RowsAsync(node)).Count(r => all.Contains(r.Kind)) >= all.Length, "not all that happened has a record");
            key = await KeyAsync(node);
            rows.Select(r => r.Kind).Where(all.Contains).Order(StringComparer.Ordinal).ShouldBe(all);
            rows.Single(r => r.Kind == "Gap").Record.ShouldBe(
                """{"camera":"gate","stream":"main","from":"2026-03-26T12:00:00.000000Z","to":"2026-03-26T12:01:00.000000Z","cause":"Camera","detail":"gone"}""");
        }

        // Numbered, and then the process was gone: its leaf follows, to the byte the same, and nothing comes twice.
        long leaf;
        await using (var store = Store(data))
        {
            await using var connection = await store.OpenConnectionAsync(TestNode.Stop);
            leaf = await connection.ExecuteScalarAsync<long>("select max(leaf) + 1 from log_records");
            await connection.ExecuteAsync(
                "insert into log_records (leaf, kind, reference, at, salt, record) values (@leaf, 'Gap', 'x', 1774526400000000, @salt, '{}')", new { leaf, salt = new byte[16] });
        }

        await using (var node = await TestNode.StartAsync(folder: folder.Path))
        {
            await node.UntilAsync("/api/log", l => (long?)l["size"] > leaf, seconds: 60);
            var again = await RowsAsync(node);
            again[(int)leaf].Record.ShouldBe("{}");
            again[..rows.Length].Select(r => r.Record).ShouldBe(rows.Select(r => r.Record));
            again.Count(r => r.Kind is "Hold" or "Deletion" or "Export").ShouldBe(4, "nothing comes twice");
        }

        await using var found = Store(data);
        Compare(data, key, found).ShouldSatisfyAllConditions(r => r.Faults.ShouldBeEmpty(), r => r.Leaves.ShouldBeGreaterThan(leaf), r => r.Records.ShouldBe(r.Leaves));

        // Who changes a record is found out; who deletes one leaves a mute leaf.
        await using (var connection = await found.OpenConnectionAsync(TestNode.Stop))
            await connection.ExecuteAsync("update log_records set record = replace(record, 'rosa', 'anna') where kind = 'Hold'");
        Compare(data, key, found).Faults.Count.ShouldBeGreaterThan(0);
        await using (var connection = await found.OpenConnectionAsync(TestNode.Stop))
            await connection.ExecuteAsync("delete from log_records where kind = 'Hold'");
        Compare(data, key, found).ShouldSatisfyAllConditions(r => r.Faults.ShouldBeEmpty(), r => r.Records.ShouldBe(r.Leaves - 2));
    }

    [Fact]
    public async Task Records_of_segments_that_retention_removed_go_and_no_others()
    {
        using var folder = new TempFolder("log");
        string data = folder.File("data");
        await using (var node = await TestNode.StartAsync(folder: folder.Path))
            await node.UntilAsync("/api/log", l => (long?)l["size"] > 0, seconds: 60);
        await using var store = Store(data);
        long size;
        await using (var connection = await store.OpenConnectionAsync(TestNode.Stop))
        {
            size = await connection.ExecuteScalarAsync<long>("select max(leaf) + 1 from log_records");
            for (int i = 0; i < 3; i++)
            {
                await connection.ExecuteAsync(
                    "insert into log_records (leaf, kind, reference, at, salt, record) values (@leaf, 'Segment', @reference, 1774526400000000, @salt, '{}')",
                    new { leaf = size + i, reference = $"gate/main/{1774526400000000 + (i * 60_000_000L)}", salt = new byte[16] });
            }
        }

        await using (var node = await TestNode.StartAsync(folder: folder.Path))
            await node.UntilAsync("/api/log", l => (long?)l["size"] >= size + 3, seconds: 60);
        await using (var connection = await store.OpenConnectionAsync(TestNode.Stop))
            await connection.ExecuteAsync("insert into gaps (camera, stream, from_us, to_us, cause, detail) values ('gate', 'main', 1774526400000000, 1774526520000000, 'Policy', 'old')");
        await using (var node = await TestNode.StartAsync(folder: folder.Path))
        {
            await UntilRecordAsync(node, "Deletion", _ => true);
            await using var connection = await store.OpenConnectionAsync(TestNode.Stop);
            (await connection.QueryAsync<string>("select reference from log_records where kind = 'Segment'")).ShouldBe(["gate/main/1774526520000000"]);
        }
    }

    [Fact]
    public async Task A_log_that_cannot_go_on_is_told_and_holds_up_nothing()
    {
        using var folder = new TempFolder("log");
        string data = folder.File("data");
        await using (var node = await TestNode.StartAsync(folder: folder.Path))
            await node.UntilAsync("/api/log", l => l["origin"] is not null, seconds: 60);
        File.Delete(LogKeys.PublicFile(data));
        await using (var node = await TestNode.StartAsync(folder: folder.Path))
        {
            var health = await node.UntilAsync("/health", h => h["parts"]!.AsArray().Any(p => (string?)p!["name"] == "log" && (string?)p["state"] == "degraded"));
            health["parts"]!.ToJsonString().ShouldContain("lost");
            var (status, problem) = await node.SendAsync(HttpMethod.Get, "/api/log");
            status.ShouldBe(503);
            ((string)problem!["detail"]!).ShouldContain("log.vkey");
            (await node.SendAsync(HttpMethod.Get, "/api/cameras")).Status.ShouldBe(200);
        }
    }

    [Fact]
    public async Task A_witness_signs_what_grows_and_the_commands_say_what_is_wrong()
    {
        using var folder = new TempFolder("log");
        string data = folder.File("data"), request = folder.File("request"), passphrase = folder.File("passphrase");
        await (await TestNode.StartAsync(folder: folder.Path)).DisposeAsync();
        await using (var store = Store(data))
        {
            await using var connection = await store.OpenConnectionAsync(TestNode.Stop);
            await connection.ExecuteAsync("insert into gaps (camera, stream, from_us, to_us, cause, detail) values ('gate', 'main', 1774526400000000, 1774526460000000, 'Camera', 'gone')");
        }

        await using (var node = await TestNode.StartAsync(folder: folder.Path))
            await node.UntilAsync("/api/log", l => (long?)l["size"] > 0, seconds: 60);
        string database = $"database={TestDatabase.Of(Path.Combine(data, NodeStore.FileName))}";
        await File.WriteAllTextAsync(passphrase, "correct horse", TestNode.Stop);

        string key = (await RunAsync(0, "log", "key", "--data", data)).Trim();
        NoteKey.TryParse(key, out _).ShouldBeTrue();
        await File.WriteAllTextAsync(request, await RunAsync(0, "log", "request", "--data", data), TestNode.Stop);
        string[] cosign = ["log", "cosign", "--state", folder.File("witness"), "--name", "witness.example.org", "--key", key, "--passphrase-file", passphrase, "--request", request];
        string signature = (await RunAsync(0, cosign)).Trim();
        NoteSignature.TryParse(signature, out var parsed).ShouldBeTrue();
        parsed.Name.ShouldBe("witness.example.org");
        AddCheckpoint.TryParse(await File.ReadAllBytesAsync(request, TestNode.Stop), out var asked).ShouldBeTrue();
        NoteKey.TryParse((await File.ReadAllTextAsync(folder.File("witness", "witness.vkey"), TestNode.Stop)).Trim(), out var witness).ShouldBeTrue();
        (asked.Note with { Signatures = [parsed] }).TryVerify([witness], out _).ShouldBeTrue();
        (await RunAsync(1, cosign)).ShouldContain("--old", customMessage: "it knows more than nothing by now");
        (await RunAsync(0, "log", "verify", "--data", data, "--set", database, "--key", key)).ShouldContain("0 faults");
        (await RunAsync(1, "log", "verify", "--data", data, "--set", database, "--key", witness.ToString())).ShouldContain("isn't signed by");
        (await RunAsync(1, "log", "key", "--data", folder.File("elsewhere"))).ShouldContain("There is no log");
    }

    [Fact]
    public async Task Every_change_of_people_rights_rules_and_settings_gets_a_leaf_and_no_secret_of_them_does()
    {
        using var folder = new TempFolder("log");
        await using var node = await TestNode.StartAsync("cameras: [{ id: gate, main: 'rtsp://127.0.0.1:9/x', enabled: false }]", folder.Path);
        var (_, made) = await node.SendAsync(HttpMethod.Post, "/api/users", new { name = "rosa", fullName = "Rosa", grants = new[] { new { role = "operator", scope = "organisation" } } });
        string id = (string)made!["user"]!["id"]!;
        var people = node.Service<Callers>().People;
        var user = (await people.FindAsync(id, TestNode.Stop))!;
        // Faster than anybody looks, and back again: each is told.
        user.PasswordHash = "AQAAAAsecret";
        await people.UpdateAsync(user, TestNode.Stop);
        user.Disabled = true;
        await people.UpdateAsync(user, TestNode.Stop);
        user.Disabled = false;
        await people.UpdateAsync(user, TestNode.Stop);
        user.FullName = "Rosa";
        await people.UpdateAsync(user, TestNode.Stop);      // nothing new
        await people.SetGrantsAsync(id, [new("operator", Scope.Organisation), new("auditor", Scope.Organisation)], TestNode.Stop);
        await people.SetGrantsAsync(id, [new("operator", Scope.Organisation)], TestNode.Stop);
        await using (var connection = await node.Service<NodeDatabase>().Source.OpenConnectionAsync(TestNode.Stop))
            await connection.ExecuteAsync("insert into analysis_cameras (camera, settings, changed_at) values ('gate', '{\"rate\":2}', 1)");

        await UntilRecordAsync(node, "Rule", r => r.Contains("rate", StringComparison.Ordinal));
        var rows = await RowsAsync(node);
        string[] users = [.. rows.Where(r => r.Kind == "User" && r.Record.Contains($"\"subject\":\"{id}\"", StringComparison.Ordinal)).Select(r => r.Record)];
        users.Select(r => (string)JsonNode.Parse(r)!["act"]!).ShouldBe(["made", "changed", "changed", "changed"]);
        users.Select(r => (long)JsonNode.Parse(r)!["row"]!["disabled"]!).ShouldBe([0, 0, 1, 0]);
        ((string)JsonNode.Parse(users[1])!["row"]!["password_hash"]!).ShouldBe("changed");
        rows.Where(r => r.Kind == "Grant" && r.Record.Contains($"grants\",\"subject\":\"{id}/", StringComparison.Ordinal)).Select(r => JsonNode.Parse(r.Record)!).Select(r => $"{r["act"]} {r["row"]!["role"]}")
            .ShouldBe(["made operator", "made auditor", "removed auditor"], "what stayed isn't told again");
        rows.ShouldAllBe(r => !r.Record.Contains("AQAAAAsecret", StringComparison.Ordinal));
        rows.Count(r => r.Kind == "Setting" && r.Record.Contains("keepDays", StringComparison.Ordinal)).ShouldBe(1);
        rows.ShouldContain(r => r.Kind == "Access" && r.Record.Contains("POST /api/users", StringComparison.Ordinal), "who did it");
        await using var after = await node.Service<NodeDatabase>().Source.OpenConnectionAsync(TestNode.Stop);
        (await after.ExecuteScalarAsync<long>("select count(*) from changes")).ShouldBe(0, "what has a record needs no second one");
    }

    [Fact]
    public async Task The_key_is_in_the_log_signs_for_others_and_is_followed_by_another_that_it_names()
    {
        using var folder = new TempFolder("log");
        string data = folder.File("data");
        await using var node = await TestNode.StartAsync(folder: folder.Path);
        await node.UntilAsync("/api/log", l => (long?)l["size"] > 0, seconds: 60);
        var log = node.Service<NodeLog>();
        var first = await KeyAsync(node);
        var row = (await node.Service<KeyStore>().ListAsync(TestNode.Stop)).Where(k => k.Purpose == KeyPurpose.Log).ShouldHaveSingleItem();
        row.ShouldSatisfyAllConditions(r => r.Public.ShouldBe(first.ToString()), r => r.EndedUs.ShouldBeNull(), r => r.Fingerprint.ShouldBe(Convert.ToHexStringLower(SHA256.HashData(first.PublicKey))));
        var (head, _) = (await log.HeadAsync(TestNode.Stop))!.Value;
        var seal = (await log.ProveAsync(LeafKind.Key, row.Id, head, TestNode.Stop))!;
        Merkle.IsIncluded(Merkle.Leaf(seal.Entry), seal.Leaf, head.Checkpoint.Size, [.. seal.Proof], head.Checkpoint.Root).ShouldBeTrue();
        (await log.ProveAsync(LeafKind.Key, "nothing", head, TestNode.Stop)).ShouldBeNull();
        (await log.SignAsync("a text\n", TestNode.Stop))!.TryVerify([first], out _).ShouldBeTrue();

        (await RunAsync(0, "log", "rotate", "--data", data, "--reason", "yearly")).ShouldContain("+");
        await node.UntilAsync("/api/log", l => (string?)l["key"] != first.ToString(), seconds: 60);
        var second = await KeyAsync(node);
        KeyHistory.TryParse(await node.Http.GetByteArrayAsync("/log/keys", TestNode.Stop), out var history).ShouldBeTrue();
        history.Follow(first).Select(k => k.ToString()).ShouldBe([first.ToString(), second.ToString()]);
        byte[] checkpoint = await node.Http.GetByteArrayAsync("/log/checkpoint", TestNode.Stop);
        SignedCheckpoint.TryOpen(checkpoint, [first], out _, out _).ShouldBeTrue("for who knows the earlier one only");
        SignedCheckpoint.TryOpen(checkpoint, [second], out _, out _).ShouldBeTrue();
        (await RunAsync(0, "log", "rotate", "--data", data, "--revoke", "--reason", "a copy was stolen")).ShouldContain("+");
        await node.UntilAsync("/api/log", l => (string?)l["key"] != second.ToString(), seconds: 60);
        var third = await KeyAsync(node);
        checkpoint = await node.Http.GetByteArrayAsync("/log/checkpoint", TestNode.Stop);
        SignedCheckpoint.TryOpen(checkpoint, [first, second], out _, out _).ShouldBeFalse("what was revoked signs nothing");
        SignedCheckpoint.TryOpen(checkpoint, [third], out _, out _).ShouldBeTrue();
        node.Service<NodeLog>().LookSoon();
        await UntilRecordAsync(node, "Key", r => r.Contains("a copy was stolen", StringComparison.Ordinal) && r.Contains("ended", StringComparison.Ordinal));
        string database = $"database={TestDatabase.Of(Path.Combine(data, NodeStore.FileName))}";
        (await RunAsync(0, "log", "verify", "--data", data, "--set", database, "--key", first.ToString())).ShouldContain("0 faults", customMessage: "who knows the first is led to the last");
    }

    [Fact]
    public async Task A_lost_log_is_followed_by_another_that_says_so_and_a_whole_one_is_not()
    {
        using var folder = new TempFolder("log");
        string data = folder.File("data");
        string first;
        await using (var node = await TestNode.StartAsync(folder: folder.Path))
        {
            await node.UntilAsync("/api/log", l => (long?)l["size"] > 0, seconds: 60);
            first = (await KeyAsync(node)).ToString();
            (await RunAsync(1, "log", "begin-anew", "--data", data, "--reason", "just so")).ShouldContain("didn't do it");
            ((string)(await node.GetAsync("/api/log"))["key"]!).ShouldBe(first, "a log that goes on isn't lost");
        }

        foreach (string file in Directory.GetFiles(Path.Combine(data, "keys"), "log*"))
            File.Delete(file);
        (await RunAsync(0, "log", "begin-anew", "--data", data, "--reason", "the disk with the keys burnt")).ShouldContain("next start");
        await using (var node = await TestNode.StartAsync(folder: folder.Path))
        {
            await node.UntilAsync("/api/log", l => (long?)l["size"] > 0, seconds: 60);
            var next = await KeyAsync(node);
            next.Name.ShouldEndWith(".2");
            await UntilRecordAsync(node, "Key", r => r.Contains("the disk with the keys burnt", StringComparison.Ordinal) && r.Contains("Follows the lost log", StringComparison.Ordinal));
            File.Exists(KeyChange.File(data)).ShouldBeFalse();
            Directory.GetDirectories(data, "log.lost-*").ShouldHaveSingleItem();
            await using var connection = await node.Service<NodeDatabase>().Source.OpenConnectionAsync(TestNode.Stop);
            (await connection.ExecuteScalarAsync<long>("select count(*) from log_records_lost where origin = @origin", new { origin = first.Split('+')[0] })).ShouldBeGreaterThan(0);
            await using var store = Store(data);
            Compare(data, next, store).Faults.ShouldBeEmpty();
        }
    }

    [Fact]
    public async Task A_crash_while_another_log_begins_neither_overwrites_the_lost_logs_key_nor_makes_a_third()
    {
        using var folder = new TempFolder("log");
        string data = folder.File("data"), keys = Path.Combine(data, "keys");
        string first, next;
        await using (var node = await TestNode.StartAsync(folder: folder.Path))
        {
            await node.UntilAsync("/api/log", l => (long?)l["size"] > 0, seconds: 60);
            first = (await KeyAsync(node)).ToString();
        }

        byte[] secret = await File.ReadAllBytesAsync(Path.Combine(keys, "log.pem"), TestNode.Stop);
        Directory.Delete(Path.Combine(data, "log", "tile"), recursive: true);
        (await RunAsync(0, "log", "begin-anew", "--data", data, "--reason", "a disk burnt")).ShouldContain("next start");
        await using (var node = await TestNode.StartAsync(folder: folder.Path))
        {
            await node.UntilAsync("/api/log", l => (long?)l["size"] > 0, seconds: 60);
            next = (await KeyAsync(node)).ToString();
            next.ShouldNotBe(first);
        }

        // As it is if the node dies behind the next log's key: the request is still there, the log isn't yet.
        string lost = Directory.GetDirectories(keys, "lost-*").ShouldHaveSingleItem();
        new KeyChange(KeyAct.BeginAnew, "a disk burnt", new(first.Split('+')[0], Path.GetFileName(lost), "")).Write(new LocalLogDisk(), data);
        Directory.Delete(Path.Combine(data, "log"), recursive: true);
        await using (var store = Store(data))
        {
            await using var connection = await store.OpenConnectionAsync(TestNode.Stop);
            await connection.ExecuteAsync("delete from log_records");
        }

        await using (var node = await TestNode.StartAsync(folder: folder.Path))
        {
            await node.UntilAsync("/api/log", l => (long?)l["size"] > 0, seconds: 60);
            (await KeyAsync(node)).ToString().ShouldBe(next);
            File.Exists(KeyChange.File(data)).ShouldBeFalse();
            var rows = await node.Service<KeyStore>().ListAsync(TestNode.Stop);
            rows.Where(k => k.Purpose == KeyPurpose.Log && k.EndedUs is null).ShouldHaveSingleItem().Public.ShouldBe(next);
        }

        Directory.GetDirectories(keys, "lost-*").ShouldHaveSingleItem();
        (await File.ReadAllTextAsync(Path.Combine(lost, "log.vkey"), TestNode.Stop)).Trim().ShouldBe(first);
        (await File.ReadAllBytesAsync(Path.Combine(lost, "log.pem"), TestNode.Stop)).ShouldBe(secret);
    }

    static Task UntilRecordAsync(TestNode node, string kind, Func<string, bool> found) => UntilAsync(
        async () =>
        {
            await using var connection = await node.Service<NodeDatabase>().Source.OpenConnectionAsync(TestNode.Stop);
            return (await connection.QueryAsync<string>("select record from log_records where kind = @kind", new { kind })).Any(found);
        },
        $"no such record of kind {kind}");

    static async Task UntilAsync(Func<Task<bool>> done, string otherwise)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestNode.Stop);
        limit.CancelAfter(TimeSpan.FromMinutes(2));
        using var beat = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        try
        {
            while (!await done())
                await beat.WaitForNextTickAsync(limit.Token);
        }
        catch (OperationCanceledException) when (!TestNode.Stop.IsCancellationRequested)
        {
            Assert.Fail(otherwise);
        }
    }

    static async Task<string> RunAsync(int exit, params string[] arguments)
    {
        var result = await ManagedProcess.RunAsync(Path.Combine(AppContext.BaseDirectory, "atalaya"), arguments);
        result.ExitCode.ShouldBe(exit, result.Output + result.Errors);
        return exit == 0 ? result.Output : result.Output + result.Errors;
    }

    static System.Data.Common.DbDataSource Store(string data)
    {
        string database = TestDatabase.Of(Path.Combine(data, NodeStore.FileName));
        return NodeStore.Open(new() { Data = data, Database = database }, data);
    }

    static LogVerb.Result Compare(string data, NoteKey key, System.Data.Common.DbDataSource store) =>
        LogVerb.Compare(new(DataFolder.LogOf(data)), key, store, TimeProvider.System, null, TestNode.Stop);

    static async Task<NoteKey> KeyAsync(TestNode node) =>
        NoteKey.TryParse((string)(await node.GetAsync("/api/log"))["key"]!, out var key) ? key : throw new FormatException();

    static async Task<LogRow[]> RowsAsync(TestNode node)
    {
        await using var connection = await node.Service<NodeDatabase>().Source.OpenConnectionAsync(TestNode.Stop);
        return [.. await connection.QueryAsync<LogRow>($"select {NodeLog.Columns} from log_records order by leaf")];
    }
}
