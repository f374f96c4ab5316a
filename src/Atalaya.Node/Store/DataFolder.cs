namespace Atalaya.Node.Store;

/// <summary>
/// Where a node keeps everything: <c>archive/</c>, <c>exports/</c>, <c>packages/</c>, <c>redactions/</c>, <c>documents/</c>, <c>previews/</c> (a cache), <c>keys/</c>, <c>log/</c> and the database. Readable by its own user alone: it holds video and
/// the keys to the cameras' passwords. One process at a time.
/// </summary>
sealed class DataFolder : IDisposable
{
    const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    readonly FileStream _lock;

    DataFolder(string path, FileStream held)
    {
        Path = path;
        _lock = held;
    }

    public string Path { get; }
    public string Archive => System.IO.Path.Combine(Path, "archive");
    public string Exports => System.IO.Path.Combine(Path, "exports");
    public string Packages => System.IO.Path.Combine(Path, "packages");
    public string Documents => System.IO.Path.Combine(Path, "documents");
    public string Redactions => System.IO.Path.Combine(Path, "redactions");
    public string Previews => System.IO.Path.Combine(Path, "previews");
    public string Keys => System.IO.Path.Combine(Path, "keys");
    public string Log => LogOf(Path);

    /// <summary>The evidence log's folder in a data folder.</summary>
    public static string LogOf(string path) => System.IO.Path.Combine(path, "log");

    /// <exception cref="IOException">It can't be made or written to, or another node uses it; the message says which.</exception>
    public static DataFolder Open(string path)
    {
        path = System.IO.Path.GetFullPath(path);
        try
        {
            foreach (string folder in new[] { path, System.IO.Path.Combine(path, "archive"), System.IO.Path.Combine(path, "exports"), System.IO.Path.Combine(path, "redactions"), System.IO.Path.Combine(path, "packages"), System.IO.Path.Combine(path, "documents"), System.IO.Path.Combine(path, "previews"), System.IO.Path.Combine(path, "keys") })
            {
                Directory.CreateDirectory(folder);
                if (!OperatingSystem.IsWindows())
                    File.SetUnixFileMode(folder, OwnerOnly);
            }
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"The data folder {path} can't be made ready: {fault.Message}", fault);
        }

        try
        {
            // .NET locks with flock: it goes with the process, however that ends.
            var held = new FileStream(System.IO.Path.Combine(path, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            return new(path, held);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"The data folder {path} is in use by another node, or its file 'lock' can't be written: {fault.Message}", fault);
        }
    }

    /// <summary>A node, or a verb that works on it alone, uses the folder just now.</summary>
    public static bool IsInUse(string path)
    {
        try
        {
            string file = System.IO.Path.Combine(path, "lock");
            if (File.Exists(file))
                new FileStream(file, FileMode.Open, FileAccess.ReadWrite, FileShare.None).Dispose();
            return false;
        }
        catch (IOException)
        {
            return true;
        }
    }

    public void Dispose() => _lock.Dispose();
}
