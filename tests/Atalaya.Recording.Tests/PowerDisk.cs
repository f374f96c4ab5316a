using Atalaya.Recording.Storage;
using Microsoft.Win32.SafeHandles;

namespace Atalaya.Recording.Tests;

/// <summary>What a loss of power leaves of that which no sync had confirmed.</summary>
enum Survival
{
    /// <summary>Nothing: neither names nor bytes. The least that POSIX promises.</summary>
    Nothing,

    /// <summary>All of it: the process died, not the machine.</summary>
    Everything,

    /// <summary>All names, no bytes: a journal that knows only of metadata, with delayed allocation.</summary>
    Names,

    /// <summary>All names and lengths, zeros for bytes.</summary>
    Zeros,

    /// <summary>Each name and each write or not, as it falls out, the last one torn.</summary>
    Some,
}

/// <summary>
/// The local disk, with a record of all that is done to it, from which it makes the folder that a loss of power would have left after any
/// operation. A file's bytes are safe with its sync, a name with that of its folder; a rename is one step that either happened or not.
/// </summary>
/// <remarks>One operation after the other, whatever thread it comes from. What the folder holds at the start is safe.</remarks>
sealed class PowerDisk : SegmentDisk
{
    enum Kind
    {
        MakeFolder,
        Create,
        Write,
        Truncate,
        Sync,
        Move,
        SyncFolder,
        Delete,
        RemoveFolder,
    }

    /// <param name="Path">Relative to the root; of a move the old name.</param>
    /// <param name="File">Which file, whatever its name.</param>
    /// <param name="Offset">Of a truncation the new length.</param>
    sealed record Operation(Kind Kind, string Path, int File = -1, string To = "", long Offset = 0, byte[]? Data = null)
    {
        public bool IsName => Kind is Kind.MakeFolder or Kind.Create or Kind.Move or Kind.Delete or Kind.RemoveFolder;
        public bool Confirms(string folder) => Kind == Kind.SyncFolder && Path == folder;
        public override string ToString() => $"{Kind} {Path}{(To.Length > 0 ? " to " + To : "")}{(Data is null ? "" : $" {Data.Length} bytes at {Offset}")}";
    }

    readonly LocalDisk _local = new();
    readonly string _root;
    readonly Lock _gate = new();
    readonly List<Operation> _log = [];                                 // under _gate, as all below
    readonly Dictionary<SafeFileHandle, int> _handles = [];
    readonly Dictionary<string, int> _names = new(StringComparer.Ordinal);
    int _files, _attempts;

