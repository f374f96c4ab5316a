using System.Data.Common;
using System.Text.Json;

using Atalaya.Evidence;
using Atalaya.Federation.Links;
using Atalaya.Media;
using Atalaya.Node.Evidence;
using Atalaya.Node.Federation.Links;
using Atalaya.Node.Options;
using Atalaya.Node.Store;
using Atalaya.Recording.Database;
using Atalaya.Testing;

using Dapper;

using Microsoft.Extensions.Logging.Abstractions;

namespace Atalaya.Node.Tests.Federation;

/// <summary>
/// Both ends of a link as the product has them, outbox, courier and inbox over tables of their own, in a <see cref="SmallWorld"/>; and the path between, that may delay, hold up, cut, bring
/// twice and in another order. At any step of either end its process may be killed.
/// </summary>
sealed class SmallLink : IAsyncDisposable
{
    /// <summary>What was told of, in one transaction with its message, and what arrived, in one with the cursor.</summary>
    const string Tables = """
        create table said (n integer primary key autoincrement, lane bigint not null, text text not null);
        create table arrived (n integer primary key autoincrement, lane bigint not null, text text not null);
        create table regretted (n integer primary key autoincrement, text text not null);
        """;

    static readonly Lazy<Task<TempFolder>> Template = new(MakeAsync);

    readonly TempFolder _folder = new("small-link");
    readonly Random _random;
    readonly Dictionary<string, DateTimeOffset> _lineFree = [];     // by who sends, when what it sent before is through
    TaskCompletionSource _open = new();

    SmallLink(SmallWorld world, int seed)
    {
        World = world;
        _random = new(seed);
        _open.SetResult();
    }

    public SmallWorld World { get; }

    /// <summary>The one that raises alarms, and the one that shall know of them.</summary>
    public SmallEnd Site { get; private set; } = null!;
    public SmallEnd Centre { get; private set; } = null!;

    /// <summary>One way, give or take a half.</summary>
    public TimeSpan Delay { get; set; } = TimeSpan.FromMilliseconds(10);

    /// <summary>Share of what is sent that comes so much later than it should that it is sent again.</summary>
    public double Loss { get; set; }

    /// <summary>Share of what is sent that arrives a second time, whole or in pieces, in whatever order.</summary>
    public double Twice { get; set; }

    /// <summary>Of the line, bits a second.</summary>
    public double Rate { get; set; } = 1e9;

    public bool IsCut => !_open.Task.IsCompleted;

    /// <summary>Batches that were begun to be sent.</summary>
    public int Posts { get; private set; }

    /// <summary>Steps that the ends have made.</summary>
    public int Steps { get; private set; }

    /// <summary>The step at which the process is killed whose step it is; 0: none.</summary>
    public int KillAt { get; set; }

    /// <summary>What was about to happen when one was killed.</summary>
    public string? Killed { get; private set; }

    /// <param name="centreIsAhead">By how much the centre's clock is wrong.</param>
    public static async Task<SmallLink> MakeAsync(SmallWorld world, int seed, TimeSpan centreIsAhead = default, int rateKbit = 0)
    {
        var link = new SmallLink(world, seed);
        Copy((await Template.Value).Path, link._folder.Path);
        link.Site = new(link, "site", world.Clock, rateKbit);
        link.Centre = new(link, "centre", new WrongClock(world.Clock, centreIsAhead), rateKbit);
        await link.Site.StartAsync();
        await link.Centre.StartAsync();
        return link;
    }

    public string FolderOf(string name) => Path.Combine(_folder.Path, name);

    public void Cut() => _open = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Heal() => _open.TrySetResult();

    public void Step(SmallEnd end, string what)
    {
        if (end.IsKilled)
            throw new KilledException();
        if (++Steps != KillAt)
            return;
        Killed = $"step {Steps}, {end.Name}: {what}";
        end.Kill();
        throw new KilledException();
    }

    /// <summary>Runs until both have everything; whoever was killed is started again a second later.</summary>
    public async Task SettleAsync(TimeSpan limit)
    {
        var end = World.Clock.GetUtcNow() + limit;
        while (true)
        {
            World.RunUntil(() => Site.IsKilled || Centre.IsKilled || (Site.Waiting == 0 && Centre.Waiting == 0), end - World.Clock.GetUtcNow());
            if (!await ReviveAsync())
                return;
        }
    }

    /// <returns>False: nobody was killed.</returns>
    public async Task<bool> ReviveAsync()
    {
        bool was = false;
        foreach (var one in new[] { Site, Centre }.Where(e => e.IsKilled))
        {
            World.Run(TimeSpan.FromSeconds(1));
            await one.StartAsync();
            was = true;
        }

        return was;
    }

