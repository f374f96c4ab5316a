using Atalaya.Media;
using Atalaya.Recording.Storage;
using Atalaya.Testing;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;

namespace Atalaya.Recording.Tests;

/// <summary>
/// The power goes after every operation of a removal and of a move. The index is as it was at that moment, because marks are durable before the disk is
/// touched; what was not, the dropping of marks, may be lost.
/// </summary>
public sealed class RemovalPowerTests
{
    static readonly RecordingOptions Options = new() { SegmentLength = TimeSpan.FromSeconds(2) };

    [Theory]
    [InlineData(Survival.Nothing)]
    [InlineData(Survival.Everything)]
    [InlineData(Survival.Some)]
    internal async Task A_removal_that_was_cut_anywhere_is_finished_by_the_next_start(Survival survival)
    {
        using var scene = await Cut.MakeAsync(c => c with { Retention = new(TimeSpan.FromSeconds(10)) });
        scene.Cuts.ShouldBeGreaterThan(7);
        foreach (bool forgetful in (bool[])[false, true])
        {
            for (int cut = 0; cut < scene.Cuts; cut++)
            {
                await scene.ReopenAsync(cut, survival, forgetful, async (archive, index, root, story) =>
                {
                    (await archive.CheckAsync(new())).Faults.ShouldBeEmpty(story);
                    await archive.Caretaker!.PassAsync(TestContext.Current.CancellationToken);
                    archive.Caretaker.Status.Fault.ShouldBeNull(story);
                    var rows = index.Segments("gate", StreamKind.Main, default, new(long.MaxValue));
                    Names(root).ShouldBe(rows.Select(r => r.Name).Order(), story);
                    rows.Where(r => r.Start >= scene.Kept).Count().ShouldBe(scene.KeptCount, story);
                    (await archive.CheckAsync(new())).Faults.ShouldBeEmpty(story);
                });
            }
        }
    }

    [Theory]
    [InlineData(Survival.Nothing)]
    [InlineData(Survival.Everything)]
    [InlineData(Survival.Names)]
    [InlineData(Survival.Some)]
    internal async Task A_move_that_was_cut_anywhere_leaves_each_segment_once(Survival survival)
    {
        using var scene = await Cut.MakeAsync(c => c with { LargeAfter = TimeSpan.FromSeconds(9) });
        scene.Cuts.ShouldBeGreaterThan(20);
        foreach (bool forgetful in (bool[])[false, true])
        {
            for (int cut = 0; cut < scene.Cuts; cut++)
            {
                await scene.ReopenAsync(cut, survival, forgetful, async (archive, index, root, story) =>
                {
                    (await archive.CheckAsync(new())).Faults.ShouldBeEmpty(story);
                    index.Segments("gate", StreamKind.Main, default, new(long.MaxValue)).Count.ShouldBe(scene.Count, story);
                    await archive.Caretaker!.PassAsync(TestContext.Current.CancellationToken);
                    archive.Caretaker.Status.Fault.ShouldBeNull(story);
                    var rows = index.Segments("gate", StreamKind.Main, default, new(long.MaxValue));
                    rows.Count.ShouldBe(scene.Count, story);
                    Names(root).ShouldBe(rows.Select(r => r.Name).Order(), story);
                    (await archive.CheckAsync(new())).Faults.ShouldBeEmpty(story);
                });
            }
        }
    }

    [Fact]
    public async Task Any_operation_of_a_move_or_a_removal_may_fail_once_and_the_next_pass_goes_on()
    {
        Func<StorageConfig, StorageConfig> with = c => c with { LargeAfter = TimeSpan.FromSeconds(9), Retention = new(TimeSpan.FromSeconds(13)) };
        using var recorded = await Cut.MakeAsync(with);
        for (int attempt = 0; attempt < recorded.Attempts; attempt++)
        {
            using var scene = await Cut.MakeAsync(with, attempt, recorded);
            await scene.ReopenAsync(scene.Cuts - 1, Survival.Everything, false, async (archive, index, root, story) =>
            {
                await archive.Caretaker!.PassAsync(TestContext.Current.CancellationToken);
                Names(root).ShouldBe(index.Segments("gate", StreamKind.Main, default, new(long.MaxValue)).Select(r => r.Name).Order(), story);
                (await archive.CheckAsync(new())).Faults.ShouldBeEmpty(story);
            });
        }
    }