    public PowerDisk(string root)
    {
        _root = Directory.CreateDirectory(root).FullName;
        foreach (string folder in Directory.GetDirectories(_root, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
            _log.AddRange([new(Kind.MakeFolder, Relative(folder)), new(Kind.SyncFolder, ParentOf(Relative(folder)))]);
        foreach (string file in Directory.GetFiles(_root, "*", SearchOption.AllDirectories).Where(f => !f.EndsWith(".lock", StringComparison.Ordinal)))
        {
            string path = Relative(file);
            _names[path] = _files;
            _log.AddRange([new(Kind.Create, path, _files), new(Kind.Write, path, _files, Data: File.ReadAllBytes(file)),
                new(Kind.Sync, path, _files), new(Kind.SyncFolder, ParentOf(path))]);
            _files++;
        }

        Initial = _log.Count;
    }

    /// <summary>Operations that stand for what was there at the start.</summary>
    public int Initial { get; }

    public int Count
    {
        get
        {
            lock (_gate)
                return _log.Count;
        }
    }

    /// <summary>Attempts so far, failed ones too.</summary>
    public int Attempts
    {
        get
        {
            lock (_gate)
                return _attempts;
        }
    }

    /// <summary>The attempt that fails, counted from 0; half of what it was to write is written.</summary>
    public int FailAt { get; init; } = -1;

    /// <summary>Called before each attempt with the operations that have happened, one at a time.</summary>
    public Action<int>? Attempting { get; set; }

    /// <summary>What failed.</summary>
    public string? Failed { get; private set; }

    public string Describe(int count)
    {
        lock (_gate)
            return string.Join('\n', _log.Take(count).Select((o, i) => $"{i} {o}").TakeLast(15));
    }

    public override void MakeFolder(string path)
    {
        lock (_gate)
        {
            Try(new(Kind.MakeFolder, Relative(path)));
            string folder = "";
            var made = new List<Operation>();
            foreach (string name in Relative(path).Split('/'))
            {
                folder = Path.Combine(folder, name);
                if (!Directory.Exists(Path.Combine(_root, folder)))
                    made.Add(new(Kind.MakeFolder, folder));
            }

            _local.MakeFolder(path);
            _log.AddRange(made);
        }
    }

    public override SafeFileHandle Create(string path)
    {
        lock (_gate)
        {
            Try(new(Kind.Create, Relative(path)));
            var file = _local.Create(path);
            _names[Relative(path)] = _handles[file] = _files;
            _log.Add(new(Kind.Create, Relative(path), _files++));
            return file;
        }
    }

    public override SafeFileHandle Reopen(string path)
    {
        lock (_gate)
        {
            var file = _local.Reopen(path);
            _handles[file] = _names[Relative(path)];
            return file;
        }
    }

    public override void Write(SafeFileHandle file, IReadOnlyList<ReadOnlyMemory<byte>> pieces, long offset)
    {
        byte[] data = [.. pieces.SelectMany(p => p.ToArray())];
        lock (_gate)
        {
            try
            {
                Try(new(Kind.Write, "", _handles[file], Offset: offset, Data: data));
            }
            catch (IOException)
            {
                Apply(data[..(data.Length / 2)]);
                throw;
            }

            Apply(data);

            void Apply(byte[] bytes)
            {
                _local.Write(file, [bytes], offset);
                _log.Add(new(Kind.Write, "", _handles[file], Offset: offset, Data: bytes));
            }
        }
    }

    public override void Truncate(SafeFileHandle file, long length)
    {
        lock (_gate)
        {
            Try(new(Kind.Truncate, "", _handles[file], Offset: length));
            _local.Truncate(file, length);
            _log.Add(new(Kind.Truncate, "", _handles[file], Offset: length));
        }
    }

    // Not really synced: the test's machine keeps its power.
    public override void Sync(SafeFileHandle file)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(file.IsClosed, file);
            Try(new(Kind.Sync, "", _handles[file]));
            _log.Add(new(Kind.Sync, "", _handles[file]));
        }
    }

    // Nothing was lost while the power was there.
    public override void DropCache(SafeFileHandle file)
    {
    }

    public override void Move(string from, string to)
    {
        lock (_gate)
        {
            Try(new(Kind.Move, Relative(from), To: Relative(to)));
            _local.Move(from, to);
            _names.Remove(Relative(from), out int file);
            _names[Relative(to)] = file;
            _log.Add(new(Kind.Move, Relative(from), file, Relative(to)));
        }
    }

    public override void SyncFolder(string path)
    {
        lock (_gate)
        {
            Try(new(Kind.SyncFolder, Relative(path)));
            _log.Add(new(Kind.SyncFolder, Relative(path)));
        }
    }

    public override void Delete(string path)
    {
        lock (_gate)
        {
            Try(new(Kind.Delete, Relative(path)));
            _local.Delete(path);
            _names.Remove(Relative(path));
            _log.Add(new(Kind.Delete, Relative(path)));
        }
    }

    public override void RemoveFolder(string path)
    {
        lock (_gate)
        {
            Try(new(Kind.RemoveFolder, Relative(path)));
            _local.RemoveFolder(path);
            if (!Directory.Exists(path))
                _log.Add(new(Kind.RemoveFolder, Relative(path)));
        }
    }

    public override DiskSpace Space(string path) => _local.Space(path);

    /// <summary>
    /// Bytes of each file that was synced, as far as it was, by its last name; closed ones are those that got their final name durably. The sync
    /// on a file's way to that name promises nothing yet.
    /// </summary>
    /// <param name="count">Operations that had happened.</param>
    public IReadOnlyList<(string Path, byte[] Bytes, bool IsClosed)> Promised(int count)
    {
        lock (_gate)
        {
            var log = _log[..Math.Min(count, _log.Count)];
            var promised = new List<(string Path, byte[] Bytes, bool IsClosed)>();
            for (int file = 0; file < _files; file++)
            {
                if (log.Find(o => o.Kind == Kind.Create && o.File == file) is not { } created)
                    continue;
                int moved = log.FindLastIndex(o => o.Kind == Kind.Move && o.File == file);
                string path = moved >= 0 ? log[moved].To : created.Path;
                if (log.FindLastIndex(o => o.Kind == Kind.Delete && o.Path == path) >= 0)
                    continue;
                bool closed = !path.StartsWith(".open", StringComparison.Ordinal)
                    && log.FindIndex(Math.Max(moved, 0), o => o.Confirms(ParentOf(path))) >= 0;
                int synced = log.FindLastIndex(o => o.Kind == Kind.Sync && o.File == file);
                while (!closed && synced >= 0 && (log[synced].Kind != Kind.Sync || log[synced].File != file || LeadsToName(synced)))
                    synced--;
                if (synced >= 0)
                    promised.Add((path, Content(log, file, synced, Survival.Nothing, Random.Shared), closed));
            }

            return promised;
        }

        bool LeadsToName(int sync) => _log.Skip(sync + 1).FirstOrDefault(o => o.File == _log[sync].File) is { Kind: Kind.Sync or Kind.Move };
    }

