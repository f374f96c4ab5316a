using Atalaya.Media;
using Microsoft.Extensions.Logging;
using Microsoft.Win32.SafeHandles;

namespace Atalaya.Recording.Storage;

/// <summary>A local volume in use: its folder, its disk, and the two threads that wait for it and for no other.</summary>
sealed class Volume : IAsyncDisposable
{
    /// <summary>A disk that refused is left alone for so long if there is another. 30 s: the longest time between two attempts of a writer.</summary>
    static readonly TimeSpan Shun = TimeSpan.FromSeconds(30);

    /// <summary>
    /// A write that hasn't come back after so long is a disk that hangs. 6 s: queues hold ten, and who goes elsewhere then has lost nothing that waits. A sync may take
    /// longer before it means that, because nobody waits for it.
    /// </summary>
    static readonly TimeSpan HungWrite = TimeSpan.FromSeconds(6), HungSync = TimeSpan.FromSeconds(30);

    readonly SafeFileHandle? _lock;
    readonly TimeProvider _clock;
    long _failedAt = long.MinValue;     // monotonic, ns; Interlocked
    bool _disposed;

    /// <param name="archiveLock">Held while this process writes; null: it only reads.</param>
    public Volume(VolumeConfig config, VolumeIdentity? identity, SegmentDisk disk, SafeFileHandle? archiveLock, RecordingOptions options, TimeProvider clock, ILogger log)
    {
        Config = config;
        Identity = identity;
        Disk = disk;
        Folder = new(config.Path);
        _lock = archiveLock;
        _clock = clock;
        Publisher = new(Folder, disk, options.SyncInterval, clock, log);
        Writer = new(this, clock, log);
    }

    public VolumeConfig Config { get; }
    public string Name => Config.Name;
    public VolumeTier Tier => Config.Tier;
    public VolumeIdentity? Identity { get; }
    public SegmentDisk Disk { get; }
    public ArchiveFolder Folder { get; }
    public DiskWriter Writer { get; }
    public SegmentPublisher Publisher { get; }

    /// <summary>It refused a moment ago.</summary>
    public bool IsShunned => Interlocked.Read(ref _failedAt) is var at && at != long.MinValue && MonotonicTime.Now(_clock) - new MonotonicTime(at) < Shun;

    /// <summary>Its writer has been at one piece of work for too long, or files wait for their names.</summary>
    public bool IsStrained => Writer.Busy > TimeSpan.FromMilliseconds(250) || Publisher.Failed > 0;

    /// <summary>A call to its disk hasn't come back for too long; null: none.</summary>
    public TimeSpan? Hung => Writer.Busy is var write && write > HungWrite ? write : Publisher.Busy is var sync && sync > HungSync ? sync : null;

    public void Failed() => Interlocked.Exchange(ref _failedAt, MonotonicTime.Now(_clock).Nanoseconds);

    /// <summary>What footage could take in all, and what of that is free just now.</summary>
    /// <param name="used">By footage.</param>
    /// <exception cref="IOException">The disk can't be asked.</exception>
    public DiskSpace Space(long used)
    {
        var disk = Disk.Space(Folder.Root);
        return Config.MaxBytes is not { } most || disk.Free + used <= most ? disk : new(Math.Min(most, disk.Capacity), Math.Max(0, Math.Min(disk.Free, most - used)));
    }

    public async ValueTask DisposeAsync()
    {
        if (_disposed)
            return;
        _disposed = true;
        await Writer.DisposeAsync();
        await Publisher.DisposeAsync();
        _lock?.Dispose();
    }
}

/// <summary>A file system's size and what this user may still write, in bytes.</summary>
readonly record struct DiskSpace(long Capacity, long Free);