    /// <summary>Nothing lost, nothing twice, in order: by what was told and what arrived, by the lanes' chains, by the refusals of both ends, and by what the log gets of them.</summary>
    public void Judge(string story)
    {
        foreach (var (from, to) in new[] { (Site, Centre), (Centre, Site) })
        {
            using var sender = from.Open();
            using var receiver = to.Open();
            foreach (var lane in Enum.GetValues<Lane>())
            {
                object which = new { lane = (long)lane };
                var said = sender.Query<string>("select text from said where lane = @lane order by n", which).ToList();
                receiver.Query<string>("select text from arrived where lane = @lane order by n", which).ShouldBe(said.Where(t => !t.StartsWith("refuse", StringComparison.Ordinal)), $"{from.Name}, {lane}. {story}");
                var sent = sender.QuerySingle<(long Number, string Hash, long Acked)>("select sent_number, sent_hash, acked_number from link_lanes where lane = @lane", which);
                var received = receiver.QuerySingle<(long Number, string Hash)>("select received_number, received_hash from link_lanes where lane = @lane", which);
                (sent.Number, sent.Acked, received.Number, received.Hash).ShouldBe((said.Count, said.Count, said.Count, sent.Hash), $"{from.Name}, {lane}. {story}");
                var refused = said.Select((t, i) => (Text: t, Number: i + 1L)).Where(s => s.Text.StartsWith("refuse", StringComparison.Ordinal)).Select(s => s.Number).ToList();
                receiver.Query<long>("select number from link_refusals where direction = 'in' and lane = @lane order by rowid", which).ShouldBe(refused, $"{from.Name}, {lane}. {story}");
                sender.Query<long>("select number from link_refusals where direction = 'out' and lane = @lane order by number", which).ShouldBe(refused, $"{from.Name}, {lane}. {story}");
            }

            // What was refused was undone once.
            sender.Query<string>("select text from regretted order by text").ShouldBe(sender.Query<string>("select text from said where text like 'refuse%' order by text"), story);
            sender.ExecuteScalar<long>("select count(*) from link_outbox").ShouldBe(0, story);
            // What each end's log gets: one line for each refusal, and nothing that an honest node doesn't do.
            foreach (var end in new[] { sender, receiver })
                end.ExecuteScalar<long>("select count(*) from changes where source = 'link_refusals'").ShouldBe(end.ExecuteScalar<long>("select count(*) from link_refusals"), story);
            receiver.Query<string>("select what || ': ' || detail from link_faults").ShouldBeEmpty(story);
        }
    }

    /// <summary>Takes a batch from one end to the other, and the answer back.</summary>
    public async Task<Posted> PostAsync(SmallEnd from, byte[] batch, CancellationToken stop)
    {
        if (from.IsKilled)
            return Posted.Silence;
        var to = from == Site ? Centre : Site;
        Posts++;
        var (at, begun) = (from.Clock.GetUtcNow(), World.Clock.GetTimestamp());
        var answer = new TaskCompletionSource<LinkAnswerJson?>();
        _ = ThereAndBackAsync();
        try
        {
            Step(from, "sent");
            var read = await answer.Task.WaitAsync(stop);
            Step(from, "answered");
            var taken = World.Clock.GetElapsedTime(begun);
            return read is null ? Posted.Away("The connection broke.") : new(read, at + (taken / 2), taken, null);
        }
        catch (OperationCanceledException)
        {
            return Posted.Silence;
        }

        async Task ThereAndBackAsync()
        {
            bool again = _random.NextDouble() < Twice;
            if (IsCut && !await ConnectAsync(stop))
                return;
            // What is on its way arrives, whether its sender still waits for it or not.
            await CrossAsync(from, batch.Length);
            var said = await ArriveAsync(to, batch);
            await CrossAsync(to, 200);
            answer.TrySetResult(said);
            if (again)
                await AgainAsync(to, batch);
        }
    }

    /// <summary>The same, later: each message twice, in whatever order.</summary>
    async Task AgainAsync(SmallEnd to, byte[] batch)
    {
        await Task.Delay(TimeSpan.FromSeconds(6 * _random.NextDouble()), World.Clock);
        MessageBatch.TryRead(batch, out var messages, out _);
        await ArriveAsync(to, MessageBatch.Write([.. messages!.Concat(messages!).OrderBy(_ => _random.Next()).Take(MessageBatch.MaxMessages)]));
    }

