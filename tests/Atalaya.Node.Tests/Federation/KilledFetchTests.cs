using System.Globalization;
using System.Security.Cryptography;
using System.Text;

using Atalaya.Federation.Links;
using Atalaya.Testing;

namespace Atalaya.Node.Tests.Federation;

/// <summary>
/// A document that is fetched over a link, both ways, while at each step of it either node is killed, the line is cut, or its router forgets the connections. A few of these, by chance;
/// <c>make test-federation</c> tries them all (ATALAYA_FEDERATION_EVERY=1).
/// </summary>
public sealed class KilledFetchTests(ITestOutputHelper output)
{
    const int Length = 600_000, Parts = 6;

    /// <summary>What can be seen of it at the node that fetches it: begun, parts of it, whole, being sealed, sealed, and no longer in the clear.</summary>
    const int Steps = Parts + 4;

    enum Harm
    {
        FetcherIsKilled,
        GiverIsKilled,
        LineIsCut,
        ConnectionsAreForgotten,
    }

    [Fact]
    public async Task Cut_short_at_any_step_a_fetch_goes_on_where_it_stopped_and_leaves_the_document_whole_and_nothing_in_the_clear()
    {
        string? missing = await PacketNet.MissingAsync();
        Assert.SkipWhen(missing is not null, $"NOT TESTED ON PACKETS: no network namespaces with TUN devices here ({missing}).");
        int every = Setting("ATALAYA_FEDERATION_EVERY") ?? 24, seed = Setting("ATALAYA_FEDERATION_SEED") ?? Environment.TickCount;
        output.WriteLine($"ATALAYA_FEDERATION_SEED={seed}");
        using var folder = new TempFolder("killed-fetch");
        await using var net = await PacketNet.MakeAsync(seed, "centre", "site");
        var line = net.Between("centre", "site");
        line.Dialler = 1;
        await using var centre = new NodeProcess(folder.File("centre"), $"federation: {{ organisation: Guardia, listen: ['{net["centre"].Address}:7443'] }}\nname: Centre\n", net["centre"]);
        await using var site = new NodeProcess(folder.File("site"), Linked.Dials(), net["site"]);
        await Task.WhenAll(centre.StartAsync(), site.StartAsync());
        string link = await centre.LinkAsync(site, LinkKind.Site);
        // Quick enough for many documents, slow enough to be stopped anywhere in one.
        (line.Delay, line.Jitter, line.Loss, line.Rate) = (TimeSpan.FromMilliseconds(20), TimeSpan.FromMilliseconds(5), 0.01, 4e6);

        int tried = 0, most = 0;
        for (int n = Math.Abs(seed) % every; n < 2 * Steps * 4; n += every)
        {
            var (giver, fetcher) = n % 2 == 0 ? (site, centre) : (centre, site);
            var (step, harm) = (n / 2 % Steps, (Harm)(n / 2 / Steps));
            string story = $"{(giver == site ? "Through the site's tunnel" : "By the site's own connection")}, {harm} at step {step}, seed {seed}";
            (tried, most) = (tried + 1, Math.Max(most, await FetchAsync(giver, fetcher, step, harm, story)));
        }

        output.WriteLine($"{tried} documents of {Length} bytes, each cut short once: at most {most} bytes went over for one");

        // A link that ends keeps nothing of what isn't whole.
        using var part = new Reached(site, 2, () => line.IsCut = true);
        var (document, _) = await SendAsync(centre, Text());
        await part.Task.WaitAsync(NodeProcess.Patience, TestNode.Stop);
        Files(site).ShouldContain($"{document}.open.part");
        await site.SendAsync(HttpMethod.Post, $"/api/links/{link}/end", new { why = "test" });
        await NodeProcess.UntilAsync(() => Task.FromResult(!Files(site).Any(f => f.StartsWith(document, StringComparison.Ordinal))));

        async Task<int> FetchAsync(NodeProcess giver, NodeProcess fetcher, int step, Harm harm, string story)
        {
            byte[] content = Text();
            long before = Sent();
            var victim = harm == Harm.FetcherIsKilled ? fetcher : giver;
            // Watched before it is told of.
            using var reached = new Reached(fetcher, step, harm switch
            {
                Harm.LineIsCut => () => line.IsCut = true,
                Harm.ConnectionsAreForgotten => line.Forget,
                _ => victim.Kill,
            });
            var (id, request) = await SendAsync(giver, content);
            await reached.Task.WaitAsync(NodeProcess.Patience, TestNode.Stop);
            if (harm == Harm.LineIsCut)
                await Task.Delay(TimeSpan.FromSeconds(1.5), TimeProvider.System, TestNode.Stop);
            line.IsCut = false;
            if (harm is Harm.FetcherIsKilled or Harm.GiverIsKilled)
            {
                await victim.KillAsync();
                await victim.StartAsync();
            }

            long had = Files(fetcher).Where(f => f.StartsWith(id, StringComparison.Ordinal)).Max(f => (long?)LengthOf(Path.Combine(fetcher.Data, "documents", f))) ?? 0, then = Sent();
            await fetcher.UntilAsync($"/api/requests/{request}", r => (bool)r["story"]![0]!["files"]![0]!["here"]!);
            // It isn't sent again from its beginning; what is beside it is headers, other messages, and what was lost.
            (Sent() - then).ShouldBeLessThan((Math.Max(0, Length - had) * 5 / 4) + 150_000, story);
            Convert.ToHexString(SHA256.HashData(await fetcher.BytesAsync($"/api/requests/{request}/files/{id}"))).ShouldBe(Convert.ToHexString(SHA256.HashData(content)), story);
            await giver.UntilAsync($"/api/requests/{request}", r => (bool)r["story"]![0]!["files"]![0]!["arrived"]!);
            // Sealed, and beside it nothing.
            await NodeProcess.UntilAsync(() => Task.FromResult(Files(fetcher).All(f => !f.Contains('.', StringComparison.Ordinal))));
            (await File.ReadAllBytesAsync(Path.Combine(fetcher.Data, "documents", id), TestNode.Stop)).AsSpan().IndexOf("Keep it"u8).ShouldBe(-1, story);
            return (int)(Sent() - before);

            long Sent() => line.BytesFrom(giver == site ? 1 : 0);
        }

        async Task<(string Document, string Request)> SendAsync(NodeProcess from, byte[] content)
        {
            string id = (string)(await from.SendAsync(HttpMethod.Post, $"/api/requests/files?link={link}&name=order.txt", new ByteArrayContent(content)))!["id"]!;
            var made = await from.SendAsync(HttpMethod.Post, "/api/requests", new
            {
                link,
                kind = "information",
                urgency = "routine",
                subject = "An order",
                text = "Please read it.",
                legalBasis = "Art. 5",
                purpose = "border-safety",
                files = new[] { id },
            });
            return (id, (string)made!["line"]!["id"]!);
        }
    }

