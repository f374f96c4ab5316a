using Atalaya.Media;
using Atalaya.Recording.Storage;
using Atalaya.Testing;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;

namespace Atalaya.Recording.Tests;

/// <summary>
/// The process is killed between any two steps of a move from a disk to an object store: before and after each request, and before each operation of
/// the disk. Footage is always found, in one place only, and what was left over goes.
/// </summary>
public sealed class UploadCutTests
{
    static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_move_to_the_store_that_was_cut_anywhere_leaves_each_segment_once()
    {
        await using var server = await S3Server.StartAsync();
        await using var gate = new S3Gate(server.Endpoint);
        using var scene = await Cut.MakeAsync(server, gate);
        scene.Count.ShouldBeGreaterThan(5);
        // A request of an upload is cut twice, a file's removal three times.
        scene.Cuts.ShouldBeGreaterThan(15);
        for (int cut = 0; cut < scene.Cuts; cut++)
        {
            await scene.ReopenAsync(cut, async archive =>
            {
                string story = $"cut {cut}: {scene.Told(cut)}";
                await archive.Caretaker!.PassAsync(Stop);
                await scene.ShouldBeWholeAsync(archive, story);
            });
        }
    }

    [Fact]
    public async Task Before_the_caretaker_has_finished_a_cut_move_everything_can_be_read()
    {
        await using var server = await S3Server.StartAsync();
        await using var gate = new S3Gate(server.Endpoint);
        using var scene = await Cut.MakeAsync(server, gate);
        for (int cut = 0; cut < scene.Cuts; cut++)
        {
            await scene.ReopenAsync(cut, async archive =>
            {
                foreach (var row in scene.Rows())
                    (await archive.OpenSegmentAsync("gate", row.Name, Stop)).ShouldNotBeNull($"cut {cut}: {scene.Told(cut)}").Dispose();
                scene.Rows().Count.ShouldBe(scene.Count);
            });
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Any_request_may_fail_and_a_later_pass_goes_on(bool done)
    {
        await using var server = await S3Server.StartAsync();
        await using var gate = new S3Gate(server.Endpoint);
        using var scene = await Cut.MakeAsync(server, gate);
        for (int failing = 0; failing < scene.Requests; failing++)
        {
            await scene.ReopenAsync(0, async archive =>
            {
                int first = gate.Requests;
                // The client asks once again by itself.
                gate.Breaks = (number, after) => after == done && number - first is var n && (n == failing || n == failing + 1);
                await archive.Caretaker!.PassAsync(Stop);
                gate.Breaks = null;
                scene.Rows().Count.ShouldBe(scene.Count, $"request {failing}");
                // After a refusal a store is left alone for half a minute.
                scene.Clock.Advance(TimeSpan.FromSeconds(31));
                for (int pass = 0; pass < 3; pass++)
                    await archive.Caretaker.PassAsync(Stop);
                await scene.ShouldBeWholeAsync(archive, $"request {failing}");
            });
        }
    }

    /// <summary>Sixteen seconds of footage, a pass of the caretaker, and what disk, bucket and index were at each step of it.</summary>
    sealed class Cut : IDisposable
    {
        readonly TempFolder _folder = new("upload");
        readonly List<string> _told = [];
        readonly Lock _gate = new();
        readonly S3Server _server;
        readonly StorageConfig _config;
        DateTimeOffset _now;

        Cut(S3Server server, S3Gate gate)
        {
            _server = server;
            _config = new()
            {
                Volumes =
                [
                    new() { Name = "fast", Path = _folder.File("fast"), Reserve = new(0), InitialiseWhenEmpty = true },
                    new() { Name = "far", Tier = VolumeTier.Object, Path = _folder.File("cache"), Store = new(gate.Endpoint, "footage", "", "us-east-1", S3Server.Key, S3Server.Key) },
                ],
                ObjectAfter = TimeSpan.FromSeconds(9),
            };
        }

        public int Cuts => _told.Count;
        public int Count { get; private set; }
        public int Requests { get; private set; }
        public ManualClock Clock { get; private set; } = new(Scene.Noon);

        string Database => _folder.File("index.db");

        public string Told(int cut) => _told[cut];

        public static async Task<Cut> MakeAsync(S3Server server, S3Gate gate)
        {
            var cut = new Cut(server, gate);
            Directory.CreateDirectory(cut._folder.File("fast"));
            var disk = new FaultyDisk();
            await using (var archive = await cut.OpenAsync(disk))
            {
                var hub = new StreamHub();
                archive.Attach("gate", StreamKind.Main, hub);
                var footage = await Footage.PlainAsync();
                for (int i = 0; i < 8; i++)
                {
                    foreach (var unit in footage.Units(i * 2, (i + 1) * 2, Scene.Noon))
                    {
                        hub.Publish(unit);
                        unit.Release();
                    }

                    cut.Clock.Advance(TimeSpan.FromSeconds(2));
                    await archive.IdleAsync();
                }
            }

            cut.Count = cut.Rows().Count;
            using (var store = new FaultyStore(cut.Database, sqlite: true))
                await Archive.AdoptVolumeAsync(cut._config, "far", store, cut.Clock, NullLogger.Instance, Stop);
            cut.Clock.Advance(TimeSpan.FromSeconds(1));
            cut._now = cut.Clock.GetUtcNow();
            cut.Keep("before");
            int first = gate.Requests;
            var faults = new List<string>();
            await using (var archive = await cut.OpenAsync(disk))
            {
                gate.Breaks = (number, after) =>
                {
                    cut.Keep($"{(after ? "after" : "before")} request {number - first}");
                    return false;
                };
                disk.Before = (operation, path) => cut.Keep($"before {operation} {Path.GetFileName(path)}");
                // One pass does it, unless a request fails by itself: then a later one goes on, as it would for anybody, and the story says why.
                for (int pass = 0; pass < 3 && cut.Rows().Count(r => r.Volume == "far") <= 1; pass++)
                {
                    if (pass > 0)
                        cut.Clock.Advance(TimeSpan.FromSeconds(31));
                    await archive.Caretaker!.PassAsync(Stop);
                    faults.Add(archive.Caretaker.Status.Fault ?? "no fault");
                }

                gate.Breaks = null;
                disk.Before = null;
                cut.Requests = gate.Requests - first;
            }

            cut.Rows().Count(r => r.Volume == "far").ShouldBeGreaterThan(1, $"of {cut.Count}: {string.Join("; ", faults)}; {string.Join(", ", cut._told)}");
            cut.Keep("the end");
            return cut;
        }

        /// <summary>As the next process finds it.</summary>
        public async Task ReopenAsync(int cut, Func<Archive, Task> judge)
        {
            SqliteConnection.ClearAllPools();
            foreach (string folder in (string[])[_folder.File("fast"), _folder.File("cache"), _server.Bucket])
                Directory.Delete(folder, recursive: true);
            foreach (string file in Directory.GetFiles(Path.GetDirectoryName(Database)!, "index.db*"))
                File.Delete(file);
            string kept = _folder.File($"cut-{cut}");
            CopyFolder(Path.Combine(kept, "fast"), _folder.File("fast"));
            CopyFolder(Path.Combine(kept, "bucket"), _server.Bucket);
            File.Copy(Path.Combine(kept, "index.db"), Database);
            Clock = new(_now);
            await using (var archive = await OpenAsync(new FaultyDisk()))
                await judge(archive);
            SqliteConnection.ClearAllPools();
        }

        public async Task ShouldBeWholeAsync(Archive archive, string story)
        {
            archive.Caretaker!.Status.Fault.ShouldBeNull(story);
            var rows = Rows();
            rows.Count.ShouldBe(Count, story);
            Directory.EnumerateFiles(_folder.File("fast"), "*.mp4", SearchOption.AllDirectories).Select(f => Path.GetFileNameWithoutExtension(f)!).Order()
                .ShouldBe(rows.Where(r => r.Volume == "fast").Select(r => r.Name).Order(), story);
            _server.Objects.Where(o => o.EndsWith(".mp4", StringComparison.Ordinal)).Select(o => Path.GetFileNameWithoutExtension(o)!).Order()
                .ShouldBe(rows.Where(r => r.Volume == "far").Select(r => r.Name).Order(), story);
            rows.ShouldContain(r => r.Volume == "far", story);
            (await archive.CheckAsync(new())).Faults.ShouldBeEmpty(story);
        }

        public IReadOnlyList<Segment> Rows()
        {
            using var store = new FaultyStore(Database, sqlite: true);
            return new SegmentIndex(store).Segments("gate", StreamKind.Main, default, new(long.MaxValue));
        }

        public void Dispose()
        {
            SqliteConnection.ClearAllPools();
            _folder.Dispose();
        }

        Task<Archive> OpenAsync(SegmentDisk disk) => Archive.OpenAsync(
            _config, new FaultyStore(Database, sqlite: true), new() { SegmentLength = TimeSpan.FromSeconds(2) }, _ => disk, Clock, NullLogger.Instance, Stop);

        void Keep(string told)
        {
            lock (_gate)
            {
                string to = Directory.CreateDirectory(_folder.File($"cut-{_told.Count}")).FullName;
                CopyFolder(_folder.File("fast"), Path.Combine(to, "fast"));
                CopyFolder(_server.Bucket, Path.Combine(to, "bucket"));
                using var from = new SqliteConnection($"Data Source={Database};Pooling=false");
                using var copy = new SqliteConnection($"Data Source={Path.Combine(to, "index.db")};Pooling=false");
                from.Open();
                copy.Open();
                from.BackupDatabase(copy);
                _told.Add(told);
            }
        }

        static void CopyFolder(string from, string to)
        {
            Directory.CreateDirectory(to);
            foreach (string folder in Directory.GetDirectories(from, "*", SearchOption.AllDirectories))
                Directory.CreateDirectory(Path.Combine(to, Path.GetRelativePath(from, folder)));
            foreach (string file in Directory.GetFiles(from, "*", SearchOption.AllDirectories).Where(f => !f.EndsWith(".lock", StringComparison.Ordinal)))
                File.Copy(file, Path.Combine(to, Path.GetRelativePath(from, file)));
        }
    }
}