    async Task<LinkAnswerJson?> ArriveAsync(SmallEnd to, byte[] batch)
    {
        try
        {
            Step(to, "received");
            MessageBatch.TryRead(batch, out var messages, out string? fault).ShouldBeTrue(fault);
            var received = await to.Inbox.ReceiveAsync(to.Link, "path", messages!, isOld: false, to.Stop);
            Step(to, "acknowledged");
            received.Fault.ShouldBeNull();
            return JsonSerializer.Deserialize<LinkAnswerJson>(JsonSerializer.Serialize(received.Answer, Outbox.Json), Outbox.Json);
        }
        catch (Exception gone) when (gone is KilledException or OperationCanceledException)
        {
            return null;
        }
    }

    /// <summary>A connection that was begun during a cut: it asks again one, three, seven … seconds after it began (RFC 6298, 5.7), for as long as somebody wants it.</summary>
    async Task<bool> ConnectAsync(CancellationToken stop)
    {
        try
        {
            for (var pause = TimeSpan.FromSeconds(1); IsCut; pause *= 2)
                await Task.Delay(pause, World.Clock, stop);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    /// <summary>The line carries one thing after the other, and what a cut holds up long after it.</summary>
    async Task CrossAsync(SmallEnd from, int bytes)
    {
        var now = World.Clock.GetUtcNow();
        var free = _lineFree.GetValueOrDefault(from.Name);
        var through = (free > now ? free : now) + TimeSpan.FromSeconds(bytes * 8 / Rate);
        _lineFree[from.Name] = through;
        await Task.Delay(through - now + (Delay * (0.5 + _random.NextDouble())) + (_random.NextDouble() < Loss ? TimeSpan.FromSeconds(0.2 + (0.8 * _random.NextDouble())) : TimeSpan.Zero), World.Clock);
        if (!IsCut)
            return;
        await _open.Task;
        await Task.Delay(TimeSpan.FromSeconds(20 * _random.NextDouble()), World.Clock);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var end in new[] { Site, Centre })
            await end.DisposeAsync();
        _folder.Dispose();
    }

    /// <summary>Two nodes' folders with a link between them; each test has copies.</summary>
    static async Task<TempFolder> MakeAsync()
    {
        var folder = new TempFolder("small-link-template");
        var clock = new ManualClock();
        var ends = new List<(NodeDatabase Database, LinkKey Key, LinkBook Links, NoteSigner Log)>();
        foreach (string name in new[] { "site", "centre" })
        {
            var options = new NodeOptions { Data = Path.Combine(folder.Path, name) };
            var database = new NodeDatabase(options, clock, NullLogger<NodeDatabase>.Instance);
            await database.StartAsync(TestNode.Stop);
            using (var connection = await database.Source.OpenConnectionAsync(TestNode.Stop))
            {
                connection.Execute(Tables);
                WatchedTables.Watch(connection);
            }

            var key = new LinkKey(database, options, clock, NullLogger<LinkKey>.Instance);
            await key.StartAsync(TestNode.Stop);
            ends.Add((database, key, new(database, clock), new("log.example.org/" + name, NoteSignatureKind.Ed25519, KeyFile.NewSeed())));
        }

        foreach (var (own, other, kind) in new[] { (ends[0], ends[1], LinkKind.Centre), (ends[1], ends[0], LinkKind.Site) })
        {
            string id = Pairing.LinkId(own.Key.Pin, other.Key.Pin);
            await own.Links.AddAsync(
                new(id, kind, LinkState.Confirming, "Guardia", kind.ToString(), other.Log.Key, other.Key.Public, "", "", "1234 5678", WallTime.Now(clock), "test", null, "", null, ""), "", TestNode.Stop);
            (await own.Links.ConfirmAsync(id, "test", TestNode.Stop)).ShouldBeTrue();
        }

        foreach (var (database, key, _, log) in ends)
        {
            key.Dispose();
            log.Dispose();
            database.Dispose();
        }

        return folder;
    }

    static void Copy(string from, string to)
    {
        foreach (string folder in Directory.GetDirectories(from, "*", SearchOption.AllDirectories))
            Directory.CreateDirectory(Path.Combine(to, Path.GetRelativePath(from, folder)));
        foreach (string file in Directory.GetFiles(from, "*", SearchOption.AllDirectories))
            File.Copy(file, Path.Combine(to, Path.GetRelativePath(from, file)));
    }
}

/// <summary>One end: a process that lives until it is killed, and then another on the same folder.</summary>
sealed class SmallEnd(SmallLink world, string name, TimeProvider clock, int rateKbit) : IAsyncDisposable
{
    DbConnection? _view;
    NodeDatabase _database = null!;
    CutSource _source = null!;
    LinkKey _key = null!;
    LinkBook _links = null!;
    LinkCourier _courier = null!;
    CancellationTokenSource _stop = new();

