using System.Globalization;
using Atalaya.Media;
using Atalaya.Recording.Storage;
using Atalaya.Testing;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;

namespace Atalaya.Recording.Tests;

/// <summary>A real S3-speaking server, s3rver from npm, on a free port of 127.0.0.1; its bucket is <c>footage</c>.</summary>
sealed class S3Server : IAsyncDisposable
{
    /// <summary>s3rver knows one key.</summary>
    public const string Key = "S3RVER";

    readonly TempFolder _folder = new("s3");
    ManagedProcess? _process;

    public int Port { get; private set; }
    public string Endpoint => $"http://127.0.0.1:{Port}";

    /// <summary>Its folder, where each object is a few files.</summary>
    public string Bucket => _folder.File("footage");

    /// <summary>What the bucket holds, by key.</summary>
    public IEnumerable<string> Objects => Directory.Exists(_folder.File("footage"))
        ? Directory.EnumerateFiles(_folder.File("footage"), "*._S3rver_object", SearchOption.AllDirectories)
            .Select(f => Path.GetRelativePath(_folder.File("footage"), f)[..^"._S3rver_object".Length])
        : [];

    public static async Task<S3Server> StartAsync()
    {
        var server = new S3Server();
        await server.RunAsync();
        return server;
    }

    /// <summary>On the same port as before, with what it held.</summary>
    public async Task RunAsync()
    {
        string script = Path.Combine(RepositoryRoot.Path, "tests/peers/node_modules/s3rver/bin/s3rver.js");
        File.Exists(script).ShouldBeTrue("s3rver is missing: run scripts/setup.sh test");
        _process = ManagedProcess.Start(
            "node", [script, "-d", _folder.Path, "-a", "127.0.0.1", "-p", Port.ToString(CultureInfo.InvariantCulture), "--silent", "--configure-bucket", "footage"]);
        string line = await _process.WaitForLineAsync(l => l.Contains("listening on", StringComparison.Ordinal));
        Port = int.Parse(line.AsSpan(line.LastIndexOf(':') + 1), CultureInfo.InvariantCulture);
    }

    public async Task StopAsync()
    {
        if (_process is null)
            return;
        _process.Kill();
        await _process.DisposeAsync();
        _process = null;
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _folder.Dispose();
    }
}

