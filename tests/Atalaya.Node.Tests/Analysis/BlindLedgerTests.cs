using Atalaya.Media;
using Atalaya.Node.Analysis;
using Atalaya.Node.Store;
using Atalaya.Testing;

using Microsoft.Extensions.Logging.Abstractions;

namespace Atalaya.Node.Tests.Analysis;

public sealed class BlindLedgerTests
{
    static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_crash_stays_the_cause_until_something_was_seen_again()
    {
        await using var scene = await Scene.StartAsync();
        var ledger = scene.Ledger;
        var seen = scene.Now;
        scene.Pass(2);
        ledger.Blind("gate", BlindCause.Crash, "killed", seen);
        scene.Pass(2);
        ledger.Blind("gate", BlindCause.Starting, "", seen);
        ledger.Blind("gate", BlindCause.Overload, "", seen);
        ledger.Sees("gate", seen);      // what it saw before proves nothing
        scene.Pass(2);
        var again = scene.Now;
        ledger.Sees("gate", again);
        (await scene.AllAsync()).ShouldBe([new("gate", seen, again, BlindCause.Crash, "killed")]);
    }

    [Fact]
    public async Task Another_cause_follows_without_overlap_or_hole()
    {
        await using var scene = await Scene.StartAsync();
        var begin = scene.Now;
        scene.Ledger.Blind("gate", BlindCause.Overload, "slow", begin);
        scene.Pass(3);
        var off = scene.Now;
        scene.Ledger.Blind("gate", BlindCause.Off, "off", begin);
        scene.Pass(3);
        (await scene.AllAsync()).ShouldBe([new("gate", begin, off, BlindCause.Overload, "slow"), new("gate", off, null, BlindCause.Off, "off")]);
    }

    [Fact]
    public async Task What_a_killed_node_left_open_ends_when_it_was_last_alive_and_the_rest_is_the_nodes()
    {
        using var folder = new TempFolder("ledger");
        WallTime alive, begun;
        var clock = new ManualClock();
        await using (var first = await Scene.StartAsync(folder.Path, clock))
        {
            begun = first.Now;
            first.Ledger.Blind("gate", BlindCause.Off, "off", begun);
            first.Pass(10);
            alive = first.Now;
            // Written at an orderly end; a kill would leave the same, a few seconds older.
        }

        clock.Advance(TimeSpan.FromSeconds(100));
        await using var second = await Scene.StartAsync(folder.Path, clock);
        second.Ledger.Follow("gate");
        (await second.AllAsync()).ShouldBe(
            [new("gate", begun, alive, BlindCause.Off, "off"), new("gate", alive, second.Now, BlindCause.Node, "The node wasn't running.")]);
    }

    sealed class Scene : IAsyncDisposable
    {
        readonly TempFolder? _own;
        readonly ManualClock _clock;
        readonly global::System.Data.Common.DbDataSource _source;

        Scene(TempFolder? own, ManualClock clock, global::System.Data.Common.DbDataSource source)
        {
            _own = own;
            _clock = clock;
            _source = source;
            Ledger = new(clock, NullLogger.Instance);
        }

        public BlindLedger Ledger { get; }
        public WallTime Now => WallTime.Now(_clock);

        public static async Task<Scene> StartAsync(string? folder = null, ManualClock? clock = null)
        {
            var own = folder is null ? new TempFolder("ledger") : null;
            clock ??= new();
            folder ??= own!.Path;
            var source = NodeStore.Open(new() { Database = TestDatabase.Of(Path.Combine(folder, NodeStore.FileName)) }, folder);
            await NodeStore.MigrateAsync(source, clock, Stop);
            var scene = new Scene(own, clock, source);
            await scene.Ledger.StartAsync(new(source), Stop);
            return scene;
        }

        public void Pass(int seconds) => _clock.Advance(TimeSpan.FromSeconds(seconds));

        public Task<IReadOnlyList<BlindStretch>> AllAsync() => Ledger.FindAsync("gate", default, new(long.MaxValue), 100, Stop);

        public async ValueTask DisposeAsync()
        {
            await Ledger.DisposeAsync();
            await _source.DisposeAsync();
            Microsoft.Data.Sqlite.SqliteConnection.ClearAllPools();
            _own?.Dispose();
        }
    }
}
