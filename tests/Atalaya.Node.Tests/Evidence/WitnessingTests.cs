using System.Text;

using Atalaya.Evidence;
using Atalaya.Node.Evidence;
using Atalaya.Node.Store;
using Atalaya.Testing;

using Dapper;

using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Atalaya.Node.Tests.Evidence;

/// <summary>Nodes sign each other's logs over the network, and none signs two histories.</summary>
public sealed class WitnessingTests
{
    [Fact]
    public async Task Two_nodes_witness_each_other_and_show_what_was_signed()
    {
        using TempFolder north = new("north"), south = new("south");
        var (northKey, northWitness) = await KeysAsync(north);
        var (southKey, southWitness) = await KeysAsync(south);
        int port = FreePort.Tcp();
        await using var first = await TestNode.StartAsync($"evidence: {{ witnessedLogs: ['{southKey}'], witnesses: ['{southWitness} http://127.0.0.1:{port}/witness'] }}", north.Path);
        await using var second = await TestNode.StartAsync(
            $"evidence: {{ witnessedLogs: ['{northKey}'], witnesses: ['{northWitness} {first.Address}witness'] }}", south.Path, listen: $"127.0.0.1:{port}");
        NoteKey.TryParse(northWitness, out var northSigns).ShouldBeTrue();
        NoteKey.TryParse(southWitness, out var southSigns).ShouldBeTrue();

        foreach (var (node, key, witness) in new[] { (first, northKey, southSigns), (second, southKey, northSigns) })
        {
            await node.TextUntilAsync("/log/checkpoint", note => IsSigned(note, witness), seconds: 90);
            // The log grows, and what is shown grows with it, signed.
            long size = (long)(await node.GetAsync("/api/log"))["size"]!;
            await GapAsync(node);
            await node.UntilAsync("/api/log", l => (long?)l["size"] > size && IsSigned((string)l["checkpoint"]!, witness), seconds: 180);
            string note = await node.Http.GetStringAsync("/log/checkpoint", TestNode.Stop);
            NoteKey.TryParse(key, out var own).ShouldBeTrue();
            SignedNote.TryParse(Encoding.UTF8.GetBytes(note), out var parsed).ShouldBeTrue();
            parsed.TryVerify([own, witness], out var verified).ShouldBeTrue();
            verified.Count.ShouldBe(2);
            var state = await node.GetAsync("/api/log");
            ((bool)state["witnesses"]![0]!["contradicts"]!).ShouldBeFalse();
            state["witnesses"]![0]!["fault"].ShouldBeNull();
            ((bool?)state["witnessed"]![0]!["signed"]).ShouldBe(true);
        }
    }

    [Fact]
    public async Task A_witness_answers_as_its_protocol_says_and_keeps_a_fork_for_everybody_to_see()
    {
        using var folder = new TempFolder("witness");
        using var log = new NoteSigner("log.example.org/partner", NoteSignatureKind.Ed25519, [.. Enumerable.Repeat((byte)7, 32)]);
        using var stranger = new NoteSigner("log.example.org/stranger", NoteSignatureKind.Ed25519, [.. Enumerable.Repeat((byte)8, 32)]);
        using var impostor = new NoteSigner(log.Key.Name, NoteSignatureKind.Ed25519, [.. Enumerable.Repeat((byte)9, 32)]);
        await using (var node = await TestNode.StartAsync($"evidence: {{ witnessedLogs: ['{log.Key}'] }}", folder.Path))
        {
            using var nobody = node.As(null);
            var (status, text) = await AddAsync(nobody, log, 0, 3, "a");
            status.ShouldBe(200, text);
            NoteSignature.TryParse(text.TrimEnd('\n'), out var signature).ShouldBeTrue();
            NoteKey.TryParse((string)(await node.GetAsync("/api/log"))["witnessKey"]!, out var key).ShouldBeTrue();
            (Sign(log, 3, "a").Note with { Signatures = [signature] }).TryVerify([key], out _).ShouldBeTrue();

            (await AddAsync(nobody, stranger, 0, 3, "a")).Status.ShouldBe(404);
            (await AddAsync(nobody, impostor, 3, 4, "a")).Status.ShouldBe(403);
            (await AddAsync(nobody, log, 0, 4, "a")).ShouldBe((409, "3\n"));
            (await AddAsync(nobody, log, 5, 4, "a")).Status.ShouldBe(400);
            (await AddAsync(nobody, log, 3, 4, "b")).Status.ShouldBe(422);
            (await PostAsync(nobody, new string('x', AddCheckpoint.MaxLength + 100))).Status.ShouldBeOneOf(400, 413);
            (await AddAsync(nobody, log, 3, 3, "b")).ShouldBe((409, "3\n"));

            var shown = await node.UntilAsync("/api/log", l => l["witnessed"]![0]!["fork"] is not null);
            string fork = (string)shown["witnessed"]![0]!["fork"]!;
            fork.ShouldContain(Root(3, "a").ToString());
            fork.ShouldContain(Root(3, "b").ToString());
        }

        // After a restart, too: health and alarms tell it until somebody has looked.
        await using (var node = await TestNode.StartAsync($"evidence: {{ witnessedLogs: ['{log.Key}'] }}", folder.Path))
        {
            await node.UntilAsync("/health", h => h["parts"]!.AsArray().Any(p => (string?)p!["name"] == "log" && p["detail"]!.ToJsonString().Contains("two histories", StringComparison.Ordinal)));
            node.Service<Atalaya.Node.Alarms.TechnicalWatch>().Conditions().ShouldContain(c => c.Key.Rule == $"log {log.Key.Name}");
            using var nobody = node.As(null);
            (await AddAsync(nobody, log, 0, 4, "a")).ShouldBe((409, "3\n"));
        }
    }