public sealed class ObjectStoreTests
{
    [Fact]
    public async Task Footage_goes_to_the_store_is_read_back_from_it_and_leaves_it_when_its_time_is_over()
    {
        await using var server = await S3Server.StartAsync();
        await using var site = new Site(server);
        await site.AdoptAsync();
        await site.StartAsync();
        await site.RecordAsync(40);
        await site.PassAsync(3);
        var rows = site.Segments();
        rows.Count(s => s.Volume == "far").ShouldBeGreaterThan(5);
        rows.ShouldContain(s => s.Volume == "fast");
        server.Objects.Count(o => o.EndsWith(".mp4", StringComparison.Ordinal)).ShouldBe(rows.Count(s => s.Volume == "far"));
        Directory.EnumerateFiles(site.FastFolder, "*.mp4", SearchOption.AllDirectories).Count().ShouldBe(rows.Count(s => s.Volume == "fast"));

        foreach (var row in rows)
        {
            using var file = (await site.Archive.OpenSegmentAsync("gate", row.Name)).ShouldNotBeNull();
            SegmentReader.Digest(file.Handle).ShouldBe(row.Sha256);
        }

        (await site.Archive.CheckAsync(new())).Faults.ShouldBeEmpty();
        var clip = await site.Archive.ExportAsync(new("gate", StreamKind.Main, site.At(1), site.At(36)), site.File("clip.mp4"));
        clip.Frames.ShouldBe(35 * 25);
        clip.Gaps.ShouldBeEmpty();
        // Previews, too, of what is in the store alone.
        var far = rows.First(s => s.Volume == "far");
        (await site.Archive.KeyPicturesAsync("gate", StreamKind.Main, far.Start, far.End, TimeSpan.FromSeconds(1))).Pictures.ShouldNotBeEmpty();

        site.Archive.Caretaker!.Limit(new Dictionary<string, RetentionLimits> { ["gate"] = new(TimeSpan.FromSeconds(25)) });
        await site.PassAsync(3);
        server.Objects.Count(o => o.EndsWith(".mp4", StringComparison.Ordinal)).ShouldBe(site.Segments().Count(s => s.Volume == "far"));
        site.Segments().Count.ShouldBeLessThan(rows.Count);
        (await site.Archive.CheckAsync(new())).Faults.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_lost_index_is_made_again_with_what_is_in_the_store()
    {
        await using var server = await S3Server.StartAsync();
        await using var site = new Site(server);
        await site.AdoptAsync();
        await site.StartAsync();
        await site.RecordAsync(30);
        await site.PassAsync(2);
        var before = site.Segments();
        before.ShouldContain(s => s.Volume == "far");
        await site.LoseIndexAsync();
        await site.StartAsync();
        var result = await site.Archive.ReindexAsync(digests: true, stop: TestContext.Current.CancellationToken);
        result.Faults.ShouldBeEmpty();
        var after = site.Segments();
        after.Take(before.Count).Select(s => (s.Name, s.Volume, s.Sha256, s.Bytes)).ShouldBe(before.Select(s => (s.Name, s.Volume, s.Sha256, s.Bytes)));
        (await site.Archive.CheckAsync(new())).Faults.ShouldBeEmpty();
    }

    [Fact]
    public async Task While_the_store_is_away_footage_stays_where_it_is_and_everything_says_so()
    {
        await using var server = await S3Server.StartAsync();
        await using var site = new Site(server);
        await site.AdoptAsync();
        await site.StartAsync();
        await site.PassAsync();
        await server.StopAsync();
        await site.RecordAsync(20);
        await site.PassAsync(2);
        site.Segments().ShouldAllBe(s => s.Volume == "fast");
        var far = site.Archive.Caretaker!.Status.Volumes.Single(v => v.Name == "far");
        (far.Condition, far.Level).ShouldBe((VolumeCondition.Unreachable, StorageLevel.Warning));
        (await site.Archive.CheckAsync(new())).Faults.ShouldBeEmpty();

        await server.RunAsync();
        site.Clock.Advance(TimeSpan.FromSeconds(31));
        await site.PassAsync(3);
        site.Segments().ShouldContain(s => s.Volume == "far");
        site.Archive.Caretaker.Status.Volumes.Single(v => v.Name == "far").Condition.ShouldNotBe(VolumeCondition.Unreachable);
        (await site.Archive.CheckAsync(new())).Faults.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("nobody", "a-secret-of-nobody", "footage", "storage.s3.accessKey")]
    [InlineData(S3Server.Key, S3Server.Key, "elsewhere", "There is no bucket 'elsewhere'")]
    public async Task A_store_that_refuses_is_told_in_words_without_the_key(string key, string secret, string bucket, string said)
    {
        await using var server = await S3Server.StartAsync();
        await using var site = new Site(server, key, secret, bucket);
        await site.StartAsync();
        await site.RecordAsync(20);
        await site.PassAsync(2);
        site.Segments().ShouldAllBe(s => s.Volume == "fast");
        var far = site.Archive.Caretaker!.Status.Volumes.Single(v => v.Name == "far");
        (far.Condition, far.Level).ShouldBe((VolumeCondition.Refused, StorageLevel.Alarm));
        far.Detail.ShouldContain(said);
        (far.Detail + site.Log).ShouldNotContain("a-secret-of-nobody");
    }

    [Theory]
    [InlineData(S3Server.Key, "the-right-secret", null)]
    [InlineData(S3Server.Key, "another-secret", "SignatureDoesNotMatch")]
    [InlineData("nobody", "the-right-secret", "InvalidAccessKeyId")]
    public async Task A_wrong_secret_is_told_as_such_and_never_shown(string key, string secret, string? code)
    {
        await using var server = await S3Server.StartAsync();
        await using var gate = new S3Gate(server.Endpoint) { Keys = new Dictionary<string, string> { [S3Server.Key] = "the-right-secret" } };
        await using (var right = new Site(server, S3Server.Key, "the-right-secret", endpoint: gate.Endpoint))
            await right.AdoptAsync();
        await using var site = new Site(server, key, secret, endpoint: gate.Endpoint);
        await site.StartAsync();
        await site.RecordAsync(20);
        await site.PassAsync(2);
        string said = site.Archive.Caretaker!.Status.Volumes.Single(v => v.Name == "far").Detail;
        if (code is null)
        {
            said.ShouldContain("belongs to another archive");
            return;
        }

        said.ShouldContain(code);
        said.ShouldContain("storage.s3.secretKey");
        (said + site.Log).ShouldNotContain(secret);
        (said + site.Log).ShouldNotContain("the-right-secret");
        site.Segments().ShouldAllBe(s => s.Volume == "fast");
    }

    [Fact]
    public async Task A_store_that_hangs_holds_up_neither_retention_nor_holds_and_is_told()
    {
        await using var server = await S3Server.StartAsync();
        await using var gate = new S3Gate(server.Endpoint);
        await using var site = new Site(server, endpoint: gate.Endpoint);
        await site.AdoptAsync();
        await site.StartAsync();
        await site.PassAsync();
        await site.RecordAsync(40);
        int before = site.Segments().Count;
        site.Archive.Caretaker!.Limit(new Dictionary<string, RetentionLimits> { ["gate"] = new(TimeSpan.FromSeconds(25)) });
        gate.Hangs = true;
        await site.PassWhileTimePassesAsync();
        gate.Waiting.ShouldBe(1, "The pass is over, and the store still has the question.");
        site.Segments().Count.ShouldBeLessThan(before);
        Directory.EnumerateFiles(site.FastFolder, "*.mp4", SearchOption.AllDirectories).Count().ShouldBe(site.Segments().Count);
        await site.PassAsync();
        var hold = await site.Archive.Caretaker.HoldAsync(new(["gate"], null, site.At(30), site.At(35), "A test.", "tester", null), accept: true, TestContext.Current.CancellationToken);
        hold.Hold.ShouldNotBeNull();
        gate.Waiting.ShouldBe(1);

        // Its own time limit ends the question; then the volume says so, and is left alone for a while.
        while (site.Archive.Caretaker.Status.Volumes.Single(v => v.Name == "far").Condition != VolumeCondition.Unreachable)
            await site.PassWhileTimePassesAsync();
        site.Archive.Caretaker.Status.Volumes.Single(v => v.Name == "far").Detail.ShouldContain("hasn't answered within");
        gate.Hangs = false;
        site.Clock.Advance(TimeSpan.FromSeconds(31));
        await site.PassAsync(3);
        site.Segments().ShouldContain(s => s.Volume == "far");
        (await site.Archive.CheckAsync(new())).Faults.ShouldBeEmpty();
    }

    [Fact]
    public async Task What_the_store_has_and_nobody_knows_is_told_by_a_check()
    {
        await using var server = await S3Server.StartAsync();
        await using var site = new Site(server);
        await site.AdoptAsync();
        await site.StartAsync();
        await site.RecordAsync(20);
        await site.PassAsync(2);
        var row = site.Segments().First(s => s.Volume == "far");
        site.Forget(row);
        var faults = (await site.Archive.CheckAsync(new())).Faults;
        faults.ShouldContain(f => f.Kind == CheckFaultKind.NotIndexed && f.Path.StartsWith("far:gate/", StringComparison.Ordinal) && f.Path.Contains(row.Name));
    }

    [Fact]
    public async Task A_bucket_that_isn_t_this_archive_s_is_left_alone()
    {
        await using var server = await S3Server.StartAsync();
        await using (var other = new Site(server))
            await other.AdoptAsync();
        await using var site = new Site(server);
        await site.StartAsync();
        await site.RecordAsync(20);
        await site.PassAsync(2);
        site.Segments().ShouldAllBe(s => s.Volume == "fast");
        site.Archive.Caretaker!.Status.Volumes.Single(v => v.Name == "far").Detail.ShouldContain("belongs to another archive");
    }

    [Fact]
    public async Task The_cache_stays_within_its_bound_and_keeps_what_is_being_read()
    {
        await using var server = await S3Server.StartAsync();
        await using var site = new Site(server, cacheBytes: 40_000);
        await site.AdoptAsync();
        await site.StartAsync();
        await site.RecordAsync(40);
        await site.PassAsync(3);
        var far = site.Segments().Where(s => s.Volume == "far").ToList();
        far.Sum(s => s.Bytes).ShouldBeGreaterThan(60_000);
        foreach (var row in far)
            (await site.Archive.OpenSegmentAsync("gate", row.Name)).ShouldNotBeNull().Dispose();
        new DirectoryInfo(site.File("cache")).EnumerateFiles().Sum(f => f.Length).ShouldBeLessThanOrEqualTo(40_000);
        var refused = await Should.ThrowAsync<ExportException>(() => site.Archive.ExportAsync(new("gate", StreamKind.Main, site.At(0), site.At(40)), site.File("clip.mp4")));
        refused.Message.ShouldContain("storage.cache");
    }

    /// <summary>One fast volume, and the bucket as the tier behind it after ten seconds.</summary>
    sealed class Site : IAsyncDisposable
    {
        readonly TempFolder _folder = new("site");
        readonly Lines _log = new();
        readonly StorageConfig _config;
        readonly FaultyStore _store;
        StreamHub _hub = new();
        double _media;

        public Site(S3Server server, string key = S3Server.Key, string secret = S3Server.Key, string bucket = "footage", long cacheBytes = 1 << 20, string? endpoint = null)
        {
            _store = new(File("index.db"));
            _config = new()
            {
                Volumes =
                [
                    new() { Name = "fast", Path = FastFolder, Reserve = new(0), InitialiseWhenEmpty = true },
                    new() { Name = "far", Tier = VolumeTier.Object, Path = File("cache"), Store = new(endpoint ?? server.Endpoint, bucket, "post-3/", "us-east-1", key, secret) },
                ],
                ObjectAfter = TimeSpan.FromSeconds(10),
                CacheBytes = cacheBytes,
            };
        }

        public ManualClock Clock { get; } = new(Scene.Noon);
        public Archive Archive { get; private set; } = null!;
        public string FastFolder => File("fast");
        public string Log => string.Join('\n', _log.All);

        public string File(string name) => _folder.File(name);

        public Task AdoptAsync() => Archive.AdoptVolumeAsync(_config, "far", _store, Clock, _log, TestContext.Current.CancellationToken);

        public async Task StartAsync()
        {
            Archive = await Archive.OpenAsync(_config, _store, new() { SegmentLength = TimeSpan.FromSeconds(2) }, Clock, _log, TestContext.Current.CancellationToken);
            Archive.Attach("gate", StreamKind.Main, _hub);
        }

        public async Task LoseIndexAsync()
        {
            await Archive.DisposeAsync();
            TestDatabase.Lose(File("index.db"));
            _hub = new();
        }

        public async Task RecordAsync(double seconds)
        {
            var footage = await Footage.PlainAsync();
            for (double done = 0; done < seconds; done += 2, _media += 2)
            {
                foreach (var unit in footage.Units(_media, _media + 2, Clock.GetUtcNow() - TimeSpan.FromSeconds(_media)))
                {
                    _hub.Publish(unit);
                    unit.Release();
                }

                Clock.Advance(TimeSpan.FromSeconds(2));
                await Archive.IdleAsync();
            }

            await Archive.SettleAsync();
        }

        public async Task PassAsync(int times = 1)
        {
            for (int i = 0; i < times; i++)
            {
                Clock.Advance(TimeSpan.FromSeconds(1));
                await Archive.Caretaker!.PassAsync(TestContext.Current.CancellationToken);
            }
        }

        /// <summary>For a pass that may have to wait: the clock goes on until it is over.</summary>
        public async Task PassWhileTimePassesAsync()
        {
            var pass = Archive.Caretaker!.PassAsync(TestContext.Current.CancellationToken);
            using var beat = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
            while (!pass.IsCompleted && await beat.WaitForNextTickAsync(TestContext.Current.CancellationToken))
                Clock.Advance(TimeSpan.FromMilliseconds(100));
            await pass;
        }

        public void Forget(Segment row)
        {
            using var connection = new SegmentIndex(_store).Open();
            using var command = connection.CreateCommand();
            command.CommandText = $"delete from segments where start_us = {row.Start.Microseconds.ToString(CultureInfo.InvariantCulture)}";
            command.ExecuteNonQuery();
        }

        public IReadOnlyList<Segment> Segments() => new SegmentIndex(_store).Segments("gate", StreamKind.Main, default, new(long.MaxValue));

        public WallTime At(double seconds) => WallTime.From(Scene.Noon.AddSeconds(seconds));

        public async ValueTask DisposeAsync()
        {
            if (Archive is not null)
                await Archive.DisposeAsync();
            await _store.DisposeAsync();
            SqliteConnection.ClearAllPools();
            _folder.Dispose();
        }
    }

    sealed class Lines : ILogger
    {
        public System.Collections.Concurrent.ConcurrentQueue<string> All { get; } = new();

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            All.Enqueue($"{formatter(state, exception)} {exception}");
    }
}
