using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Atalaya.Evidence;

/// <summary>
/// All that the log does to a disk. Every method either did what it says or throws <see cref="IOException"/> or
/// <see cref="UnauthorizedAccessException"/>.
/// </summary>
/// <remarks>Abstract, so that tests can cut its power after every step.</remarks>
public abstract class LogDisk
{
    /// <summary>Null: there is none.</summary>
    public abstract byte[]? Read(string path);

    public abstract bool FolderExists(string path);

    /// <summary>Makes a folder in one that exists; nothing happens if it is there. Its name needs <see cref="SyncFolder"/>.</summary>
    public abstract void MakeFolder(string path);

    /// <summary>Makes the file, or puts these bytes in the place of its own; returns when they would survive a loss of power. Its name needs <see cref="SyncFolder"/>.</summary>
    public abstract void Write(string path, ReadOnlySpan<byte> bytes);

    /// <summary>From here on only its owner may read the file.</summary>
    public abstract void Hide(string path);

    /// <summary>Another file of the new name is replaced, at once or not at all.</summary>
    public abstract void Replace(string from, string to);

    /// <summary>Returns when the names in the folder would survive a loss of power.</summary>
    public abstract void SyncFolder(string path);

    /// <summary>Nothing happens if there is none. That its name is gone needs <see cref="SyncFolder"/>.</summary>
    public abstract void DeleteFile(string path);

    /// <summary>With all that is in it; nothing happens if there is none.</summary>
    public abstract void DeleteFolder(string path);

    /// <summary>Held until disposed of; fails while another holds it.</summary>
    public abstract IDisposable Lock(string path);
}

/// <summary>A local file system.</summary>
public sealed partial class LocalLogDisk : LogDisk
{
    public override byte[]? Read(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    public override bool FolderExists(string path) => Directory.Exists(path);

    public override void MakeFolder(string path) => Directory.CreateDirectory(path);

    public override void Write(string path, ReadOnlySpan<byte> bytes)
    {
        using var file = File.OpenHandle(path, FileMode.Create, FileAccess.Write, FileShare.Read | FileShare.Delete);
        RandomAccess.Write(file, bytes, 0);
        if (!OperatingSystem.IsLinux())
            RandomAccess.FlushToDisk(file);
        else if (FDataSync(file) != 0)
            throw Failure("fdatasync", path);
    }

    public override void Hide(string path)
    {
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
    }

    public override void Replace(string from, string to) => File.Move(from, to, overwrite: true);

    public override void SyncFolder(string path)
    {
        // .NET opens no folders; other systems than Linux keep names without our help, or can't be asked.
        if (!OperatingSystem.IsLinux())
            return;
        // O_RDONLY | O_DIRECTORY | O_CLOEXEC; x64 and arm64 differ in the second.
        int folder = Open(path, (RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 0x4000 : 0x10000) | 0x80000);
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

    public override void DeleteFile(string path) => File.Delete(path);

    public override void DeleteFolder(string path)
    {
        if (Directory.Exists(path))
            Directory.Delete(path, recursive: true);
    }

    // .NET locks with flock: it goes with the process, however that ends.
    public override IDisposable Lock(string path) => new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);

    static IOException Failure(string call, string path)
    {
        int code = Marshal.GetLastPInvokeError();
        return new($"{call} of {path} failed: {new Win32Exception(code).Message}", code);
    }

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    private static partial int FDataSync(SafeFileHandle file);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int FSync(int file);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int file);
}
