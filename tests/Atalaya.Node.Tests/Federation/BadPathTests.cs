using System.Diagnostics;
using System.Globalization;

using Atalaya.Federation.Links;
using Atalaya.Node.Federation.Links;
using Atalaya.Node.Store;

namespace Atalaya.Node.Tests.Federation;

/// <summary>
/// Two organisations, one with a centre and three sites, one with a centre and a site, on paths that delay, hold up, cut and break: nothing is lost, nothing counts twice, each lane keeps its
/// order. <c>make test-federation</c> gives it minutes; ATALAYA_FEDERATION_SECONDS and ATALAYA_FEDERATION_SEED say how many and with what chance.
/// </summary>
public sealed class BadPathTests(ITestOutputHelper output)
{
    [Fact]
    public async Task Whatever_the_paths_do_every_message_arrives_once_and_in_order()
    {
        int seconds = Setting("ATALAYA_FEDERATION_SECONDS") ?? 5, seed = Setting("ATALAYA_FEDERATION_SEED") ?? Environment.TickCount;
        output.WriteLine($"ATALAYA_FEDERATION_SEED={seed}");
        var random = new Random(seed);
        var whole = Stopwatch.StartNew();
        await using var toA = new BadPath(seed);
        await using var toB = new BadPath(seed + 1);
        var nodes = new Dictionary<string, TestNode>(StringComparer.Ordinal);
        try
        {
            foreach (var (name, path) in new[] { ("A", toA), ("B", toB) })
            {
                nodes[name] = await TestNode.StartAsync(CentreOf(name, path));
                path.Target = nodes[name].Service<LinkListening>().Ports[0];
            }

            foreach (string site in new[] { "A1", "A2", "A3", "B1" })
                nodes[site] = await TestNode.StartAsync(Linked.Dials(site[..1], site));
            var ends = new List<(string From, string To, string Link)>();
            foreach (var (inviter, joiner, kind) in new[] { ("A", "A1", LinkKind.Site), ("A", "A2", LinkKind.Site), ("A", "A3", LinkKind.Site), ("B", "B1", LinkKind.Site), ("B", "A", LinkKind.Partner) })
            {
                var (link, _) = await Linked.LinkAsync(nodes[inviter], nodes[joiner], kind);
                ends.Add((inviter, joiner, link.Id));
                ends.Add((joiner, inviter, link.Id));
            }

            output.WriteLine($"linked after {whole.Elapsed.TotalSeconds:0} s");
            // The line is as bad as they get, and worse now and then.
            foreach (var path in new[] { toA, toB })
                (path.Delay, path.Loss) = (TimeSpan.FromMilliseconds(150), 0.05);
            var sent = new Dictionary<(string From, string Link, Lane Lane), long>();
            var begun = Stopwatch.StartNew();
            int restarts = 0;
            while (begun.Elapsed < TimeSpan.FromSeconds(seconds))
            {
                foreach (var (from, _, id) in ends)
                {
                    foreach (var lane in Enum.GetValues<Lane>())
                    {
                        for (int n = random.Next(4); n > 0; n--)
                        {
                            await nodes[from].Service<Outbox>().SendAsync(nodes[from].Service<LinkBook>().Find(id)!, lane, "nobody.knows", new { n }, TestNode.Stop);
                            sent[(from, id, lane)] = sent.GetValueOrDefault((from, id, lane)) + 1;
                        }
                    }
                }

                var path = random.Next(2) == 0 ? toA : toB;
                switch (random.Next(6))
                {
                    case 0:
                        path.Cut();
                        break;
                    case 1:
                        path.Break();
                        break;
                    case 2 when begun.Elapsed > TimeSpan.FromSeconds(seconds * (restarts + 1) / 3.0):
                        // A node goes and comes back with what it has.
                        string site = new[] { "A1", "A2", "A3", "B1" }[restarts++ % 4];
                        string folder = nodes[site].Folder;
                        await nodes[site].App.StopAsync(TestNode.Stop);
                        await nodes[site].App.DisposeAsync();
                        nodes[site] = await TestNode.StartAsync(Linked.Dials(site[..1], site), folder);
                        break;
                    default:
                        path.Heal();
                        break;
                }

                await Task.Delay(TimeSpan.FromMilliseconds(random.Next(400)), TimeProvider.System, TestNode.Stop);
            }

            // The links return; an alarm that was raised while they were away goes first.
            var back = Stopwatch.StartNew();
            toA.Heal();
            toB.Heal();
            foreach (var (from, _, id) in ends)
            {
                await Linked.UntilAsync(async () => (await nodes[from].Service<Outbox>().NextAsync(id, MessageBatch.MaxLength, TestNode.Stop)) is not [{ Lane: Lane.Urgent }, ..]);
                output.WriteLine($"{from} over {id}: nothing urgent waits {back.Elapsed.TotalSeconds:0.0} s after the return");
            }

            foreach (var (from, to, id) in ends)
            {
                await Linked.UntilAsync(async () => await nodes[from].Service<Outbox>().CountAsync(id, TestNode.Stop) == 0);
                var here = (await Refusals.ListAsync(nodes[to].Service<NodeDatabase>().Source, id, int.MaxValue, TestNode.Stop)).Where(r => r.Here).ToList();
                var there = (await Refusals.ListAsync(nodes[from].Service<NodeDatabase>().Source, id, int.MaxValue, TestNode.Stop)).Where(r => !r.Here).ToList();
                foreach (var lane in Enum.GetValues<Lane>())
                {
                    long all = sent.GetValueOrDefault((from, id, lane));
                    var numbers = here.Where(r => r.Kind == "nobody.knows" && r.Lane == Envelope.NameOf(lane)).Select(r => r.Number).Reverse().ToList();
                    numbers.Count.ShouldBe((int)all, $"{from} → {to}, {lane}");
                    numbers.ShouldBeInOrder();
                    numbers.Distinct().Count().ShouldBe(numbers.Count);
                    // The sender knows the same.
                    there.Where(r => r.Kind == "nobody.knows" && r.Lane == Envelope.NameOf(lane)).Select(r => r.Number).Order().ShouldBe(numbers.Order());
                }
            }

            foreach (var node in nodes.Values)
                (await node.Service<LinkFaults>().ListAsync(100, TestNode.Stop)).Select(f => f.What).ShouldBeEmpty();
            output.WriteLine($"{sent.Values.Sum()} messages, {restarts} restarts, all there after {whole.Elapsed.TotalSeconds:0} s");
        }
        finally
        {
            foreach (var (name, node) in nodes)
            {
                await node.DisposeAsync();
                output.WriteLine($"{name} stopped after {whole.Elapsed.TotalSeconds:0} s");
            }
        }
    }

    static string CentreOf(string organisation, BadPath path) => $"federation: {{ organisation: {organisation}, listen: ['127.0.0.1:0'], address: '{path.Address}' }}\nname: Centre of {organisation}\n";

    static int? Setting(string name) => Environment.GetEnvironmentVariable(name) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : null;
}
