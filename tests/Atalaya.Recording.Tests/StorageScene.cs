using Atalaya.Media;
using Atalaya.Recording.Storage;
using Atalaya.Testing;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Win32.SafeHandles;

namespace Atalaya.Recording.Tests;

/// <summary>A local file system whose size a test sets: what its files leave is free.</summary>
sealed class RoomyDisk(string root) : SegmentDisk
{
    readonly LocalDisk _local = new();

    public long Capacity { get; set; } = long.MaxValue / 4;
    public volatile string? WriteFault, DeleteFault;

    /// <summary>While set, writes wait for it.</summary>
    public volatile ManualResetEventSlim? Stall;

    readonly TaskCompletionSource _stalled = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>A write waits, or has waited.</summary>
    public Task Stalled => _stalled.Task;

    public override void MakeFolder(string path) => _local.MakeFolder(path);

    public override SafeFileHandle Create(string path)
    {
        Fail(WriteFault);
        return _local.Create(path);
    }

    public override SafeFileHandle Reopen(string path) => _local.Reopen(path);

    public override void Write(SafeFileHandle file, IReadOnlyList<ReadOnlyMemory<byte>> pieces, long offset)
    {
        if (Stall is { } stall)
        {
            _stalled.TrySetResult();
            stall.Wait();
        }

        Fail(WriteFault);
        _local.Write(file, pieces, offset);
    }

    public override void Truncate(SafeFileHandle file, long length) => _local.Truncate(file, length);

    // Not really synced: the test's machine keeps its power.
    public override void Sync(SafeFileHandle file)
    {
    }

    public override void DropCache(SafeFileHandle file)
    {
    }

    public override void Move(string from, string to) => _local.Move(from, to);

    public override void SyncFolder(string path)
    {
    }

    public override void Delete(string path)
    {
        Fail(DeleteFault);
        _local.Delete(path);
    }

    public override void RemoveFolder(string path) => _local.RemoveFolder(path);

    public override DiskSpace Space(string path) =>
        new(Capacity, Capacity - new DirectoryInfo(root).EnumerateFiles("*.mp4", SearchOption.AllDirectories).Sum(f => f.Length));

    static void Fail(string? fault)
    {
        if (fault is not null)
            throw new IOException(fault);
    }
}

/// <summary>An archive of several volumes in a folder of its own, with time that the test moves. Cameras record segments of two seconds.</summary>
sealed class StorageScene : IAsyncDisposable
{
    public static readonly DateTimeOffset Noon = Scene.Noon;

    readonly TempFolder _folder = new("storage");
    readonly Dictionary<string, (StreamHub Hub, double Media)> _cameras = new(StringComparer.Ordinal);

    public StorageScene(params VolumeConfig[] volumes) : this(c => c, volumes)
    {
    }

    /// <param name="volumes">Their paths are made by this.</param>
    public StorageScene(Func<StorageConfig, StorageConfig> with, params VolumeConfig[] volumes)
    {
        Config = with(new() { Volumes = [.. volumes.Select(v => v with { Path = _folder.File(v.Name), InitialiseWhenEmpty = true })] });
        foreach (var volume in Config.Volumes)
            Disks[volume.Name] = new(volume.Path);
        Store = new(_folder.File("index.db"));
    }

    public StorageConfig Config { get; set; }
    public Dictionary<string, RoomyDisk> Disks { get; } = new(StringComparer.Ordinal);
    public ManualClock Clock { get; } = new(Noon);
    public FaultyStore Store { get; }
    public Archive Archive { get; private set; } = null!;
    public SegmentIndex Index => new(Store);
    public Caretaker Caretaker => Archive.Caretaker!;

    public static VolumeConfig Fast(string name = "fast", VolumeShare? reserve = null) => new() { Name = name, Path = "", Reserve = reserve ?? new(0) };

    public static VolumeConfig Large(string name = "large", VolumeShare? reserve = null) => Fast(name, reserve) with { Tier = VolumeTier.Large };

    public async Task StartAsync()
    {
        _cameras.Clear();
        Archive = await Archive.OpenAsync(
            Config, Store, new() { SegmentLength = TimeSpan.FromSeconds(2) }, c => Disks[c.Name], Clock, NullLogger.Instance, TestContext.Current.CancellationToken);
    }

    public Task StopAsync() => Archive.DisposeAsync().AsTask();

    /// <summary>Of a stopped scene.</summary>
    public void LoseIndex() => TestDatabase.Lose(_folder.File("index.db"));