    /// <summary>Makes the folder that would be found if the power had gone after so many operations.</summary>
    public void Rebuild(int count, Survival survival, Random random, string folder)
    {
        lock (_gate)
        {
            var log = _log[..Math.Min(count, _log.Count)];
            var names = new Dictionary<string, int>(StringComparer.Ordinal);     // -1: a folder
            for (int i = 0; i < log.Count; i++)
            {
                var operation = log[i];
                if (!operation.IsName || !Survives(operation, i))
                    continue;
                names.Remove(operation.Kind is Kind.Move or Kind.Delete or Kind.RemoveFolder ? operation.Path : "");
                if (operation.Kind is not (Kind.Delete or Kind.RemoveFolder))
                    names[operation.Kind == Kind.Move ? operation.To : operation.Path] = operation.File;
            }

            Directory.CreateDirectory(folder);
            foreach (var (path, file) in names.OrderBy(n => n.Key, StringComparer.Ordinal))
            {
                // What lies in a folder that nobody finds is not found.
                if (ParentOf(path) is var parent && parent != "." && !names.ContainsKey(parent))
                    continue;
                if (!Directory.Exists(Path.Combine(folder, parent)))
                    continue;
                if (file < 0)
                    Directory.CreateDirectory(Path.Combine(folder, path));
                else
                    File.WriteAllBytes(Path.Combine(folder, path), Content(log, file, log.FindLastIndex(o => o.Kind == Kind.Sync && o.File == file), survival, random));
            }

            bool Survives(Operation operation, int at) =>
                survival is Survival.Everything or Survival.Names or Survival.Zeros
                || log.FindIndex(at, o => o.Confirms(ParentOf(operation.Path)) || (operation.To.Length > 0 && o.Confirms(ParentOf(operation.To)))) >= 0
                || (survival == Survival.Some && random.Next(2) == 0);
        }
    }

    /// <param name="synced">The last operation that is certain; −1 if none is.</param>
    static byte[] Content(List<Operation> log, int file, int synced, Survival survival, Random random)
    {
        byte[] bytes = [];
        int last = log.FindLastIndex(o => o.Kind == Kind.Write && o.File == file);
        for (int i = 0; i < log.Count; i++)
        {
            var operation = log[i];
            if (operation.File != file || operation.Kind is not (Kind.Write or Kind.Truncate))
                continue;
            bool safe = i <= synced || survival == Survival.Everything;
            if (!safe && survival is Survival.Nothing or Survival.Names)
                continue;
            if (!safe && survival == Survival.Some && random.Next(2) == 0)
                continue;
            if (operation.Kind == Kind.Truncate)
            {
                Array.Resize(ref bytes, (int)operation.Offset);
                continue;
            }

            byte[] data = operation.Data!;
            if (!safe && survival == Survival.Some && i == last)
                data = data[..random.Next(data.Length)];
            if (bytes.Length < operation.Offset + data.Length)
                Array.Resize(ref bytes, (int)operation.Offset + data.Length);
            if (safe || survival != Survival.Zeros)
                data.CopyTo(bytes, operation.Offset);
        }

        return bytes;
    }

    void Try(Operation operation)
    {
        Attempting?.Invoke(_log.Count);
        if (_attempts++ != FailAt)
            return;
        Failed = operation.ToString();
        throw new IOException("Input/output error");
    }

    string Relative(string path) => Path.GetRelativePath(_root, path);

    /// <summary>Of a relative path; the root is ".".</summary>
    static string ParentOf(string path) => Path.GetDirectoryName(path) is { Length: > 0 } parent ? parent : ".";
}
