using Atalaya.Recording.Storage;
using Microsoft.Win32.SafeHandles;

namespace Atalaya.Recording.Tests;

/// <summary>What is done to a disk.</summary>
enum DiskOperation
{
    MakeFolder,
    Create,
    Write,
    Truncate,
    Sync,
    Move,
    SyncFolder,
    Delete,
}

/// <summary>
/// The local disk, until a test says otherwise. What the files hold stands for the system's memory; beside it there is what the medium holds, which is
/// only what a sync confirmed. As on Linux, a failed sync takes what it couldn't write for clean: the next one confirms without it.
/// </summary>
sealed class FaultyDisk : SegmentDisk
{
    sealed class Content
    {
        public byte[] Medium = [];
        public readonly List<(long Offset, int Length)> Dirty = [];
    }

    readonly LocalDisk _local = new();
    readonly Lock _gate = new();
    readonly Dictionary<string, Content> _files = new(StringComparer.Ordinal);     // by path; under _gate
    readonly Dictionary<SafeFileHandle, string> _paths = [];                        // under _gate

    public volatile string? CreateFault, WriteFault, SyncFault;

    /// <summary>Asked before each operation with the path of what it touches: what it throws, the operation throws.</summary>
    public volatile Action<DiskOperation, string>? Before;

    /// <summary>While set, writes wait for it.</summary>
    public volatile ManualResetEventSlim? Stall;

    /// <summary>A failing write leaves this many bytes behind.</summary>
    public volatile int TornBytes;

    /// <summary>A failed sync throws away what the system remembers of the file, as it may under pressure.</summary>
    public volatile bool ForgetsOnFailure;

    public int Syncs;

    public static IOException Full => new("No space left on device", 28);
    public static IOException Broken => new("Input/output error", 5);

    public override void MakeFolder(string path)
    {
        Before?.Invoke(DiskOperation.MakeFolder, path);
        _local.MakeFolder(path);
    }

    public override SafeFileHandle Create(string path)
    {
        Before?.Invoke(DiskOperation.Create, path);
        Fail(CreateFault);
        var file = _local.Create(path);
        lock (_gate)
        {
            _files[path] = new();
            _paths[file] = path;
        }

        return file;
    }

    public override SafeFileHandle Reopen(string path)
    {
        var file = _local.Reopen(path);
        lock (_gate)
        {
            _files.TryAdd(path, new() { Medium = File.ReadAllBytes(path) });
            _paths[file] = path;
        }

        return file;
    }

    public override void Write(SafeFileHandle file, IReadOnlyList<ReadOnlyMemory<byte>> pieces, long offset)
    {
        Stall?.Wait();
        try
        {
            Before?.Invoke(DiskOperation.Write, PathOf(file));
            Fail(WriteFault);
        }
        catch (IOException) when (TornBytes > 0)
        {
            var torn = pieces[0][..Math.Min(TornBytes, pieces[0].Length)];
            _local.Write(file, [torn], offset);
            Written(file, offset, torn.Length);
            throw;
        }

        _local.Write(file, pieces, offset);
        Written(file, offset, pieces.Sum(p => p.Length));
    }

    public override void Truncate(SafeFileHandle file, long length)
    {
        Before?.Invoke(DiskOperation.Truncate, PathOf(file));
        _local.Truncate(file, length);
    }

    // Not really: the test's machine keeps its power.
    public override void Sync(SafeFileHandle file)
    {
        ObjectDisposedException.ThrowIf(file.IsClosed, file);
        Interlocked.Increment(ref Syncs);
        try
        {
            Before?.Invoke(DiskOperation.Sync, PathOf(file));
            Fail(SyncFault);
        }
        catch (IOException)
        {
            lock (_gate)
                _files[_paths[file]].Dirty.Clear();
            if (ForgetsOnFailure)
                DropCache(file);
            throw;
        }

        lock (_gate)
        {
            var content = _files[_paths[file]];
            Array.Resize(ref content.Medium, (int)RandomAccess.GetLength(file));
            foreach (var (offset, length) in content.Dirty)
            {
                int end = (int)Math.Min(content.Medium.Length, offset + length);
                if (end > offset)
                    RandomAccess.Read(file, content.Medium.AsSpan((int)offset, end - (int)offset), offset);
            }

            content.Dirty.Clear();
        }
    }

    public override void DropCache(SafeFileHandle file)
    {
        lock (_gate)
        {
            var content = _files[_paths[file]];
            if (content.Dirty.Count > 0)
                return;     // the system keeps what it hasn't written
            var bytes = new byte[RandomAccess.GetLength(file)];
            content.Medium.AsSpan(0, Math.Min(bytes.Length, content.Medium.Length)).CopyTo(bytes);
            RandomAccess.Write(file, bytes, 0);
        }
    }

    public override void Move(string from, string to)
    {
        Before?.Invoke(DiskOperation.Move, to);
        _local.Move(from, to);
        lock (_gate)
        {
            if (!_files.Remove(from, out var content))
                return;
            _files[to] = content;
            foreach (var file in _paths.Where(p => p.Value == from).Select(p => p.Key).ToList())
                _paths[file] = to;
        }
    }

    public override void SyncFolder(string path) => Before?.Invoke(DiskOperation.SyncFolder, path);

    public override void Delete(string path)
    {
        Before?.Invoke(DiskOperation.Delete, path);
        _local.Delete(path);
        lock (_gate)
            _files.Remove(path);
    }

    public override void RemoveFolder(string path) => _local.RemoveFolder(path);

    public override DiskSpace Space(string path) => _local.Space(path);

    /// <summary>The system forgets everything: files hold what the medium has.</summary>
    public void LoseMemory()
    {
        lock (_gate)
        {
            foreach (var (path, content) in _files.Where(f => File.Exists(f.Key)))
            {
                long length = new FileInfo(path).Length;
                Array.Resize(ref content.Medium, (int)length);
                content.Dirty.Clear();
                File.WriteAllBytes(path, content.Medium);
            }
        }
    }

    string PathOf(SafeFileHandle file)
    {
        lock (_gate)
            return _paths[file];
    }

    void Written(SafeFileHandle file, long offset, int length)
    {
        lock (_gate)
            _files[_paths[file]].Dirty.Add((offset, length));
    }

    static void Fail(string? fault)
    {
        if (fault is not null)
            throw new IOException(fault);
    }
}
