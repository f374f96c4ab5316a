using System.Data.Common;
using System.Security.Cryptography;
using Atalaya.Media;
using Atalaya.Recording.Database;
using Atalaya.Testing;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;

namespace Atalaya.Recording.Tests;

/// <summary>An archive in a folder of its own with one camera, <c>gate</c>, and time that the test moves.</summary>
sealed class Scene : IAsyncDisposable
{
    public static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    readonly TempFolder _folder = new("archive");
    bool _open;

    Scene()
    {
    }

    public string Root => _folder.File("archive");
    public string DatabasePath => _folder.File("index.db");
    public ManualClock Clock { get; } = new(Noon);
    public FaultyStore Store { get; private set; } = null!;
    public FaultyDisk Disk { get; } = new();
    public RecordingOptions Options { get; init; } = RecordingOptions.Default;
    public Archive Archive { get; private set; } = null!;
    public StreamHub Hub { get; private set; } = new();
    public Recorder Recorder { get; private set; } = null!;
    public Storage.Volume Volume => Archive.Volumes.Local[0];
    public SegmentIndex Index => new(Store);

    /// <param name="postgres">A connection string: that server, whatever the run's engine.</param>
    public static async Task<Scene> OpenAsync(RecordingOptions? options = null, bool attach = true, string? postgres = null)
    {
        var scene = new Scene { Options = options ?? RecordingOptions.Default };
        scene.Store = postgres is null ? new(scene.DatabasePath) : new(StoreSource.Postgres(postgres));
        await scene.StartAsync(attach);
        return scene;
    }

    /// <summary>Starts the node's part again after <see cref="StopAsync"/>.</summary>
    public async Task StartAsync(bool attach = true)
    {
        Archive = await Archive.OpenAsync(Root, Store, Options, Disk, Clock, NullLogger.Instance);
        _open = true;
        Hub = new();
        if (attach)
            Recorder = Archive.Attach("gate", StreamKind.Main, Hub);
    }

    public async Task StopAsync()
    {
        if (_open)
            await Archive.DisposeAsync();
        _open = false;
    }

    /// <summary>Publishes as a session does, never faster than the disk thread reads.</summary>
    public async Task PublishAsync(IEnumerable<AccessUnit> units)
    {
        int count = 0;
        foreach (var unit in units)
        {
            Hub.Publish(unit);
            unit.Release();
            if (++count % 50 == 0)
                await Archive.IdleAsync();
        }

        await Archive.IdleAsync();
    }

    public void Break(BreakCause cause, string detail, DateTimeOffset? at = null) => Hub.Break(new(cause, detail, WallTime.From(at ?? Clock.GetUtcNow())));

    /// <summary>Moves the clock by tenths of a second until it is so, each time with both disk threads having caught up; false if it never was.</summary>
    public async Task<bool> AdvanceUntilAsync(Func<bool> done, TimeSpan limit)
    {
        for (var passed = TimeSpan.Zero; passed < limit && !done(); passed += TimeSpan.FromSeconds(0.1))
        {
            Clock.Advance(TimeSpan.FromSeconds(0.1));
            await Archive.Volumes.Local[0].Publisher.DrainAsync();
            await Archive.IdleAsync();
        }

        return done();
    }

    public async Task SettleAsync()
    {
        await Archive.IdleAsync();
        await Archive.SettleAsync();
    }

    public IReadOnlyList<Segment> Segments(string camera = "gate") => Index.Segments(camera, StreamKind.Main, default, new(long.MaxValue));

    public IReadOnlyList<Gap> Gaps(string camera = "gate") => Index.Gaps(camera, StreamKind.Main, default, new(long.MaxValue));

    /// <summary>Of a stopped scene.</summary>
    public void LoseIndex() => TestDatabase.Lose(DatabasePath);

    public string PathOf(Segment segment) => Archive.Volumes.Local[0].Folder.PathOf(segment.Camera, new(segment.Start.Milliseconds, segment.Stream));

    public async Task<CheckResult> CheckAsync(CheckOptions? options = null) => await Archive.CheckAsync(options ?? new());

    /// <summary>What must hold of any archive: files whole by our own check and by ffprobe, digests those of sha256sum, time without holes.</summary>
    public async Task ShouldBeSoundAsync(int? pictures = null)
    {
        (await CheckAsync()).Faults.ShouldBeEmpty();
        int packets = 0;
        foreach (var segment in Segments())
        {
            string path = PathOf(segment);
            var probe = await Ffmpeg.ProbeAsync(path);
            probe.Errors.ShouldBeEmpty(path);
            int here = probe.Streams.Any(s => s.Kind == "video") ? probe.Video.Count() : probe.Audio.Count();
            here.ShouldBe(segment.Frames, path);
            packets += here;
            Convert.ToHexStringLower(SHA256.HashData(await File.ReadAllBytesAsync(path))).ShouldBe(segment.Sha256);
        }

        if (pictures is { } expected)
            packets.ShouldBe(expected);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await Store.DisposeAsync();
        SqliteConnection.ClearAllPools();
        _folder.Dispose();
    }
}

/// <summary>The store of one test, on the engine of this run; it can be away.</summary>
sealed class FaultyStore : DbDataSource
{
    readonly DbDataSource _store;

    public FaultyStore(DbDataSource store) => _store = store;

    /// <param name="file">Where it is, or would be, if it is SQLite's.</param>
    /// <param name="sqlite">Whatever the run's engine: for tests of the file itself.</param>
    public FaultyStore(string file, bool sqlite = false)
        : this(!sqlite && TestDatabase.Of(file) is { Length: > 0 } postgres ? StoreSource.Postgres(postgres) : StoreSource.Sqlite(file))
    {
    }

    public bool IsAway { get; set; }
    public override string ConnectionString => _store.ConnectionString;

    protected override DbConnection CreateDbConnection() => IsAway ? throw new SqliteException("The store is away.", 14) : _store.CreateConnection();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _store.Dispose();
        base.Dispose(disposing);
    }

    protected override async ValueTask DisposeAsyncCore()
    {
        await _store.DisposeAsync();
        await base.DisposeAsyncCore();
    }
}
