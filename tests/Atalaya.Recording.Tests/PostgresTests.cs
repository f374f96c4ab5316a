using System.Data.Common;
using Atalaya.Media;
using Atalaya.Recording.Database;
using Atalaya.Recording.Storage;
using Atalaya.Testing;
using Dapper;

namespace Atalaya.Recording.Tests;

/// <summary>What SQLite can't show: a server that sorts in a language's order, serves several at once, and goes away. The rest of these tests runs on either engine.</summary>
public sealed class PostgresTests(PostgresTests.Server server) : IClassFixture<PostgresTests.Server>
{
    static readonly DateTimeOffset Noon = Scene.Noon;

    [Fact]
    public async Task Recording_goes_on_while_the_server_is_down_and_the_index_catches_up()
    {
        await using var own = await PostgresServer.StartAsync();
        var footage = await Footage.PlainAsync();
        await using var scene = await Scene.OpenAsync(new() { SegmentLength = TimeSpan.FromSeconds(5) }, postgres: own.ConnectionString);
        await scene.PublishAsync(footage.Units(0, 12, Noon));
        await scene.SettleAsync();
        scene.Segments().Count.ShouldBeGreaterThan(0);

        await own.PauseAsync();
        await scene.PublishAsync(footage.Units(12, 32, Noon));
        scene.Break(BreakCause.Camera, "Gone.", Noon.AddSeconds(33));
        await scene.SettleAsync();
        var status = scene.Archive.Status();
        status.StoreFault.ShouldNotBeNull();
        status.PendingRows.ShouldBeGreaterThan(3);
        status.Recorders[0].LastError.ShouldBeNull();

        await own.ResumeAsync();
        (await scene.Clock.AdvanceUntilAsync(() => scene.Archive.Status() is { StoreFault: null, PendingRows: 0 }, TimeSpan.FromMinutes(5))).ShouldBeTrue();
        scene.Segments().Count.ShouldBe(7);
        await scene.ShouldBeSoundAsync(pictures: 800);
    }

    [Fact]
    public async Task A_start_while_the_server_is_down_records_and_indexes_everything_when_it_comes()
    {
        await using var own = await PostgresServer.StartAsync();
        var footage = await Footage.PlainAsync();
        await own.PauseAsync();
        await using var scene = await Scene.OpenAsync(postgres: own.ConnectionString);
        scene.Archive.Status().StoreFault.ShouldNotBeNull();
        await scene.PublishAsync(footage.Units(0, 5, Noon));

        await own.ResumeAsync();
        (await scene.Clock.AdvanceUntilAsync(() => scene.Archive.Status() is { StoreFault: null, PendingRows: 0 }, TimeSpan.FromMinutes(5))).ShouldBeTrue();
        await scene.Archive.SettleAsync();
        await scene.StopAsync();

        scene.Segments().ShouldHaveSingleItem();
        scene.Gaps().ShouldHaveSingleItem().From.ShouldBe(WallTime.From(Noon.AddSeconds(5)));
    }