    static IEnumerable<string> Names(string root) =>
        Directory.EnumerateFiles(root, "*.mp4", SearchOption.AllDirectories).Select(f => Path.GetFileNameWithoutExtension(f)!).Order();

    /// <summary>Twenty seconds of footage, a pass of the caretaker, and the index as it was before each operation of it.</summary>
    sealed class Cut : IDisposable
    {
        readonly TempFolder _folder = new("removal");
        readonly List<(int Operations, string Index)> _cuts = [];
        PowerDisk _disk = null!;
        Func<StorageConfig, StorageConfig> _with = null!;
        DateTimeOffset _now;

        public int Cuts => _cuts.Count;
        public int Attempts => _disk.Attempts;
        public int Count { get; private set; }
        public WallTime Kept { get; private set; }
        public int KeptCount { get; private set; }

        /// <summary>Records once and makes copies for cuts.</summary>
        public static async Task<Cut> MakeAsync(Func<StorageConfig, StorageConfig> with, int failAt = -1, Cut? like = null)
        {
            var cut = new Cut { _with = with };
            string root = cut._folder.File("volumes"), database = cut._folder.File("index.db");
            var clock = new ManualClock(Scene.Noon);
            if (like is null)
                await cut.RecordAsync(root, database, clock);
            else
                cut.CopyOf(like, root, database, clock);
            cut._now = clock.GetUtcNow();
            cut._disk = new(root) { FailAt = failAt };
            cut._disk.Attempting = count => cut.Keep(count, database);
            try
            {
                await using var archive = await cut.OpenAsync(root, database, cut._disk, clock);
                await archive.Caretaker!.PassAsync(TestContext.Current.CancellationToken);
                cut._disk.Attempting = null;
            }
            catch (IOException) when (failAt >= 0)
            {
                // It failed at the start: there is nothing to see yet.
            }

            cut.Keep(cut._disk.Count, database);
            using var store = new FaultyStoreScope(database);
            var rows = new SegmentIndex(store.Store).Segments("gate", StreamKind.Main, default, new(long.MaxValue));
            (cut.Kept, cut.KeptCount) = (rows[0].Start, rows.Count);
            return cut;
        }

        async Task RecordAsync(string root, string database, ManualClock clock)
        {
            Directory.CreateDirectory(Path.Combine(root, "fast"));
            Directory.CreateDirectory(Path.Combine(root, "large"));
            var footage = await Footage.PlainAsync();
            await using (var archive = await OpenAsync(root, database, new LocalDisk(), clock))
            {
                var hub = new StreamHub();
                archive.Attach("gate", StreamKind.Main, hub);
                for (int i = 0; i < 8; i++)
                {
                    foreach (var unit in footage.Units(i * 2, (i + 1) * 2, Scene.Noon))
                    {
                        hub.Publish(unit);
                        unit.Release();
                    }

                    clock.Advance(TimeSpan.FromSeconds(2));
                    await archive.IdleAsync();
                }
            }

            using (var store = new FaultyStoreScope(database))
                Count = new SegmentIndex(store.Store).Segments("gate", StreamKind.Main, default, new(long.MaxValue)).Count;
            clock.Advance(TimeSpan.FromSeconds(1));
            SqliteConnection.ClearAllPools();
            CopyFolder(root, _folder.File("recorded"));
            File.Copy(database, _folder.File("recorded.db"));
        }