    /// <summary>So many seconds of one camera from now on; the clock goes on with it.</summary>
    public async Task RecordAsync(double seconds, params string[] cameras)
    {
        var footage = await Footage.PlainAsync();
        for (double done = 0; done < seconds; done += 2)
        {
            foreach (string camera in cameras)
            {
                if (!_cameras.TryGetValue(camera, out var state))
                {
                    state = (new(), 0);
                    Archive.Attach(camera, StreamKind.Main, state.Hub);
                }

                foreach (var unit in footage.Units(state.Media, state.Media + 2, Clock.GetUtcNow() - TimeSpan.FromSeconds(state.Media)))
                {
                    state.Hub.Publish(unit);
                    unit.Release();
                }

                _cameras[camera] = state with { Media = state.Media + 2 };
            }

            Clock.Advance(TimeSpan.FromSeconds(2));
            await Archive.IdleAsync();
        }

        await Archive.SettleAsync();
    }

    /// <summary>As above for one camera, while another volume's disk is stuck: waits for this volume's threads only.</summary>
    public async Task RecordWithoutWaitingAsync(double seconds, string camera, string volume)
    {
        var footage = await Footage.PlainAsync();
        var (hub, media) = _cameras[camera];
        foreach (var unit in footage.Units(media, media + seconds, Clock.GetUtcNow() - TimeSpan.FromSeconds(media)))
        {
            hub.Publish(unit);
            unit.Release();
            await Archive.Volumes.Find(volume)!.Writer.IdleAsync();
        }

        await Archive.Volumes.Find(volume)!.Publisher.DrainAsync();
        await Archive.FlushIndexAsync();
    }

    /// <summary>As above for several, while a disk is stuck; the clock goes on.</summary>
    /// <param name="volume">Whose threads are waited for; null: nobody's.</param>
    public async Task RecordBesideAsync(double seconds, IEnumerable<string> cameras, string? volume)
    {
        var footage = await Footage.PlainAsync();
        for (double done = 0; done < seconds; done++)
        {
            foreach (string camera in cameras)
            {
                var (hub, media) = _cameras[camera];
                foreach (var unit in footage.Units(media, media + 1, Clock.GetUtcNow() - TimeSpan.FromSeconds(media)))
                {
                    hub.Publish(unit);
                    unit.Release();
                }

                _cameras[camera] = (hub, media + 1);
            }

            Clock.Advance(TimeSpan.FromSeconds(1));
            if (volume is not null)
                await Archive.Volumes.Find(volume)!.Writer.IdleAsync();
        }

        if (volume is null)
            return;
        await Archive.Volumes.Find(volume)!.Publisher.DrainAsync();
        await Archive.FlushIndexAsync();
    }

    public async Task PassAsync(int times = 1)
    {
        for (int i = 0; i < times; i++)
        {
            Clock.Advance(TimeSpan.FromSeconds(1));
            await Caretaker.PassAsync(TestContext.Current.CancellationToken);
            Caretaker.Status.Fault.ShouldBeNull();
        }
    }

    public IReadOnlyList<Segment> Segments(string camera = "gate") => Index.Segments(camera, StreamKind.Main, default, new(long.MaxValue));

    public IReadOnlyList<Gap> Gaps(string camera = "gate") => Index.Gaps(camera, StreamKind.Main, default, new(long.MaxValue));

    public IEnumerable<string> Files(string volume) =>
        Directory.EnumerateFiles(Config.Volumes.First(v => v.Name == volume).Path, "*.mp4", SearchOption.AllDirectories).Select(f => Path.GetFileName(f)!);

    public WallTime At(double seconds) => WallTime.From(Noon.AddSeconds(seconds));

    public HoldRequest HoldOf(double from, double? to, params string[] cameras) =>
        new(cameras.Length == 0 ? ["gate"] : cameras, null, At(from), to is { } end ? At(end) : null, "Incident 7", "ana", null);

    /// <summary>Files and index agree, and from <paramref name="birth"/> on every moment is in a segment or a gap, once.</summary>
    public async Task ShouldBeWholeAsync(double birth = 0, params string[] cameras)
    {
        await Archive.SettleAsync();
        (await Archive.CheckAsync(new())).Faults.ShouldBeEmpty();
        foreach (string camera in cameras.Length == 0 ? ["gate"] : cameras)
        {
            var life = Segments(camera).Select(s => (s.Start, To: (WallTime?)s.End)).Concat(Gaps(camera).Select(g => (Start: g.From, g.To)))
                .OrderBy(s => s.Start.Microseconds).ToList();
            life[0].Start.ShouldBe(At(birth), camera);
            for (int i = 1; i < life.Count; i++)
                life[i].Start.ShouldBe(life[i - 1].To!.Value, camera);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var disk in Disks.Values)
            disk.Stall?.Set();
        await Archive.DisposeAsync();
        await Store.DisposeAsync();
        SqliteConnection.ClearAllPools();
        _folder.Dispose();
    }
}