    static byte[] Text() => Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, Length / 20).Select(n => $"Keep it: {n:000000000}. ")));

    static IEnumerable<string> Files(NodeProcess node) => Directory.GetFiles(Path.Combine(node.Data, "documents")).Select(f => Path.GetFileName(f));

    static long LengthOf(string path)
    {
        try
        {
            return new FileInfo(path).Length;
        }
        catch (FileNotFoundException)
        {
            return 0;   // It has its name already, which is told next.
        }
    }

    static int? Setting(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : null;

    /// <summary>Does something at a step of the next document that a node fetches, as soon as the kernel tells of it.</summary>
    sealed class Reached : IDisposable
    {
        readonly FileSystemWatcher _watcher;
        readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
        readonly int _step;
        readonly Action _then;
        int _done;

        public Reached(NodeProcess fetcher, int step, Action then)
        {
            (_step, _then) = (step, then);
            _watcher = new(Path.Combine(fetcher.Data, "documents"));
            _watcher.Created += (_, seen) => Look(seen.Name!, seen.FullPath);
            _watcher.Changed += (_, seen) => Look(seen.Name!, seen.FullPath);
            _watcher.Renamed += (_, seen) => Look(seen.Name!, seen.FullPath);
            _watcher.Deleted += (_, seen) => Gone(seen.Name!);
            _watcher.EnableRaisingEvents = true;
        }

        public Task Task => _reached.Task;

        public void Dispose() => _watcher.Dispose();

        void Look(string name, string path)
        {
            int step = name.Split('.') switch
            {
                [_, "open", "part"] => (int)(LengthOf(path) * Parts / Length),
                [_, "open"] => Parts,
                [_, "part"] => Parts + 1,
                [_] => Parts + 2,
                _ => -1,
            };
            Done(step);
        }

        void Gone(string name)
        {
            if (name.EndsWith(".open", StringComparison.Ordinal))
                Done(Parts + 3);
        }

        void Done(int step)
        {
            if (step < _step || Interlocked.Exchange(ref _done, 1) != 0)
                return;
            try
            {
                _then();
                _reached.SetResult();
            }
            catch (Exception fault)
            {
                _reached.SetException(fault);
            }
        }
    }
}