        void CopyOf(Cut other, string root, string database, ManualClock clock)
        {
            CopyFolder(other._folder.File("recorded"), root);
            File.Copy(other._folder.File("recorded.db"), database);
            Count = other.Count;
            clock.Advance(other._now - Scene.Noon);
        }

        static void CopyFolder(string from, string to)
        {
            Directory.CreateDirectory(to);
            foreach (string folder in Directory.GetDirectories(from, "*", SearchOption.AllDirectories))
                Directory.CreateDirectory(Path.Combine(to, Path.GetRelativePath(from, folder)));
            foreach (string file in Directory.GetFiles(from, "*", SearchOption.AllDirectories))
                File.Copy(file, Path.Combine(to, Path.GetRelativePath(from, file)));
        }

        /// <param name="forgetful">The index is one operation older: what was committed without being synced is lost.</param>
        public async Task ReopenAsync(int cut, Survival survival, bool forgetful, Func<Archive, SegmentIndex, string, string, Task> judge)
        {
            var (operations, index) = _cuts[cut];
            // No durable commit lies between two cuts with the same marks; an older index with the same marks is one that lost the dropping of them.
            if (forgetful)
            {
                if (cut == 0 || Marks(_cuts[cut - 1].Index) is var (segments, marks) && (segments != Marks(index).Segments || marks <= Marks(index).Deletions))
                    return;
                index = _cuts[cut - 1].Index;
            }

            string left = _folder.File("left"), database = _folder.File("left.db");
            _disk.Rebuild(operations, survival, new(cut), left);
            foreach (string volume in (string[])["fast", "large"])
                Directory.CreateDirectory(Path.Combine(left, volume));
            File.Copy(index, database);
            using (var store = new FaultyStoreScope(database))
            {
                await using var archive = await OpenAsync(left, database, new LocalDisk(), new ManualClock(_now));
                await judge(archive, new(store.Store), left, $"cut {cut}, {survival}\n{_disk.Describe(operations)}");
            }

            SqliteConnection.ClearAllPools();
            foreach (string file in Directory.GetFiles(Path.GetDirectoryName(database)!, "left.db*"))
                File.Delete(file);
            Directory.Delete(left, recursive: true);
        }

        public void Dispose()
        {
            SqliteConnection.ClearAllPools();
            _folder.Dispose();
        }

        Task<Archive> OpenAsync(string root, string database, SegmentDisk disk, ManualClock clock) => Archive.OpenAsync(
            _with(new()
            {
                Volumes =
                [
                    new() { Name = "fast", Path = Path.Combine(root, "fast"), Reserve = new(0), InitialiseWhenEmpty = true },
                    new() { Name = "large", Path = Path.Combine(root, "large"), Tier = VolumeTier.Large, Reserve = new(0), InitialiseWhenEmpty = true },
                ],
            }),
            new FaultyStore(database, sqlite: true), Options, _ => disk, clock, NullLogger.Instance, TestContext.Current.CancellationToken);

        void Keep(int operations, string database)
        {
            string copy = _folder.File($"cut-{_cuts.Count}.db");
            using var from = new SqliteConnection($"Data Source={database}");
            using var to = new SqliteConnection($"Data Source={copy};Pooling=false");
            from.Open();
            to.Open();
            from.BackupDatabase(to);
            _cuts.Add((operations, copy));
        }

        /// <summary>Footage by volume, and marks.</summary>
        static (string Segments, long Deletions) Marks(string database)
        {
            using var connection = new SqliteConnection($"Data Source={database};Pooling=false");
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = "select group_concat(start_us || volume, ' ') from segments";
            string segments = command.ExecuteScalar() as string ?? "";
            command.CommandText = "select count(*) from deletions";
            return (segments, (long)command.ExecuteScalar()!);
        }
    }

    sealed class FaultyStoreScope(string database) : IDisposable
    {
        public FaultyStore Store { get; } = new(database, sqlite: true);

        public void Dispose() => Store.Dispose();
    }
}