    [Fact]
    public async Task A_witness_that_answers_with_nonsense_is_asked_again_and_believed_when_it_signs()
    {
        using var witness = new NoteSigner("witness.example.org", NoteSignatureKind.Cosignature, [.. Enumerable.Repeat((byte)5, 32)]);
        int asked = 0;
        long sent = 0;
        bool isAway = false;
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using var server = builder.Build();
        server.MapPost("/add-checkpoint", async http =>
        {
            using var body = new MemoryStream();
            await http.Request.Body.CopyToAsync(body);
            AddCheckpoint.TryParse(body.ToArray(), out var request).ShouldBeTrue();
            switch (Interlocked.Increment(ref asked))
            {
                case 1:
                    // A charset that nobody has.
                    http.Response.ContentType = "text/plain; charset=nonsense";
                    await http.Response.WriteAsync("nonsense");
                    break;
                case 2:
                    // An answer without an end.
                    for (byte[] much = new byte[1 << 16]; !http.RequestAborted.IsCancellationRequested && sent < 1L << 30; sent += much.Length)
                        await http.Response.Body.WriteAsync(much, http.RequestAborted);
                    break;
                case var _ when isAway:
                    http.Response.StatusCode = 503;
                    break;
                default:
                    await http.Response.WriteAsync($"{witness.Sign(request.Note.TextBytes, TimeProvider.System.GetUtcNow())}\n");
                    break;
            }
        });
        await server.StartAsync(TestNode.Stop);
        await using var node = await TestNode.StartAsync($"evidence: {{ witnesses: ['{witness.Key} {server.Urls.Single()}'] }}");

        var told = await node.UntilAsync("/api/log", l => (long?)l["witnesses"]![0]!["size"] > 0, seconds: 120);

        asked.ShouldBeGreaterThan(2);
        told["witnesses"]![0]!["fault"].ShouldBeNull();
        await node.TextUntilAsync("/log/checkpoint", note => IsSigned(note, witness.Key));

        // From a change of keys on nothing is shown that the key beside it didn't sign, whatever witnesses signed.
        isAway = true;
        var before = (await node.Service<NodeLog>().HeadAsync(TestNode.Stop))!.Value.Key;
        var rotated = await ManagedProcess.RunAsync(Path.Combine(AppContext.BaseDirectory, "atalaya"), ["log", "rotate", "--data", Path.Combine(node.Folder, "data"), "--revoke", "--reason", "stolen"]);
        rotated.ExitCode.ShouldBe(0, rotated.Errors);
        await node.UntilAsync("/api/log", l => (string?)l["key"] != before.ToString());
        var (shown, key) = (await node.Service<NodeLog>().HeadAsync(TestNode.Stop))!.Value;
        shown.Note.TryVerify([key], out _).ShouldBeTrue("proofs lead to it that are checked with the key");
    }