    [Fact]
    public async Task Many_that_start_at_once_make_the_tables_once()
    {
        await using var store = server.Open("at_once");
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => new SegmentIndex(store).Migrate())));

        using var connection = store.OpenConnection();
        var steps = connection.Query<long>("select version from recording_schema order by version").ToList();
        steps.ShouldBe(Enumerable.Range(1, steps.Count).Select(i => (long)i));
    }

    [Fact]
    public async Task Every_text_sorts_by_its_bytes_whatever_the_language_of_the_database()
    {
        await using var store = server.Open("bytes");
        var index = new SegmentIndex(store);
        index.Migrate();
        using (var connection = store.OpenConnection())
        {
            connection.Query<string>(
                """
                select c.relname || '.' || a.attname from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_collation l on l.oid = a.attcollation
                where c.relnamespace = current_schema()::regnamespace and c.relkind = 'r' and l.collname <> 'C'
                """).ShouldBeEmpty();
            connection.ExecuteScalar<bool>("select 'a' < 'B'").ShouldBeTrue("the server's own order is a language's");
        }

        string[] cameras = ["b", "a.1", "B", "a-1", "_a", "é", "a1", "A", "ب", "Z"];
        index.Write([.. cameras.Select(c => LedgerTests.Segment(c, new(WallTime.From(Noon), WallTime.From(Noon.AddSeconds(10)))))], []);

        index.Streams().Select(s => s.Camera).ShouldBe(cameras.Order(StringComparer.Ordinal));
        new VolumeIndex(index).Lives().Select(s => s.Camera).ShouldBe(cameras.Order(StringComparer.Ordinal));
        new VolumeIndex(index).Holdings().Count.ShouldBe(cameras.Length);
        new VolumeIndex(index).Marked(["archive", "other"], 10).ShouldBeEmpty();
        new VolumeIndex(index).Marked([], 10).ShouldBeEmpty();
    }

    /// <summary>Two that add to one stretch at the same time would lose one's part, if they read it before the other wrote.</summary>
    [Fact]
    public async Task Transactions_run_one_after_another()
    {
        await using var store = server.Open("turns");
        var index = new SegmentIndex(store);
        index.Migrate();
        const int Each = 40;
        await Task.WhenAll(Enumerable.Range(0, 4).Select(part => Task.Run(() =>
        {
            for (int i = part; i < 4 * Each; i += 4)
                index.Write([LedgerTests.Segment("gate", new(WallTime.From(Noon.AddSeconds(i)), WallTime.From(Noon.AddSeconds(i + 1))))], []);
        })));

        index.IsCovered("gate", StreamKind.Main).ShouldBeTrue();
        index.Timelines([("gate", StreamKind.Main)], default, new(long.MaxValue), default)[0].Recorded
            .ShouldBe([new WallSpan(WallTime.From(Noon), WallTime.From(Noon.AddSeconds(4 * Each)))]);
    }

    [Fact]
    public void Names_of_types_are_replaced_and_nothing_else()
    {
        Dialect.ForPostgres(
            """
            -- A text, and an integer: it's said, here.
            create table t (
                id    text    not null primary key,     -- text, not null
                text  text,
                size  integer not null default 7,
                ratio real    null,
                raw   blob    not null,
                note  text    not null default 'a text, -- really'
            );
            alter table t add column more text;
            insert into t (id) select cast(size as text) from t where text is not null
            """).ShouldBe(
            """

            create table t (
                id    text collate "C"    not null primary key,     
                text  text collate "C",
                size  bigint not null default 7,
                ratio double precision    null,
                raw   bytea    not null,
                note  text collate "C"    not null default 'a text, -- really'
            );
            alter table t add column more text collate "C";
            insert into t (id) select cast(size as text) from t where text is not null
            """);
    }

    [Theory]
    [InlineData("Host=/run/postgresql;Database=atalaya", null)]
    [InlineData("Host=127.0.0.1;Database=atalaya;Password=geheim", null)]
    [InlineData("Host=[::1]:5433;Database=atalaya", null)]
    [InlineData("Host=db.example.org;Database=atalaya;SSL Mode=VerifyFull", null)]
    [InlineData("Host=db.example.org;Database=atalaya;Password=geheim", "encryption")]
    [InlineData("Host=localhost,db.example.org;Database=atalaya", "encryption")]
    [InlineData("Host=localhost;Database=atalaya;Geheim=1", "not a connection string")]
    [InlineData("Host=localhost;Database=atalaya;Port=geheim", "not a connection string")]
    [InlineData("geheim", "not a connection string")]
    [InlineData("Database=atalaya", "Host=")]
    [InlineData("Host=localhost", "Database=")]
    public void A_connection_string_is_judged_without_being_repeated(string text, string? says)
    {
        string? fault = StoreSource.PostgresFault(text);

        if (says is null)
        {
            fault.ShouldBeNull();
            return;
        }

        fault.ShouldNotBeNull().ShouldContain(says);
        fault.ShouldNotContain("geheim", Case.Insensitive);
    }

    /// <summary>One server for all tests that leave it alone.</summary>
    public sealed class Server : IAsyncLifetime
    {
        PostgresServer? _server;

        public async ValueTask InitializeAsync()
        {
            // Tests that need no server run without one.
            _server = await PostgresServer.IsInstalledAsync() ? await PostgresServer.StartAsync() : null;
        }

        /// <summary>A schema of this name, empty.</summary>
        internal DbDataSource Open(string schema)
        {
            if (_server is null)
                Assert.Skip("PostgreSQL isn't installed: run scripts/setup.sh test.");
            using var store = StoreSource.Postgres(_server.ConnectionString);
            using var connection = store.OpenConnection();
            connection.Execute($"create schema {schema}");
            return StoreSource.Postgres($"{_server.ConnectionString};Search Path={schema}");
        }

        public async ValueTask DisposeAsync()
        {
            if (_server is not null)
                await _server.DisposeAsync();
        }
    }
}
