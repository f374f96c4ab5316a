using System.ComponentModel;
using System.Runtime.InteropServices;
using Atalaya.Recording.Storage;
using Microsoft.Win32.SafeHandles;

namespace Atalaya.Recording;

/// <summary>
/// All that the archive does to a disk. Every method either did what it says or throws <see cref="IOException"/> or
/// <see cref="UnauthorizedAccessException"/>; after a failed write or sync what the file holds is unknown beyond what an earlier sync confirmed.
/// </summary>
/// <remarks>Abstract, so that tests can fill it, break it and cut its power.</remarks>
abstract class SegmentDisk
{
    public abstract void MakeFolder(string path);

    /// <summary>A new file for writing and reading; fails if it exists.</summary>
    public abstract SafeFileHandle Create(string path);

    /// <summary>Opens an existing file for writing and reading.</summary>
    public abstract SafeFileHandle Reopen(string path);

    /// <summary>All pieces, one behind the other, in as few system calls as the system allows.</summary>
    public abstract void Write(SafeFileHandle file, IReadOnlyList<ReadOnlyMemory<byte>> pieces, long offset);

    public abstract void Truncate(SafeFileHandle file, long length);

    /// <summary>
    /// Returns when data and length of the file would survive a loss of power. After it failed, no later success is to be believed: the system may
    /// have dropped what it couldn't write, and has told of it once (see <see cref="SegmentPublisher"/>).
    /// </summary>
    public abstract void Sync(SafeFileHandle file);

    /// <summary>
    /// What is synced of the file is read from the disk from now on, not from the system's memory. A wish: a system may not have such a thing.
    /// </summary>
    public abstract void DropCache(SafeFileHandle file);

    /// <summary>Within one file system; fails if <paramref name="to"/> exists.</summary>
    public abstract void Move(string from, string to);

    /// <summary>Returns when the names in the folder would survive a loss of power.</summary>
    public abstract void SyncFolder(string path);

    public abstract void Delete(string path);

    /// <summary>Removes a folder that is empty; one that isn't, or isn't there, stays as it is.</summary>
    public abstract void RemoveFolder(string path);

    /// <summary>Of the file system that holds the folder.</summary>
    public abstract DiskSpace Space(string path);
    /// <summary>One sentence for an operator about a failed operation.</summary>
    /// <param name="doing">What failed: open, write, sync.</param>
    public static string Describe(string doing, Exception e) => e.HResult switch
    {
        NoSpace or WindowsDiskFull => "The disk is full. Make room on it or lower the retention; recording goes on by itself once there is room.",
        QuotaExceeded => "The disk quota of the node's user is used up. Raise it or make room; recording goes on by itself then.",
        ReadOnly => "The disk is mounted read-only, as systems do after an error of the disk. Look into the system's log; recording goes on once it can be written to.",
        _ => $"The disk failed ({doing}): {e.Message}",
    };

    // Linux's errno, as .NET hands it on in HResult.
    const int NoSpace = 28, ReadOnly = 30, QuotaExceeded = 122, WindowsDiskFull = unchecked((int)0x80070070);
}

/// <summary>A local file system.</summary>
sealed partial class LocalDisk : SegmentDisk
{
    const int ReadOnlyFolder = 0x10000 | 0x80000;   // O_RDONLY | O_DIRECTORY | O_CLOEXEC on Linux x64 and arm64 differ in O_DIRECTORY only

    const int NoEntry = 2, NotEmpty = 39;           // ENOENT, ENOTEMPTY

    public override void MakeFolder(string path) => Directory.CreateDirectory(path);

    public override SafeFileHandle Create(string path) =>
        File.OpenHandle(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.Read | FileShare.Delete);

    public override SafeFileHandle Reopen(string path) =>
        File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.Read | FileShare.Delete);

    public override void Write(SafeFileHandle file, IReadOnlyList<ReadOnlyMemory<byte>> pieces, long offset) => RandomAccess.Write(file, pieces, offset);

    public override void Truncate(SafeFileHandle file, long length) => RandomAccess.SetLength(file, length);

    public override void Sync(SafeFileHandle file)
    {
        if (!OperatingSystem.IsLinux())
            RandomAccess.FlushToDisk(file);
        else if (FDataSync(file) != 0)
            throw Failure("fdatasync", null);
    }

    public override void DropCache(SafeFileHandle file)
    {
        const int dontNeed = 4;     // POSIX_FADV_DONTNEED on Linux x64 and arm64
        if (OperatingSystem.IsLinux())
            _ = Advise(file, 0, 0, dontNeed);
    }

    public override void Move(string from, string to) => File.Move(from, to);

    public override void SyncFolder(string path)
    {
        // .NET opens no folders; other systems than Linux keep names without our help, or can't be asked.
        if (!OperatingSystem.IsLinux())
            return;
        int folder = Open(path, RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 0x4000 | 0x80000 : ReadOnlyFolder);
        if (folder < 0)
            throw Failure("open", path);
        try
        {
            if (FSync(folder) != 0)
                throw Failure("fsync", path);
        }
        finally
        {
            _ = Close(folder);
        }
    }

    public override void Delete(string path) => File.Delete(path);

    public override void RemoveFolder(string path)
    {
        if (OperatingSystem.IsLinux() && RmDir(path) != 0 && Marshal.GetLastPInvokeError() is not (NotEmpty or NoEntry))
            throw Failure("rmdir", path);
    }

    public override DiskSpace Space(string path)
    {
        var drive = new DriveInfo(path);
        return new(drive.TotalSize, drive.AvailableFreeSpace);
    }

    static IOException Failure(string call, string? path)
    {
        int code = Marshal.GetLastPInvokeError();
        return new IOException($"{call}{(path is null ? "" : " of " + path)} failed: {new Win32Exception(code).Message}", code);
    }

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    private static partial int FDataSync(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "posix_fadvise")]
    private static partial int Advise(SafeFileHandle file, long offset, long length, int advice);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int FSync(int file);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "rmdir", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int RmDir(string path);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int file);
}