    [Fact]
    public async Task A_node_that_was_brought_back_from_an_old_copy_is_told_by_its_witness()
    {
        using TempFolder north = new("north"), south = new("south");
        var (northKey, _) = await KeysAsync(north);
        await using var witness = await TestNode.StartAsync($"evidence: {{ witnessedLogs: ['{northKey}'] }}", south.Path);
        string signs = (string)(await witness.UntilAsync("/api/log", l => l["witnessKey"] is not null))["witnessKey"]!;
        string options = $"evidence: {{ witnesses: ['{signs} {witness.Address}witness'] }}";
        string data = north.File("data"), copy = north.File("copy");
        Copy(data, copy);
        await using (var node = await TestNode.StartAsync(options, north.Path))
        {
            SignedNote.TryParse(await File.ReadAllBytesAsync(Path.Combine(copy, "log", "checkpoint"), TestNode.Stop), out var note).ShouldBeTrue();
            Checkpoint.TryParse(note.Text, out var old).ShouldBeTrue();
            await GapAsync(node);
            await node.UntilAsync("/api/log", l => (long?)l["witnesses"]![0]!["size"] > old.Size, seconds: 180);
        }

        Directory.Delete(data, recursive: true);
        Directory.Move(copy, data);
        await using (var node = await TestNode.StartAsync(options, north.Path, database: TestDatabase.Of(north.File("another", NodeStore.FileName)), administrator: true))
        {
            // Its database is another as well: the log is shorter than the witness knows, or differs.
            var told = await node.UntilAsync("/api/log", l => (bool?)l["witnesses"]![0]!["contradicts"] == true || (long?)l["witnesses"]![0]!["size"] > 0, seconds: 120);
            ((bool)told["witnesses"]![0]!["contradicts"]!).ShouldBeTrue();
            await node.UntilAsync("/health", h => h["parts"]!.AsArray().Any(p => (string?)p!["name"] == "log" && (string?)p["state"] == "degraded"));
        }
    }

    /// <summary>Of a node that makes them now: of its log, and as a witness.</summary>
    static async Task<(string Log, string Witness)> KeysAsync(TempFolder folder)
    {
        await using var node = await TestNode.StartAsync(folder: folder.Path);
        var state = await node.UntilAsync("/api/log", l => l["witnessKey"] is not null && (long?)l["size"] > 0, seconds: 60);
        return ((string)state["key"]!, (string)state["witnessKey"]!);
    }

    static async Task GapAsync(TestNode node)
    {
        await using var connection = await node.Service<NodeDatabase>().Source.OpenConnectionAsync(TestNode.Stop);
        await connection.ExecuteAsync("insert into gaps (camera, stream, from_us, to_us, cause, detail) values ('gate', 'main', 1774526400000000, 1774526460000000, 'Camera', 'gone')");
        node.Service<NodeLog>().LookSoon();
    }

    static bool IsSigned(string note, NoteKey by) => SignedNote.TryParse(Encoding.UTF8.GetBytes(note), out var parsed) && parsed.TryVerify([by], out _);

    static async Task<(int Status, string Text)> AddAsync(HttpClient http, NoteSigner log, long old, int size, string history)
    {
        Digest[] leaves = Leaves(size, history);
        // Of trees so small: from three leaves to four.
        Digest[] proof = old == 3 && size == 4 ? [leaves[2], leaves[3], Merkle.Node(leaves[0], leaves[1])] : [];
        return await PostAsync(http, new AddCheckpoint(old, proof, Sign(log, size, history).Note).ToString());
    }

    static async Task<(int Status, string Text)> PostAsync(HttpClient http, string body)
    {
        using var content = new StringContent(body);
        using var answer = await http.PostAsync("/witness/add-checkpoint", content, TestNode.Stop);
        return ((int)answer.StatusCode, await answer.Content.ReadAsStringAsync(TestNode.Stop));
    }

    static SignedCheckpoint Sign(NoteSigner log, int size, string history) => SignedCheckpoint.Sign(new(log.Key.Name, size, Root(size, history)), log, default);

    static Digest Root(int size, string history) => Merkle.Root(Leaves(size, history));

    static Digest[] Leaves(int size, string history) => [.. Enumerable.Range(0, size).Select(i => Merkle.Leaf(Encoding.UTF8.GetBytes($"{history}{i}")))];

    static void Copy(string from, string to)
    {
        foreach (string file in Directory.GetFiles(from, "*", SearchOption.AllDirectories))
        {
            string target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }
}