    public string Name => name;
    public TimeProvider Clock => clock;
    public bool IsKilled { get; private set; } = true;
    public Outbox Outbox { get; private set; } = null!;
    public Inbox Inbox { get; private set; } = null!;
    public Link Link => _links.All[0];
    public LinkHealth Health => _links.HealthOf(Link.Id);
    public CancellationToken Stop => _stop.Token;

    public async Task StartAsync()
    {
        var options = new NodeOptions { Data = world.FolderOf(name), Federation = new() { Rate = rateKbit } };
        _source = new(StoreSource.Sqlite(Path.Combine(options.Data, NodeStore.FileName)), what => world.Step(this, what));
        _database = new(options, clock, NullLogger<NodeDatabase>.Instance, _source);
        _links = new(_database, clock);
        _key = new(_database, options, clock, NullLogger<LinkKey>.Instance);
        await _database.StartAsync(TestNode.Stop);
        await _key.StartAsync(TestNode.Stop);
        await _links.StartAsync(TestNode.Stop);
        Outbox = new(_database, _key, clock);
        Inbox = new(_database, _links, _key, new(_database, clock, NullLogger<LinkFaults>.Instance), new(clock), [new Arrivals()], clock, NullLogger<Inbox>.Instance);
        _courier = new(Link, _links, Outbox, [new Arrivals()], (_, batch, _, stop) => world.PostAsync(this, batch, stop), new(options, clock), clock, NullLogger.Instance);
        Outbox.Woken += () =>
        {
            world.World.Expect();
            _courier.Wake();
        };
        (_source.IsArmed, IsKilled, _stop) = (true, false, new());
        _ = world.World.Start(() => _courier.RunAsync(_stop.Token));
    }

    /// <summary>Tells the other end something: what it tells of is written down in the same transaction.</summary>
    public Task SayAsync(Lane lane, params IReadOnlyList<string> texts) => world.World.Start(async () =>
    {
        try
        {
            foreach (string text in texts)
            {
                using (var connection = await _database.Source.OpenConnectionAsync(Stop))
                {
                    using var transaction = await connection.BeginTransactionAsync(Stop);
                    await connection.ExecuteAsync("insert into said (lane, text) values (@lane, @text)", new { lane = (long)lane, text }, transaction);
                    await Outbox.SendAsync(connection, transaction, Link, lane, Arrivals.Said, new { text });
                    await transaction.CommitAsync(Stop);
                }

                Outbox.Wake();
            }
        }
        catch (Exception gone) when (gone is KilledException or OperationCanceledException)
        {
            // It didn't happen, or its message is in the outbox.
        }
    });

    public void Kill()
    {
        if (IsKilled)
            return;
        IsKilled = true;
        _stop.Cancel();
        _source.CloseAll();
        _key.Dispose();
        _database.Dispose();
    }

    /// <summary>Its tables, whether it lives or not.</summary>
    public DbConnection Open()
    {
        var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={Path.Combine(world.FolderOf(name), NodeStore.FileName)};Pooling=False");
        connection.Open();
        return connection;
    }

    public long Waiting => Count("select count(*) from link_outbox");

    public long Count(string sql) => (_view ??= Open()).ExecuteScalar<long>(sql);

    public async ValueTask DisposeAsync()
    {
        Kill();
        if (_view is not null)
            await _view.DisposeAsync();
    }

    /// <summary>Writes down what arrives; what it is to refuse only after it began.</summary>
    sealed class Arrivals : MessageHandler
    {
        public const string Said = "text.said";

        public override IReadOnlyList<string> Kinds => [Said];

        public override async Task<MessageVerdict> ApplyAsync(Incoming message, DbConnection connection, DbTransaction transaction, CancellationToken stop)
        {
            string text = message.Body.GetProperty("text").GetString()!;
            await connection.ExecuteAsync("insert into arrived (lane, text) values (@lane, @text)", new { lane = (long)message.Lane, text }, transaction);
            return text.StartsWith("refuse", StringComparison.Ordinal) ? MessageVerdict.Refused("It was to be refused.") : MessageVerdict.Applied;
        }

        public override async Task<Action?> RefusedAsync(RefusedMessage message, DbConnection connection, DbTransaction transaction, CancellationToken stop)
        {
            await connection.ExecuteAsync("insert into regretted (text) values (@text)", new { text = message.Body.GetProperty("text").GetString() }, transaction);
            return null;
        }
    }
}
