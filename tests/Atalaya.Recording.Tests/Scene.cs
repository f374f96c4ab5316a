using System.Data.Common;
using System.Security.Cryptography;
using Atalaya.Media;
using Atalaya.Recording.Storage;
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
    public SegmentIndex Index => new(Store);

    public static async Task<Scene> OpenAsync(RecordingOptions? options = null, bool attach = true)
    {
        var scene = new Scene { Options = options ?? RecordingOptions.Default };
        scene.Store = new($"Data Source={scene.DatabasePath}");
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
    public void LoseIndex()
    {
        SqliteConnection.ClearAllPools();
        foreach (string file in Directory.GetFiles(Path.GetDirectoryName(DatabasePath)!, "index.db*"))
            File.Delete(file);
    }

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
        SqliteConnection.ClearAllPools();
        _folder.Dispose();
    }
}

/// <summary>SQLite that can be away.</summary>
sealed class FaultyStore(string connectionString) : DbDataSource
{
    public bool IsAway { get; set; }
    public override string ConnectionString => connectionString;

    protected override DbConnection CreateDbConnection() =>
        IsAway ? throw new SqliteException("The store is away.", 14) : new SqliteConnection(connectionString);
}

/// <summary>The local disk, until a test says otherwise.</summary>
sealed class FaultyDisk : SegmentDisk
{
    readonly LocalDisk _local = new();

    public volatile string? CreateFault, WriteFault, SyncFault;

    /// <summary>While set, writes wait for it.</summary>
    public volatile ManualResetEventSlim? Stall;

    /// <summary>A failing write leaves this many bytes behind.</summary>
    public volatile int TornBytes;

    public int Syncs;

    public override void MakeFolder(string path) => _local.MakeFolder(path);

    public override Microsoft.Win32.SafeHandles.SafeFileHandle Create(string path)
    {
        Fail(CreateFault);
        return _local.Create(path);
    }

    public override Microsoft.Win32.SafeHandles.SafeFileHandle Reopen(string path) => _local.Reopen(path);

    public override void Write(Microsoft.Win32.SafeHandles.SafeFileHandle file, IReadOnlyList<ReadOnlyMemory<byte>> pieces, long offset)
    {
        Stall?.Wait();
        if (WriteFault is not null && TornBytes > 0)
            RandomAccess.Write(file, pieces[0].Span[..Math.Min(TornBytes, pieces[0].Length)], offset);
        Fail(WriteFault);
        _local.Write(file, pieces, offset);
    }

    public override void Truncate(Microsoft.Win32.SafeHandles.SafeFileHandle file, long length) => _local.Truncate(file, length);

    public override void Sync(Microsoft.Win32.SafeHandles.SafeFileHandle file)
    {
        // Not really: the test's machine keeps its power.
        Interlocked.Increment(ref Syncs);
        Fail(SyncFault);
    }

    public override void Move(string from, string to)
    {
        _local.Move(from, to);
    }

    public override void SyncFolder(string path)
    {
    }

    public override void Delete(string path) => _local.Delete(path);

    public override void RemoveFolder(string path) => _local.RemoveFolder(path);

    public override DiskSpace Space(string path) => _local.Space(path);

    static void Fail(string? fault)
    {
        if (fault is not null)
            throw new IOException(fault);
    }
}
